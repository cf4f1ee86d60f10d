"""What a command needs before it can grade: an assignment, data, and the means to run notebooks."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from grader import datasets
from grader.assignment import loading as assignments
from grader.assignment import packages
from grader.cli.console import INTERRUPTED, err
from grader.cli.options import Profile
from grader.cli.progress import ClassProgress
from grader.errors import DatasetError, UsageError
from grader.judging.court import check_rubric
from grader.kernel.memory import Admission
from grader.kernel.sandbox import best_launcher
from grader.session import OnDemand, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from grader.assignment.loading import Assignment
    from grader.cli.console import Talk
    from grader.kernel import Launcher
    from grader.results.store import Store


def assignment_of(name: str, limits: Sequence[str] = ()) -> Assignment:
    """An assignment whose rubric holds together, with changed limits.

    Raises:
        UsageError: there is none, or a limit is no NAME=NUMBER.
        RubricError: the rubric is refused.
    """
    chosen = assignments.load(assignments.locate(name))
    check_rubric(chosen)
    changes = {}
    for entry in limits:
        key, _, value = entry.partition("=")
        try:
            changes[key] = float(value)
        except ValueError:
            changes[key] = math.nan
        if not math.isfinite(changes[key]):
            raise UsageError(f"--limit {entry}: write NAME=NUMBER, for example cell_floor=60.")
    return replace(chosen, limits=assignments.with_limits(chosen.limits, changes))


def data_for(
    assignment: Assignment, profile: Profile, explicit: Path | None, talk: Talk
) -> tuple[datasets.Dataset, list[str]]:
    """The data that notebooks read; with a sample of it, what must be said about that.

    Raises:
        DatasetError: the data are wrong, or missing and nothing can stand in for them.
    """
    source, cache = assignment.data.source, datasets.user_cache()
    sample = source.subset(cache)
    if profile is Profile.QUICK and sample is not None:
        return sample, ["PROVISIONAL GRADES: the quick profile trains on a small sample of the data set."]
    found = source.find(explicit, env=os.environ, cache=cache)
    if found is not None:
        return found, []
    if sample is None:
        raise DatasetError(f"The data set {source.name} was not found; see `grader data where`.")
    notice = (
        "PROVISIONAL GRADES: the full data set was not found, so every notebook trained on a small sample of "
        "it. `grader data fetch` gets it; then run again."
    )
    talk.warn(notice)
    return sample, [notice]


@contextlib.contextmanager
def session(
    store: Store,
    talk: Talk,
    *,
    assignment: Assignment,
    dataset: datasets.Dataset,
    profile: Profile,
    total: int,
    jobs: int,
    confined: bool,
    interrupted: str,
    **options: Any,
) -> Iterator[Session]:
    """Launchers, workers and a display of `total` notebooks; all of it ends with the block.

    `interrupted` says what becomes of a run that Ctrl-C ends; `options` go to the `Session` as they are.

    Raises:
        UsageError: a package that the assignment needs is not installed.
    """
    packages.check(assignment)
    with (
        _temporary_files(store.temporary()),
        OnDemand(
            lambda: best_launcher(
                dataset.root,
                limits=assignment.limits,
                warm=packages.warm_modules(assignment),
                confined=confined,
            ),
            started=lambda launcher: talk.say(_confinement(launcher)),
        ) as launch,
        Admission() as admission,
        _pool(jobs, interrupted) as (executor, stop),
        ClassProgress(talk.console, total, jobs) as shown,
    ):
        yield Session(
            assignment=assignment,
            dataset=dataset,
            profile=profile.value,
            launch=launch,
            admission=admission,
            executor=executor,
            cache=datasets.user_cache(),
            on_event=shown,
            stop=stop,
            **options,
        )


def _confinement(launcher: Launcher) -> str:
    """What holds for the notebooks of this run, in one line."""
    return "Sandbox: " + ", ".join(f"{name} {value}" for name, value in launcher.enforced.items())


@contextlib.contextmanager
def _temporary_files(folder: Path) -> Iterator[None]:
    """Temporary files of this process, and of all that it starts, go below `folder`."""
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before[0]
        os.environ.pop("TMPDIR")
        if before[1] is not None:
            os.environ["TMPDIR"] = before[1]


@contextlib.contextmanager
def _pool(jobs: int, interrupted: str) -> Iterator[tuple[Executor, threading.Event]]:
    """Threads that each wait for one worker process. Whatever ends the run ends them first."""
    executor, stop = ThreadPoolExecutor(jobs, thread_name_prefix="notebook"), threading.Event()
    try:
        yield executor, stop
    except KeyboardInterrupt:
        err.print(f"\nInterrupted. {interrupted}", highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        stop.set()
        executor.shutdown(cancel_futures=True)
