"""A hard limit on the memory of a kernel with all its children, where this system lets us set one.

Control groups of either version will do. Who may not make one (an ordinary user, most containers) is left with
the limit of each process and the watchdog, which are slower or counted otherwise, and stay in force here too.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADROOM = 512 << 20
"""Bytes above a process's own limit, so that one alone meets that first: Python can tell it from being killed."""
LOOKS, PAUSE = 20, 0.05
"""How often, and seconds between."""
PREFIX = "grader"
ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Version:
    """Where one version of control groups keeps what we need."""

    controller: str
    """As /proc/self/cgroup names it; version 2 has one tree for all."""
    mounts: tuple[str, ...]
    """Below `ROOT`, where systems mount it."""
    limit: str
    events: str
    """Holds a line `oom_kill N`."""


VERSIONS = (
    Version("", ("", "unified"), "memory.max", "memory.events"),
    Version("memory", ("memory",), "memory.limit_in_bytes", "memory.oom_control"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A control group of ours, with a limit; without a folder one that holds nothing back."""

    folder: Path | None = None
    events: str = ""

    @classmethod
    def create(cls, limit: int) -> Group:
        """One whose processes may use `limit` bytes together, if we may make any here."""
        for version in VERSIONS:
            for parent in _parents(version):
                with suppress(OSError):
                    _sweep(parent)
                    return cls(_make(parent, version, limit + HEADROOM), version.events)
        return cls()

    def add(self, pids: Iterable[int]) -> None:
        """Take these processes in; what they start from then on is in as well."""
        if self.folder is None:
            return
        for pid in pids:
            with suppress(OSError):  # it has ended
                _tell(self.folder / "cgroup.procs", str(pid))

    @property
    def kills(self) -> int:
        """How many of its processes were killed because all together had too much."""
        if self.folder is None:
            return 0
        try:
            lines = (self.folder / self.events).read_text().splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def remove(self) -> None:
        """Once all of its processes are killed: the last of them may take a moment to be gone."""
        if self.folder is None:
            return
        for _ in range(LOOKS):
            with suppress(OSError):
                self.folder.rmdir()
                break
            time.sleep(PAUSE)


def _parents(version: Version) -> list[Path]:
    """Our own group in the trees of this version, and their roots."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:  # no Linux
        return []
    own = [path for _, controllers, path in (line.split(":", 2) for line in lines)
           if version.controller in controllers.split(",")]  # fmt: skip
    trees = [ROOT / mount for mount in version.mounts]
    return [place for tree in trees for place in (*(tree / path.lstrip("/") for path in own), tree)]


def _make(parent: Path, version: Version, limit: int) -> Path:
    """Raises `OSError` if this is not possible here."""
    with suppress(OSError):  # version 2 only; there it may be on already, or forbidden
        _tell(parent / "cgroup.subtree_control", "+memory")
    folder = parent / f"{PREFIX}-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        _tell(folder / version.limit, str(limit))
    except OSError:
        folder.rmdir()
        raise
    return folder


def _tell(path: Path, text: str) -> None:
    """Write to a file that is there: what is no control group has none, and shall get none."""
    with path.open("r+") as file:
        file.write(text)


def _sweep(parent: Path) -> None:
    """Remove what a killed harness left."""
    for left in parent.glob(f"{PREFIX}-*-*"):
        owner = left.name.split("-")[1]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            with suppress(OSError):
                left.rmdir()
