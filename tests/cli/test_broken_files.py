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
COMMANDS = {
    ("run", "{file}"): DOWNLOADS,
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
