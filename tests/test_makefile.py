"""The Makefile's targets run every test, and none of them twice."""

import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
TARGETS = ("test", "test-system", "test-install")


def output(*command):
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, pytest.ExitCode.NO_TESTS_COLLECTED), done.stdout + done.stderr
    return done.stdout.splitlines()


def collected(*options):
    """The ids of the tests that pytest would run."""
    lines = output(sys.executable, "-m", "pytest", *options, "--numprocesses", "0", "--collect-only")
    return [line for line in lines if "::" in line]


def runs_of_pytest(target):
    """The options of each run of pytest that a target of the Makefile makes."""
    for line in output("make", "--dry-run", target):
        _, found, options = line.partition(" -m pytest")
        if found:
            yield shlex.split(options)


@pytest.mark.system
def test_each_test_is_run_once():
    runs = [options for target in TARGETS for options in runs_of_pytest(target)]
    assert len(runs) >= len(TARGETS)
    times = Counter(test for options in runs for test in collected(*options))
    everything = collected()
    assert len(everything) > 1000
    assert {test: times[test] for test in everything if times[test] != 1} == {}
