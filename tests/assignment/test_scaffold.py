"""A new assignment runs green as it is."""

import json

import pytest

from grader.assignment import load
from grader.assignment.scaffold import scaffold
from grader.errors import UsageError


def test_a_new_assignment_holds_together(tmp_path):
    written = scaffold(tmp_path / "new", "my-first.2")
    assert all(path.is_file() for path in written)
    new = load(tmp_path / "new")
    assert (new.id, new.title, new.max) == ("my-first.2", "My first.2", 4)
    assert new.files == (("measurements.csv", tmp_path / "new/measurements.csv"),)
    assert new.template.cells[2].source == (
        'def mean(numbers):\n    """The mean of a list of numbers."""\n    # Your answer here'
    )


def test_it_overwrites_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"exists and is not empty; name another folder with -o\."):
        scaffold(tmp_path, "new")
    with pytest.raises(UsageError, match=r"exists and is not empty"):
        scaffold(tmp_path / "notes.txt", "new")
    (tmp_path / "empty").mkdir()
    scaffold(tmp_path / "empty", "new")


@pytest.mark.parametrize("name", ["", "../up", "two words", "a/b"])
def test_a_name_must_be_fit_for_files(tmp_path, name):
    with pytest.raises(UsageError, match="can't name an assignment"):
        scaffold(tmp_path / "new", name)


def test_its_planted_mistakes_cost_what_they_must(grader, tmp_path):
    """By the real command line: written, found below rubrics/, its reference and all of its mutants graded."""
    assert grader("new", "counting", cwd=tmp_path).returncode == 0
    said = grader("validate", "counting", "-j", 2, "--json", cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    findings = {each["mutant"]: each for each in json.loads(said.stdout)}
    assert set(findings) == {"reference", "half-the-mean", "another-column", "in-other-words", "blank"}
    assert [each["surprises"] for each in findings.values()] == [[]] * 5
