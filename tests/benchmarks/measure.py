"""One command: how long it took, and how much memory it held at once."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EVERY = 0.25
"""Seconds between two looks at the memory."""
MIB = 1 << 20
GRADER = (sys.executable, "-m", "grader")


class CommandError(Exception):
    """A command that was to be measured failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    seconds: float
    tree: float
    """MiB that the command and all processes below it held at once: shared pages are counted once."""
    own: float
    """MiB that the command's first process had resident."""
    said: str
    """What it printed."""


def watch(command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> Watched:
    """Run a command to its end.

    Raises:
        CommandError: it did not exit with 0.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output,
        )  # fmt: skip
        tree, own = _peaks(process)
        seconds = time.perf_counter() - started
        output.seek(0)
        said = output.read().decode(errors="replace")
    if process.returncode:
        raise CommandError(
            f"{' '.join(map(str, command[:4]))} … exited with {process.returncode}: {said[-800:]}"
        )
    return Watched(seconds=seconds, tree=tree / MIB, own=own / MIB, said=said)


def together(parts: Sequence[Watched]) -> Watched:
    """Several commands, one after the other, as one."""
    return Watched(
        seconds=sum(part.seconds for part in parts),
        tree=max(part.tree for part in parts),
        own=max(part.own for part in parts),
        said="".join(part.said for part in parts),
    )


def _peaks(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """The most that all of its processes, and that it alone, held until it ended."""
    tree = own = 0
    root = psutil.Process(process.pid)
    while True:
        try:
            process.wait(EVERY)
        except subprocess.TimeoutExpired:
            own = max(own, _resident(root))
            tree = max(tree, sum(map(_share, _family(root))))
        else:
            return tree, own


def _family(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _share(process: psutil.Process) -> int:
    """Its proportional share of the pages that it uses; what is resident where the system does not tell."""
    try:
        return int(getattr(process.memory_full_info(), "pss", 0)) or _resident(process)
    except psutil.AccessDenied:
        return _resident(process)
    except psutil.Error:
        return 0


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
