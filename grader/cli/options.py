"""Options and arguments that several commands have."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.assignment.locating import known
from grader.model import Profile

LAYOUT_NAMES = (
    "canvas", "moodle", "gradescope", "brightspace", "blackboard", "classroom", "nbgrader", "plain", "sections",
)  # fmt: skip
"""Of `grader.intake.layouts`, which takes longer to import than help may take."""
CORES = os.cpu_count() or 1


class Sandbox(StrEnum):
    AUTO = "auto"
    NONE = "none"


ASSIGNMENT = "Assignment: a name under rubrics/, or a path. Needed only if there are several."
AssignmentOption = Annotated[
    str | None,
    typer.Option(
        "-a", "--assignment", metavar="NAME", help=ASSIGNMENT, show_default=False, autocompletion=known
    ),
]
AssignmentArgument = Annotated[
    str | None,
    typer.Argument(metavar="ASSIGNMENT", help=ASSIGNMENT, show_default=False, autocompletion=known),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="FOLDER", help="Folder with the files of the data set.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
JobsOption = Annotated[
    int,
    typer.Option(
        "-j", "--jobs", metavar="N", min=1, help="Notebooks to run at once.", show_default="all cores"
    ),
]
ProfileOption = Annotated[
    Profile,
    typer.Option(help="`full` uses all the data. `quick` uses a small sample, so grades are provisional."),
]
SandboxOption = Annotated[
    Sandbox,
    typer.Option(help="`auto` uses the strongest sandbox that starts on this machine; `none` uses none."),
]
ResultsArgument = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="Results folder, as written by `grader run`.")
]
