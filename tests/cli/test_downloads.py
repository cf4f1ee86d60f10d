"""`run` on a zip, as it comes from a course system: what is said, graded and left behind."""

import json
import zipfile

import pytest

from grader.cli.console import GRADED, WRONG_USE
from grader.results.store import Store


@pytest.fixture
def packed(graded, notebook_of, tmp_path):
    """The class of `graded` as a Canvas download, with one who handed in two notebooks and one a PDF."""
    path = tmp_path / "tiny_submissions.zip"
    (temporary := tmp_path / "tmp").mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ada_LATE_1001_9001_tiny.ipynb", notebook_of())
        archive.writestr("bob_1002_9002_tiny.ipynb", notebook_of(number="number = 1"))
        archive.writestr("bob_1002_9003_draft.ipynb", notebook_of(number=""))
        archive.writestr("cyd_1003_9004_tiny.pdf", "%PDF")
    graded.hand_ins = path
    graded.tmp = temporary
    return graded


@pytest.mark.usefixtures("warm")
def test_a_zip_is_graded_and_nothing_of_it_stays(packed, run, call, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(packed.tmp))
    said = run("--drop")
    assert said.code == GRADED, said.err
    assert said.err.splitlines()[:2] == [
        "Assignment tiny. Canvas download: 3 students, 1 late, 1 without a notebook.",
        (
            "Note: bob_1002_9002_tiny.ipynb was taken, not bob_1002_9003_draft.ipynb: "
            "it is named after the assignment."
        ),
    ]
    assert list(packed.tmp.iterdir()) == []
    with Store.existing(packed.results) as store:
        grades = {grade.student: grade for grade in store.grades()}
    assert {name: grade.origin for name, grade in grades.items()} == {
        "ada_1001": "ada_LATE_1001_9001_tiny.ipynb",
        "bob_1002": "bob_1002_9002_tiny.ipynb",
        "cyd_1003": "cyd_1003_9004_tiny.pdf",
    }
    result = json.loads((packed.results / "students/bob_1002/result.json").read_text())
    (flag,) = [flag for flag in result["flags"] if flag["kind"] == "choice"]
    assert "it is named after the assignment" in flag["message"]
    assert flag["message"] in (packed.results / "students/bob_1002/report.html").read_text()
    assert call("regrade", packed.results).code == GRADED
    assert (
        json.loads((packed.results / "students/bob_1002/result.json").read_text())["flags"] == result["flags"]
    )
    again = run()
    assert "[2/3] bob_1002: finished (nothing to run)" in again.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--layout", "moodle"), "not the layout moodle, which has"),
        (("--pick", "none*"), "--pick none*: no notebook has such a name"),
    ],
    ids=["layout", "pick"],
)
def test_what_does_not_fit_is_refused(packed, run, monkeypatch, options, message):
    monkeypatch.setattr("tempfile.tempdir", str(packed.tmp))
    said = run(*options)
    assert said.code == WRONG_USE
    assert message in said.error
    assert list(packed.tmp.iterdir()) == []
