"""A new assignment runs green as it is."""

import json
from types import SimpleNamespace

import pytest

import grader as package
from grader.assignment import load
from grader.assignment.scaffold import scaffold
from grader.errors import UsageError
from grader.evidence import Value
from grader.judging.api import CheckEnded
from grader.kernel.inside.probe import log, values


def test_a_new_assignment_holds_together(tmp_path):
    written = scaffold(tmp_path / "new", "my-first.2")
    assert all(path.is_file() for path in written)
    new = load(tmp_path / "new")
    assert (new.id, new.title, new.max) == ("my-first.2", "my-first.2", 4)
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


def seen(value):
    arrays = log.Arrays()
    return Value(0, values.encode("name", value, arrays), arrays.by_name)


def work(value):
    return SimpleNamespace(value=lambda *_: seen(value), probe=lambda _: seen(value))


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """The new rubric's checks by name, called like functions."""
    scaffold(tmp_path / "new", "new")
    monkeypatch.setattr(package, "question", lambda *_, **__: lambda test: test)
    names = {}
    exec((tmp_path / "new/test_new.py").read_text("utf-8"), names)  # noqa: S102 - our own rubric
    return names


@pytest.mark.parametrize(
    ("check", "given", "wanted", "says"),
    [
        ("test_the_mean_of_any_numbers", [1.5, 0.0, 2.5], [7.25, 0.0, 5.0], "the mean of each list"),
        ("test_the_mean_of_any_numbers", {"error": "TypeError: no"}, [7.25, 0.0, 5.0], "TypeError: no"),
        ("test_the_mean_of_any_numbers", [None, None], [7.25, 0.0, 5.0], "list"),
        ("test_the_mean_height", 1.5, 7.25, "the mean of the column `height`"),
    ],
)
def test_its_messages_give_no_answer_away(checks, check, given, wanted, says):
    with pytest.raises(CheckEnded) as ended:
        checks[check](work(given), SimpleNamespace(first=work(wanted)))
    told = f"{ended.value.message} {ended.value.expected} {ended.value.actual} {ended.value.hint}"
    assert says in told
    assert "7.25" not in told


@pytest.mark.system
def test_its_planted_mistakes_cost_what_they_must(grader, tmp_path):
    """By the real command line: written, found below rubrics/, its reference and all of its mutants graded."""
    assert grader("new", "counting", cwd=tmp_path).returncode == 0
    said = grader("validate", "counting", "-j", 2, "--json", cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    findings = {each["mutant"]: each for each in json.loads(said.stdout)}
    assert set(findings) == {"reference", "half-the-mean", "another-column", "in-other-words", "blank"}
    assert [each["surprises"] for each in findings.values()] == [[]] * 5
