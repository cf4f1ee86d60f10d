"""The pipeline on one screen: executions side by side, judging and writing as they end."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grader import datasets, execute, worker
from grader.errors import HarnessError, NotebookError, RubricError
from grader.judge import Bench, Case, Judge
from grader.model import Ending, Execution
from grader.publish import Publisher
from grader.store import dump_execution, load_execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor, Future

    from grader.assignment import Assignment
    from grader.kernel import Launcher
    from grader.kernel.memory import Admission, Ticket
    from grader.model import Grade, Submission
    from grader.store import Store

REFERENCE = "reference"
SPARE_SECONDS = 30.0
"""What a worker gets beyond the notebook's deadline, to start a kernel and to write things down."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth showing while a class is graded."""

    kind: str
    """``cell``, ``executed``, ``reused`` or ``graded``."""
    student: str
    cell: int = 0
    cells: int = 0
    ending: Ending | None = None
    seconds: float = 0.0
    grade: Grade | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """What all runs of one command share."""

    assignment: Assignment
    dataset: datasets.Dataset
    profile: str
    launcher: Launcher
    admission: Admission
    """Says when memory allows one more notebook to start."""
    executor: Executor
    cache: Path
    on_event: Callable[[Event], None]
    notices: tuple[str, ...] = ()
    """What the class's page says loudly."""
    strict: bool = False
    force: bool = False
    only: frozenset[str] = field(default_factory=frozenset)

    def plan(self, seed: int) -> execute.Plan:
        return execute.Plan(
            seed=seed,
            data=self.dataset.root,
            data_key=f"{self.dataset.complete}",
            names=self.assignment.watched,
            probes=self.assignment.probes,
            limits=self.assignment.limits,
            strict=self.strict,
        )


def grade_all(
    submissions: Sequence[Submission],
    facts: Mapping[str, Mapping[str, str]],
    session: Session,
    store: Store,
) -> Iterator[Grade]:
    """Execute, judge, store and publish a class; grades come as they are done.

    What is known is not done again: a notebook is run if it or what its run depends on changed, and judged if
    that or the rubric did.

    Raises:
        RubricError: the reference itself does not run to its end.
    """
    store.enrol(submissions, facts)
    reference = run_reference(session, store)
    publisher = Publisher(store, reference[0])
    bench = Bench(
        assignment=session.assignment.folder,
        profile=session.profile,
        reference=reference,
        dataset=session.dataset,
    )
    chosen = [each for each in submissions if not session.only or each.student in session.only]
    with Judge(bench) as judge:
        for submission, execution in _executions(chosen, reference[0], session, store):
            case = Case(
                execution=execution, origin=submission.origin, facts=facts.get(submission.student, {})
            )
            grade = _grade(case, judge, bench, session, store)
            if not publisher.is_out(grade):
                publisher.student(grade)
            yield grade
    publisher.class_(store.grades(), session.notices)


def regrade_all(store: Store, bench: Bench) -> Iterator[tuple[Grade, str]]:
    """Judge what is stored once more, without a kernel: each grade, and the key to store it under."""
    with Judge(bench) as judge:
        for student, origin, facts in store.students():
            execution = store.execution(student)
            if execution is not None:
                case = Case(execution=execution, origin=origin, facts=facts)
                yield judge.judge(case), grade_key(store.execution_key(student), bench, facts)


def run_reference(session: Session, store: Store) -> tuple[Execution, ...]:
    """The reference's executions, one a seed: from the cache where they are known, else run side by side."""
    seeds = session.assignment.seeds
    plans = [session.plan(seed) for seed in seeds]
    keys = [plan.key(session.assignment.master) for plan in plans]
    futures = [
        session.executor.submit(_reference, plan, key, session) for plan, key in zip(plans, keys, strict=True)
    ]
    kept = []
    for seed, future in zip(seeds, futures, strict=True):
        cached = future.result()
        place = store.root / REFERENCE / f"seed-{seed}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(cached.folder, place)
        kept.append(replace(cached, folder=place))
    store.remember(reference=keys)
    return tuple(kept)


def stored_reference(store: Store, assignment: Assignment) -> tuple[Execution, ...]:
    """The reference's executions as an earlier run left them in the results folder."""
    folders = [store.root / REFERENCE / f"seed-{seed}" for seed in assignment.seeds]
    return tuple(load_execution((folder / "execution.json").read_text(), folder) for folder in folders)


def grade_key(execution_key: str, bench: Bench, facts: Mapping[str, str]) -> str:
    """Changes whenever a student's grade may."""
    rubric = sorted(path for path in bench.assignment.rglob("*") if path.suffix in (".py", ".toml"))
    parts = [
        execution_key,
        _hash(*rubric),
        *(_hash(*sorted(run.folder.rglob("*.*"))) for run in bench.reference),
        json.dumps(sorted(facts.items())),
        bench.profile,
        str(bench.dataset.complete),
        _our_code(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _executions(
    submissions: Sequence[Submission], reference: Execution, session: Session, store: Store
) -> Iterator[tuple[Submission, Execution]]:
    """Each submission's execution, known ones first, new ones as they end."""
    running: dict[Future[Execution], tuple[Submission, str]] = {}
    plan = session.plan(session.assignment.seeds[0])
    try:
        for submission in submissions:
            source, key = submission.notebook, _key(submission, plan)
            known = None if session.force else store.execution(submission.student, key=key)
            if source is None:
                known = known or store.keep(_unreadable(submission, key, store), key)
            elif known is None or known.ending.ours:  # our own failures are tried again
                job = _job(submission, source, plan, reference, store)
                running[session.executor.submit(_run, job, session)] = submission, key
                continue
            session.on_event(Event("reused", submission.student, ending=known.ending))
            yield submission, known
        for future in as_completed(running):
            submission, key = running[future]
            execution = store.keep(future.result(), key)
            session.on_event(
                Event("executed", submission.student, ending=execution.ending, seconds=execution.seconds)
            )
            yield submission, execution
    finally:
        for future in running:
            future.cancel()


def _key(submission: Submission, plan: execute.Plan) -> str:
    """What this hand-in's execution depends on, hashed; of one without a notebook, what is wrong with it."""
    if submission.notebook is None:
        return submission.problem or "No notebook was handed in."
    return plan.key(submission.notebook, submission.support)


def _unreadable(submission: Submission, why: str, store: Store) -> Execution:
    folder = store.workplace(submission.student)
    return Execution(student=submission.student, folder=folder, ending=Ending.UNREADABLE, detail=why)


def _job(
    submission: Submission, source: Path, plan: execute.Plan, reference: Execution, store: Store
) -> execute.Job:
    folder = source.parent
    deadline = plan.limits.notebook_deadline(reference.seconds)
    return execute.Job(
        student=submission.student,
        source=source,
        support=tuple((str(path.relative_to(folder)), path) for path in submission.support),
        folder=store.workplace(submission.student),
        plan=plan,
        cell_deadline=plan.limits.cell_deadline(reference.longest_cell, deadline),
        notebook_deadline=deadline,
    )


def _run(job: execute.Job, session: Session) -> Execution:
    """One notebook in a process of its own; our failure is an ending, not the end of the class."""

    def progress(cells: tuple[int, int]) -> None:
        session.on_event(Event("cell", job.student, cell=cells[0] + 1, cells=cells[1]))

    def attempt(ticket: Ticket) -> Execution:
        shutil.rmtree(job.folder, ignore_errors=True)
        return worker.call(
            execute.execute,
            job,
            session.launcher.at(ticket),
            seconds=job.notebook_deadline + SPARE_SECONDS,
            on_progress=progress,
        )

    try:
        return session.admission.run(attempt)
    except NotebookError as error:
        ending, detail = Ending.UNREADABLE, str(error)
    except HarnessError as error:
        ending, detail = Ending.BROKEN, str(error)
    return Execution(student=job.student, folder=job.folder, ending=ending, detail=detail)


def _grade(case: Case, judge: Judge, bench: Bench, session: Session, store: Store) -> Grade:
    student = case.execution.student
    key = grade_key(store.execution_key(student), bench, case.facts)
    grade = store.grade(student, key=key)
    if grade is None:
        grade = judge.judge(case)
        store.record(grade, key)
    session.on_event(Event("graded", student, grade=grade))
    return store.ruled(grade)


def _reference(plan: execute.Plan, key: str, session: Session) -> Execution:
    """One run of the reference: the cached one, or a new one that is cached."""
    place = session.cache / REFERENCE / key
    record = place / "execution.json"
    if record.is_file():
        return load_execution(record.read_text(), place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        limits = plan.limits
        job = execute.Job(
            student=REFERENCE,
            source=session.assignment.master,
            support=(),
            folder=Path(scratch) / "run",
            plan=plan,
            cell_deadline=limits.reference,
            notebook_deadline=limits.reference,
        )
        execution = _run(job, session)
        if execution.ending is not Ending.FINISHED:
            raise RubricError(
                f"The reference {session.assignment.master.name} ended as {execution.ending}: "
                f"{execution.detail}. No student can be judged against it; see `grader doctor`."
            )
        (job.folder / record.name).write_text(dump_execution(execution))
        try:
            job.folder.rename(place)
        except OSError:  # another run was faster
            shutil.rmtree(job.folder)
    return replace(execution, folder=place)


def _hash(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@lru_cache
def _our_code() -> str:
    return _hash(*sorted(Path(__file__).parent.rglob("*.py")))
