"""What the program needs before it does anything: a shell that completes a word waits for as long."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from . import measure
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .setting import Setting

AT_LEAST = 5
"""Runs: they are short."""


def rows(setting: Setting) -> list[Row]:
    helps, bare = [], []
    for _ in setting.rounds("start: grader --help", max(setting.runs, AT_LEAST)):
        helps.append(processor_time([*measure.GRADER, "--help"], env=setting.environment))
        bare.append(processor_time([sys.executable, "-c", "pass"], env=setting.environment))
    return [
        Row(
            what="start: grader --help",
            after=tuple(helps),
            at_most=0.25,
            note=f"processor time, of which Python's own start takes {min(bare):.2f} s",
        )
    ]


def processor_time(command: Sequence[str], *, env: Mapping[str, str]) -> float:
    """Seconds of processor time that a command and its children took, however busy the machine was.

    Raises:
        CommandError: it did not exit with 0.
    """
    process = subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise measure.CommandError(f"{' '.join(command[:4])} … exited with {process.returncode}")
    return used.ru_utime + used.ru_stime
