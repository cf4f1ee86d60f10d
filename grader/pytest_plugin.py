"""The pytest plugin that turns a rubric's tests into checks.

Gives the tests their fixtures, refuses a rubric whose points do not add up, and keeps what each test said as
a `Check`. pytest itself prints nothing.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pytest

from grader.errors import HarnessError
from grader.model import Check, Exhibit, Outcome
from grader.rubric import Data, Exhibits, Reference, Verdict, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.assignment import Assignment

Thing = TypeVar("Thing")

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


@dataclass(frozen=True, slots=True)
class Marked:
    """What the `question` mark of a test says."""

    question: str
    points: Decimal
    visibility: str
    title: str


class RubricPlugin:
    """Collects a rubric and, if there is work to judge, judges it."""

    def __init__(
        self, assignment: Assignment, student: Work | None, reference: Reference | None, data: Data | None
    ) -> None:
        self._assignment = assignment
        self._student = student
        self._reference = reference
        self._data = data
        self.folder = assignment.folder
        self.waiting: set[str] = set()
        """The tests that have given no verdict yet."""
        self.checks: list[Check] = []
        self.shown: list[Exhibit] = []
        self.problems: list[str] = []

    @pytest.fixture
    def student(self) -> Work:
        return _given(self._student)

    @pytest.fixture
    def reference(self) -> Reference:
        return _given(self._reference)

    @pytest.fixture
    def data(self) -> Data:
        return _given(self._data)

    @pytest.fixture
    def settings(self) -> Any:
        """The ``[settings]`` of assignment.toml."""
        return self._assignment.settings

    @pytest.fixture
    def exhibits(self, request: pytest.FixtureRequest) -> Iterable[Exhibits]:
        shown = Exhibits()
        yield shown
        question = _marked(request.node).question
        self.shown += [
            Exhibit(question=question, kind=kind, title=title, data=data) for kind, title, data in shown.shown
        ]

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "question(id, points, visibility): a check of a question")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {_last_line(str(report.longrepr))}")

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        self.problems += _contradictions(items, self._assignment)
        if self.problems or self._student is None:
            del items[:]  # type: ignore[attr-defined]  # pytest hands over a list and wants it changed in place
        self.waiting = {item.name for item in items}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Keep the verdict. pytest's own report would draw each argument, all of the evidence, for nobody."""
        if call.when == "call" or (call.when == "setup" and call.excinfo is not None):
            self.checks.append(_check(item, call.excinfo))
            self.waiting.discard(item.name)
        outcome: Literal["passed", "failed"] = "passed" if call.excinfo is None else "failed"
        when: Any = call.when  # pytest's own types differ: CallInfo allows "collect", which never comes here
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _given(fixture: Thing | None) -> Thing:
    """A fixture that a test asked for. Tests run only with all of them given."""
    if fixture is None:
        raise HarnessError("A rubric's test ran without anything to judge.")
    return fixture


def _marked(item: Any) -> Marked:
    mark = item.get_closest_marker("question")
    title = inspect.getdoc(item.function) or item.name.removeprefix("test_").replace("_", " ")
    return Marked(
        mark.kwargs["id"], mark.kwargs["points"], mark.kwargs["visibility"], _first_paragraph(title)
    )


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def _contradictions(items: Sequence[pytest.Item], assignment: Assignment) -> list[str]:
    unmarked = [item.name for item in items if item.get_closest_marker("question") is None]
    if unmarked:
        return [f"{name} has no @question mark." for name in unmarked]
    marks = [(item.name, _marked(item)) for item in items]
    wanted = {question.id: question.points for question in assignment.questions}
    problems = [
        f"{name} is for question {mark.question!r}, which assignment.toml does not have."
        for name, mark in marks
        if mark.question not in wanted
    ]
    names = [name for name, _ in marks]
    problems += [f"Two checks have the name {name}." for name in sorted(set(names)) if names.count(name) > 1]
    problems += [
        f"{name} is worth {mark.points} points; it must be a number from 0 on."
        for name, mark in marks
        if not mark.points.is_finite() or mark.points < 0
    ]
    if problems:
        return problems
    problems += [
        f"{name} has the visibility {mark.visibility!r}; it must be one of {', '.join(VISIBILITIES)}."
        for name, mark in marks
        if mark.visibility not in VISIBILITIES
    ]
    for question, points in wanted.items():
        if not any(mark.question == question for _, mark in marks):
            problems.append(f"Question {question} has no check.")
            continue
        given = sum((mark.points for _, mark in marks if mark.question == question), Decimal(0))
        if given != points:
            problems.append(
                f"The checks of question {question} are worth {given} points; assignment.toml says {points}."
            )
    return problems


def _check(item: pytest.Item, raised: pytest.ExceptionInfo[BaseException] | None) -> Check:
    marked = _marked(item)
    verdict = _verdict(raised.value, marked) if raised else Verdict(Outcome.PASSED, "")
    earned = {Outcome.PASSED: marked.points, Outcome.PARTIAL: verdict.points, Outcome.REVIEW: verdict.points}
    return Check(
        id=item.name,
        question=marked.question,
        title=marked.title,
        outcome=verdict.outcome,
        earned=earned.get(verdict.outcome) or Decimal(0),
        max=marked.points,
        message=verdict.message,
        expected=verdict.expected,
        actual=verdict.actual,
        hint=verdict.hint,
        visibility=marked.visibility,
        review=verdict.item,
    )


def _verdict(raised: BaseException, marked: Marked) -> Verdict:
    """What an exception says. One that is no verdict is our fault, unless it is a plain `assert`."""
    if isinstance(raised, Verdict):
        if raised.points is not None and not (
            raised.points.is_finite() and 0 <= raised.points <= marked.points
        ):
            return Verdict(Outcome.BROKEN, f"The check awards {raised.points} of {marked.points} points.")
        return raised
    if isinstance(raised, pytest.skip.Exception):
        return Verdict(Outcome.SKIPPED, str(raised.msg))
    if isinstance(raised, AssertionError):
        return Verdict(Outcome.FAILED, (str(raised).splitlines() or ["The check did not hold."])[0])
    return Verdict(Outcome.BROKEN, f"The check itself failed: {type(raised).__name__}: {raised}")
