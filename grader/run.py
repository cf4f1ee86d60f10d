"""The pipeline on one screen: executions side by side, judging and writing as they end."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from concurrent.futures import as_completed
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.execution import execute, reference
from grader.judging.court import Bench, Case
from grader.judging.server import Judge
from grader.model import Ending, Execution, Outcome
from grader.places import PACKAGE
from grader.publishing.publish import Publisher
from grader.session import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from grader.limits import Limits
    from grader.model import Grade, Submission
    from grader.results.store import Store
    from grader.session import Session


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
        UsageError: a part of the class would be graded under other conditions than the rest.
    """
    chosen = [each for each in submissions if not session.only or each.student in session.only]
    plans = [session.plan(seed) for seed in session.assignment.seeds]
    keys = [plan.key(session.assignment.master) for plan in plans]
    if len(chosen) < len(submissions) and store.recall("reference") not in (None, keys):
        raise UsageError(
            f"{store.root} was graded under other conditions (profile, data, reference or software), so a part of "
            "the class can't be graded anew. Run it without --only, or with another -o."
        )
    store.enrol(submissions, facts)
    model = reference.run_all(dict(zip(keys, plans, strict=True)), session, store)
    store.remember(
        assignment=str(session.assignment.folder),
        profile=session.profile,
        complete=session.dataset.complete,
        notices=session.notices,
        seeds=session.assignment.seeds,
        reference=keys,
    )
    publisher = Publisher(store, model[0])
    bench = Bench(
        assignment=session.assignment.folder,
        profile=session.profile,
        reference=model,
        dataset=session.dataset,
    )
    bench_key = key_of(bench)
    with Judge(bench) as judge:
        for submission, execution in _executions(chosen, model[0], session, store, judge):
            case = Case(
                execution=execution, origin=submission.origin, facts=facts.get(submission.student, {})
            )
            key = grade_key(store.execution_key(submission.student), bench_key, case.facts)
            grade = store.grade(submission.student, key=key)
            if grade is None or _is_broken(grade):  # our own failures are tried again
                grade = judge.judge(case)
                store.record(grade, key)
            grade = store.ruled(grade)
            if not publisher.is_out(grade):
                publisher.student(grade)
            session.on_event(Event("graded", submission.student, grade=grade))
            yield grade
    publisher.class_(session.notices)


def regrade_all(store: Store, bench: Bench) -> Iterator[tuple[Grade, str]]:
    """Judge what is stored once more, without a kernel: each grade, and the key to store it under."""
    bench_key = key_of(bench)
    with Judge(bench) as judge:
        for student, origin, facts in store.students():
            execution = store.execution(student)
            if execution is not None:
                case = Case(execution=execution, origin=origin, facts=facts)
                yield judge.judge(case), grade_key(store.execution_key(student), bench_key, facts)


def key_of(bench: Bench) -> str:
    """Changes whenever any grade may that is given with it."""
    rubric = sorted(path for path in bench.assignment.rglob("*") if path.suffix in (".py", ".toml"))
    parts = [
        _hash(*rubric),
        *(_hash(*sorted(run.folder.rglob("*.*"))) for run in bench.reference),
        bench.profile,
        str(bench.dataset.complete),
        _our_code(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def grade_key(execution_key: str, bench_key: str, facts: Mapping[str, str]) -> str:
    """Changes whenever a student's grade may."""
    parts = [execution_key, bench_key, json.dumps(sorted(facts.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _executions(
    submissions: Sequence[Submission], model: Execution, session: Session, store: Store, judge: Judge
) -> Iterator[tuple[Submission, Execution]]:
    """Each submission's execution, known ones first, new ones as they end."""
    running: dict[Future[Execution], tuple[Submission, str]] = {}
    plan = session.plan(session.assignment.seeds[0])
    try:
        for submission in submissions:
            source, key = submission.notebook, _key(submission, plan)
            known = None if session.force else _known(submission, key, plan.limits, store)
            if source is None:
                known = known or store.keep(_unreadable(submission, key, store), key)
            elif known is None or known.ending.ours:  # our own failures are tried again
                job = _job(submission, source, plan, model, store)
                running[session.executor.submit(session.attempt, job)] = submission, key
                continue
            session.on_event(Event("reused", submission.student, ending=known.ending))
            yield submission, known
        if running:
            judge.start()
        for future in as_completed(running):
            submission, key = running[future]
            execution = future.result()
            execution = store.keep(execution, _kept_under(key, execution, plan.limits))
            session.on_event(
                Event("executed", submission.student, ending=execution.ending, seconds=execution.seconds)
            )
            yield submission, execution
    finally:
        for future in running:
            future.cancel()


def _known(submission: Submission, key: str, limits: Limits, store: Store) -> Execution | None:
    found = store.execution(submission.student)
    if found is None or store.execution_key(submission.student) != _kept_under(key, found, limits):
        return None
    return found


def _kept_under(key: str, execution: Execution, limits: Limits) -> str:
    """What a limit cut off is known while the limits are the same; what lacked a package, while it does."""
    if execution.ending in (Ending.TIMEOUT, Ending.MEMORY, Ending.OUTPUT):
        return hashlib.sha256(f"{key} {limits}".encode()).hexdigest()
    if execution.stranded_cells:
        return hashlib.sha256(f"{key} {_installed()}".encode()).hexdigest()
    return key


def _key(submission: Submission, plan: execute.Plan) -> str:
    """What this hand-in's execution depends on, hashed; of one without a notebook, what is wrong with it."""
    if submission.notebook is None:
        return submission.problem or "No notebook was handed in."
    return plan.key(submission.notebook, _support(submission.notebook, submission))


def _support(source: Path, submission: Submission) -> tuple[tuple[str, Path], ...]:
    """The files beside the notebook, with the names that it opens them by."""
    return tuple((path.relative_to(source.parent).as_posix(), path) for path in submission.support)


def _unreadable(submission: Submission, why: str, store: Store) -> Execution:
    folder = store.workplace(submission.student)
    return Execution(student=submission.student, folder=folder, ending=Ending.UNREADABLE, detail=why)


def _job(
    submission: Submission, source: Path, plan: execute.Plan, model: Execution, store: Store
) -> execute.Job:
    deadline = plan.limits.notebook_deadline(model.seconds)
    return execute.Job(
        student=submission.student,
        source=source,
        support=_support(source, submission),
        folder=store.workplace(submission.student),
        plan=plan,
        cell_deadline=plan.limits.cell_deadline(model.longest_cell, deadline),
        notebook_deadline=deadline,
    )


def _is_broken(grade: Grade) -> bool:
    return any(check.outcome is Outcome.BROKEN for check in grade.checks)


def _hash(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _installed() -> list[tuple[str, str]]:
    """All packages that a notebook may import, with their versions."""
    return sorted((each.name, each.version) for each in importlib.metadata.distributions())


@lru_cache
def _our_code() -> str:
    return _hash(*sorted(PACKAGE.rglob("*.py")))
