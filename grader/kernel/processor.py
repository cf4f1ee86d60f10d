"""How much processor time a kernel's processes have used."""

from __future__ import annotations

import psutil

from grader.kernel.memory import family


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
