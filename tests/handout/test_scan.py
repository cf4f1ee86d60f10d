"""Whatever is hidden is found wherever it stands, and what is public is not."""

import base64
import io
import json
import zipfile
import zlib

import pytest

from grader.assignment import load
from grader.assignment.scaffold import scaffold
from grader.errors import RubricError
from grader.handout import pack, scan
from grader.handout.scan import Secret

LINE = 'price = areas["area"] * 3'
SECRETS = [Secret(LINE, "a line of the solution"), Secret("4711", "a number of a hidden check")]


def zipped(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", content)
    return buffer.getvalue()


TEXT = f"x = 1\n    {LINE}  # so\n"
HIDING = {
    "text": TEXT.encode(),
    "notebook": json.dumps({"source": [TEXT]}).encode(),
    "a notebook in a notebook": json.dumps({"source": json.dumps({"source": TEXT})}).encode(),
    "zip": zipped(TEXT),
    "zip in a zip": zipped(zipped(TEXT)),
    "zlib": b"head" + zlib.compress(TEXT.encode()) + b"tail",
    "gzip": zlib.compress(TEXT.encode(), wbits=31),
    "base64": b"data = '" + base64.b64encode(TEXT.encode() * 3) + b"'",
    "base64 for addresses": base64.urlsafe_b64encode(b"?>~" * 9 + TEXT.encode()),
    "base64 in lines": base64.encodebytes(TEXT.encode() * 5),
    "base64 of zlib": base64.b64encode(zlib.compress(TEXT.encode() * 2)),
    "UTF-16": TEXT.encode("utf-16"),
    "a notebook in ASCII": json.dumps({"source": TEXT}).replace("p", "\\u0070").encode(),
    "HTML": TEXT.replace("p", "&#112;").encode(),
    "between zeros": b"\0\1\2" + TEXT.encode() + b"\0",
}


@pytest.mark.parametrize("content", HIDING.values(), ids=HIDING)
def test_a_line_is_found_however_it_is_packed(content):
    found = list(scan.find({"kit/file": content}, SECRETS))
    assert {leak.secret.text for leak in found} == {LINE}
    assert found[0].place.startswith("kit/file")


@pytest.mark.parametrize(
    ("content", "count"),
    [("4711", 1), ("x=4711.", 1), ("-4711,", 1), ("47110", 0), ("0.4711", 0), ("4711.5", 0), ("14711", 0)],
)
def test_a_number_counts_only_as_a_whole_one(content, count):
    assert len(list(scan.find({"file": content.encode()}, SECRETS))) == count


def test_a_leak_is_refused_with_its_place():
    with pytest.raises(
        RubricError, match=r"not written, because inner\.csv holds a line of the solution: 'price"
    ):
        scan.refuse_leaks({"inner.csv": TEXT.encode()}, SECRETS)
    scan.refuse_leaks({"inner.csv": b"price\n3\n"}, SECRETS)


def test_a_line_that_stands_in_this_program_is_no_secret(tmp_path):
    """As `import numpy as np` may, and the example that `grader new` writes does."""
    scaffold(tmp_path / "new", "new")
    assert not {text for kind, text in secrets_of(tmp_path / "new") if kind == "a line of the solution"}


def secrets_of(folder):
    chosen = load(folder)
    return {(each.kind, each.text) for each in scan.secrets(chosen, pack.excerpt_of(chosen), handed_out=[])}


def test_what_an_assignment_hides(assignment):
    rubric = assignment / "test_tiny.py"
    rubric.write_text(
        rubric.read_text().replace(
            'assert seen is not None, "There are no losses."',
            'assert seen is not None, "Not a single loss is left."\n    assert seen.numbers[0] < 8128.5',
        )
    )
    assert secrets_of(assignment) == {
        ("a line of the solution", "number = 6 * 7"),
        ("a line of the solution", "losses = [3.0, 2.0, 1.0]"),
        ("a line of the solution", "Because it is so."),
        ("a line of a hidden check", "@question('2', points=0.25, visibility='hidden')"),
        ("a line of a hidden check", "def test_there_are_three(student):"),
        ("a line of a hidden check", '"""There are three losses."""'),
        ("a line of a hidden check", "assert seen is not None, 'Not a single loss is left.'"),
        ("a line of a hidden check", "assert seen.numbers[0] < 8128.5"),
        ("a text of a hidden check", "There are three losses."),
        ("a text of a hidden check", "Not a single loss is left."),
        ("a number of a hidden check", "8128.5"),
    }


def test_what_a_given_cell_says_is_no_secret(assignment, notebook_of):
    (assignment / "master.ipynb").write_text(notebook_of(solved=True, more=["number = 6 * 7"]))
    assert ("a line of the solution", "number = 6 * 7") not in secrets_of(assignment)
