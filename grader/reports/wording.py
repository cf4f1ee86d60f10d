"""Words and numbers that all reports share."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from grader.legible import listing
from grader.model import NOT_ANSWERED, Ending, Grade, Outcome, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from grader.model import Check, Identity

_SHOWN = Decimal("0.001")
MOST_CAUSES = 3
"""What a student can look at in a minute."""


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
    """At most three decimals, rounded towards zero, so that 9.9999 never appears as 10."""
    text = format(value.quantize(_SHOWN, rounding=ROUND_DOWN), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def people(grade: Grade) -> str:
    """Whose grade it is: the names of its people, as far as the course knows them."""
    return listing([called(each) for each in grade.people or (grade.identity,)])


def late(grade: Grade) -> tuple[str, ...]:
    """What being late took, as a sentence; nothing if it came in time."""
    if grade.late is None:
        return ()
    taken = f" (-{points(grade.late.points)})" if grade.late.points else ""
    return (f"{grade.late.message.removesuffix('.')}{taken}.",)


def called(who: Identity) -> str:
    """What to call somebody; empty if nothing is known."""
    return who.name or who.id or who.email or ""


def share(part: Decimal | int, whole: Decimal | int) -> float:
    """The ratio of a part to the whole, limited to 0 to 1; 0 if the whole is 0."""
    return min(max(float(part / whole), 0.0), 1.0) if whole else 0.0


def open_line(grade: Grade) -> str:
    """Why the total is provisional, in a few words; the sentences are `open_items`."""
    waiting = [question.id for question in grade.questions if question.outcome is Outcome.REVIEW]
    broken = grade.ending.ours or Outcome.BROKEN in _outcomes(grade)
    plural = "s" * (len(waiting) != 1)
    reasons = (
        "only part of the data was used" if grade.profile != Profile.FULL else "",
        "the grader itself failed" if broken else "",
        f"a person still looks at question{plural} {listing(waiting)}" if waiting else "",
    )
    return "; ".join(filter(None, reasons)) or "a person still confirms it"


def open_items(grade: Grade) -> tuple[str, ...]:
    """Why the total is provisional, one sentence per reason; empty if it is final."""
    if not grade.provisional:
        return ()
    return tuple(_open_items(grade)) or ("This grade still has to be confirmed by a person.",)


def open_points(grade: Grade) -> Decimal:
    """How many points the undecided checks could still add."""
    undecided = (check for check in grade.checks if check.outcome.provisional)
    return sum((check.max - check.earned for check in undecided), Decimal(0))


@dataclass(frozen=True, slots=True)
class Cause:
    """What cost points, once: an error that several checks follow from, or what one check found."""

    text: str
    checks: tuple[Check, ...]

    @property
    def lost(self) -> Decimal:
        return sum((check.max - check.earned for check in self.checks), Decimal(0))


def causes(checks: Iterable[Check]) -> tuple[Cause, ...]:
    """What cost most points, the most expensive first; at most `MOST_CAUSES`."""
    return every_cause(checks)[:MOST_CAUSES]


def every_cause(checks: Iterable[Check]) -> tuple[Cause, ...]:
    """All that cost points, the most expensive first. Questions without an answer are one cause together."""
    behind: dict[str, list[Check]] = {}
    for check in checks:
        if check.earned < check.max and not check.outcome.provisional:
            shared = check.cause or (check.message if check.message == NOT_ANSWERED else f"{check.id} alone")
            behind.setdefault(shared, []).append(check)
    every = [
        Cause((len(same) > 1 and same[0].cause) or same[0].message or same[0].title, tuple(same))
        for same in behind.values()
    ]
    return tuple(sorted(every, key=lambda cause: -cause.lost))


def place(cause: Cause, grade: Grade) -> str:
    """Where a cause lies: `Question 4.6, cell 12`, or `Questions 4.5, 4.6, in 3 checks`."""
    names = tuple(dict.fromkeys(check.question for check in cause.checks))
    if len(cause.checks) > 1:  # the cause itself names the cell
        return f"Question{'s' * (len(names) > 1)} {listing(names)}, in {len(cause.checks)} checks"
    cells = next(question.cells for question in grade.questions if question.id == names[0])
    numbers = listing([str(index + 1) for index in cells])
    return f"Question {names[0]}{', cell' if cells else ''}{'s' * (len(cells) > 1)} {numbers}".rstrip()


def details(check: Check) -> tuple[str, ...]:
    """What was expected, what was found and what to look at, one labelled line each."""
    labelled = (("Expected", check.expected), ("Found", check.actual), ("Hint", check.hint))
    return tuple(f"{label}: {text}" for label, text in labelled if text)


def adaptation(note: Mapping[str, Any]) -> str:
    """What was adapted while a notebook ran, as a sentence; a notebook may have forged it."""
    where, count = note.get("where"), note.get("count", 1)
    cell = where.get("cell") if isinstance(where, dict) else None
    line = f", line {where.get('line')}" if isinstance(where, dict) else ""
    place = f"Cell {cell + 1}{line}: " if isinstance(cell, int) else ""
    times = f" ({count} times)" if count != 1 else ""
    return f"{place}`{note.get('what', 'unknown')}`{times}. {note.get('note', '')}".rstrip()


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
        yield f"No answer in the notebook ({named}): {_left(elsewhere)} awaiting manual review of the other files."
    for question in grade.questions:
        for outcome, why in (
            (Outcome.REVIEW, "awaiting manual review"),
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
