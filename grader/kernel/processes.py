"""A process and all that descend from it; a user and all that they run."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import psutil


def family(root: int) -> list[int]:
    """The process `root` and its descendants, parents before their children."""
    if not Path(f"/proc/{root}/task/{root}/children").exists():
        return _family_by_parents(root)
    found = [root]
    for pid in found:  # grows as it goes
        found += _children(pid)
    return found


def _children(pid: int) -> list[int]:
    """As Linux lists them: going through the parents of all processes of the machine takes thirty times as long."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found


def _family_by_parents(root: int) -> list[int]:
    try:
        children = psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [root, *(child.pid for child in children)]


def kill_all_of(user: int) -> None:
    """Kill all processes of another user at once, those that left their parents and sessions included."""
    subprocess.run(
        ["/bin/sh", "-c", "kill -s KILL -- -1"],  # all that this user may signal, but for the shell itself
        user=user,
        group=user,
        extra_groups=[],
        stderr=subprocess.DEVNULL,
        check=False,
    )


def has_processes(user: int) -> bool:
    """Does a user run anything? What has ended and is still listed does not count."""
    return any(
        each.info["uids"].real == user and each.info["status"] != psutil.STATUS_ZOMBIE
        for each in psutil.process_iter(["uids", "status"])
    )
