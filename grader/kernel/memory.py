"""How much memory notebooks really use, and when there is room for another one.

A limit alone is not enough: genuine notebooks need up to 5 GiB, the limit is what Colab offers, and a laptop has
room for one or two of those. So the measured use of the running notebooks decides when the next one starts.
"""

from __future__ import annotations

import os
import struct
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import psutil

from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from grader.kernel.provisioner import ProcessKernel

    Meter = Callable[[], int]
    """The bytes of memory that the machine has available now."""

Result = TypeVar("Result")

POLL = 0.5
"""Seconds between two measurements; one takes 5 ms per process of a kernel."""
EXPECTED = 1 << 30
"""Bytes that a notebook is expected to use until one in the class has used more."""
FLOOR = 768 << 20
"""Bytes of available memory below which a notebook is stopped."""
COUNTED = ("Private_Dirty:", "Pss_Shmem:", "SwapPss:")


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


def used(root: int) -> int:
    """Bytes that `root` and its descendants use alone; memory shared with a warm parent does not count."""
    return sum(map(private, family(root)))


def private(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # the process has ended, or the system has no such file
        return 0
    words = (line.split() for line in lines)
    return sum(int(line[1]) << 10 for line in words if line[0] in COUNTED)


def available() -> int:
    return int(psutil.virtual_memory().available)


def oom_kills() -> int:
    """How many processes the operating system has killed since it started because memory ran out."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@dataclass(frozen=True, slots=True)
class Ticket:
    """One notebook's admission. Its worker process reports memory use in a small file that the parent reads."""

    path: Path

    USE = struct.Struct("<QQ")
    EVICTED = USE.size

    def report(self, use: int) -> None:
        """Called by the worker: the memory in use, in bytes."""
        self._write(self.USE.pack(use, max(use, self.peak)), 0)

    def evict(self) -> None:
        """Called by the parent: tells the worker to stop its notebook."""
        self._write(b"1", self.EVICTED)

    @property
    def use(self) -> int:
        return self._read()[0]

    @property
    def peak(self) -> int:
        return self._read()[1]

    @property
    def evicted(self) -> bool:
        return self._content()[self.EVICTED :] == b"1"

    def _read(self) -> tuple[int, int]:
        use, peak = self.USE.unpack(self._content()[: self.EVICTED].ljust(self.EVICTED, b"\0"))
        return use, peak

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:  # the parent has closed this ticket
            return b""

    def _write(self, data: bytes, offset: int) -> None:
        with suppress(FileNotFoundError):
            fd = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.pwrite(fd, data, offset)
            finally:
                os.close(fd)


class Admission:
    """Decides in the parent process when another notebook may start, and which one to stop if memory runs low.

    Inside its `with` block a thread watches the machine's memory; below the floor it stops the notebook that
    started last. `run` then repeats a stopped notebook on its own.
    """

    def __init__(
        self,
        meter: Meter = available,
        *,
        expected: int = EXPECTED,
        floor: int = FLOOR,
        poll: float = POLL,
    ) -> None:
        self._meter = meter
        self._expected = expected
        self._floor = floor
        self._poll = poll
        self._running: list[Ticket] = []
        self._alone = False
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._keep_watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="grader-m-")
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._watch.join()
        self._folder.cleanup()

    def run(self, work: Callable[[Ticket], Result]) -> Result:
        """Do `work` when memory allows. If it had to be stopped to free memory, repeat it on its own."""
        with self.place() as ticket:
            result = work(ticket)
            evicted = ticket.evicted
        if not evicted:
            return result
        with self.place(alone=True) as ticket:
            return work(ticket)

    @contextmanager
    def place(self, *, alone: bool = False) -> Iterator[Ticket]:
        """Wait until there is room, and occupy it until the end of the block."""
        with self._changed:
            while not self.room(alone=alone):
                self._changed.wait(self._poll)
            ticket = self._open(alone=alone)
        try:
            yield ticket
        finally:
            with self._changed:
                self._close(ticket)
                self._changed.notify_all()

    def room(self, *, alone: bool = False) -> bool:
        """Whether another may start, given what is available and how much the running ones may still grow."""
        if not self._running:
            return True
        if alone or self._alone:
            return False
        growth = sum(max(0, self.expected - ticket.use) for ticket in self._running)
        return self._meter() - growth - self._floor >= self.expected

    @property
    def expected(self) -> int:
        """Bytes that one notebook of this class may come to use: the largest use so far."""
        return max([self._expected, *(ticket.peak for ticket in self._running)])

    def relieve(self) -> None:
        """If the machine runs out of memory, stop the notebook that started last."""
        if self._meter() < self._floor and self._running:
            self._running[-1].evict()

    def _open(self, *, alone: bool) -> Ticket:
        fd, path = tempfile.mkstemp(dir=self._folder.name)
        os.close(fd)
        ticket = Ticket(Path(path))
        self._running.append(ticket)
        self._alone = alone
        return ticket

    def _close(self, ticket: Ticket) -> None:
        self._expected = self.expected
        self._running.remove(ticket)
        self._alone = False
        ticket.path.unlink()

    def _keep_watch(self) -> None:
        while not self._closing.wait(self._poll):
            with self._changed:
                self.relieve()
                self._changed.notify_all()


class Watchdog:
    """Measures one kernel from a separate thread. Kills it when it exceeds its limit or memory runs low."""

    def __init__(self, kernel: ProcessKernel, limit: int, ticket: Ticket | None) -> None:
        self._kernel = kernel
        self._limit = limit
        self._ticket = ticket
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finished.set()
        self._thread.join()
        death = self._kernel.death
        if self._ticket is not None and death is not None and death.ending is Ending.BROKEN:
            self._ticket.evict()  # so that it runs again, on its own

    def _watch(self) -> None:
        while not self._finished.wait(POLL):
            process = self._kernel.process
            if process is not None and process.poll() is None:
                pids = family(process.pid)
                self._kernel.group.add(pids)
                self._check(sum(map(private, pids)))

    def _check(self, use: int) -> None:
        if self._ticket is not None:
            self._ticket.report(use)
        if use > self._limit:
            self._kernel.kill(Ending.MEMORY, f"it used {gib(use)}; the limit is {gib(self._limit)}")
        elif self._kernel.group.kills:
            self._kernel.kill(Ending.MEMORY, over_in_all(self._limit))
        elif self._ticket is not None and self._ticket.evicted:
            detail = (
                f"this machine ran out of memory while the notebook used {gib(use)} of {gib(self._limit)}"
            )
            self._kernel.kill(Ending.BROKEN, f"{detail}; run it again on a machine with more memory")


def over_in_all(limit: int) -> str:
    return f"all its processes together used more than {gib(limit)}"


def gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
