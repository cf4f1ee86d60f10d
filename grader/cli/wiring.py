"""What a command needs before it can grade: an assignment, data, and the means to run notebooks."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from grader import datasets, keys
from grader.assignment import load, locate, packages, with_limits
from grader.cli.console import INTERRUPTED
from grader.cli.options import Sandbox
from grader.cli.progress import ClassProgress
from grader.errors import DatasetError, HarnessError, NoAssignmentError, RubricError, UsageError
from grader.execution import worker
from grader.judging.court import check_rubric
from grader.kernel.memory import Admission
from grader.kernel.sandbox import best_launcher
from grader.model import Profile
from grader.results.store import Store
from grader.session import OnDemand, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    from grader.assignment import Assignment
    from grader.cli.console import Talk
    from grader.handout.pack import Pack
    from grader.kernel import Launcher
    from grader.model import Execution

MOST_COLLECTING = 60.0
"""Seconds in which a rubric's modules must have been imported."""


ON_A_SAMPLE = "These checks use a small sample of the data; your notebook will be graded with all of it."
"""What a student is told who checks a notebook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a class is graded against and with, as the options of a command say."""

    assignment: Assignment
    profile: Profile
    dataset: datasets.Dataset
    notices: tuple[str, ...]
    """What must be said about the data."""


def conditions(
    name: str | None, profile: Profile, data: Path | None, talk: Talk, *, limits: Sequence[str] = ()
) -> Conditions:
    """Look up an assignment and its data; `limits` are written NAME=NUMBER.

    Raises:
        UsageError: one of them is missing or refused.
    """
    assignment = assignment_of(name, limits)
    dataset, notices = data_for(assignment, profile, data, talk)
    return Conditions(assignment=assignment, profile=profile, dataset=dataset, notices=tuple(notices))


def assignment_of(name: str | None, limits: Sequence[str] = ()) -> Assignment:
    """An assignment whose rubric adds up, with changed limits. No name: the only one there is.

    Raises:
        UsageError: there is none or more than one, or a limit is not NAME=NUMBER.
        RubricError: the rubric is refused.
    """
    chosen = load(locate(name))
    _see_that_it_loads(chosen.folder)
    changes = {}
    for entry in limits:
        key, _, value = entry.partition("=")
        try:
            changes[key] = float(value)
        except ValueError:
            changes[key] = math.nan
        if not math.isfinite(changes[key]):
            raise UsageError(f"--limit {entry}: write NAME=NUMBER, for example cell_floor=60.")
    return replace(chosen, limits=with_limits(chosen.limits, changes))


def _see_that_it_loads(folder: Path) -> None:
    """Collect a rubric in a process of its own: what its modules do when they are imported may have no end.

    One that could be collected is remembered in the cache until it changes.

    Raises:
        RubricError: it is refused, it ended that process, or it took too long.
    """
    loads = datasets.user_cache() / "rubrics" / keys.of_loading(folder)
    if loads.exists():
        return
    worker.prepare()
    try:
        worker.call(
            _collect,
            folder.resolve(),
            seconds=MOST_COLLECTING,
            on_progress=lambda _: None,
            stop=threading.Event(),
        )
    except HarnessError as error:
        raise RubricError(
            f"The rubric in {folder} can't be loaded. {error} It had {MOST_COLLECTING:.0f} s. Look for what runs "
            "when its modules are imported: an endless loop, os._exit, a crash."
        ) from None
    with contextlib.suppress(OSError):  # a cache that can't be written is no obstacle
        loads.parent.mkdir(parents=True, exist_ok=True)
        loads.touch()


def _collect(folder: Path, _progress: Callable[[Any], None]) -> None:
    check_rubric(load(folder))


def data_for(
    assignment: Assignment, profile: Profile, explicit: Path | None, talk: Talk, *, cache: Path | None = None
) -> tuple[datasets.Dataset, list[str]]:
    """The data that notebooks read and, if that is a sample, what must be said about it.

    `cache` is where a sample is unpacked; None: where this user's is.

    Raises:
        DatasetError: the data are wrong, or missing and nothing can stand in for them.
    """
    source, cache = assignment.data.source, cache or datasets.user_cache()
    sample = source.subset(cache)
    if profile is Profile.QUICK and sample is not None:
        return sample, ["PROVISIONAL GRADES: the quick profile trains on a small sample of the data set."]
    found = source.find(explicit, env=os.environ, cache=cache)
    if found is not None:
        return found, []
    if sample is None:
        raise DatasetError(
            f"The data set {source.name} was not found. `grader data where` lists where it was looked for."
        )
    notice = (
        "PROVISIONAL GRADES: the full data set was not found, so every notebook trained on a small sample. "
        "Get the data with `grader data fetch`, then run this command again."
    )
    talk.warn(notice)
    return sample, [notice]


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
def packed(
    notebook: Path, pack: Path | None, name: str | None, data: Path | None, talk: Talk
) -> Iterator[tuple[Conditions, Pack]]:
    """What a student's own check needs, from a check pack; without one, from an assignment that is here.

    Raises:
        UsageError: there is no pack, or it is refused.
    """
    from grader.handout import kit as kits
    from grader.handout import pack as packs

    with tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True) as folder:
        path = pack or (None if name else _pack_beside(notebook))
        if path is None:
            given = _conditions_without_a_pack(notebook, name, data, talk)
            path = Path(folder) / kits.pack_name(given.assignment)
            with reference_of(given, talk) as runs:
                path.write_bytes(kits.pack_of(given.assignment, runs, given.dataset, profile=given.profile))
        opened = packs.unpacked(path, Path(folder) / "pack")
        profile = Profile(opened.about.profile)
        dataset, _ = data_for(opened.assignment, profile, data, talk, cache=Path(folder) / "data")
        notices = () if dataset.complete else (ON_A_SAMPLE,)
        yield (
            Conditions(assignment=opened.assignment, profile=profile, dataset=dataset, notices=notices),
            opened,
        )


def _conditions_without_a_pack(notebook: Path, name: str | None, data: Path | None, talk: Talk) -> Conditions:
    """For an instructor, who has the assignment; a student who has none is told about the pack."""
    try:
        return conditions(name, Profile.QUICK, data, talk)
    except NoAssignmentError as error:
        raise UsageError(
            f"There is no check pack beside {notebook}. Put the file that ends with .pack, from your kit, into its "
            f"folder, or name it with --pack. Without one: {error}"
        ) from None


def _pack_beside(notebook: Path) -> Path | None:
    """The one check pack in the notebook's folder.

    Raises:
        UsageError: there are several.
    """
    from grader.handout.pack import SUFFIX

    found = sorted(notebook.absolute().parent.glob(f"*{SUFFIX}"))
    if len(found) > 1:
        raise UsageError(f"There are several check packs beside {notebook}; name yours with --pack.")
    return found[0] if found else None


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
