"""How much processor time a kernel's processes use, and that one kernel leaves the others theirs."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from grader.kernel.processes import family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STEP = 1.25
"""By this factor a thread gets less of a busy processor with each level of niceness."""
NICEST = 19


def used(root: int) -> float:
    """Seconds that `root`, its descendants, and those of them that have ended have computed.

    A process that ended is counted by whoever waited for it: its parent or, if that ended first, process 1 of the
    sandbox. Only children of a process that ignores SIGCHLD are lost, and without a sandbox orphans too.
    """
    return sum(map(_of_process, family(root)))


def _of_process(pid: int) -> float:
    """Parents come before their children, so that a child that ends meanwhile is missed once, not counted twice."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:  # it has ended
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def hold_to_one_share(pids: Sequence[int]) -> None:
    """Make threads that compute at the same time so nice that together they get what a single one would get.

    The first two of `pids`, the kernel and what started it, keep their main threads as they are: what once became
    nicer stays it, also when it computes alone again.
    """
    busy = [thread for pid in pids for thread in _busy_threads(pid) if thread not in pids[:2]]
    level = min(NICEST, math.ceil(math.log(max(1, len(busy)), STEP)))
    for thread in busy:
        with suppress(OSError):  # it has ended
            if os.getpriority(os.PRIO_PROCESS, thread) < level:
                os.setpriority(os.PRIO_PROCESS, thread, level)
                # Where sessions are scheduled as groups, niceness counts within a session only.
                Path(f"/proc/{thread}/autogroup").write_text(str(level))


def _busy_threads(pid: int) -> Iterator[int]:
    with suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                if (thread / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"R":
                    yield int(thread.name)
