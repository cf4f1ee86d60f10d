import json
from dataclasses import replace
from decimal import Decimal

import pytest
from gradescope_specification import violations

from grader.model import Lateness, Outcome, Visibility
from grader.reports.gradescope import results_json, ungraded


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
        "Gradescope shows no total while checks are hidden: 1 until the due date.",
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


def test_everything_written_is_as_specified(room):
    documents = [results_json(grade) for grade in room] + [ungraded("Nothing was graded: “é” <b>\ud800.")]
    assert [violations(json.loads(document)) for document in documents] == [[]] * len(documents)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"score": float("nan")}, "document.score is not a finite number"),
        ({"score": -1}, "document has a negative number"),
        ({"visibility": "shown"}, "document.visibility is 'shown'"),
        ({"output_format": "latex"}, "document.output_format is 'latex'"),
        ({"max_score": 3}, "document.max_score is not in the specification"),
        ({"tests": [{"number": 4.5}]}, "tests[0].number is not of the type str"),
        ({"tests": [{"score": 2, "max_score": 1}]}, "tests[0].score is not from 0 to 1"),
        ({"tests": [{"status": "skipped"}]}, "tests[0].status is 'skipped'"),
        ({"tests": [{"tags": [1]}]}, "tests[0].tags are not all texts"),
    ],
)
def test_the_specification_is_checked(wrong, said):
    assert violations(wrong) == [said]


@pytest.mark.parametrize(
    ("visibility", "until"),
    [
        ("hidden", "for good"),
        ("after_due_date", "until the due date"),
        ("after_published", "until the grades are published"),
    ],
)
def test_hidden_checks_count_in_the_total_and_students_are_told(ann, visibility, until):
    first, *others = (replace(check, visibility=Visibility.VISIBLE) for check in ann.checks)
    shown, hidden = (
        json.loads(results_json(replace(ann, questions=(replace(ann.questions[0], checks=checks),))))
        for checks in ((first, *others), (replace(first, visibility=Visibility(visibility)), *others))
    )
    assert hidden["score"] == shown["score"] == float(ann.total)
    assert "Gradescope" not in shown["output"]
    assert f"Gradescope shows no total while checks are hidden: 1 {until}." in hidden["output"].splitlines()


@pytest.mark.parametrize(("taken", "said"), [("0.5", "Late by a day (-0.5)."), ("0", "Late by a day.")])
def test_what_being_late_takes_is_said_and_missing_from_the_score(ann, taken, said):
    late = Lateness(points=Decimal(taken), message="Late by a day.")
    written = json.loads(results_json(replace(ann, late=late, total=ann.total - late.points)))
    assert said in written["output"].splitlines()
    assert written["score"] == 3.5 - float(taken)


def test_what_being_late_takes_tells_nothing_of_hidden_checks(ann):
    late = Lateness(points=Decimal("3.5"), message="Late by a week.")
    hidden = replace(ann.questions[0].checks[0], visibility=Visibility.HIDDEN)
    questions = (replace(ann.questions[0], checks=(hidden, *ann.questions[0].checks[1:])), *ann.questions[1:])
    written = json.loads(results_json(replace(ann, questions=questions, late=late, total=Decimal(0))))
    assert "Late by a week (-2)." in written["output"].splitlines()
    assert written["score"] == 0
