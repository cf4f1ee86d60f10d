"""The sample class, graded by the real command line: every question's points and outcome, and the ending.

An `expected.toml` beside each hand-in gives what the machine must report; `truth` in it is what a person would
give where the machine leaves the answer to one.
"""

import json
import shutil
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SUBMISSIONS = PROJECT / "submissions"
STUDENTS = sorted(path.name for path in SUBMISSIONS.iterdir() if path.is_dir())
QUICK = ("chloe-dubois", "noah-williams", "sofia-rossi")
TRAINED = ("4.5", "4.6")
"""What these come to depends on how much data there was to learn from."""
FETCH = (
    "the full data set is not on this machine: get it with `grader data fetch`, or as CI does, "
    "with `apt-get install dataset-fashion-mnist`"
)


def expected(student):
    return tomllib.loads((SUBMISSIONS / student / "expected.toml").read_text(encoding="utf-8"))


def stored(results, student):
    text = (results / "students" / student / "result.json").read_text(encoding="utf-8")
    return json.loads(text, parse_float=Decimal)


def differences(results, student, *, without=()):
    """A line for each thing that came out otherwise than expected.toml says, with the checks that made it so."""
    wanted, got = expected(student), stored(results, student)
    assert [question["id"] for question in got["questions"]] == list(wanted["questions"])
    lines = []
    if got["ending"] != wanted["ending"]:
        lines.append(f"ending    {wanted['ending']} -> {got['ending']}: {got['ending_detail']}")
    for question in got["questions"]:
        want = wanted["questions"][question["id"]]
        before = Decimal(want["points"]), want["outcome"]
        after = Decimal(question["points"]), question["outcome"]
        if before != after and question["id"] not in without:
            lines.append(
                f"{question['id']:9} {before[0]} {before[1]} -> {after[0]} {after[1]} ({want['why']})"
            )
            lines += [
                f"          {check['earned']} {check['outcome']}: {check['title']} {check['message']}"
                for check in question["checks"]
            ]
    return lines


def told(student, lines):
    return "\n".join([f"{student}: expected -> graded", *lines])


def grade(grader, submissions, results, *options):
    done = grader("run", submissions, "-o", results, "-j", 2, *options, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    return results


@pytest.fixture(scope="module")
def in_full(grader, full_data, tmp_path_factory):
    if full_data is None:
        pytest.fail(FETCH)
    # One of them never ends; here it need not take as long to find that out as a class may give a slow one.
    options = ("--data", full_data, "--limit", "cell_factor=4")
    return grade(grader, SUBMISSIONS, tmp_path_factory.mktemp("full") / "results", *options)


@pytest.fixture(scope="module")
def in_quick(grader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quick")
    for student in QUICK:
        shutil.copytree(SUBMISSIONS / student, folder / "class" / student)
    shutil.copy(SUBMISSIONS / "participation.csv", folder / "class")
    return grade(grader, folder / "class", folder / "results", "--profile", "quick")


def test_the_class_shows_every_outcome_and_every_ending_of_a_notebook():
    """So that what is graded below is worth its minutes."""
    wanted = [expected(student) for student in STUDENTS]
    outcomes = {question["outcome"] for each in wanted for question in each["questions"].values()}
    assert outcomes == {"passed", "partial", "failed", "review"}
    assert {each["ending"] for each in wanted} == {"finished", "error", "timeout", "unreadable"}


@pytest.mark.system
@pytest.mark.alone
@pytest.mark.parametrize("student", STUDENTS)
def test_on_all_of_the_data_each_gets_the_expected_grade(in_full, student):
    lines = differences(in_full, student)
    assert not lines, told(student, lines)
    assert Decimal(stored(in_full, student)["total"]) == Decimal(expected(student)["total"])


@pytest.mark.system
@pytest.mark.parametrize("student", QUICK)
def test_on_a_sample_each_gets_what_does_not_depend_on_the_data(in_quick, student):
    lines = differences(in_quick, student, without=TRAINED)
    assert not lines, told(student, lines)


@pytest.mark.system
def test_on_a_sample_everything_is_provisional(in_quick):
    for student in QUICK:
        assert stored(in_quick, student)["provisional"], student
    assert "PROVISIONAL GRADES" in (in_quick / "index.html").read_text(encoding="utf-8")


@pytest.mark.system
def test_a_difference_is_told_with_the_checks_behind_it(in_quick, tmp_path):
    """The test of the tests: a grade that is off by a quarter of a point does not go by."""
    student = "sofia-rossi"
    folder = tmp_path / "students" / student
    folder.mkdir(parents=True)
    result = stored(in_quick, student)
    first = result["questions"][7]
    first["points"] = Decimal(first["points"]) - Decimal("0.25")
    first["outcome"] = "failed"
    (folder / "result.json").write_text(json.dumps(result, default=float))
    lines = differences(tmp_path, student, without=TRAINED)
    assert lines[0].startswith(f"{first['id']:9} 0.25 passed -> 0.0 failed (")
    assert len(lines) > 1
