"""This project as a library and as a program, set up for a measurement."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader import assignment as assignments
from grader import datasets
from grader.assignment import packages
from grader.execution import execute, worker
from grader.kernel.memory import Admission
from grader.kernel.sandbox import best_launcher
from grader.session import Session

from . import measure
from .setting import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .measure import Watched
    from .setting import Setting

SEED = 20210212
LINE = re.compile(r"^\[\d+/\d+\] (?P<student>.+): \w+ \((?P<how>[^)]*)\)", re.MULTILINE)
"""What `grader run` says of a student where there is no terminal."""


@contextmanager
def session(setting: Setting) -> Iterator[Session]:
    """What `grader run` sets up: a sandbox with warm kernels, admission by memory, a pool of threads."""
    chosen, dataset = assignments.load(setting.assignment), setting.dataset
    with (
        best_launcher(dataset.root, limits=chosen.limits, warm=packages.warm_modules(chosen)) as launcher,
        Admission() as admission,
        ThreadPoolExecutor(setting.jobs) as executor,
    ):
        yield Session(
            assignment=chosen,
            dataset=dataset,
            profile=setting.profile,
            launch=lambda: launcher,
            admission=admission,
            executor=executor,
            call=worker.call,
            cache=datasets.user_cache(),
            on_event=lambda _: None,
        )


def job(session: Session, source: Path, folder: Path) -> execute.Job:
    limits = session.assignment.limits
    return execute.Job(
        student=folder.name,
        source=source,
        support=(),
        folder=folder,
        plan=session.plan(SEED),
        cell_deadline=limits.reference,
        notebook_deadline=limits.reference,
    )


def grade(
    setting: Setting,
    hand_ins: Path,
    results: Path,
    *,
    assignment: Path | None = None,
    profile: str | None = None,
) -> Watched:
    """`grader run`, in a process of its own."""
    options = ["-a", assignment or setting.assignment, "-o", results, "-j", setting.jobs]
    command = [*measure.GRADER, "run", hand_ins, *options, "--profile", profile or setting.profile]
    return measure.watch([str(word) for word in command], env=setting.environment, cwd=ROOT)


def executed(said: str) -> list[str]:
    """The students whose notebooks really ran."""
    return [found["student"] for found in LINE.finditer(said) if found["how"] != "nothing to run"]


def copy_assignment(folder: Path, room: Path) -> Path:
    """A copy of an assignment that can be edited, with its reference where it expects it."""
    master = assignments.load(folder).master
    place = room / "rubrics" / folder.name
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("__pycache__"))
    copied = (place / os.path.relpath(master, folder)).resolve()
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(master, copied)
    return place
