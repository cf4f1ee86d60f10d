"""What it costs to ask the program for help: processor time beside that of Python itself, in turns."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from .rows import Row
from .setting import ROOT

if TYPE_CHECKING:
    from .setting import Setting

PYTHON = [sys.executable, "-c", "pass"]
PROGRAM = [sys.executable, "-m", "grader"]
ASKED = {
    "grader --help": (["--help"], {}),
    "grader run --help": (["run", "--help"], {}),
    "completion of an option": (
        [],
        {"_GRADER_COMPLETE": "complete_bash", "COMP_WORDS": "grader run x --pro", "COMP_CWORD": "3"},
    ),
}
REPEATS = 5
"""As many starts make one figure: a single one is too short for the clock of processor time."""


def rows(setting: Setting) -> list[Row]:
    found = []
    for what, (words, variables) in ASKED.items():
        setting.say(f"startup: {what}")
        pairs = [
            (processor_seconds(PYTHON, {}), processor_seconds([*PROGRAM, *words], variables))
            for _ in range(setting.runs)
        ]
        before, after = zip(*pairs, strict=True)
        found.append(
            Row(
                what=f"startup: {what}",
                before=before,
                after=after,
                at_most=0.25,
                at_least=0.2,
                note="processor time; before: python -c pass",
            )
        )
    return found


def processor_seconds(command: list[str], variables: dict[str, str]) -> float:
    """User and system time of one start, the mean of several."""
    start = os.times()
    for _ in range(REPEATS):
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **variables}, cwd=ROOT)
    end = os.times()
    spent = end.children_user - start.children_user + end.children_system - start.children_system
    return spent / REPEATS
