"""`export`: results in the format of another system."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import Talk, counted, read_text, show_line, write
from grader.cli.options import AssignmentOption
from grader.errors import UsageError
from grader.model import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model import Grade


class Format(StrEnum):
    GRADESCOPE = "gradescope"
    CANVAS = "canvas"
    MOODLE = "moodle"
    CSV = "csv"
    JUNIT = "junit"


_LIKE = {Format.CSV: ",total,max,status", Format.JUNIT: "<testsuites"}
"""By what an earlier output is recognised; a filled gradebook by its first row."""


def export(
    format: Annotated[  # noqa: A002 - the word a user types
        Format, typer.Argument(metavar="FORMAT", help=f"Target system: {', '.join(Format)}.")
    ],
    results: Annotated[
        Path | None,
        typer.Argument(
            metavar="RESULTS",
            help="Results folder, as written by `grader run`; none with --autograder.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="File to write; for gradescope, a folder, or a zip with --autograder.",
            show_default="standard output; for gradescope, ./gradescope or ./autograder.zip",
        ),
    ] = None,
    fill: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="canvas, moodle: the gradebook CSV that you downloaded there."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="canvas: the column of the assignment.",
            show_default="the one with the assignment's title",
        ),
    ] = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="canvas, moodle: fill in provisional grades, too.")
    ] = False,
    autograder: Annotated[
        bool,
        typer.Option(
            "--autograder",
            help="gradescope: write the zip of an autograder, which grades there what is handed in.",
        ),
    ] = False,
    assignment: AssignmentOption = None,
    profile: Annotated[
        Profile, typer.Option(help="--autograder: how much of the data notebooks are given there.")
    ] = Profile.QUICK,
    minutes: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=40, help="--autograder: the time limit in Gradescope's settings."
        ),
    ] = 10,
) -> None:
    """Write the grades in the format of another system, or an autograder for Gradescope.

    An autograder holds the rubric and the reference solution: only the course staff may get it.

    Examples:
        grader export csv results/ -o grades.csv
        grader export canvas results/ --fill gradebook.csv -o filled.csv
        grader export gradescope results/ -o gradescope/
        grader export gradescope --autograder -a rubrics/homework -o autograder.zip
    """
    if autograder:
        if format is not Format.GRADESCOPE or results:
            raise UsageError(
                "An autograder is for gradescope alone, and has no results folder; leave one out."
            )
        _write_autograder(assignment, profile, minutes, output or Path("autograder.zip"))
        return
    if results is None or assignment:
        raise UsageError(
            "Grades come from a results folder, as written by `grader run`: name that alone, or add --autograder."
        )
    from grader.reports import gradescope
    from grader.results.store import Store

    with Store.existing(results) as store:
        grades = store.grades()
    if format is Format.GRADESCOPE:
        folder = output or Path("gradescope")
        for grade in grades:
            document = gradescope.results_json(grade).encode()
            write(folder / grade.student / "results.json", document, like=b'"execution_time"', private=True)
        show_line(f"Wrote results.json for {counted(len(grades), 'student')} to {folder}")
        return
    talk = Talk(quiet=False)
    gradebook = read_text(fill, talk) if fill else None
    text, notes = _exported(format, grades, gradebook, column, provisional=provisional)
    if output is None:
        sys.stdout.write(text)
    else:
        if fill and output.exists() and output.samefile(fill):
            raise UsageError(f"{output} is the gradebook to fill in. Name another file with -o.")
        like = _LIKE.get(format, text.partition("\n")[0])
        write(output, text.encode(), like=like.encode(), private=True)
    for note in notes:
        talk.say(f"Note: {note}")


def _write_autograder(name: str | None, profile: Profile, minutes: int, output: Path) -> None:
    from grader import datasets
    from grader.cli import conditions
    from grader.execution import reference
    from grader.handout import autograder

    talk = Talk(quiet=False)
    given = conditions.of(name, profile, None, talk)
    content = autograder.autograder(given.assignment, profile=profile, minutes=minutes)
    write(output, content, like=b"run_autograder", private=True)
    runs = reference.known(given.assignment, given.dataset, datasets.user_cache())
    for warning in autograder.warnings(given.assignment, runs, minutes=minutes):
        talk.warn(warning)
    show_line(f"Wrote {output}, for the course staff alone. `grader guide gradescope` says how to upload it.")


def _exported(
    form: Format, grades: Sequence[Grade], fill: str | None, column: str | None, *, provisional: bool
) -> tuple[str, Sequence[str]]:
    from grader.reports import canvas, junit, moodle, table

    match form:
        case Format.CSV:
            return table.grades_csv(grades), ()
        case Format.JUNIT:
            return junit.junit_xml(grades), ()
        case Format.CANVAS if fill is not None:
            filled = canvas.fill(fill, grades, column=column, provisional=provisional)
        case Format.MOODLE if fill is not None:
            filled = moodle.fill(fill, grades, provisional=provisional)
        case _:
            raise UsageError(
                f"{form}: grades are filled into a gradebook. Download it there, and name it with --fill."
            )
    left = [*filled.left_out, *(f"no grade for {row}" for row in filled.without_grade), *filled.notes]
    return filled.text, left
