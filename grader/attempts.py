"""The best of a student's attempts: each is run and judged apart, and the one that may be worth most goes on.

Open checks count in full here. So if nothing is open in the attempt that goes on, no other can be worth more;
else a person looks at it first, and the next run compares again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from grader import course, keys
from grader.results import rulings
from grader.results.store import Store
from grader.session import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from grader.model import Execution, Grade, Submission
    from grader.session import Session

ATTEMPTS = "attempts"
"""Below the results: a results folder of the last attempts, one of those before them, and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    submission: Submission
    execution: Execution
    key: str
    """Of the execution."""
    total: Decimal
    most: Decimal
    """The total, if every open check got its points."""

    def __str__(self) -> str:
        worth = f"{self.most:f}" if self.most == self.total else f"{self.total:f} to {self.most:f}"
        return f"{self.submission.origin} ({worth} points)"


def best(
    submissions: Sequence[Submission],
    session: Session,
    store: Store,
    *,
    run: Callable[[Sequence[Submission], Store], Iterator[tuple[Submission, Execution]]],
    judge: Callable[[Submission, Execution, Store], Grade],
) -> list[Submission]:
    """Replace each submission that has earlier attempts by the best of them, whose run `store` then has.

    Args:
        submissions: the class.
        session: its rules count, and whom it is to grade.
        store: of the class; the runs and grades of attempts are kept below it.
        run: executes submissions and keeps the runs in a store, as `schedule.executions` does.
        judge: gives the grade of a run, and keeps it there, too.
    """
    everyone = {each.student: (each, *each.attempts) for each in submissions if each.attempts}
    tried: dict[str, list[_Tried]] = {}
    decided = store.rulings()
    for number in range(max(map(len, everyone.values()), default=0)):
        these = [attempts[number] for attempts in everyone.values() if number < len(attempts)]
        with Store.open(store.root / ATTEMPTS / str(number + 1)) as apart:
            apart.enrol(these, {}, drop=True)
            chosen = [each for each in these if not session.only or each.student in session.only]
            for submission, execution in run(chosen, apart):
                grade = judge(submission, execution, apart)
                key = apart.execution_key(submission.student)
                one = _tried(submission, execution, key, rulings.apply(grade, decided), session)
                tried.setdefault(submission.student, []).append(one)
                if number:
                    session.on_event(Event("graded", submission.student, grade=grade))
    winners = {student: _winner(some, session, store) for student, some in tried.items()}
    return [winners.get(each.student, each) for each in as_before(submissions, store)]


def as_before(submissions: Sequence[Submission], store: Store) -> list[Submission]:
    """The attempts whose grades the store has, so that lateness stays theirs; of who has none, the last."""

    def graded(last: Submission) -> Submission:
        grade = store.readable_grade(last.student) if last.attempts else None
        return next((each for each in last.attempts if grade and each.origin == grade.origin), last)

    return [graded(each) for each in submissions]


def _tried(submission: Submission, execution: Execution, key: str, grade: Grade, session: Session) -> _Tried:
    open_points = sum((c.max - c.earned for c in grade.checks if c.outcome.provisional), Decimal(0))
    total, most = (
        course.settled(replace(grade, total=worth), submission.arrival, session.assignment.rules).total
        for worth in (grade.total, grade.total + open_points)
    )
    return _Tried(submission=submission, execution=execution, key=key, total=total, most=most)


def _winner(tried: Sequence[_Tried], session: Session, store: Store) -> Submission:
    """The attempt that may be worth most; of several, the last one. The store has its run from now on."""
    first = max(tried, key=lambda one: one.most)
    others = [one for one in tried if one is not first]
    student = first.submission.student
    if store.execution(student, key=first.key) is None:
        folder = store.workplace(student)
        shutil.copytree(first.execution.folder, folder, symlinks=True)
        conditions = keys.of_conditions(session.plan(session.assignment.seeds[0]))
        store.keep(replace(first.execution, folder=folder), first.key, conditions)
    choice = f"{first} was taken as the best of {len(tried)} attempts, not {', '.join(map(str, others))}"
    return replace(
        first.submission,
        others=tuple(one.submission.origin for one in others),
        choice="; ".join(filter(None, (choice, first.submission.choice))),
    )
