"""The whole reference notebook, 20 epochs on all data: plain nbclient, and ours with sandbox and evidence."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nbformat

from grader.execution.attempt import attempt
from grader.model import Ending

from . import notebooks, ours, stock
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.session import Session

    from .setting import Setting

FIRST = f"{notebooks.seeded(0)}\ntorch.set_num_threads(1)"


def rows(setting: Setting) -> list[Row]:
    plain, alone, shared = [], [], []
    histories: list[str] = []
    with TemporaryDirectory() as name, ours.session(setting) as session:
        room = Path(name)
        source = room / "hw1.ipynb"
        nb = notebooks.solved(session.assignment.master, first=FIRST, last=notebooks.HISTORIES)
        nbformat.write(nb, source)
        _warm_up(session, room)
        for number in setting.rounds("notebook"):
            seconds, said = _plain(source, setting)
            plain.append(seconds)
            histories.append(said)
            for results, count in ((alone, 1), (shared, setting.jobs)):
                folders = [room / f"{number}-{count}-{index}" for index in range(count)]
                seconds, each = _ours(session, source, folders)
                results.append(seconds / count)
                histories += each
    same = "" if histories[0] and len(set(histories)) == 1 else "NOT "
    note = f"all {len(histories)} printed histories are {same}identical to the last digit"
    where = f"sandbox {session.launch().enforced['mode']}, evidence recorded"
    return [
        Row(
            what=f"notebook: the reference ({setting.profile} data)",
            before=tuple(plain), after=tuple(alone), at_least=7, note=f"{where}; {note}",
        ),
        Row(
            what=f"notebook: {setting.jobs} at a time, seconds for each",
            before=tuple(plain), after=tuple(shared), at_least=13, note="before: one at a time",
        ),
    ]  # fmt: skip


def _plain(source: Path, setting: Setting) -> tuple[float, str]:
    nb = nbformat.read(source, as_version=4)
    started = time.perf_counter()
    stock.client(nb, source.parent).execute(env=setting.peer_environment, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started, notebooks.printed(nb)


def _ours(session: Session, source: Path, folders: Sequence[Path]) -> tuple[float, list[str]]:
    started = time.perf_counter()
    futures = [
        session.executor.submit(attempt, ours.job(session, source, folder), session) for folder in folders
    ]
    executions = [future.result() for future in futures]
    seconds = time.perf_counter() - started
    for execution in executions:
        if execution.ending is not Ending.FINISHED:
            raise RuntimeError(f"the reference ended as {execution.ending}: {execution.detail}")
    stored = [nbformat.read(folder / "executed.ipynb", as_version=4) for folder in folders]
    return seconds, [notebooks.printed(nb) for nb in stored]


def _warm_up(session: Session, room: Path) -> None:
    """Start the workers' parent: it is there from the second notebook of a class on."""
    source = room / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), source)
    _ours(session, source, [room / "small"])
