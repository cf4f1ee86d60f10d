"""Gradescope's results.json for one submission."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from grader import jsons
from grader.model import SCHEMA, Moment, Outcome, Visibility
from grader.reports import feedback, wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model import Check, Grade

_UNTIL = {
    Visibility.AFTER_DUE_DATE: "until the due date",
    Visibility.AFTER_PUBLISHED: "until the grades are published",
    Visibility.HIDDEN: "for good",
}


def results_json(grade: Grade) -> str:
    """What goes to `/autograder/results/results.json`.

    After an internal error there is no `score`: Gradescope then reports a failed autograder to the staff
    instead of a zero to the student. A check that a person has to decide has no score either, so that it
    is not shown as failed. Gradescope hides the total while any check is hidden.
    """
    score = {} if grade.ending.ours else {"score": grade.total}
    document: dict[str, Any] = {
        **score,
        "execution_time": round(grade.seconds, 3),
        **_for_students(_overview(grade)),
        "test_output_format": "text",
        "extra_data": {"schema": SCHEMA, "profile": grade.profile, "provisional": grade.provisional},
        "tests": [_test(check) for check in grade.checks],
    }
    return jsons.write(document) + "\n"


def ungraded(why: str) -> str:
    """For a submission that has no grade: it gets no score either, so that Gradescope reports a failure."""
    return jsons.write(_for_students(why)) + "\n"


def _for_students(output: str) -> dict[str, Any]:
    """What students read; what the grader printed is for the staff."""
    return {
        "output": output,
        "output_format": "text",
        "visibility": Visibility.VISIBLE,
        "stdout_visibility": Visibility.HIDDEN,
    }


def _overview(grade: Grade) -> str:
    detail = f": {grade.ending_detail}" if grade.ending_detail else "."
    lines = [
        f"The run of the notebook ended as “{grade.ending}”{detail}",
        *(flag.message for flag in grade.flags),
    ]
    reasons = wording.open_items(grade)
    lines = [*_hidden(grade), *wording.late(feedback.for_student(grade, Moment.AT_ONCE).grade), *lines]
    if reasons:
        points = wording.points(wording.open_points(grade))
        lines = [f"This score is provisional: up to {points} more points may be added.", *reasons, *lines]
    return "\n".join(lines)


def _hidden(grade: Grade) -> Iterator[str]:
    """Why students see no total, if they see none."""
    counts = Counter(check.visibility for check in grade.checks)
    hidden = [f"{counts[each]} {until}" for each, until in _UNTIL.items() if counts[each]]
    if hidden:
        yield f"Gradescope shows no total while checks are hidden: {', '.join(hidden)}."


def _test(check: Check) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": check.title,
        "number": check.question,
        "output": _explanation(check),
        "output_format": "text",
        "tags": [check.question],
        "visibility": check.visibility,
        "extra_data": {"id": check.id, "outcome": check.outcome.value},
    }
    if not (check.outcome.provisional or (check.outcome is Outcome.SKIPPED and not check.max)):
        test["status"] = "passed" if check.outcome is Outcome.PASSED else "failed"
        test |= {"score": check.earned, "max_score": check.max} if check.max else {}
    return test


def _explanation(check: Check) -> str:
    verdict = {
        Outcome.REVIEW: f"A person decides about {wording.points(check.max - check.earned)} points.",
        Outcome.BROKEN: "The grader could not judge this. The course staff will look at it.",
        Outcome.SKIPPED: "Not judged, because a check that it depends on failed." if check.max else "",
    }.get(check.outcome, "")
    return "\n".join(filter(None, (verdict, check.message, *wording.details(check))))
