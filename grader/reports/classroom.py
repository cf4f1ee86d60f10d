"""The summary of a class. Every figure states which grades it is based on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import StatisticsError, correlation, median, pstdev
from typing import TYPE_CHECKING

from grader.model import Ending, Profile
from grader.reports import drawing, wording
from grader.reports.tasks import Task, tasks
from grader.reports.wording import Status, share, status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from grader.model import Check, Grade, Identity, QuestionGrade

MOST_MISTAKES = 12
MOST_MESSAGES = 3
FEWEST = 10
"""Students from which on a discrimination is more than chance."""
_NOTHING_TO_JUDGE = (Ending.UNREADABLE, Ending.BROKEN)
_URGENCY = list(Status)
LATE = "late"
_QUESTION = re.compile(r"q\d+")
"""The filter of a part of a task that is about one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the class table. `cells` follows the class's questions; None where one is missing."""

    grade: Grade
    status: Status
    cells: tuple[QuestionGrade | None, ...]
    mistakes: tuple[int, ...]
    """Which of the class's most common mistakes it has, counted from 0."""
    waiting: tuple[int, ...] = ()
    """Its questions that wait for a person, counted from 0; none if the whole hand-in is one task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One question over the class."""

    id: str
    title: str
    max: Decimal
    decided: int
    """Answers of which every check is decided."""
    undecided: int
    mean: Decimal | None
    """Points earned in the checks that are decided, per student; None if there are none."""
    mean_max: Decimal
    """Out of how many."""
    full_marks: int
    spread: Decimal | None
    """Standard deviation of the points of decided answers; None if there are none."""
    discrimination: float | None
    """Correlation of these points with those of all other questions; None for few students, or without a spread."""

    @property
    def share(self) -> float:
        return share(self.mean, self.mean_max) if self.mean is not None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A check in which students lost points, and who they are."""

    check: Check
    students: tuple[str, ...]
    decided: int
    """Students whose answer is decided."""
    messages: tuple[tuple[str, int], ...]
    """The explanations that most of them were given, and how many."""

    @property
    def share(self) -> float:
        return share(len(self.students), self.decided)


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
    filters: tuple[tuple[str, str], ...]
    """Statuses and endings of the class: a filter of the table, and its name."""
    profiles: tuple[str, ...]
    """The profiles used whose grades cannot be final."""
    missing: tuple[str, ...] = ()
    """Who is on the roster and handed in nothing, in no figure here."""

    @property
    def waiting(self) -> set[int]:
        """The questions, counted from 0, for which some answer waits."""
        return {question for row in self.rows for question in row.waiting}

    @property
    def provisional(self) -> int:
        return sum(row.grade.provisional for row in self.rows)

    @classmethod
    def of(cls, grades: Sequence[Grade], missing: Iterable[Identity] = ()) -> Classroom:
        questions = _questions(grades)
        included = tuple(grade for grade in grades if not is_empty(grade))
        mistakes = _mistakes(included)
        having = [frozenset(mistake.students) for mistake in mistakes]
        rows = tuple(sorted((_row(grade, questions, having) for grade in grades), key=_by_urgency))
        left = tuple(tasks([row.grade for row in rows], questions))
        waiting = _waiting(left)
        rows = tuple(replace(row, waiting=tuple(waiting[row.grade.student])) for row in rows)
        maximum = max((grade.max for grade in grades), default=Decimal(0))
        return cls(
            title=grades[0].title if grades else "",
            max=maximum,
            rows=rows,
            columns=tuple(_column(question, included) for question in questions.values()),
            included=included,
            left_out=tuple(row.grade for row in rows if is_empty(row.grade)),
            mean=_mean([grade.total for grade in included]),
            median=_median([grade.total for grade in included]),
            histogram=drawing.histogram(
                [(float(grade.total), grade.provisional) for grade in included], maximum=float(maximum)
            ),
            mistakes=mistakes,
            tasks=left,
            filters=_filters(rows),
            profiles=tuple(sorted({grade.profile for grade in grades} - {Profile.FULL})),
            missing=tuple(map(wording.called, missing)),
        )


def is_empty(grade: Grade) -> bool:
    """Was there nothing to grade, and has no person graded it?"""
    return grade.ending in _NOTHING_TO_JUDGE and not any(check.ruling for check in grade.checks)


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


def _row(grade: Grade, questions: Iterable[str], having: Sequence[AbstractSet[str]]) -> Row:
    """`having`: the students with each of the class's most common mistakes."""
    own = {question.id: question for question in grade.questions}
    return Row(
        grade=grade,
        status=status(grade),
        cells=tuple(own.get(name) for name in questions),
        mistakes=tuple(at for at, each in enumerate(having) if grade.student in each),
    )


def _waiting(left: Iterable[Task]) -> defaultdict[str, list[int]]:
    """The questions that wait for a person, by student."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for part in (part for task in left for part in task.parts if _QUESTION.fullmatch(part.filter)):
        for student in part.students:
            found[student].append(int(part.filter[1:]))
    return found


def _filters(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    statuses = [
        each
        for each in Status
        if any(row.status is each or (each is Status.PROVISIONAL and row.grade.provisional) for row in rows)
    ]
    endings = [
        each
        for each in Ending
        if each is not Ending.FINISHED and any(row.grade.ending is each for row in rows)
    ]
    late = [LATE] * any(row.grade.late for row in rows)
    return tuple(dict.fromkeys((str(each), str(each)) for each in (*statuses, *endings, *late)))


def _column(question: QuestionGrade, grades: Iterable[Grade]) -> Column:
    both = [(own, grade) for grade in grades for own in grade.questions if own.id == question.id]
    answers = [own for own, _ in both]
    decided = [own for own in answers if not own.outcome.provisional]
    pairs = [
        (float(own.points), float(grade.earned - own.points))
        for own, grade in both
        if not own.outcome.provisional
    ]
    checks = [check for own in answers for check in own.checks if not check.outcome.provisional]
    return Column(
        id=question.id,
        title=question.title,
        max=question.max,
        decided=len(decided),
        undecided=len(answers) - len(decided),
        mean=sum((check.earned for check in checks), Decimal(0)) / len(answers) if checks else None,
        mean_max=sum((check.max for check in checks), Decimal(0)) / max(len(answers), 1),
        full_marks=sum(own.points >= own.max for own in decided),
        spread=Decimal(str(pstdev(own.points for own in decided))) if decided else None,
        discrimination=_correlation(pairs) if len(pairs) >= FEWEST else None,
    )


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    try:
        return correlation(*zip(*pairs, strict=True))
    except StatisticsError:  # one of them never varies
        return None


def _mistakes(grades: Sequence[Grade]) -> tuple[Mistake, ...]:
    """The checks in which most students lost points, leaving out answers that are not decided yet."""
    losses: dict[str, list[tuple[str, Check]]] = {}
    decided: Counter[str] = Counter()
    for grade in grades:
        for check in grade.checks:
            decided[check.id] += not check.outcome.provisional
            if check.earned < check.max and not check.outcome.provisional:
                losses.setdefault(check.id, []).append((grade.student, check))
    ranked = sorted(losses.values(), key=lambda pairs: (-len(pairs), pairs[0][1].question, pairs[0][1].id))
    return tuple(
        Mistake(
            check=pairs[0][1],
            students=tuple(sorted(student for student, _ in pairs)),
            decided=decided[pairs[0][1].id],
            messages=_messages(check.message for _, check in pairs if check.ruling is None),
        )
        for pairs in ranked[:MOST_MISTAKES]
    )


def _messages(told: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(filter(None, told)).most_common(MOST_MESSAGES))


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal(0)) / len(values) if values else None


def _median(values: Sequence[Decimal]) -> Decimal | None:
    return median(values) if values else None
