"""Killed at any moment, the next run finishes the rest, repeats nothing, and leaves nothing behind."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from grader.results.gradebook import DATABASE

STUDENTS = ("ada", "bob", "cyd", "dan", "eve", "fay")
ROUNDS = 2
PATIENCE = 120.0


class Program:
    """The real command line on one class, in a folder for temporary files that is nobody else's."""

    def __init__(self, grading, tmp):
        self.results = grading.results
        self.log = grading.folder / "log"
        self.tmp = tmp
        self.command = [
            sys.executable, "-m", "grader", "run", str(grading.hand_ins), "-a", str(grading.assignment),
            "-o", str(grading.results), "-j", "1", "--profile", "quick",
        ]  # fmt: skip

    @contextlib.contextmanager
    def running(self):
        """Start it as a terminal would: in a process group of its own."""
        environment = {**os.environ, "TMPDIR": str(self.tmp)}
        with self.log.open("w") as log:
            process = subprocess.Popen(
                self.command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def finish(self):
        with self.running() as process:
            return process.wait(PATIENCE)

    @property
    def said(self):
        return self.log.read_text()

    def offspring(self):
        """All that still runs with a folder for temporary files below ours."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process):
        with contextlib.suppress(psutil.Error):
            return process.environ().get("TMPDIR", "").startswith(str(self.tmp))
        return False

    def survivors(self):
        """Wait for what has to end by itself, then name what is still there."""
        end = time.monotonic() + PATIENCE
        while (alive := self.offspring()) and time.monotonic() < end:
            time.sleep(0.1)
        return [" ".join(process.cmdline()) for process in alive]

    def leftovers(self):
        """Processes and files; a killed Python leaves its multiprocessing's own folder, and nobody else's."""
        files = [path.name for path in self.tmp.iterdir() if not path.name.startswith("pymp-")]
        return self.survivors() + files

    def done(self):
        """Who is executed, with the key and the file that tell one execution from the next.

        Read from a copy: opening the gradebook itself would undo what the kill left half done.
        """
        if not (self.results / DATABASE).is_file():
            return {}
        copy = self.log.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in self.results.glob(f"{DATABASE}*"):
            shutil.copy(path, copy)
        with contextlib.closing(sqlite3.connect(copy / DATABASE)) as database:
            try:
                rows = database.execute("select student, key from execution").fetchall()
            except sqlite3.OperationalError:  # killed before there were tables
                return {}
        return {student: (key, self.executed(student).stat().st_ino) for student, key in rows}

    def executed(self, student):
        return self.results / "students" / student / "executed.ipynb"

    def wait_until(self, reached, process):
        end = time.monotonic() + PATIENCE
        while not reached() and time.monotonic() < end:
            assert process.poll() is None, self.said
            time.sleep(0.01)


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
    return Program(fresh, tmp_path_factory.mktemp("t"))


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
        assert names == ["evidence", "executed.ipynb", "report.html", "result.json"]
    rows = (program.results / "grades.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == list(STUDENTS)


def one_more_than(done, program):
    """A result is published after its row is written, so once it is there the student is done."""
    results = [program.results / "students" / student / "result.json" for student in STUDENTS]
    return lambda: sum(map(Path.exists, results)) > len(done)


def test_killed_after_one_student_and_interrupted_after_the_next_it_goes_on(program):
    with program.running() as process:
        program.wait_until(one_more_than({}, program), process)
        process.kill()
    assert program.survivors() == []
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
        assert program.survivors() == []
        assert before.items() <= program.done().items()
    check_finished(program)
