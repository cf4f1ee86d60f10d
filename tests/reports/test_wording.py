from dataclasses import replace
from decimal import Decimal

import pytest

from grader.model import ELSEWHERE, Ending, Outcome, ReviewItem
from grader.reports.wording import Status, adaptation, open_items, open_points, points, share, status


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("0.30", "0.3", id="no trailing zero"),
        pytest.param("10", "10", id="whole"),
        pytest.param("100", "100", id="zeros that count"),
        pytest.param("9.9999", "9.999", id="never up to full marks"),
        pytest.param("1.125", "1.125", id="half of a quarter"),
        pytest.param("0.3333333333333333333333333333", "0.333", id="a third"),
        pytest.param("0", "0", id="nothing"),
    ],
)
def test_points_are_short_and_never_rounded_up(value, shown):
    assert points(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        pytest.param("1", "4", 0.25, id="a part"),
        pytest.param("5", "4", 1.0, id="more than the whole"),
        pytest.param("-1", "4", 0.0, id="less than nothing"),
        pytest.param("0", "0", 0.0, id="of nothing"),
    ],
)
def test_share(part, whole, expected):
    assert share(Decimal(part), Decimal(whole)) == expected


def test_each_student_of_the_class_has_the_status_that_is_most_urgent(room):
    assert {grade.student: status(grade) for grade in room} == {
        "adams-ann": Status.GRADED,
        "byte-bob": Status.UNREADABLE,
        "chan-cy": Status.GRADED,
        "doe-jane": Status.REVIEW,
        "evil-eve": Status.BROKEN,
        "fox-finn": Status.GRADED,
        "gray-gus": Status.BROKEN,
    }


def test_a_quick_run_is_provisional_and_says_which_profile_counts(ann):
    quick = replace(ann, profile="quick", provisional=True)
    assert status(quick) is Status.PROVISIONAL
    (reason,) = open_items(quick)
    assert reason.startswith(
        "The notebook was run with the profile “quick”, which uses less data or fewer epochs."
    )
    assert reason.endswith("Only a run with the profile “full” counts.")


def test_what_is_open_is_named_with_its_points(jane):
    assert open_items(jane) == ("Question 1a: 0.75 points awaiting manual review.",)
    assert open_points(jane) == Decimal("0.75")


def test_internal_errors_are_named_as_such(room):
    (gus,) = (grade for grade in room if grade.student == "gray-gus")
    assert open_items(gus) == ("Question 1a: 0.75 points left open by an internal error.",)
    (eve,) = (grade for grade in room if grade.student == "evil-eve")
    assert open_items(eve)[0].endswith("This is not the notebook's fault.")


def test_a_final_grade_has_nothing_open(ann):
    assert open_items(ann) == ()


def test_a_provisional_grade_always_says_why(ann):
    assert open_items(replace(ann, provisional=True)) == (
        "This grade still has to be confirmed by a person.",
    )


def test_answers_that_may_stand_elsewhere_are_one_reason(jane):
    question = jane.questions[0]
    item = ReviewItem(answer="files", group="f", tags=(ELSEWHERE,))
    lost = replace(question.checks[0], outcome=Outcome.REVIEW, earned=Decimal(0), max=Decimal(1), review=item)
    other = replace(question, id="2", checks=(replace(lost, question="2"),))
    grade = replace(jane, questions=(replace(question, checks=(lost,)), other), provisional=True)
    assert open_items(grade) == (
        f"No answer in the notebook ({lost.question}, 2): 2 points awaiting manual review of the other files.",
    )


@pytest.mark.parametrize(
    ("note", "says"),
    [
        ({"what": "x()", "where": None, "count": 1, "note": "Write y()."}, "`x()`. Write y()."),
        ({"where": {"cell": 0, "line": 2}, "count": 3}, "Cell 1, line 2: `unknown` (3 times)."),
        ({"what": 7, "where": [1], "count": "many", "note": None}, "`7` (many times). None"),
        ({"what": "x", "where": {"cell": "0"}}, "`x`."),
    ],
    ids=["plain", "with a place", "forged", "forged place"],
)
def test_what_was_adapted_is_a_sentence_whatever_a_notebook_says(note, says):
    assert adaptation(note) == says


def test_an_unreadable_file_does_not_count_as_graded(ann):
    assert status(replace(ann, ending=Ending.UNREADABLE)) is Status.UNREADABLE
