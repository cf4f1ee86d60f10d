"""The summary of a class. Every figure states which grades it is based on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from grader.model import Ending, Outcome, Profile
from grader.reports import drawing
from grader.reports.wording import Status, share, status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.model import Check, Grade, QuestionGrade

MOST_MISTAKES = 12
_NOTHING_TO_JUDGE = (Ending.UNREADABLE, Ending.BROKEN)
_URGENCY = list(Status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the class table. `cells` follows the class's questions; None where one is missing."""

    grade: Grade
    status: Status
    cells: tuple[QuestionGrade | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One question over the class."""

    id: str
    title: str
    max: Decimal
    decided: int
    undecided: int
    mean: Decimal | None
    """Of the decided answers; None if there are none."""
    full_marks: int

    @property
    def share(self) -> float:
        return share(self.mean, self.max) if self.mean is not None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A check in which students lost points, and who they are."""

    check: Check
    students: tuple[str, ...]
    message: str
    """The most common explanation that they were given, if any."""
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Work for a person: the open checks of one question, or runs that failed for the same reason."""

    reason: str
    students: tuple[str, ...]
    urgent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Classroom:
    title: str
    max: Decimal
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    included: tuple[Grade, ...]
    left_out: tuple[Grade, ...]
    """Not in any average, because nothing could be graded."""
    mean: Decimal | None
    median: Decimal | None
    histogram: tuple[drawing.Bar, ...]
    mistakes: tuple[Mistake, ...]
    tasks: tuple[Task, ...]
    endings: tuple[tuple[Ending, tuple[Grade, ...]], ...]
    """Every ending but `finished`."""
    profiles: tuple[str, ...]
    """The profiles used whose grades cannot be final."""

    @property
    def provisional(self) -> int:
        return sum(row.grade.provisional for row in self.rows)

    @classmethod
    def of(cls, grades: Sequence[Grade]) -> Classroom:
        questions = _questions(grades)
        rows = tuple(sorted((_row(grade, questions) for grade in grades), key=_by_urgency))
        included = tuple(grade for grade in grades if grade.ending not in _NOTHING_TO_JUDGE)
        maximum = max((grade.max for grade in grades), default=Decimal(0))
        return cls(
            title=grades[0].title if grades else "",
            max=maximum,
            rows=rows,
            columns=tuple(_column(question, included) for question in questions.values()),
            included=included,
            left_out=tuple(row.grade for row in rows if row.grade.ending in _NOTHING_TO_JUDGE),
            mean=_mean([grade.total for grade in included]),
            median=_median([grade.total for grade in included]),
            histogram=drawing.histogram(
                [(float(grade.total), grade.provisional) for grade in included], maximum=float(maximum)
            ),
            mistakes=_mistakes(included),
            tasks=tuple(_tasks(rows)),
            endings=tuple(_endings(rows)),
            profiles=tuple(sorted({grade.profile for grade in grades} - {Profile.FULL})),
        )


def _by_urgency(row: Row) -> tuple[bool, int, str]:
    """Students who need manual review come first; all others follow by name."""
    urgent = row.status.needs_review
    return (not urgent, _URGENCY.index(row.status) if urgent else 0, row.grade.student)


def _questions(grades: Iterable[Grade]) -> dict[str, QuestionGrade]:
    """All questions, in the order in which they first occur."""
    questions: dict[str, QuestionGrade] = {}
    for grade in grades:
        for question in grade.questions:
            questions.setdefault(question.id, question)
    return questions


def _row(grade: Grade, questions: Iterable[str]) -> Row:
    own = {question.id: question for question in grade.questions}
    return Row(grade=grade, status=status(grade), cells=tuple(own.get(name) for name in questions))


def _column(question: QuestionGrade, grades: Iterable[Grade]) -> Column:
    answers = [own for grade in grades for own in grade.questions if own.id == question.id]
    decided = [own for own in answers if not own.outcome.provisional]
    return Column(
        id=question.id,
        title=question.title,
        max=question.max,
        decided=len(decided),
        undecided=len(answers) - len(decided),
        mean=_mean([own.points for own in decided]),
        full_marks=sum(own.points >= own.max for own in decided),
    )


def _mistakes(grades: Sequence[Grade]) -> tuple[Mistake, ...]:
    """The checks in which most students lost points, leaving out answers that are not decided yet."""
    losses: dict[str, list[tuple[str, Check]]] = {}
    for grade in grades:
        for check in grade.checks:
            if check.earned < check.max and not check.outcome.provisional:
                losses.setdefault(check.id, []).append((grade.student, check))
    ranked = sorted(losses.values(), key=lambda pairs: (-len(pairs), pairs[0][1].question, pairs[0][1].id))
    return tuple(
        Mistake(
            check=pairs[0][1],
            students=tuple(sorted(student for student, _ in pairs)),
            message=_most_common(check.message for _, check in pairs),
            share=share(len(pairs), len(grades)),
        )
        for pairs in ranked[:MOST_MISTAKES]
    )


def _most_common(messages: Iterable[str]) -> str:
    ranked = Counter(filter(None, messages)).most_common(1)
    return ranked[0][0] if ranked else ""


def _tasks(rows: Iterable[Row]) -> Iterable[Task]:
    reasons: dict[tuple[bool, str], list[str]] = {}
    for row in rows:
        for urgent, reason in dict.fromkeys(_reasons(row.grade)):
            reasons.setdefault((urgent, reason), []).append(row.grade.student)
    for (urgent, reason), students in sorted(reasons.items(), key=lambda item: not item[0][0]):
        yield Task(reason=reason, students=tuple(students), urgent=urgent)


def _reasons(grade: Grade) -> Iterable[tuple[bool, str]]:
    if grade.ending.ours:
        yield True, f"The grader failed to run the notebook: {grade.ending_detail or 'no details are known'}"
        return
    if grade.ending is Ending.UNREADABLE and any(check.outcome is Outcome.REVIEW for check in grade.checks):
        yield False, "Hand-ins without a notebook that could be run: look at what was handed in"
        return
    for question in grade.questions:
        outcomes = {question.outcome} | {check.outcome for check in question.checks}
        if Outcome.BROKEN in outcomes:
            yield True, f"{question.id} {question.title}: the grader failed to grade this question"
        open_checks = [check for check in question.checks if check.outcome is Outcome.REVIEW]
        if any(check.review is not None and check.review.elsewhere for check in open_checks):
            yield False, "Questions without an answer in its place: look through what else was handed in"
        elif open_checks:
            yield False, f"{question.id} {question.title}: answers to review"


def _endings(rows: Sequence[Row]) -> Iterable[tuple[Ending, tuple[Grade, ...]]]:
    for ending in Ending:
        grades = tuple(row.grade for row in rows if row.grade.ending is ending)
        if grades and ending is not Ending.FINISHED:
            yield ending, grades


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal(0)) / len(values) if values else None


def _median(values: Sequence[Decimal]) -> Decimal | None:
    return median(values) if values else None
