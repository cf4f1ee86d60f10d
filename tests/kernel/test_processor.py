"""The processor time of a process, its children, and those that have ended."""

import os
import subprocess
import sys
import time
from pathlib import Path
from time import process_time

import psutil
import pytest

from grader.kernel import processes, processor

FAMILY = """
import os
from time import process_time

def spin():
    end = process_time() + 0.4
    while process_time() < end: pass

if os.fork() == 0:
    spin()
    os._exit(0)
os.wait()
if os.fork() == 0:
    spin()
    print("done", flush=True)
    input()
    os._exit(0)
spin()
print("done", flush=True)
os.wait()
"""


def test_children_count_while_they_live_and_after_their_end():
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline(), process.stdout.readline()
        assert processor.used(process.pid) > 1.1
        process.communicate("\n")
    assert processor.used(process.pid) == 0.0


def test_a_process_of_its_own_has_used_what_it_knows_itself():
    before = process_time()
    assert processor.used(os.getpid()) > before - 0.05


@pytest.mark.parametrize("by_parents", [False, True], ids=["children", "parents"])
def test_a_family_is_found_with_and_without_the_systems_list_of_children(monkeypatch, by_parents):
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('started', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "started\n"
        if by_parents:
            monkeypatch.setattr(Path, "exists", lambda _: False)
        root, child = processes.family(process.pid)
        assert root == process.pid
        assert psutil.Process(child).name() == "sleep"
        psutil.Process(child).kill()
        process.kill()
    assert processes.family(2**22 + 1) == []


BUSY = """
import os, sys, threading
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.setsid()
        print("ready", flush=True)
        while True: pass
input()
"""


def test_many_busy_processes_get_about_the_share_of_one():
    """All on one core, beside a bystander: together they would get twelve times as much as it does."""
    core = min(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(core), sys.executable, "-c"]
    # Each in a session of its own, as kernels are: what is made nicer in ours would stay so after the test.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
    with (
        subprocess.Popen([*command, BUSY, "12"], **pipes) as many,
        subprocess.Popen([*command, "while True: pass"], start_new_session=True) as bystander,
    ):
        for _ in range(12):
            many.stdout.readline()
        daemons = [psutil.Process(pid) for pid in processes.family(many.pid)[1:]]
        processor.hold_to_one_share([many.pid, bystander.pid, *(daemon.pid for daemon in daemons)])
        assert {daemon.nice() for daemon in daemons} == {12}
        assert psutil.Process(bystander.pid).nice() == 0
        before = computed(daemons), computed([psutil.Process(bystander.pid)])
        time.sleep(1)
        theirs, its = computed(daemons) - before[0], computed([psutil.Process(bystander.pid)]) - before[1]
        for process in (*daemons, many, bystander):
            process.kill()
    assert theirs < 6 * its


def computed(counted):
    return sum(process.cpu_times().user for process in counted)
