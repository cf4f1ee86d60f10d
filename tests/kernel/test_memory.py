import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.kernel import memory
from grader.kernel.memory import Admission, Ticket, gib, used

GIB = 1 << 30


class Machine:
    """A fake machine: its memory, and what each notebook on it uses at the moment."""

    def __init__(self, size):
        self.size = size
        self.uses = {}
        self.peak = 0
        self.lock = threading.Lock()
        self.asked = 0

    def available(self):
        self.asked += 1
        return self.size - sum(self.uses.values())

    def train(self, name, need, ticket, steps=100):
        """Run a notebook that grows to `need`, as its watchdog reports. False if it was stopped to free memory."""
        for step in range(1, steps + 1):
            with self.lock:
                self.uses[name] = need * step // steps
                self.peak = max(self.peak, sum(self.uses.values()))
            ticket.report(self.uses[name])
            asked = self.asked
            while (
                self.asked < asked + 2
            ):  # nobody grows faster than it is watched, however busy the machine is
                self.pause.wait(0.001)
            if ticket.evicted:
                break
        with self.lock:
            del self.uses[name]
        return not ticket.evicted

    pause = threading.Event()


def grade(machine, needs, jobs=2, **admission):
    """How each notebook of a class ended, and how often each was started."""
    starts = dict.fromkeys(range(len(needs)), 0)

    def one(number):
        def work(ticket):
            starts[number] += 1
            return machine.train(number, needs[number], ticket)

        return place.run(work)

    with Admission(machine.available, poll=0.002, **admission) as place, ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, range(len(needs)))), starts


def test_two_notebooks_of_5_gib_finish_together_on_24_gib():
    machine = Machine(24 * GIB)
    ends, starts = grade(machine, [5 * GIB, 5 * GIB])
    assert ends == [True, True]
    assert starts == {0: 1, 1: 1}
    assert machine.peak > 6 * GIB


def test_two_notebooks_of_5_gib_finish_one_after_the_other_on_8_gib():
    machine = Machine(8 * GIB)
    ends, starts = grade(machine, [5 * GIB, 5 * GIB])
    assert ends == [True, True]
    assert machine.peak <= 8 * GIB
    assert sum(starts.values()) <= 3


def test_notebook_too_large_for_the_machine_is_stopped_and_the_others_finish():
    machine = Machine(8 * GIB)
    ends, starts = grade(machine, [20 * GIB, GIB, GIB])
    assert ends == [False, True, True]
    assert starts[0] <= 2


def test_class_that_was_seen_to_need_much_starts_fewer_at_once():
    machine = Machine(16 * GIB)
    ends, starts = grade(machine, [6 * GIB] + 5 * [5 * GIB], jobs=4)
    assert all(ends)
    assert max(starts.values()) <= 2
    assert machine.peak <= 16 * GIB


@pytest.fixture
def admission():
    machine = Machine(10 * GIB)
    with Admission(machine.available, expected=2 * GIB, floor=GIB, poll=0.01) as admission:
        admission.machine = machine
        yield admission


def test_first_notebook_always_gets_a_place(admission):
    admission.machine.size = 0
    assert admission.room()


def test_room_is_what_is_free_less_what_the_running_ones_will_grow_by(admission):
    with admission.place() as ticket:
        admission.machine.size = 5 * GIB
        assert admission.room()  # 5 - 2 expected of the first - 1 floor = 2
        admission.machine.size = 5 * GIB - 1
        assert not admission.room()
        ticket.report(GIB)
        admission.machine.uses["first"] = GIB
        admission.machine.size = 5 * GIB
        assert admission.room()


def test_peak_of_one_notebook_is_expected_of_the_next(admission):
    with admission.place() as ticket:
        ticket.report(4 * GIB)
        ticket.report(GIB)
        assert (ticket.use, ticket.peak) == (GIB, 4 * GIB)
    assert admission.expected == 4 * GIB


def test_whoever_must_run_alone_does(admission):
    with admission.place(alone=True):
        assert not admission.room()
    with admission.place():
        assert not admission.room(alone=True)


def test_last_to_start_makes_room(admission):
    with admission.place() as first, admission.place() as second:
        admission.machine.size = GIB // 2
        admission.relieve()
        assert (first.evicted, second.evicted) == (False, True)


def test_a_full_disk_does_not_stop_a_watchdog():
    Ticket(Path("/dev/full")).evict()


def test_ticket_of_a_closed_place_is_harmless(tmp_path):
    ticket = Ticket(tmp_path / "gone")
    ticket.report(5)
    ticket.evict()
    assert (ticket.use, ticket.evicted) == (0, False)


def test_report_does_not_undo_an_eviction(tmp_path):
    (tmp_path / "ticket").touch()
    ticket = Ticket(tmp_path / "ticket")
    ticket.report(1)
    ticket.evict()
    ticket.report(2)
    assert ticket.evicted
    assert ticket.use == 2


def test_use_counts_a_process_and_its_children():
    child = "x = bytearray(64 << 20); print('ready', flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", parent], **pipes) as process:
        process.stdout.readline()
        measured = used(process.pid)
        process.communicate(b"\n")
    assert 64 << 20 < measured < 160 << 20


def test_use_of_nobody_is_nothing():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert used(process.pid) == 0


def test_sizes_are_read_by_people():
    assert gib(12 * GIB) == "12.0 GiB"


MAPPING = """
import mmap, os, sys
flags = mmap.MAP_ANONYMOUS | (mmap.MAP_SHARED if sys.argv[1] == "shared" else mmap.MAP_PRIVATE)
writable = mmap.PROT_WRITE if sys.argv[1] == "shared" else 0
block = mmap.mmap(-1, int(sys.argv[2]), flags, mmap.PROT_READ | writable)
block.madvise(mmap.MADV_NOHUGEPAGE)
child = os.fork() if sys.argv[1] == "shared" else 0
if not child:
    for page in range(0, len(block), int(sys.argv[3])):
        if writable: block[page] = 1
        else: block[page]
    if writable: os._exit(0)
else:
    os.wait()
print("ready", flush=True)
input()
"""


@pytest.mark.parametrize(
    ("kind", "size", "step"),
    [
        pytest.param("shared", 64 << 20, 1 << 12, id="filled by a process that has ended"),
        pytest.param("tables", 32 << 30, 2 << 20, id="tables of pages that were only read"),
    ],
)
def test_memory_that_no_page_of_a_process_shows_is_counted(kind, size, step):
    command = [sys.executable, "-c", MAPPING, kind, str(size), str(step)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        measured = used(process.pid)
        process.communicate(b"\n")
    assert 64 << 20 < measured < 160 << 20


def test_files_in_memory_are_counted_empty_ones_too(monkeypatch):
    monkeypatch.setattr(
        memory.os,
        "statvfs",
        {
            "/proc/7/root/tmp": SimpleNamespace(
                f_frsize=4096, f_blocks=1000, f_bfree=900, f_files=500, f_ffree=300
            )
        }.__getitem__,
    )
    assert memory.stored(7, "/tmp") == 100 * 4096 + 200 * 1024  # noqa: S108 - a name in a sandbox


def test_a_folder_that_is_not_there_holds_nothing():
    assert memory.stored(2**22 + 1, "/tmp") == 0  # noqa: S108 - a name in a sandbox
