"""The real command line on one class, watched from outside: what it says, what it starts, what it leaves behind."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import psutil

from grader.results.gradebook import DATABASE

PATIENCE = 120.0


class Program:
    """The real command line on one class, in a folder for temporary files that is nobody else's."""

    def __init__(self, grading, tmp, *options):
        self.results = grading.results
        self.log = grading.folder / "log"
        self.tmp = tmp
        self.command = [
            sys.executable, "-m", "grader", "run", str(grading.hand_ins), "-a", str(grading.assignment),
            "-o", str(grading.results), "--profile", "quick", *options,
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

    def finish(self, seconds=PATIENCE):
        with self.running() as process:
            return process.wait(seconds)

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
        """Processes and files."""
        return self.survivors() + [path.name for path in self.tmp.iterdir()]

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
