"""The means to run notebooks: a sandbox, threads, folders, a store. One session shares them."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from grader import datasets
from grader.assignment import packages
from grader.cli.console import INTERRUPTED
from grader.cli.options import Sandbox
from grader.cli.progress import ClassProgress
from grader.execution import worker
from grader.kernel.memory import Admission
from grader.kernel.sandbox import best_launcher
from grader.results.store import Store
from grader.session import OnDemand, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from grader.cli.conditions import Conditions
    from grader.cli.console import Talk
    from grader.kernel import Launcher
    from grader.model import Execution


@contextlib.contextmanager
def reference_of(
    given: Conditions, talk: Talk, sandbox: Sandbox = Sandbox.NONE
) -> Iterator[tuple[Execution, ...]]:
    """The reference's runs, whose files are there while the block lasts.

    Raises:
        RubricError: it does not run to its end.
    """
    from grader.execution import reference

    with session(given, None, talk, total=0, interrupted="Nothing was written.", sandbox=sandbox) as (
        means,
        store,
    ):
        yield reference.run_all(reference.plans(means), means, store)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the files of zips; it goes away after the block, even if this process is killed in it."""
    with (
        tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True) as folder,
        worker.removed_at_last(folder),
    ):
        yield Path(folder)


@contextlib.contextmanager
def session(
    given: Conditions,
    results: Path | None,
    talk: Talk,
    *,
    total: int,
    interrupted: str,
    jobs: int = 1,
    sandbox: Sandbox = Sandbox.NONE,
    own: bool = False,
    or_another_user: bool = False,
    **options: Any,
) -> Iterator[tuple[Session, Store]]:
    """A results folder, launchers, workers and a display of `total` notebooks; all of it ends with the block.

    Args:
        given: the assignment, the profile and the data.
        results: the results folder; None for a temporary one, removed at the end.
        talk: where progress is shown.
        total: how many notebooks there are.
        interrupted: what to say of a run that Ctrl-C ends.
        jobs: how many notebooks run at once.
        sandbox: whether to confine them.
        or_another_user: whether root may run them as another user, one at a time, if they can't be confined.
        own: whether this is the user's own notebook, which runs in this process, as they know.
        options: passed to the `Session` as they are.

    Raises:
        UsageError: a package that the assignment needs is not installed.
    """
    packages.check(given.assignment)
    if not own:
        worker.prepare()
    with (
        _results(results) as store,
        _temporary_files(store.temporary()),
        OnDemand(
            lambda: best_launcher(
                given.dataset.root,
                limits=given.assignment.limits,
                warm=packages.warm_modules(given.assignment),
                confined=sandbox is Sandbox.AUTO,
                or_another_user=or_another_user,
            ),
            started=lambda launcher: None if own else talk.say(_confinement(launcher)),
        ) as launch,
        Admission() as admission,
        _pool(jobs, interrupted) as (executor, stop),
        ClassProgress(talk.console, total, jobs) as shown,
    ):
        yield (
            Session(
                assignment=given.assignment,
                dataset=given.dataset,
                profile=given.profile.value,
                launch=launch,
                admission=admission,
                executor=executor,
                call=worker.call_here if own else worker.call,
                cache=datasets.user_cache(),
                on_event=shown,
                stop=stop,
                **options,
            ),
            store,
        )


def _confinement(launcher: Launcher) -> str:
    """What holds for the notebooks of this run, in one line."""
    return "Sandbox: " + ", ".join(f"{name} {value}" for name, value in launcher.enforced.items())


@contextlib.contextmanager
def _results(path: Path | None) -> Iterator[Store]:
    with contextlib.ExitStack() as stack:
        if path is None:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
            )
            stack.enter_context(worker.removed_at_last(folder))
            path = Path(folder, "results")
        yield stack.enter_context(Store.open(path))


@contextlib.contextmanager
def _temporary_files(folder: Path) -> Iterator[None]:
    """Temporary files of this process, and of all that it starts, go below `folder`."""
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        with worker.removed_at_last(folder):
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
        typer.echo(f"\nInterrupted. {interrupted}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        stop.set()
        executor.shutdown(cancel_futures=True)
