"""Files that can't be used: one line with the file, the place in it and what to do; nothing else changes."""

import io
import re
import zipfile

import pytest

from grader.cli.console import WRONG_USE

NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def packed(*entries):
    """The bytes of a zip of these names, which hold a notebook, or of pairs of a name and its content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            archive.writestr(*(entry if isinstance(entry, tuple) else (entry, NOTEBOOK)))
    return buffer.getvalue()


def encrypted(content):
    return content.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )


EXPORTED = "assignment_1_export/submission_1/hw1.ipynb"
METADATA = "assignment_1_export/submission_metadata.yml"
DOWNLOADS = {
    "class.zip": [
        ("no zip", b"", "class.zip: it is not a zip or is damaged; download it again"),
        ("broken off", packed("ada/hw1.ipynb", "bob/hw1.ipynb")[:80], "class.zip: it is not a zip or is damaged"),
        ("an archive of another kind", b"\x1f\x8b\x08\x00tar", "class.zip: it is a gzip archive, not a zip"),
        ("nothing in it", packed(), "class.zip: nothing is in it; download it again"),
        ("only hidden files", packed("__MACOSX/._hw1.ipynb", ".DS_Store"), "class.zip: nothing is in it"),
        ("encrypted", encrypted(packed("ada/hw1.ipynb", "bob/hw1.ipynb")), "There is no notebook that can be read"),
        ("only ways out", packed("../ada/hw1.ipynb", "../bob/hw1.ipynb"), "it has a name that leads out"),
        ("a bomb", packed(("ada/hw1.ipynb", bytes(20 << 20))), "ada: "),
        ("only zips in zips", packed(("ada/a.zip", packed(("b.zip", packed("x.ipynb"))))), "There is no notebook"),
        ("metadata that is no yml", packed(EXPORTED, (METADATA, "a: [")), f"class.zip: {METADATA} can't be read"),
        ("metadata of a list", packed(EXPORTED, (METADATA, "- 1")), f"{METADATA} can't be read (it is not"),
        ("metadata of another encoding", packed(EXPORTED, (METADATA, b"\xff\xfea")), f"{METADATA} can't"),
        ("a class in a class", packed(*(f"ada/s{n}.ipynb" for n in range(30))), "class.zip: "),
        ("a system's class beside notebooks", packed(
            *(f"A/doe{n}_{n}_{n}_hw1.ipynb" for n in range(1, 9)), "B/x.ipynb", "B/y.ipynb"
        ), "class.zip: A is a Canvas download, and B is not"),
    ],
    "ada.ipynb": [
        ("empty", b"", "ada: ada.ipynb: "),
        ("broken off", NOTEBOOK[:40].encode(), "ada: ada.ipynb: its JSON breaks off"),
        ("no notebook", b"[1, 2]", "ada: ada.ipynb: "),
        ("a PDF", b"%PDF-1.4 \xe2\xe3", "ada: ada.ipynb: "),
        ("nested", ('{"cells": ' * 5000).encode(), "ada: ada.ipynb: "),
    ],
}  # fmt: skip
SHEET = "check,group,student,points,comment"
RULINGS = {
    "review.csv": [
        ("empty", b"", "review.csv "),
        ("no text", b"\xff\xfe\x00", "review.csv is not a text file; save it again as CSV"),
        ("a workbook", packed("xl/workbook.xml"), "review.csv is an Excel workbook; save it again as CSV"),
        ("no column of points", b"check,group,student,comment\n", "no column 'points'"),
        ("a column twice", f"{SHEET},points\n".encode(), "has several columns 'points'"),
        ("a quote that never ends", f'{SHEET}\n"test_a,g,ada,1,'.encode(), "review.csv is not a CSV file"),
        ("no number", f"{SHEET}\ntest_a,g,ada,lots,\n".encode(), "row 2 (ada): there is no check 'test_a'"),
        ("a stranger", f"{SHEET}\ntest_a,g,zoe,1,\n".encode(), "row 2 (zoe): there is no "),
    ]
}
ROSTERS = {
    "roster.csv": [
        ("empty", b"", "roster.csv has no column that says who it is, such as name, id"),
        ("a workbook", packed("xl/workbook.xml"), "roster.csv is an Excel workbook; save it again as CSV"),
        (
            "binary",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x81",
            "roster.csv is not a text file; save it again as CSV",
        ),
        ("NUL bytes", b"name,id\nJane\0Doe,1", "roster.csv is not a text file; save it again"),
        ("half of UTF-16", "name;id\nJane;1".encode("utf-16")[:-1], "roster.csv is not a text file; save it"),
        ("nobody", b"points,comment\n1,x", "it has: points, comment. Name the columns in the first row"),
        ("only columns", b"name,id\n", "roster.csv: none of its 0 rows is of somebody who handed in"),
        ("another class", b"name,id\nJane,1\nJoe,2", "none of its 2 rows is of somebody who handed in"),
        ("a quote that never ends", b'name,id\n"Jane', "roster.csv is not a CSV file"),
        ("an endless cell", b"name\n" + b"x" * 200_000, "has a cell of more than 131,072 characters"),
        ("20 MB", b"name,id\n" * (20 << 17), "roster.csv is larger than 16 MiB; is it a list of students"),
        ("an id twice", b"id,name\n17,Jane\n\n17,Joan", "rows 2 and 4: two different rows for 17; keep one"),
        ("a student twice", b"student,due\na,\nA,2026-02-12 23:59", "rows 2 and 3: two different rows for a"),
        (
            "a word for a date",
            b"name,due\nJane,tomorrow",
            "row 2: `due` is 'tomorrow', not a date with a time",
        ),
        (
            "a day without a time",
            b"name,due\nJane,2026-02-12",
            "row 2: `due` is '2026-02-12', not a date with",
        ),
        ("a date of two readings", b"name,due\nJane,3/4/2026 12:00", "write it as in 2026-02-12 23:59"),
        ("no such day", b"name,due\nJane,2026-02-30 12:00", "row 2: `due` is '2026-02-30 12:00'"),
        ("the end of time", b"name,due\nJane,9999-12-31 23:59", "row 2: `due` is '9999-12-31 23:59'"),
        ("an escape", b"name,submitted\nJane,\x1b[2J", "row 2: `submitted` is "),
        ("no unit", b"name,extension\nJane,2", "row 2: `extension` is '2'; write a number and min, hours"),
        ("less time", b"name,extension\nJane,-2 days", "row 2: `extension` is '-2 days'"),
        ("years", b"name,extension\nJane,9999 weeks", "that is longer than ten years"),
        (
            "two due times",
            b"name,due,due date\nJane,,",
            "has the columns `due` and `due date`, which mean the same",
        ),
        ("a formula as a name", b"name,id\n=A1&B1,1", "row 2: =A1&B1 is a formula; paste its value"),
        ("a formula as an id", b'name,id\nJane,"=HYPERLINK(""x"")"', "is a formula; paste its value"),
    ]
}
PARTICIPATION = {
    "posts.csv": [
        ("empty", b"", "posts.csv: nobody in this list handed in anything. Give names or ids"),
        ("a workbook", packed("xl/workbook.xml"), "posts.csv is an Excel workbook; save it again as CSV"),
        ("binary", b"\x89PNG\0\x81", "posts.csv is not a text file; save it"),
        ("another class", b"Jane\nJoe", "posts.csv: nobody in this list handed in anything. Give names"),
        ("a table of nobody", b"posts,comment\n3,x", "nobody in this list handed in anything. Give names"),
        ("several columns", b"name,a,b\nada,x,", "may say who took part: a, b. Name one with --column"),
        (
            "two rows that differ",
            b"student,a\nada,1\nada,2",
            "rows 2 and 3: two different rows for ada; keep one",
        ),
        ("a formula", b"name,a\n=A1,1", "row 2: =A1 is a formula; paste its value"),
    ]
}
COMMANDS = {
    ("run", "{file}"): DOWNLOADS,
    ("run", "{class}", "--roster", "{file}"): ROSTERS,
    ("run", "{class}", "--participation", "{file}"): PARTICIPATION,
    ("regrade", "{results}", "--rulings", "{file}"): RULINGS,
}
ROWS = [
    pytest.param(arguments, name, content, line, id=f"{name}: {what}")
    for arguments, files in COMMANDS.items()
    for name, listed in files.items()
    for what, content, line in listed
]


@pytest.fixture
def said_of(graded, call, contents, tmp_path):
    """What a command says of a file, after which everything is as it was."""

    def said_of(arguments, name, content):
        file = tmp_path / "in" / name
        file.parent.mkdir()
        file.write_bytes(content)
        names = {"file": file, "results": graded.results, "class": graded.hand_ins, "tmp": tmp_path}
        words = [word.format_map(names) for word in arguments]
        if words[0] == "run":
            words += ["-a", graded.assignment, "-o", graded.results, "--profile", "quick"]
        before = contents(tmp_path)
        said = call(*words)
        assert contents(tmp_path) == before
        return said

    return said_of


@pytest.mark.parametrize(("arguments", "name", "content", "line"), ROWS)
def test_a_broken_file_is_one_clear_line(said_of, arguments, name, content, line):
    said = said_of(arguments, name, content)
    last = said.err.rstrip("\n").splitlines()[-1]
    assert (said.code, said.out) == (WRONG_USE, "")
    assert last.startswith("error: ")
    assert line in last, "what is wrong, and where"
    assert re.search(r"[;:.] \w", last.removeprefix("error: ").replace(name, "")), "and what to do"
