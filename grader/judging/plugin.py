"""The pytest plugin of a loaded rubric: gives its tests their fixtures, and keeps what each of them said."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from _pytest.fixtures import FixtureLookupError

from grader.errors import HarnessError
from grader.judging.api import CheckEnded, Reading
from grader.judging.exhibits import Exhibits
from grader.judging.marks import Mark, contradictions
from grader.model import Check, Exhibit, Outcome, Visibility

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.assignment import Assignment
    from grader.datasets import Dataset
    from grader.judging.work import Reference, Work


TOO_MUCH = "This needs more memory than a check is given."
FIXTURES = ("student", "reference", "data", "settings", "exhibits")


@dataclass(frozen=True, slots=True)
class Judged:
    """One student's work before the tests, and what they have said of it so far."""

    student: Work
    reference: Reference
    data: Dataset
    checks: list[Check] = field(default_factory=list)
    exhibits: list[Exhibit] = field(default_factory=list)
    by_roster: set[str] = field(default_factory=set)
    """The ids of the checks that looked into the roster."""


class RubricPlugin:
    """Set `judged`, then run the tests; `problems` says why the rubric must be refused."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self.judged: Judged | None = None
        self.problems: list[str] = []

    @property
    def _now(self) -> Judged:
        if self.judged is None:
            raise HarnessError("A rubric's test ran without anything to judge.")
        return self.judged

    @pytest.fixture
    def student(self) -> Work:
        return self._now.student

    @pytest.fixture
    def reference(self) -> Reference:
        return self._now.reference

    @pytest.fixture
    def data(self) -> Dataset:
        """The data set that the notebooks were run with."""
        return self._now.data

    @pytest.fixture
    def settings(self) -> Any:
        """The ``[settings]`` of assignment.toml."""
        return self._assignment.settings

    @pytest.fixture
    def exhibits(self, request: pytest.FixtureRequest) -> Iterator[Exhibits]:
        exhibits = Exhibits()
        yield exhibits
        question = Mark.of(request.node).question
        self._now.exhibits.extend(
            Exhibit(question=question, kind=kind, title=title, data=data)
            for kind, title, data in exhibits.shown
        )

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "question(id, points, visibility): a check of a question")

    def pytest_exception_interact(
        self, call: pytest.CallInfo[Any], report: pytest.CollectReport | pytest.TestReport
    ) -> None:
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            self.problems.append(_why_not_collected(call.excinfo.value, self._assignment.folder))

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        if not self.problems:  # a file that can't be imported makes questions look as if they had no check
            self.problems += contradictions(items, self._assignment)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Keep how the test ended, without pytest's own report, which would print all of the evidence."""
        if call.when == "call" or (call.when == "setup" and call.excinfo is not None):
            raised = call.excinfo.value if call.excinfo else None
            check = _check(Mark.of(item), raised)
            self._now.checks.append(check)
            if self._now.student.consulted:
                self._now.by_roster.add(check.id)
                self._now.student.consulted.clear()
        outcome: Literal["passed", "failed"] = "passed" if call.excinfo is None else "failed"
        when: Any = call.when  # pytest's own types differ: CallInfo allows "collect", which never comes here
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)


def _why_not_collected(error: BaseException, folder: Path) -> str:
    """What keeps a rubric's file from being imported, as `path:line: message`."""
    cause = error.__cause__ or error  # pytest wraps what an import raised
    if isinstance(cause, SyntaxError) and cause.filename:
        return f"{cause.filename}:{cause.lineno}: {cause.msg}."
    frame = _own_frame(cause, folder)
    where = f"{frame.filename}:{frame.lineno}: " if frame else ""
    return f"{where}{type(cause).__name__}: {' '.join(str(cause).split())}."


def _check(mark: Mark, raised: BaseException | None) -> Check:
    match raised:
        case None:
            end = CheckEnded(Outcome.PASSED, "")
        case Reading():
            end = _read(raised, mark)
        case _:
            end = _end(raised, mark)
    earned = {Outcome.PASSED: mark.points, Outcome.PARTIAL: end.points, Outcome.REVIEW: end.points}
    return Check(
        id=mark.check,
        question=mark.question,
        title=mark.title,
        outcome=end.outcome,
        earned=earned.get(end.outcome) or Decimal(0),
        max=mark.points,
        message=end.message,
        expected=end.expected,
        actual=end.actual,
        hint=end.hint,
        visibility=Visibility(mark.visibility),
        review=end.item,
    )


def _read(raised: Reading, mark: Mark) -> CheckEnded:
    try:
        return raised.of(mark.question, mark.points)
    except Exception as error:  # noqa: BLE001 - a rubric may have given it anything
        problem = f"{_place(raised, mark)}: `read` can't be used like this: {error}."
        return CheckEnded(Outcome.BROKEN, problem)


def _end(raised: BaseException, mark: Mark) -> CheckEnded:
    """What an exception says. One that a rubric does not raise on purpose is our fault."""
    match raised:
        case CheckEnded(points=Decimal() as points) if not (
            points.is_finite() and 0 <= points <= mark.points
        ):
            return CheckEnded(Outcome.BROKEN, f"The check awards {points} of {mark.points} points.")
        case CheckEnded():
            return raised
        case pytest.skip.Exception():
            return CheckEnded(Outcome.SKIPPED, str(raised.msg))
        case AssertionError():
            return CheckEnded(Outcome.FAILED, (str(raised).splitlines() or ["The check did not hold."])[0])
        case MemoryError() | RecursionError():  # it would again
            return CheckEnded(Outcome.REVIEW, TOO_MUCH)
        case _:
            return CheckEnded(
                Outcome.BROKEN, f"The check itself failed at {_place(raised, mark)}: {_said(raised)}"
            )


def _said(raised: BaseException) -> str:
    if isinstance(raised, FixtureLookupError):
        return f"there is no fixture {raised.argname!r}; there are {', '.join(FIXTURES)}"
    return f"{type(raised).__name__}: {raised}"


def _place(raised: BaseException, mark: Mark) -> str:
    """File and line of the rubric at which a check failed."""
    path = Path(mark.place)
    frame = _own_frame(raised, path.parent)
    return f"{Path(frame.filename).name}:{frame.lineno}" if frame else path.name


def _own_frame(error: BaseException, folder: Path) -> traceback.FrameSummary | None:
    """The innermost frame of an exception that lies in a rubric's folder."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(folder)), None)
