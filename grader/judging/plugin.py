"""The pytest plugin that turns a rubric's tests into checks.

Gives the tests their fixtures, refuses a rubric whose points do not add up, and keeps what each test said as
a `Check`. pytest collects a rubric once, however many are judged by it, and prints nothing.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import sys
import traceback
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from grader.errors import HarnessError, RubricError
from grader.judging.api import Data, Exhibits, Reference, Verdict, Work
from grader.model import Check, Exhibit, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from grader.assignment.loading import Assignment

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a rubric's tests said of one student."""

    checks: tuple[Check, ...]
    exhibits: tuple[Exhibit, ...]


def run(assignment: Assignment, act: Callable[[RubricPlugin], None]) -> None:
    """Collect a rubric in this process and, while pytest has it loaded, `act` with it.

    pytest shows no output, reads no configuration and keeps no cache.

    Raises:
        RubricError: the rubric was refused, or pytest could not collect it.
        BaseException: what `act` raised.
    """
    plugin = RubricPlugin(assignment, act)
    folder = str(assignment.folder)
    options = ["--import-mode=importlib", "-c", os.devnull, f"--rootdir={folder}", "--noconftest"]
    disabled = ["cacheprovider", "terminal", "faulthandler", "junitxml", "doctest", "unraisableexception"]
    said = io.StringIO()
    quiet = contextlib.redirect_stdout(said), contextlib.redirect_stderr(said)
    with quiet[0], quiet[1], _clean_environment(), _own_modules(assignment.folder):
        code = pytest.main(
            [folder, *options, *(part for name in disabled for part in ("-p", f"no:{name}"))],
            plugins=[plugin],
        )
    if plugin.problems:
        raise RubricError(f"The rubric in {folder} is refused. " + " ".join(plugin.problems))
    if plugin.raised is not None:
        raise plugin.raised
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt  # pytest caught the user's Ctrl-C
    if not plugin.acted:
        raise RubricError(f"pytest could not run the rubric in {folder}: {said.getvalue().strip()[-2000:]}")


@contextlib.contextmanager
def _clean_environment() -> Iterator[None]:
    """Other people's pytest plugins and options have no business in a judge."""
    before = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in before:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
        os.environ.update(before)


@contextlib.contextmanager
def _own_modules(folder: Path) -> Iterator[None]:
    """Import a rubric's modules afresh, and forget them: another rubric may have some of the same names."""
    names = [".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@dataclass(frozen=True, slots=True)
class Marked:
    """What the `question` mark of a test says."""

    question: str
    points: Decimal
    visibility: str
    title: str


@dataclass(frozen=True, slots=True)
class _Hearing:
    """One student before the tests."""

    student: Work
    reference: Reference
    data: Data
    waiting: set[str]
    """The tests that have given no verdict yet."""
    checks: list[Check] = field(default_factory=list)
    exhibits: list[Exhibit] = field(default_factory=list)


class RubricPlugin:
    """Collects a rubric; then, for as long as `act` takes, `judge` runs its tests."""

    def __init__(self, assignment: Assignment, act: Callable[[RubricPlugin], None]) -> None:
        self._assignment = assignment
        self._act = act
        self._tests: Sequence[pytest.Item] = ()
        self._hearing: _Hearing | None = None
        self.acted = False
        self.raised: BaseException | None = None
        """What `act` ended with: pytest would only print it."""
        self.problems: list[str] = []

    def judge(self, student: Work, reference: Reference, data: Data) -> Heard:
        """Run all tests.

        Raises:
            HarnessError: a test stopped pytest itself, so that others gave no verdict.
        """
        hearing = _Hearing(student, reference, data, {test.name for test in self._tests})
        self._hearing = hearing
        with contextlib.suppress(pytest.exit.Exception, KeyboardInterrupt):
            for test, following in zip(self._tests, [*self._tests[1:], None], strict=True):
                test.ihook.pytest_runtest_protocol(item=test, nextitem=following)
        if hearing.waiting:
            raise HarnessError(f"No verdict came from: {', '.join(sorted(hearing.waiting))}.")
        return Heard(tuple(hearing.checks), tuple(hearing.exhibits))

    @property
    def _heard(self) -> _Hearing:
        if self._hearing is None:
            raise HarnessError("A rubric's test ran without anything to judge.")
        return self._hearing

    @pytest.fixture
    def student(self) -> Work:
        return self._heard.student

    @pytest.fixture
    def reference(self) -> Reference:
        return self._heard.reference

    @pytest.fixture
    def data(self) -> Data:
        return self._heard.data

    @pytest.fixture
    def settings(self) -> Any:
        """The ``[settings]`` of assignment.toml."""
        return self._assignment.settings

    @pytest.fixture
    def exhibits(self, request: pytest.FixtureRequest) -> Iterable[Exhibits]:
        shown = Exhibits()
        yield shown
        question = _marked(request.node).question
        self._heard.exhibits.extend(
            Exhibit(question=question, kind=kind, title=title, data=data) for kind, title, data in shown.shown
        )

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "question(id, points, visibility): a check of a question")

    def pytest_exception_interact(
        self, call: pytest.CallInfo[Any], report: pytest.CollectReport | pytest.TestReport
    ) -> None:
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            self.problems.append(_why_not_collected(call.excinfo.value, self._assignment.folder))

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        if not self.problems:  # what could not be imported would only be missed in many ways
            self.problems += _contradictions(items, self._assignment)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own loop over all tests, once."""
        if not self.problems:
            self._tests = session.items
            self.acted = True
            try:
                self._act(self)
            except BaseException as error:  # noqa: BLE001 - raised again by `run`, outside of pytest
                self.raised = error
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Keep the verdict. pytest's own report would draw each argument, all of the evidence, for nobody."""
        if call.when == "call" or (call.when == "setup" and call.excinfo is not None):
            self._heard.checks.append(_check(item, call.excinfo))
            self._heard.waiting.discard(item.name)
        outcome: Literal["passed", "failed"] = "passed" if call.excinfo is None else "failed"
        when: Any = call.when  # pytest's own types differ: CallInfo allows "collect", which never comes here
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)


def _why_not_collected(error: BaseException, folder: Path) -> str:
    """What keeps a rubric's file from being imported, as `path:line: message`."""
    cause = error.__cause__ or error  # pytest wraps what an import raised
    if isinstance(cause, SyntaxError) and cause.filename:
        return f"{cause.filename}:{cause.lineno}: {cause.msg}."
    frames = [
        frame
        for frame in traceback.extract_tb(cause.__traceback__)
        if Path(frame.filename).is_relative_to(folder)
    ]
    where = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    return f"{where}{type(cause).__name__}: {' '.join(str(cause).split())}."


def _marked(item: Any) -> Marked:
    mark = item.get_closest_marker("question")
    title = inspect.getdoc(item.function) or item.name.removeprefix("test_").replace("_", " ")
    return Marked(
        mark.kwargs["id"], mark.kwargs["points"], mark.kwargs["visibility"], _first_paragraph(title)
    )


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def _contradictions(items: Sequence[pytest.Item], assignment: Assignment) -> list[str]:
    unmarked = [item for item in items if item.get_closest_marker("question") is None]
    if unmarked:
        return [f"{_place(item)}: {item.name} has no @question mark." for item in unmarked]
    marks = [(f"{_place(item)}: {item.name}", _marked(item)) for item in items]
    wanted = {question.id: question.points for question in assignment.questions}
    problems = [
        f"{name} is for question {mark.question!r}, which assignment.toml does not have."
        for name, mark in marks
        if mark.question not in wanted
    ]
    names = [item.name for item in items]
    problems += [f"Two checks have the name {name}." for name in sorted(set(names)) if names.count(name) > 1]
    problems += [
        f"{name} is worth {mark.points} points; it must be 0 or more."
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


def _place(item: pytest.Item) -> str:
    """The file and line of a test."""
    line = item.location[1]
    return f"{item.path}:{line + 1}" if line is not None else f"{item.path}"


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
