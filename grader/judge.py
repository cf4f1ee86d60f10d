"""Execution -> Grade: pytest over the rubric, in a warm, forked, trusted process.

A `Judge` loads assignment, reference and data once and forks for each submission, so that no check can leave
anything behind for the next student. It reads evidence, never objects: nothing a student wrote runs here.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Self

import nbformat
import pytest

from grader import assignment as assignments
from grader import datasets, evidence
from grader.errors import EvidenceError, HarnessError, RubricError
from grader.model import (
    Check,
    Ending,
    Execution,
    Exhibit,
    Flag,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    ReviewItem,
)
from grader.pytest_plugin import RubricPlugin
from grader.rubric import Data, Reference, Work, group_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path
    from types import ModuleType

    from grader.assignment import Assignment, Question

EXECUTED = "executed.ipynb"
SUBSET = "subset"
"""The flag of a grade that was found on a sample of the data set."""
EVIDENCE = "evidence/evidence.bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every student of a run is judged against."""

    assignment: Path
    profile: str
    reference: tuple[Execution, ...]
    dataset: datasets.Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One student's execution, and what the course knows besides."""

    execution: Execution
    origin: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def check_rubric(assignment: Assignment) -> None:
    """Collect the rubric without judging anyone.

    Raises:
        RubricError: it can't be collected, or its points do not add up to those of assignment.toml.
    """
    _run_pytest(RubricPlugin(assignment, None, None, None), {})


class Judge:
    """A context manager: `judge(case)` gives the grade. One server process, forked for each case.

    The server starts with the first case, or before it: a class in which nothing changed needs none.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._end = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @cached_property
    def _pipe(self) -> Connection:
        """To the server."""
        context = multiprocessing.get_context("forkserver")
        ours, theirs = context.Pipe()
        server = context.Process(target=_serve, args=(theirs, self._bench), daemon=False, name="judge")
        server.start()
        theirs.close()
        self._end.callback(_end, ours, server)
        return ours

    def start(self) -> None:
        """Have the server get ready, a matter of seconds, while there is nothing to judge yet."""
        _ = self._pipe

    def judge(self, case: Case) -> Grade:
        """Judge one execution; a check that crashes is `broken`, and so is a judge that does not answer.

        Raises:
            HarnessError: the judge's process is gone.
        """
        try:
            self._pipe.send(case)
            answer: Grade | Exception = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise HarnessError(f"The judge's process ended unexpectedly: {error!r}.") from error
        if isinstance(answer, Exception):
            raise answer
        return answer


def _end(pipe: Connection, server: BaseProcess) -> None:
    """Let it see that nobody asks any more, and be gone."""
    pipe.close()
    server.join(5)
    if server.is_alive():
        server.kill()


def _serve(pipe: Connection, bench: Bench) -> None:
    """Answer cases until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    try:
        court: Court | Exception = _rehearsed(Court.open(bench), Case(execution=bench.reference[0]))
    except Exception as error:  # noqa: BLE001 - told to the caller with its first question
        court = error
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            case = pipe.recv()
            pipe.send(court if isinstance(court, Exception) else _judge_apart(court, case))


def _rehearsed(court: Court, case: Case) -> Court:
    """Judge the reference, so that what checks compute from it they compute once, not once a student.

    In a fork first: a check that hangs or crashes must not take this process with it.
    """
    grade = _judge_apart(court, case)
    if isinstance(grade, Grade) and all(check.outcome is not Outcome.BROKEN for check in grade.checks):
        court.judge(case)
    return court


def _judge_apart(court: Court, case: Case) -> Grade | Exception:
    """Judge in a fork of this process and wait for its grade, but not for ever."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_judge_into, args=(theirs, court, case))
    child.start()
    theirs.close()
    try:
        if not ours.poll(court.assignment.limits.judge):
            return court.broken(case, f"Judging took longer than {court.assignment.limits.judge:.0f} s.")
        answer: Grade | Exception = ours.recv()
    except EOFError:
        return court.broken(case, "Judging ended without a grade.")
    else:
        return answer
    finally:
        child.kill()
        child.join()
        ours.close()


def _judge_into(pipe: Connection, court: Court, case: Case) -> None:
    try:
        pipe.send(court.judge(case))
    except Exception as error:  # noqa: BLE001 - becomes the caller's
        pipe.send(
            error
            if isinstance(error, RubricError)
            else court.broken(case, f"{type(error).__name__}: {error}")
        )
    pipe.close()
    os._exit(0)


@dataclass(frozen=True)
class Court:
    """A `Bench`, loaded."""

    assignment: Assignment
    profile: str
    reference: Reference
    data: Data
    modules: dict[str, ModuleType] = field(default_factory=dict)
    """The rubric's own, once it has run: with what they computed from the reference and kept."""

    @classmethod
    def open(cls, bench: Bench) -> Court:
        assignment = assignments.load(bench.assignment)
        runs = tuple(work(run, assignment, bench.profile) for run in bench.reference)
        arrays = datasets.load(bench.dataset)
        court = cls(assignment, bench.profile, Reference(runs), Data(arrays, bench.dataset.complete))
        for run in runs:
            run.answer(assignment.questions[0].id)  # found once here, not once a student
        return court

    def judge(self, case: Case) -> Grade:
        if case.execution.ending is Ending.UNREADABLE:
            return self._all_to_a_person(case, Outcome.REVIEW, case.execution.detail)
        try:
            student = work(case.execution, self.assignment, self.profile, case.facts)
        except (EvidenceError, OSError, nbformat.ValidationError) as error:
            return self._all_to_a_person(case, *_unseen(case.execution, error))
        plugin = RubricPlugin(self.assignment, student, self.reference, self.data)
        _run_pytest(plugin, self.modules)
        if plugin.waiting:
            raise HarnessError(f"No verdict came from: {', '.join(sorted(plugin.waiting))}.")
        checks = [_excused(check, case.execution, student) for check in plugin.checks]
        return self._grade(case, student, checks, plugin.shown)

    def broken(self, case: Case, why: str) -> Grade:
        return self._all_to_a_person(case, Outcome.BROKEN, why)

    def _all_to_a_person(self, case: Case, outcome: Outcome, why: str) -> Grade:
        """No machine can say anything about this one: every question is open."""
        checks = [
            Check(
                id=f"question {question.id}", question=question.id, title=question.title, outcome=outcome,
                earned=Decimal(0), max=question.points, message=why,
            )
            for question in self.assignment.questions
        ]  # fmt: skip
        return self._grade(case, None, checks, [])

    def _grade(
        self, case: Case, student: Work | None, checks: Sequence[Check], exhibits: Sequence[Exhibit]
    ) -> Grade:
        questions = tuple(
            self._question(question, student, checks, exhibits) for question in self.assignment.questions
        )
        execution = case.execution
        flags = execution.flags + self._own_flags()
        return Grade(
            student=execution.student,
            assignment=self.assignment.id,
            title=self.assignment.title,
            profile=self.profile,
            ending=execution.ending,
            ending_detail=execution.detail,
            total=sum((question.points for question in questions), Decimal(0)),
            max=self.assignment.max,
            provisional=is_provisional(questions, flags),
            seconds=round(execution.seconds, 3),
            questions=questions,
            flags=flags,
            compat=execution.compat,
            sandbox=execution.sandbox,
            origin=case.origin,
        )

    def _own_flags(self) -> tuple[Flag, ...]:
        if self.data.complete:
            return ()
        return (
            Flag(kind=SUBSET, message="Run on a small sample of the data set: the grade is provisional."),
        )

    def _question(
        self, question: Question, student: Work | None, checks: Sequence[Check], exhibits: Sequence[Exhibit]
    ) -> QuestionGrade:
        own = tuple(_with_item(check) for check in checks if check.question == question.id)
        answer = student.answer(question.id) if student else None
        return QuestionGrade(
            id=question.id,
            title=question.title,
            points=sum((check.earned for check in own), Decimal(0)),
            max=question.points,
            outcome=combine([check.outcome for check in own]),
            found_by=answer.found_by if answer else FoundBy.NOT_FOUND,
            cells=answer.cells if answer else (),
            reference_cells=self.reference.first.answer(question.id).cells,
            checks=own,
            exhibits=tuple(exhibit for exhibit in exhibits if exhibit.question == question.id),
        )


def is_provisional(questions: Sequence[QuestionGrade], flags: Sequence[Flag]) -> bool:
    """Can this total still change: is a check open, or were the data only a sample?"""
    is_open = any(check.outcome.provisional for question in questions for check in question.checks)
    return is_open or any(flag.kind == SUBSET for flag in flags)


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """A question's outcome from its checks': what is open stays open, else all, none or part of it."""
    for worst in (Outcome.BROKEN, Outcome.REVIEW):
        if worst in outcomes:
            return worst
    kinds = set(outcomes)
    if not kinds:
        return Outcome.BROKEN  # nobody looked at it
    if kinds <= {Outcome.FAILED, Outcome.SKIPPED}:
        return Outcome.SKIPPED if kinds == {Outcome.SKIPPED} else Outcome.FAILED
    return Outcome.PASSED if kinds == {Outcome.PASSED} else Outcome.PARTIAL


def work(
    execution: Execution, assignment: Assignment, profile: str, facts: Mapping[str, str] | None = None
) -> Work:
    """Read an execution's folder.

    Raises:
        EvidenceError: the evidence is corrupt or forged.
        OSError: a file is gone.
    """
    stored = execution.folder / EVIDENCE
    return Work(
        assignment=assignment,
        notebook=nbformat.read(execution.folder / EXECUTED, as_version=4),  # type: ignore[no-untyped-call]  # nbformat has no types
        ending=execution.ending,
        detail=execution.detail,
        evidence=evidence.load(stored) if stored.exists() else evidence.NOTHING,
        profile=profile,
        facts=facts or {},
        theory="\n\n".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in (stored.with_name("theory.md"), stored.with_name("theory.tex"))
            if path.is_file()
        ),
    )


def _unseen(execution: Execution, error: Exception) -> tuple[Outcome, str]:
    """Whose failure it is that nothing of an execution can be judged, and what to say about it."""
    if tampered := [flag.message for flag in execution.flags if flag.kind == evidence.TAMPERED]:
        return Outcome.REVIEW, tampered[0]
    if execution.ending.ours:
        return Outcome.BROKEN, _not_run(execution)
    return Outcome.BROKEN, f"The stored evidence can't be read: {error}"


def _not_run(execution: Execution) -> str:
    return f"We could not run this notebook: {execution.detail}"


def _with_item(check: Check) -> Check:
    """A check that is left to a person says what that person looks at."""
    if check.outcome is not Outcome.REVIEW or check.review is not None:
        return check
    seen = check.actual or check.message
    return replace(check, review=ReviewItem(answer=seen, group=group_of(seen)))


def _excused(check: Check, execution: Execution, student: Work) -> Check:
    """What was seen to be right stands. What we broke, cut off or lack costs nothing until a person says so."""
    if check.outcome is Outcome.PASSED:
        return check
    if execution.ending.ours:
        return replace(check, outcome=Outcome.BROKEN, earned=Decimal(0), message=_not_run(execution))
    own = set(student.answer(check.question).cells)
    if own & set(execution.cut_cells):
        why = "Cut off by a deadline"
    elif own & set(execution.stranded_cells):
        why = "It needs a package that is not installed here"
    else:
        return check
    return replace(check, outcome=Outcome.REVIEW, message=f"{why}, so this is open. {check.message}")


def _run_pytest(plugin: RubricPlugin, modules: dict[str, ModuleType]) -> None:
    """Run the rubric's tests in this process, without pytest's own output, configuration or cache.

    `modules` are the rubric's, from an earlier run; what is missing there is imported, and left there.

    Raises:
        RubricError: the rubric was refused, or pytest could not run it. A test that stops pytest itself leaves
            others `waiting` in the plugin instead.
    """
    folder = str(plugin.folder)
    options = ["--import-mode=importlib", "-c", os.devnull, f"--rootdir={folder}", "--noconftest"]
    disabled = ["cacheprovider", "terminal", "faulthandler", "junitxml", "doctest", "unraisableexception"]
    said = io.StringIO()
    quiet = contextlib.redirect_stdout(said), contextlib.redirect_stderr(said)
    with quiet[0], quiet[1], _clean_environment(), _imported(plugin.folder, modules):
        code = pytest.main(
            [folder, *options, *(part for name in disabled for part in ("-p", f"no:{name}"))],
            plugins=[plugin],
        )
    if plugin.problems:
        raise RubricError(f"The rubric in {folder} is refused. " + " ".join(plugin.problems))
    if code == pytest.ExitCode.INTERRUPTED and not plugin.waiting:
        raise KeyboardInterrupt  # pytest caught the user's Ctrl-C; where a check waits, that check interrupted
    ended = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    if code not in ended and not plugin.waiting:
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
def _imported(folder: Path, modules: dict[str, ModuleType]) -> Iterator[None]:
    """Have these, and no others, under the names of a rubric's modules: another rubric may have the same ones."""
    names = [".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        modules.update({name: sys.modules.pop(name) for name in names if name in sys.modules})
        sys.modules.update(before)
