"""How much memory notebooks really use, and when there is room for another one.

A limit alone is not enough: genuine notebooks need up to 5 GiB, the limit is what Colab offers, and a laptop has
room for one or two of those. So the measured use of the running notebooks decides when the next one starts.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import psutil

from grader.kernel import processor
from grader.kernel.processes import family
from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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
OWN = ("Private_Dirty:", "SwapPss:", "VmPTE:")
"""What only one process uses; the last is what Linux itself needs to map the rest."""
MAPPED = "Pss_Shmem:"
INODE = 1 << 10
"""What Linux needs for a file, even an empty one."""
SHARED = re.compile(rb"^(\w+)-(\w+) \S+ (\w+) \S+ (\d+) +/dev/zero \(deleted\)$", re.MULTILINE)
"""A mapping of shared memory without a file: its beginning, end and offset in that, and which it is."""


def used(root: int, scratch: Iterable[str] = ()) -> int:
    """Bytes that `root` and its descendants use alone; memory shared with a warm parent does not count.

    `scratch` names the folders in memory that only they see.
    """
    return used_by(family(root), scratch)


def used_by(pids: Sequence[int], scratch: Iterable[str] = ()) -> int:
    counted = list(map(fields, pids))
    own = sum(found.get(name, 0) for found in counted for name in OWN)
    mapped = sum(found.get(MAPPED, 0) for found in counted)
    return own + max(mapped, shared(pids) + sum(stored(pids[0], folder) for folder in scratch if pids))


def fields(pid: int) -> dict[str, int]:
    """Sizes in bytes, as Linux names them; none if the process has ended or the system does not tell."""
    found: dict[str, int] = {}
    for name in ("smaps_rollup", "status"):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/{name}").read_text(errors="replace").splitlines()
            words = (line.split() for line in lines if line.endswith(" kB"))
            found |= {line[0]: int(line[1]) << 10 for line in words}
    return found


def shared(pids: Iterable[int]) -> int:
    """Shared memory without a file that these processes map, in full: whoever filled it may have let go of it."""
    sizes: dict[bytes, int] = {}
    for pid in pids:
        with suppress(OSError):
            for mapping in SHARED.finditer(Path(f"/proc/{pid}/maps").read_bytes()):
                begin, end, offset = (int(number, 16) for number in mapping.group(1, 2, 3))
                inode = mapping[4]
                sizes[inode] = max(sizes.get(inode, 0), offset + end - begin)
    return sum(sizes.values())


def stored(pid: int, folder: str) -> int:
    """Bytes that the files in a folder in memory take, as this process sees it."""
    with suppress(OSError):
        found = os.statvfs(f"/proc/{pid}/root{folder}")
        return (found.f_blocks - found.f_bfree) * found.f_frsize + (found.f_files - found.f_ffree) * INODE
    return 0


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
        # The parent has closed this ticket, or the disk is full.
        with suppress(OSError), self.path.open("r+b", buffering=0) as file:
            file.seek(offset)
            file.write(data)


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
    """Measures one kernel from a separate thread. Kills it when it exceeds its limit or memory runs low.

    What it computes is held to one share of the processor, where no control group does that. `scratch` names the
    folders in memory that only this kernel sees.
    """

    def __init__(
        self, kernel: ProcessKernel, limit: int, ticket: Ticket | None, scratch: Iterable[str] = ()
    ) -> None:
        self._kernel = kernel
        self._limit = limit
        self._ticket = ticket
        self._scratch = tuple(scratch)
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
                if self._kernel.group.cpu is None:
                    processor.hold_to_one_share(pids)
                self._check(used_by(pids, self._scratch))

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
