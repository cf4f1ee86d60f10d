"""Runs the reference solution once with each seed, in the same way as a student's notebook."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader import keys
from grader.errors import HarnessError, RubricError, UsageError
from grader.execution.attempt import attempt
from grader.execution.execute import Job
from grader.model import Ending, Execution
from grader.results.codec import dump_execution, load_execution
from grader.session import Event, plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.assignment import Assignment
    from grader.datasets import Dataset
    from grader.results.store import Store
    from grader.session import Plan, Session

REFERENCE = "reference"
RECORD = "execution.json"


def plans(session: Session) -> dict[str, Plan]:
    """How the reference runs, once with each seed, by the keys of these runs."""
    every = [session.plan(seed) for seed in session.assignment.seeds]
    return {keys.of_run(plan, session.assignment.master): plan for plan in every}


def run_all(plans: Mapping[str, Plan], session: Session, store: Store) -> tuple[Execution, ...]:
    """The reference's executions, one per plan: from the cache by their keys, otherwise run in parallel."""
    futures = {
        plan.seed: session.executor.submit(
            _one, plan, session, store.workplace(f"{REFERENCE}-{plan.seed}"), session.cache / REFERENCE / key
        )
        for key, plan in plans.items()
    }
    kept = []
    for seed, future in futures.items():
        run, place = future.result(), _place(store, seed)
        store.put(run.folder, place)
        kept.append(replace(run, folder=place))
    return tuple(kept)


def known(assignment: Assignment, dataset: Dataset, cache: Path) -> list[Execution]:
    """The runs that the cache has of an assignment's reference on these data."""
    every = (plan_of(assignment, dataset, seed) for seed in assignment.seeds)
    folders = [cache / REFERENCE / keys.of_run(plan, assignment.master) for plan in every]
    return [
        load_execution((folder / RECORD).read_text(encoding="utf-8"), folder)
        for folder in folders
        if (folder / RECORD).is_file()
    ]


def stored(store: Store) -> tuple[Execution, ...]:
    """The reference's executions as an earlier run left them in the results folder.

    Raises:
        UsageError: no run got that far, or the executions were removed.
    """
    places = [_place(store, seed) for seed in store.recall("seeds") or ()]
    records = [place / RECORD for place in places]
    if not records or not all(record.is_file() for record in records):
        raise UsageError(
            f"{store.root} contains no run of the reference. Repeat `grader run`; it continues where it stopped."
        )
    return tuple(
        load_execution(record.read_text(encoding="utf-8"), place, source=str(record))
        for record, place in zip(records, places, strict=True)
    )


def _place(store: Store, seed: int) -> Path:
    return store.root / REFERENCE / f"seed-{seed}"


def _one(plan: Plan, session: Session, folder: Path, cached: Path) -> Execution:
    """One run of the reference in `folder`: a copy of the cached one, or a new one, which is then cached."""
    if (cached / RECORD).is_file():
        shutil.copytree(cached, folder)
        return load_execution((folder / RECORD).read_text(encoding="utf-8"), folder)
    job = Job(
        student=REFERENCE,
        source=session.assignment.master,
        support=(),
        folder=folder,
        plan=plan,
        cell_deadline=plan.limits.reference,
        notebook_deadline=plan.limits.reference,
    )
    execution = attempt(job, session)
    if execution.ending.ours:
        raise HarnessError(f"The reference could not be run: {execution.detail}")
    if execution.ending is not Ending.FINISHED:
        raise RubricError(
            f"The reference {session.assignment.master.name} ended as {execution.ending}: "
            f"{execution.detail}. Students cannot be graded without it: correct it, or install what it needs."
        )
    session.on_event(Event("prepared", REFERENCE, ending=execution.ending, seconds=execution.seconds))
    (folder / RECORD).write_text(dump_execution(execution), encoding="utf-8")
    _cache(folder, cached)
    return execution


def _cache(folder: Path, place: Path) -> None:
    """Copy a run to the cache, atomically, even if other processes do so at the same time.

    A cache that can't be written is no obstacle.
    """
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as scratch:
            copy = shutil.copytree(folder, Path(scratch) / "run")
            copy.rename(place)  # fails if another run was faster
