"""The processor time of a process, its children, and those that have ended."""

import os
import subprocess
import sys
from time import process_time

from grader.kernel import processor

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
