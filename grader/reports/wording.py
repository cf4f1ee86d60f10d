"""Words and numbers that all reports share."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from grader.model import Ending, Grade, Outcome, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grader.model import Check

_CENT = Decimal("0.01")


class Status(StrEnum):
    """What still has to be done about a grade, the most urgent status first."""

    BROKEN = "broken"
    REVIEW = "review"
    PROVISIONAL = "provisional"
    UNREADABLE = "unreadable"
    GRADED = "graded"

    @property
    def needs_review(self) -> bool:
        return self in (Status.BROKEN, Status.REVIEW)


def status(grade: Grade) -> Status:
    outcomes = _outcomes(grade)
    if grade.ending.ours or Outcome.BROKEN in outcomes:
        return Status.BROKEN
    if Outcome.REVIEW in outcomes:
        return Status.REVIEW
    if grade.provisional:
        return Status.PROVISIONAL
    return Status.UNREADABLE if grade.ending is Ending.UNREADABLE else Status.GRADED


def points(value: Decimal) -> str:
    """At most two decimals, rounded towards zero, so that 9.999 never appears as 10."""
    text = format(value.quantize(_CENT, rounding=ROUND_DOWN), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(part: Decimal | int, whole: Decimal | int) -> float:
    """The ratio of a part to the whole, limited to 0 to 1; 0 if the whole is 0."""
    return min(max(float(part / whole), 0.0), 1.0) if whole else 0.0


def open_items(grade: Grade) -> tuple[str, ...]:
    """Why the total is provisional, one sentence per reason; empty if it is final."""
    if not grade.provisional:
        return ()
    return tuple(_open_items(grade)) or ("This grade still has to be confirmed by a person.",)


def open_points(grade: Grade) -> Decimal:
    """How many points the undecided checks could still add."""
    undecided = (check for check in grade.checks if check.outcome.provisional)
    return sum((check.max - check.earned for check in undecided), Decimal(0))


def causes(checks: Iterable[Check]) -> tuple[tuple[str, Decimal, int], ...]:
    """What cost points in more than one check: the error, the points in all, and in how many checks."""
    behind: dict[str, list[Decimal]] = {}
    for check in checks:
        if check.cause:
            behind.setdefault(check.cause, []).append(check.max - check.earned)
    every = ((cause, sum(lost, Decimal(0)), len(lost)) for cause, lost in behind.items() if len(lost) > 1)
    return tuple(sorted(every, key=lambda each: -each[1]))


def details(check: Check) -> tuple[str, ...]:
    """What was expected, what was found and what to look at, one labelled line each."""
    labelled = (("Expected", check.expected), ("Found", check.actual), ("Hint", check.hint))
    return tuple(f"{label}: {text}" for label, text in labelled if text)


def _open_items(grade: Grade) -> Iterator[str]:
    if grade.profile != Profile.FULL:
        yield (
            f"The notebook was run with the profile “{grade.profile}”, which uses less data or fewer epochs. "
            f"Only a run with the profile “{Profile.FULL}” counts."
        )
    if grade.ending.ours:
        yield "The grader itself failed while running this notebook. This is not the notebook's fault."
    review = [check for check in grade.checks if check.outcome is Outcome.REVIEW]
    elsewhere = [check for check in review if check.review is not None and check.review.elsewhere]
    if elsewhere:
        named = ", ".join(dict.fromkeys(check.question for check in elsewhere))
        yield f"No answer in its place ({named}): {_left(elsewhere)} left to manual review of the other files."
    for question in grade.questions:
        for outcome, why in (
            (Outcome.REVIEW, "left to manual review"),
            (Outcome.BROKEN, "left open by an internal error"),
        ):
            undecided = [
                check for check in question.checks if check.outcome is outcome and check not in elsewhere
            ]
            if undecided:
                yield f"Question {question.id}: {_left(undecided)} {why}."


def _left(undecided: Iterable[Check]) -> str:
    left = points(sum((check.max - check.earned for check in undecided), Decimal(0)))
    return f"{left} {'point' if left == '1' else 'points'}"


def _outcomes(grade: Grade) -> set[Outcome]:
    return {question.outcome for question in grade.questions} | {check.outcome for check in grade.checks}
