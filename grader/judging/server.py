"""Judging cases in a process of their own: a `Court` is loaded once, and a fork of it judges each submission.

No check can leave anything behind for the next student, and none can take the judge with it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from grader import forks
from grader.judging.court import Case, opened
from grader.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.judging.court import Bench, Court
    from grader.model import Execution, Grade

    _Request = tuple[Case, forks.Unanswered | None]
    """A case, and what went wrong when it was judged."""


class Judge:
    """A context manager: `judge(case)` gives the grade.

    Its process starts with the first case, or before it: a class in which nothing changed needs none.
    """

    def __init__(self, bench: Bench) -> None:
        self._server: forks.Server[_Request, Grade] = forks.Server(_judging, bench)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def start(self) -> None:
        """Have the judge get ready, a matter of seconds, while there is nothing to judge yet.

        Raises:
            RubricError: the rubric was refused, or does not give the reference full marks.
        """
        self._server.start()

    def judge(self, case: Case) -> Grade:
        """Judge one execution.

        A check that crashes is `broken`, and so is everything if the judge dies. What takes it more time or memory
        than it has would do so again: it is left to a person.

        Raises:
            RubricError: see `start`.
            HarnessError: the judge's process is gone.
        """
        try:
            return self._server.ask((case, None))
        except forks.Unanswered as error:
            return self._server.ask((case, error))


@contextlib.contextmanager
def _judging(bench: Bench) -> Iterator[forks.Service[_Request, Grade]]:
    """The service of a court that has judged the reference."""
    with opened(bench) as court:
        limits = court.assignment.limits
        service: forks.Service[_Request, Grade] = forks.Service(
            answer=lambda request: _judged(court, *request),
            doing="Judging",
            seconds=limits.judge,
            wall=limits.wall(limits.judge),
            memory=limits.stage_memory,
        )
        _rehearse(service, court, bench.reference)
        yield service


def _judged(court: Court, case: Case, failure: forks.Unanswered | None) -> Grade:
    """A grade; after a failure, one that leaves every question open."""
    if failure is None:
        return court.judge(case)
    return court.unjudged(case, Outcome.REVIEW if failure.exhausted else Outcome.BROKEN, str(failure))


def _rehearse(service: forks.Service[_Request, Grade], court: Court, reference: Sequence[Execution]) -> None:
    """See that the rubric gives every run of the reference full marks, so that no student pays for its mistakes.

    In forks: a check that hangs or crashes must not take this process with it. The first run is judged in this
    process as well, so that what checks compute from the reference they compute once, not once a run or a student.
    """
    for number, run in enumerate(reference):
        case = Case(execution=run)
        try:
            grade = forks.apart(service, (case, None))
        except forks.Unanswered as error:
            grade = court.unjudged(case, Outcome.BROKEN, str(error))
        court.approve(grade)
        if number == 0:
            court.judge(case)
