"""Deadlines that count a kernel's processor time, with the clock behind them for one that sleeps."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.kernel.interface import Kernel

POLL = 0.2
"""Seconds, at least, between two measurements of a kernel's processor time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """In seconds of processor time: `cell` from the start of that cell, `notebook` from that of the first."""

    cell: float
    notebook: float


class Deadline:
    """A time from now on: of the kernel's processors, or, for a kernel that sleeps, of the clock."""

    def __init__(self, kernel: Kernel, seconds: float, wall: float) -> None:
        self._kernel = kernel
        self._seconds, self._wall = seconds, wall
        self._start, self._start_of_wall = kernel.cpu_seconds, time.monotonic()

    @property
    def passed(self) -> str:
        """What exceeded it, in words; empty while nothing has."""
        if self._cpu_left() < 0:
            return f"used more than {self._seconds:.0f} s of processor time"
        return f"ran for more than {self._wall:.0f} s" if self._wall_left() < 0 else ""

    @property
    def earliest(self) -> float:
        """Seconds until it can have passed, if the kernel keeps all processors busy."""
        soonest = min(self._cpu_left() / (os.cpu_count() or 1), self._wall_left())
        return max(soonest, POLL)

    def _cpu_left(self) -> float:
        return self._start + self._seconds - self._kernel.cpu_seconds

    def _wall_left(self) -> float:
        return self._start_of_wall + self._wall - time.monotonic()


@contextmanager
def killed_at(deadline: Deadline, kernel: Kernel) -> Iterator[None]:
    """Kill the kernel when the deadline has passed, from a separate thread that no message can keep busy."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(deadline.earliest):
            if passed := deadline.passed:
                kernel.kill(Ending.TIMEOUT, f"the whole notebook {passed}")
                return

    thread = threading.Thread(target=watch, name="deadline", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
