"""The class of `graded`, on the command line."""

from contextlib import nullcontext

import pytest

from grader.cli import wiring

QUICK = ("--profile", "quick", "--sandbox", "none")


@pytest.fixture
def run(graded, call):
    """`grader run` on a class that is graded already, so that nothing has to be executed."""

    def run(*options):
        return call("run", graded.hand_ins, "-a", graded.assignment, "-o", graded.results, *QUICK, *options)

    return run


@pytest.fixture
def warm(graded, monkeypatch):
    """Cold kernels take seconds each; one test of them is enough."""
    monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: nullcontext(graded.kernels))


@pytest.fixture
def contents():
    """Every file below a folder: its bytes, and when they were written."""

    def contents(root):
        return {
            str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in root.rglob("*")
            if path.is_file()
        }

    return contents
