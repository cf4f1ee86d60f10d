import json
from dataclasses import replace
from decimal import Decimal

import pytest

from grader.model import Outcome
from grader.reports.gradescope import results_json


def written(grades, student):
    return json.loads(results_json(next(grade for grade in grades if grade.student == student)))


def test_what_gradescope_reads(room):
    document = written(room, "doe-jane")
    assert {key: value for key, value in document.items() if key not in {"tests", "output"}} == {
        "score": 1.5,
        "execution_time": 5.217,
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"schema": 1, "profile": "full", "provisional": True},
    }


def test_a_provisional_score_says_so_first(room):
    assert written(room, "doe-jane")["output"].splitlines() == [
        "This score is provisional: up to 0.75 more points may be added.",
        "Question 1a: 0.75 points awaiting manual review.",
        "The run of the notebook ended as “error”: cell 4: NameError: name 'x' is not defined",
        "Cell 2 was saved with an output that its code does not show.",
    ]


def test_a_check_is_a_test(room):
    (test,) = (one for one in written(room, "doe-jane")["tests"] if one["visibility"] != "visible")
    assert test == {
        "name": "The test set never trained `net`.",
        "number": "4.5",
        "output": (
            "`net` was also trained on the test set.\n"
            "Expected: gradients from trainDataLoader only\n"
            "Found: 157 of 1095 steps of each epoch used testDataLoader\n"
            "Hint: The loop over testDataLoader: it needs no backward() and no step()."
        ),
        "output_format": "text",
        "tags": ["4.5"],
        "visibility": "after_due_date",
        "extra_data": {"id": "test_hw1.py::test_histories", "outcome": "partial"},
        "score": 0.5,
        "max_score": 0.75,
        "status": "failed",
    }


def test_what_a_person_decides_shows_neither_as_passed_nor_as_failed(room):
    (test,) = (one for one in written(room, "doe-jane")["tests"] if one["number"] == "1a")
    assert test.keys().isdisjoint({"score", "max_score", "status"})
    assert test["output"].startswith("A person decides about 0.75 points.")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.PASSED, "passed"), (Outcome.FAILED, "failed"), (Outcome.SKIPPED, None)],
)
def test_a_check_worth_no_points_has_no_score(ann, outcome, status):
    worthless = {"max": Decimal(0), "earned": Decimal(0), "outcome": outcome}
    first = replace(ann.checks[0], message="Seen.", actual="", **worthless)
    question = replace(ann.questions[0], checks=(first,))
    (test,) = json.loads(results_json(replace(ann, questions=(question,))))["tests"]
    assert test.keys().isdisjoint({"score", "max_score"})
    assert (test.get("status"), test["output"]) == (status, "Seen.")


def test_our_own_failure_is_no_zero(room):
    document = written(room, "evil-eve")
    assert "score" not in document
    assert all("score" not in test for test in document["tests"])
    assert "The grader itself failed" in document["output"]


@pytest.mark.parametrize("student", ["adams-ann", "byte-bob", "fox-finn"])
def test_final_grades_have_a_score_and_no_excuse(room, student):
    document = written(room, student)
    assert "provisional" not in document["output"]
    assert {test["status"] for test in document["tests"]} <= {"passed", "failed"}
    assert document["score"] == sum(test["score"] for test in document["tests"])
