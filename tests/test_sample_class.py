"""The sample class: what each hand-in is, and the grade that it must get.

An `expected.toml` gives for each question the points and the outcome that the machine must report; `truth` is
what a person would give where the machine leaves the answer to one.
"""

import csv
import json
import tomllib
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest

from grader.model import Ending, Outcome

SUBMISSIONS = Path(__file__).parent.parent / "submissions"
STUDENTS = sorted(path.name for path in SUBMISSIONS.iterdir() if path.is_dir())
POINTS = {
    "0": "0.5",
    "1a": "0.75",
    "1b": "0.75",
    "2a": "0.5",
    "2b": "0.75",
    "2c": "0.75",
    "3": "2",
    "4.1": "0.25",
    "4.2": "0.5",
    "4.3": "0.5",
    "4.4": "0.5",
    "4.5": "1.25",
    "4.6": "1",
}
THEORY = ("1a", "1b", "2a", "2b", "2c")


def expected(student):
    return tomllib.loads((SUBMISSIONS / student / "expected.toml").read_text(encoding="utf-8"))


def participation():
    with (SUBMISSIONS / "participation.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row["participated"] for row in csv.DictReader(file)}


def readable(student):
    return expected(student)["ending"] != Ending.UNREADABLE


def possible(outcome, points, most):
    """Whether an outcome fits its points."""
    return {
        Outcome.PASSED: points == most,
        Outcome.PARTIAL: 0 < points < most,
        Outcome.FAILED: points == 0,
        Outcome.REVIEW: 0 <= points < most,
    }[Outcome(outcome)]


@pytest.fixture(params=STUDENTS)
def student(request):
    return request.param


def test_the_class_is_as_large_as_promised():
    assert len(STUDENTS) >= 14


def test_a_notebook_can_be_read_unless_it_is_expected_not_to_be(student):
    text = (SUBMISSIONS / student / "hw1.ipynb").read_text(encoding="utf-8")
    if readable(student):
        nbformat.validate(nbformat.reads(text, as_version=4))
    else:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


def test_an_expectation_says_why_and_how_the_run_ends(student):
    facts = expected(student)
    assert set(facts) == {"why", "ending", "total", "questions"}
    assert len(facts["why"].split()) > 10
    assert Ending(facts["ending"]) is not Ending.BROKEN


def test_every_question_has_points_an_outcome_and_a_reason(student):
    questions = expected(student)["questions"]
    assert list(questions) == list(POINTS)
    for question, grade in questions.items():
        assert {"points", "outcome", "why"} <= set(grade) <= {"points", "outcome", "why", "truth"}, question
        assert grade["why"], question


@pytest.mark.parametrize("question", POINTS)
def test_an_outcome_fits_its_points(student, question):
    most = Decimal(POINTS[question])
    grade = expected(student)["questions"][question]
    assert possible(grade["outcome"], Decimal(grade["points"]), most)


def test_the_points_add_up_to_the_total(student):
    facts = expected(student)
    assert sum(Decimal(grade["points"]) for grade in facts["questions"].values()) == Decimal(facts["total"])


@pytest.mark.parametrize("question", THEORY)
def test_where_theory_is_left_open_the_truth_is_on_record(student, question):
    grade = expected(student)["questions"][question]
    if readable(student) and grade["outcome"] == "review":
        assert Decimal(grade["points"]) <= Decimal(grade["truth"]) <= Decimal(POINTS[question])


def test_nothing_is_final_for_a_notebook_that_could_not_be_read(student):
    if not readable(student):
        assert {grade["outcome"] for grade in expected(student)["questions"].values()} == {"review"}


def test_question_0_follows_the_participation_list(student):
    grade = expected(student)["questions"]["0"]
    follows = {"yes": ("0.5", "passed"), "no": ("0", "failed"), None: ("0", "review")}
    assert (grade["points"], grade["outcome"]) == follows[participation().get(student)]


def test_the_participation_list_names_students_of_the_class_only():
    assert set(participation()) < set(STUDENTS)


def test_the_class_shows_every_outcome_and_more_than_one_ending():
    facts = [expected(student) for student in STUDENTS]
    outcomes = {grade["outcome"] for fact in facts for grade in fact["questions"].values()}
    assert outcomes == {"passed", "partial", "failed", "review"}
    assert {fact["ending"] for fact in facts} == {"finished", "error", "timeout", "unreadable"}
