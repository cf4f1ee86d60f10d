"""An autograder for Gradescope, as one zip: it holds the solutions, and is for the staff alone."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from grader import keys, zips
from grader.assignment import packages
from grader.handout import wheel
from grader.places import AUTOGRADER
from grader.reports import gradescope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.assignment import Assignment
    from grader.model import Execution, Profile

PROGRAMS = ("setup.sh", "run_autograder")
COURSE = "course"
"""The folder in the zip below which the files of the assignment lie as they do here."""
MARGIN = 30
"""Seconds before Gradescope's limit at which the autograder stops itself: Gradescope would give a zero."""
SHARE = 0.5
"""The part of a processor that Gradescope gives an autograder by default."""
PATIENCE = 2
"""How many times as long as the reference a right notebook may take."""
STOPPED = (
    "This submission was not graded: the autograder ran out of time or memory and was stopped. That says nothing "
    "about your work. The course staff can run it again, or give it more of either in the assignment's settings."
)


def autograder(assignment: Assignment, *, profile: Profile, minutes: int) -> bytes:
    """Make the zip that is uploaded as an autograder.

    Args:
        assignment: the assignment.
        profile: how much of the data notebooks are given there.
        minutes: the time limit that is set there for a submission.

    Raises:
        UsageError: this program is not installed, so that no wheel can be made of it.
    """
    course = Path(os.path.commonpath([assignment.folder.parent, assignment.master.resolve().parent]))
    needed = {*keys.read_by_checks(assignment.folder), assignment.master.resolve()}
    needed |= {assignment.folder / name for name in (*assignment.data.files, *assignment.data.hidden)}
    settings = {
        "assignment": f"{COURSE}/{assignment.folder.relative_to(course).as_posix()}",
        "reference": f"{COURSE}/{assignment.master.resolve().relative_to(course).as_posix()}",
        "profile": profile.value,
        "version": ".".join(map(str, sys.version_info[:2])),
        "seconds": str(60 * minutes - MARGIN),
    }
    files = {name: (AUTOGRADER / name).read_bytes() for name in PROGRAMS}
    files["settings"] = _settings(settings).encode()
    files["stopped.json"] = gradescope.ungraded(STOPPED).encode()
    files["requirements.txt"] = "\n".join([f"./{wheel.name()}", *assignment.kernel.packages, ""]).encode()
    files["constraints.txt"] = "".join(f"{each}\n" for each in sorted(set(_pins()))).encode()
    files[wheel.name()] = wheel.wheel()
    files |= {f"{COURSE}/{path.relative_to(course).as_posix()}": path.read_bytes() for path in sorted(needed)}
    return zips.write(files, programs=PROGRAMS)


def warnings(assignment: Assignment, runs: Sequence[Execution], *, minutes: int) -> Iterator[str]:
    """Why the container may be too small there; `runs` are those of the reference, as far as any are known."""
    if "torch" in packages.names(assignment.kernel.packages):
        yield (
            "Notebooks that import torch need about 1 GB with all that grades them, and Gradescope gives 768 MB. "
            "Set 1.5 GB or more in its settings."
        )
    used = max((run.cpu_seconds for run in runs), default=0.0)
    needed = PATIENCE * used / SHARE
    if needed > 60 * minutes - MARGIN:
        yield (
            f"The reference used {used:.0f} s of processor time here, so a notebook may take {needed / 60:.0f} "
            f"minutes on half a processor, and it gets {minutes}. Set more processors or time in Gradescope's "
            "settings (and name the minutes with --minutes), or use --profile quick."
        )


def _settings(values: Mapping[str, str]) -> str:
    """What the two programs are told, as lines of bash."""
    lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, 'export XDG_CACHE_HOME="${XDG_CACHE_HOME:-/opt/cache}"', ""])


def _pins() -> Iterator[str]:
    """The versions that are installed here. They bind what else is installed there, and nothing more."""
    for each in importlib.metadata.distributions():
        try:
            version = Version(each.version).public  # torch has builds of one version, for processors and GPUs
        except (InvalidVersion, TypeError):  # a damaged installation
            continue
        if each.name and each.name != wheel.DISTRIBUTION:
            yield f"{each.name}=={version}"
