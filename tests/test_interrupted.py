"""Killed at any moment, the next run finishes the rest, repeats nothing, and leaves nothing behind."""

import contextlib
import os
import random
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from program import PATIENCE, Program

STUDENTS = ("ada", "bob", "cyd", "dan", "eve", "fay")
ROUNDS = 2


@pytest.fixture(autouse=True)
def interruptible():
    """What is started in a shell's background is deaf to Ctrl-C, and so is what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def program(fresh, tmp_path_factory, notebook_of):
    for number, student in enumerate(STUDENTS):
        # Long enough for a kill to find notebooks at work.
        slow = f"import time; time.sleep(0.5)  # {number}"
        fresh.hand_in(student, notebook_of(more=[slow]))
    # Not below tmp_path, whose name is too long for the path of a socket.
    return Program(fresh, tmp_path_factory.mktemp("t"), "-j", "1")


def unfinished(results):
    """Files that a killed writer left half written."""
    return [
        str(path.relative_to(results))
        for path in results.rglob("*")
        if path.name.endswith((".part", "-journal")) or path.name in (".work", ".tmp")
    ]


def check_finished(program):
    """Left in peace, a run does what is missing, keeps what is there, and clears up after those before it."""
    done = program.done()
    assert program.finish() == 0, program.said
    assert program.said.count("nothing to run") == len(done)
    assert done.items() <= program.done().items()
    assert sorted(program.done()) == list(STUDENTS)
    assert unfinished(program.results) == []
    assert program.leftovers() == []
    for student in STUDENTS:
        names = sorted(path.name for path in (program.results / "students" / student).iterdir())
        assert names == [
            "evidence",
            "executed.html",
            "executed.ipynb",
            "report.html",
            "result.json",
            "submitted.ipynb",
        ]
    rows = (program.results / "grades.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == list(STUDENTS)


def one_more_than(done, program):
    """A result is published after its row is written, so once it is there the student is done."""
    results = [program.results / "students" / student / "result.json" for student in STUDENTS]
    return lambda: sum(map(Path.exists, results)) > len(done)


@pytest.mark.system
def test_killed_after_one_student_and_interrupted_after_the_next_it_goes_on(program):
    with program.running() as process:
        program.wait_until(one_more_than({}, program), process)
        process.kill()
    assert program.leftovers() == []
    killed = program.done()
    assert killed

    with program.running() as process:
        program.wait_until(one_more_than(killed, program), process)
        os.killpg(process.pid, signal.SIGINT)  # a terminal's Ctrl-C reaches every process of the group
        assert process.wait(PATIENCE) == 130
    assert program.said.splitlines()[-1] == (
        "Interrupted. What was graded is kept; run the same command to continue."
    )
    assert "Traceback" not in program.said
    assert program.leftovers() == []
    assert unfinished(program.results) == []
    interrupted = program.done()
    assert killed.items() <= interrupted.items()
    assert len(interrupted) < len(STUDENTS)

    check_finished(program)


@pytest.mark.system
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_at_any_moment_it_finishes_the_rest_and_repeats_nothing(program, seed):
    """Several kills in a row, spread over the length of a run, before one is left in peace."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    for _ in range(3):
        before = program.done()
        with program.running() as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.5, 10.0))
            process.kill()
        assert program.leftovers() == []
        assert before.items() <= program.done().items()
    check_finished(program)


def ours(process):
    """Every process that a run has started, in the order in which they began."""
    return sorted(
        psutil.Process(process.pid).children(recursive=True), key=lambda each: (each.create_time(), each.pid)
    )


@pytest.mark.system
@pytest.mark.parametrize("which", range(10))
def test_any_of_our_processes_may_be_killed(program, which):
    """The run ends in one line or goes on, and the next one repairs what the kill spoiled."""
    with program.running() as process:
        program.wait_until(one_more_than({}, program), process)
        started = ours(process)
        victim = started[min(which, len(started) - 1)]
        victim.kill()
        code = process.wait(PATIENCE)
        _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []
    assert program.leftovers() == []
    assert "Traceback" not in program.said
    assert code in (0, 3), program.said
    assert program.finish() == 0, program.said
    assert program.leftovers() == []
    assert sorted(program.done()) == list(STUDENTS)


@pytest.mark.system
def test_a_second_run_on_the_same_folder_is_refused_and_the_first_goes_on(program):
    with program.running() as process:
        program.wait_until(one_more_than({}, program), process)
        process.send_signal(signal.SIGSTOP)  # however long the second takes to begin
        second = subprocess.run(program.command, capture_output=True, text=True, check=False)
        process.send_signal(signal.SIGCONT)
        assert process.wait(PATIENCE) == 0, program.said
    assert (second.returncode, second.stderr.splitlines()[-1]) == (
        2,
        f"error: Another grader is at work on {program.results}; try again when it is done.",
    )
    assert program.leftovers() == []
    check_finished(program)
