"""What a rubric author imports from `grader` stays theirs, whichever rooms of the engine are imported before."""

import subprocess
import sys
from pathlib import Path

import grader

ROOT = Path(grader.__file__).parent
FOR_AUTHORS = ("question", "fail", "award", "review", "skip")
SCRIPT = f"""
import importlib, sys
for room in sys.argv[1:]:
    importlib.import_module(room)
import grader
from grader import award, fail, question, review, skip
for name in {FOR_AUTHORS!r}:
    assert callable(getattr(grader, name)), name
try:
    grader.review("A person reads this.")
except BaseException as ended:
    print(type(ended).__module__, ended)
"""


def rooms():
    """The names of all packages and modules of the engine, but for what runs inside a kernel."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        if parts[:3] != ("grader", "kernel", "inside") and parts[-1] != "__main__":
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_room_can_be_imported_and_review_is_still_the_authors_function():
    """A package `grader.review` would take the function's place as soon as anything imports it."""
    names = list(rooms())
    assert {"grader.run", "grader.judging.api", "grader.theory.latex.judge"} <= set(names)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *names], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "grader.judging.api A person reads this.\n"
