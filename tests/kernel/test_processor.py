"""The processor time of a process, its children, and those that have ended."""

import os
import subprocess
import sys
from pathlib import Path
from time import process_time

import psutil
import pytest

from grader.kernel import memory, processor

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
        root, child = memory.family(process.pid)
        assert root == process.pid
        assert psutil.Process(child).name() == "sleep"
        psutil.Process(child).kill()
        process.kill()
    assert memory.family(2**22 + 1) == []
