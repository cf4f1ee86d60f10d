"""A rubric, loaded: its tests collected once, by pytest, to judge any number of students.

pytest is driven from here, not the other way round: it prints nothing, reads no configuration and keeps no cache.
"""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING

import pytest
from _pytest.config import _prepareconfig

from grader.errors import HarnessError, RubricError
from grader.judging.marks import Mark
from grader.judging.modules import own_modules, root
from grader.judging.plugin import Judged, RubricPlugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from grader.assignment import Assignment
    from grader.datasets import Dataset
    from grader.judging.work import Reference, Work

OPTIONS = ("--import-mode=importlib", "-c", os.devnull, "--noconftest")
DISABLED = ("cacheprovider", "terminal", "faulthandler", "junitxml", "doctest", "unraisableexception")


class Rubric:
    """The collected tests of one assignment. See `loaded`."""

    def __init__(self, tests: Sequence[pytest.Item], plugin: RubricPlugin) -> None:
        self._tests = tests
        self._plugin = plugin

    def checks(self) -> list[tuple[Path, str, Mark]]:
        """Of each test its file, the name of its function, and what its mark says."""
        marks = [(test, Mark.of(test)) for test in self._tests]
        return [(test.path, test.function.__name__, mark) for test, mark in marks]  # type: ignore[attr-defined]  # all are functions

    def judge(self, student: Work, reference: Reference, data: Dataset) -> Judged:
        """Run all tests on one student's work.

        Raises:
            HarnessError: a test stopped pytest itself, so that others said nothing.
        """
        self._plugin.judged = judged = Judged(student, reference, data)
        with _quiet(), _clean_environment(), contextlib.suppress(pytest.exit.Exception, KeyboardInterrupt):
            for test, following in zip(self._tests, [*self._tests[1:], None], strict=True):
                test.ihook.pytest_runtest_protocol(item=test, nextitem=following)
        ended = {check.id for check in judged.checks}
        if silent := sorted(name for test in self._tests if (name := Mark.of(test).check) not in ended):
            raise HarnessError(f"These checks did not end: {', '.join(silent)}.")
        return judged


@contextlib.contextmanager
def loaded(assignment: Assignment) -> Iterator[Rubric]:
    """Collect a rubric in this process, and keep it while the block lasts.

    Raises:
        RubricError: the rubric was refused, or pytest could not collect it.
    """
    plugin = RubricPlugin(assignment)
    with contextlib.ExitStack() as ending:
        with _quiet() as printed, _clean_environment():
            ending.enter_context(own_modules(assignment.folder))
            try:
                session = _collected(assignment.folder, plugin, ending)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a module of the rubric may raise anything
                reason = printed.getvalue().strip()[-2000:] or f"{type(error).__name__}: {error}"
                raise RubricError(
                    f"pytest could not collect the rubric in {assignment.folder}: {reason}"
                ) from None
        if plugin.problems:
            raise RubricError(f"The rubric in {assignment.folder} is refused. " + " ".join(plugin.problems))
        yield Rubric(session.items, plugin)


def _collected(folder: Path, plugin: RubricPlugin, ending: contextlib.ExitStack) -> pytest.Session:
    """A pytest session that has collected the folder; `ending` takes what must be undone.

    `pytest.main` would run the tests at once. The underscored calls are those that it consists of.
    """
    switches = [part for name in DISABLED for part in ("-p", f"no:{name}")]
    config = _prepareconfig([str(folder), f"--rootdir={root(folder)}", *OPTIONS, *switches], [plugin])
    session = pytest.Session.from_config(config)
    ending.callback(_finish, session)
    config._do_configure()  # noqa: SLF001 - see above
    config.hook.pytest_sessionstart(session=session)
    session.perform_collect()
    return session


def _finish(session: pytest.Session) -> None:
    with _quiet(), _clean_environment():
        session.config.hook.pytest_sessionfinish(session=session, exitstatus=pytest.ExitCode.OK)
        session.config._ensure_unconfigure()  # noqa: SLF001 - see `_collected`


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Collect what is printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed


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
