"""A hard limit on the memory of a kernel and all its children, and one share of the processor for all of them.

Both where this system lets us set them. Either version of control groups works. Ordinary users and most containers
may not create one; they rely on the limit of each process and on the watchdog, which stay in force here too. The
watchdog reacts more slowly, and the limit of a process counts only that process.
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

from grader.kernel.memory import gib

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.limits import Limits

HEADROOM = 512 << 20
"""Bytes above the limit of a single process, so that a process on its own reaches its own limit first: Python then
raises `MemoryError` instead of being killed."""
REMOVE_ATTEMPTS, PAUSE = 20, 0.05
"""How often to try, and the seconds between attempts."""
PREFIX = "grader"
ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Version:
    """Where one version of control groups keeps the files that we need for one resource."""

    number: int

    controller: str
    """Its name in /proc/self/cgroup; empty for version 2, which has one tree for all controllers."""
    mounts: tuple[str, ...]
    """Where systems mount it, relative to `ROOT`."""
    limit: str
    """The file that says how much processes may have."""
    events: str = ""
    """The file with a line `oom_kill N`."""


VERSIONS = (
    Version(2, "", ("", "unified"), "memory.max", "memory.events"),
    Version(1, "memory", ("memory",), "memory.limit_in_bytes", "memory.oom_control"),
)
PROCESSOR = (
    Version(2, "", ("", "unified"), "cpu.weight"),
    Version(1, "cpu", ("cpu", "cpu,cpuacct"), "cpu.shares"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A control group of ours. Without a folder, it limits no memory; without `cpu`, no share of the processor."""

    folder: Path | None = None
    events: str = ""
    cpu: Path | None = None

    @classmethod
    def create(cls, limit: int) -> Group:
        """A group whose processes may use `limit` bytes together; one without a limit if none can be created."""
        folder, version = _made(VERSIONS, str(limit + HEADROOM))
        if folder is not None and (folder / PROCESSOR[0].limit).is_file():
            return cls(folder, version.events, folder)
        # In the one tree of version 2 a process is in one group only.
        trees = [tree for tree in PROCESSOR if folder is None or tree.number == 1]
        return cls(folder, version.events, _made(trees)[0])

    @property
    def held(self) -> dict[str, int]:
        """What it holds processes to, each with the version of control groups that does."""
        resources = (("memory", self.folder, VERSIONS), ("processor", self.cpu, PROCESSOR))
        return {
            name: version.number
            for name, folder, versions in resources
            for version in versions
            if folder is not None and (folder / version.limit).is_file()
        }

    @property
    def _folders(self) -> set[Path]:
        return {folder for folder in (self.folder, self.cpu) if folder is not None}

    def add(self, pids: Iterable[int]) -> None:
        """Add these processes. Whatever they start from then on belongs to the group too."""
        for folder in self._folders:
            for pid in pids:
                with suppress(OSError):  # it has ended
                    _write(folder / "cgroup.procs", str(pid))

    @property
    def kills(self) -> int:
        """How many of its processes were killed because together they used too much memory."""
        if self.folder is None:
            return 0
        try:
            lines = (self.folder / self.events).read_text().splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    @property
    def cpu_seconds(self) -> float | None:
        """Processor time of all that ever ran in it; None if it does not count that, as version 1 does not."""
        if self.folder is None:
            return None
        try:
            lines = (self.folder / "cpu.stat").read_text().splitlines()
        except OSError:
            return None
        counted = dict(line.split() for line in lines)
        return int(counted["usage_usec"]) / 1e6 if "usage_usec" in counted else None

    def remove(self) -> None:
        """Remove the group. Call this after killing its processes; the last may take a moment to disappear."""
        for folder in self._folders:
            for _ in range(REMOVE_ATTEMPTS):
                with suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    break
                time.sleep(PAUSE)


def _made(versions: Sequence[Version], limit: str = "") -> tuple[Path | None, Version]:
    """A new group, and the version that let us make it; None if none did."""
    for version in versions:
        for parent in _parents(version):
            with suppress(OSError):
                _sweep(parent)
                return _make(parent, version, limit), version
    return None, versions[-1]


def _parents(version: Version) -> list[Path]:
    """Where a group may be created: below our own group in each tree of this version, or at the tree's root."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return []
    own = [path for _, controllers, path in (line.split(":", 2) for line in lines)
           if version.controller in controllers.split(",")]  # fmt: skip
    trees = [ROOT / mount for mount in version.mounts]
    return [place for tree in trees for place in (*(tree / path.lstrip("/") for path in own), tree)]


def _make(parent: Path, version: Version, limit: str) -> Path:
    """Create a group with this limit, or an equal share. Raises `OSError` if that is not possible here."""
    for controller in ("+memory", "+cpu"):
        with suppress(OSError):  # version 2 only; it may be enabled already, or forbidden
            _write(parent / "cgroup.subtree_control", controller)
    folder = parent / f"{PREFIX}-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        _write(folder / version.limit, limit)
    except OSError:
        folder.rmdir()
        raise
    return folder


def _write(path: Path, text: str) -> None:
    """Write to an existing file; never create one in a folder that is not a control group."""
    with path.open("r+") as file:
        file.write(text)


def sweep() -> None:
    """Remove the groups left behind by a worker or a grader that was killed."""
    for version in (*VERSIONS, *PROCESSOR):
        for parent in _parents(version):
            _sweep(parent)


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{PREFIX}-*-*"):
        owner = left.name.split("-")[1]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            with suppress(OSError):  # its processes still end, or are of a grader in another container
                left.rmdir()


def memory_limits(limits: Limits) -> str:
    """How a kernel's memory is limited, and how that of all its processes together is on this machine."""
    group = Group.create(1 << 30)
    group.remove()
    in_total = "watched" if group.folder is None else "control group"
    return f"{gib(limits.memory)} per process (RLIMIT_DATA) and in total ({in_total})"
