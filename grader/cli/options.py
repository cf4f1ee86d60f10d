"""Options and arguments that several commands have."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

CORES = os.cpu_count() or 1


class Profile(StrEnum):
    FULL = "full"
    QUICK = "quick"


class Sandbox(StrEnum):
    AUTO = "auto"
    NONE = "none"


AssignmentOption = Annotated[
    str, typer.Option("-a", "--assignment", help="Its id below rubrics/, or its folder.")
]
ChoiceOption = Annotated[
    str | None,
    typer.Option(
        "-a", "--assignment", help="Assignment: a name under rubrics/, or a path. Default: the only one."
    ),
]
AssignmentArgument = Annotated[str, typer.Argument(help="Its id below rubrics/, or its folder.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="A folder with the data set's four files.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
JobsOption = Annotated[int, typer.Option("-j", "--jobs", min=1, help="Notebooks at the same time.")]
ProfileOption = Annotated[Profile, typer.Option(help="`quick` trains on a small embedded sample.")]
SandboxOption = Annotated[
    Sandbox, typer.Option(help="`auto` takes the strongest that starts here; `none` runs unconfined.")
]
ResultsArgument = Annotated[Path, typer.Argument(help="What `grader run` wrote.")]
