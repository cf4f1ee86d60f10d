"""The executions of a class: known ones are reused, new ones run side by side."""

from __future__ import annotations

import os
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader import keys
from grader.execution.attempt import attempt
from grader.execution.execute import Job
from grader.model import Ending, Execution
from grader.notebook import shown
from grader.session import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from grader.limits import Limits
    from grader.model import Submission
    from grader.results.store import Store
    from grader.session import Plan, Session


CHANGED = "changed while it ran"
"""The key of an execution that is not known to be of the files that were handed in: the next run repeats it."""


def executions(
    submissions: Sequence[Submission],
    model: Execution,
    session: Session,
    store: Store,
    *,
    on_wait: Callable[[], None],
) -> Iterator[tuple[Submission, Execution]]:
    """Each submission's execution, known ones first, new ones as they end.

    Args:
        submissions: those to execute.
        model: the reference's run, which deadlines are multiples of.
        session: means and options.
        store: where executions are kept.
        on_wait: called once, if any has to run, before the first wait.
    """
    running: dict[Future[Execution], tuple[Submission, str, object]] = {}
    plan = session.plan(session.assignment.seeds[0])
    conditions = keys.of_conditions(plan)
    try:
        for submission in submissions:
            stamp = _stamp(submission)
            try:
                source, key = submission.notebook, _run_key(submission, plan)
            except OSError as error:
                broken = store.keep(_not_readable(submission, error, store), str(error))
                session.on_event(Event("executed", submission.student, ending=broken.ending))
                yield submission, broken
                continue
            known = None if session.force else _known(submission, key, plan.limits, store)
            if source is None:
                known = known or store.keep(_unreadable(submission, store), key)
            elif known is None or known.ending.ours:  # our own failures are tried again
                job = _job(submission, source, plan, model, store)
                running[session.executor.submit(attempt, job, session)] = submission, key, stamp
                continue
            else:
                store.note_conditions(submission.student, conditions)  # earlier releases did not
            session.on_event(Event("reused", submission.student, ending=known.ending))
            yield submission, known
        if running:
            on_wait()
        for future in as_completed(running):
            submission, key, stamp = running[future]
            execution = replace(future.result(), documents=submission.documents)
            key = keys.of_execution(key, execution, plan.limits)
            if _stamp(submission) != stamp:  # nobody knows which of its contents ran
                key = CHANGED
                session.on_event(Event("changed", submission.student))
            execution = store.keep(execution, key, conditions)
            session.on_event(
                Event("executed", submission.student, ending=execution.ending, seconds=execution.seconds)
            )
            yield submission, execution
    finally:
        for future in running:
            future.cancel()


def _stamp(submission: Submission) -> object:
    """Differs if a file of a hand-in was written or replaced in between."""
    files = [path for path in (submission.notebook, *(path for _, path in submission.support)) if path]
    try:
        return [(info.st_mtime_ns, info.st_size, info.st_ino) for info in map(os.stat, files)]
    except OSError as error:
        return str(error)


def _known(submission: Submission, key: str, limits: Limits, store: Store) -> Execution | None:
    found = store.execution(submission.student)
    if found is None or store.execution_key(submission.student) != keys.of_execution(key, found, limits):
        return None
    return found


def _run_key(submission: Submission, plan: Plan) -> str:
    """What this hand-in's execution depends on; of one without a notebook, what is wrong with it."""
    if submission.notebook is None:
        return keys.of_documents(_why_unreadable(submission), submission.documents)
    run = keys.of_run(plan, submission.notebook, submission.support, content=submission.content)
    return keys.of_documents(run, submission.documents)


def _why_unreadable(submission: Submission) -> str:
    return submission.problem or "No notebook was handed in."


def _unreadable(submission: Submission, store: Store) -> Execution:
    return _without_run(submission, store, Ending.UNREADABLE, _why_unreadable(submission))


def _not_readable(submission: Submission, error: OSError, store: Store) -> Execution:
    """Of a hand-in with a file beside the notebook that vanished or can't be read; the next run tries it again."""
    name = Path(error.filename or "").name
    why = (
        f"{shown(name)}, beside the notebook, can't be read ({error.strerror}). Check it, and run this again."
    )
    return _without_run(submission, store, Ending.BROKEN, why)


def _without_run(submission: Submission, store: Store, ending: Ending, why: str) -> Execution:
    student = submission.student
    return Execution(
        student=student,
        folder=store.workplace(student),
        ending=ending,
        detail=why,
        documents=submission.documents,
    )


def _job(submission: Submission, source: Path, plan: Plan, model: Execution, store: Store) -> Job:
    deadline = plan.limits.notebook_deadline(model.cpu_seconds)
    return Job(
        student=submission.student,
        source=source,
        support=submission.support,
        folder=store.workplace(submission.student),
        plan=plan,
        cell_deadline=plan.limits.cell_deadline(model.busiest_cell, deadline),
        notebook_deadline=deadline,
    )
