"""`export`: results in the format of another system."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import Talk, counted, show_line, write
from grader.cli.options import AssignmentOption
from grader.errors import UsageError
from grader.model import Profile


class Format(StrEnum):
    GRADESCOPE = "gradescope"
    CANVAS = "canvas"
    MOODLE = "moodle"
    BRIGHTSPACE = "brightspace"
    BLACKBOARD = "blackboard"
    CSV = "csv"
    JUNIT = "junit"


GRADEBOOKS = (Format.CANVAS, Format.MOODLE, Format.BRIGHTSPACE, Format.BLACKBOARD)
_ONLY = ", ".join(GRADEBOOKS)
_LIKE = {Format.CSV: ",total,max,status", Format.JUNIT: "<testsuites"}
"""By what an earlier output is recognised."""

_NO_RESULTS = "RESULTS is missing (results folder, as written by `grader run`). See `grader export --help`."
_NO_RESULTS_OR_AUTOGRADER = (
    "Grades come from a results folder, as written by `grader run`: name that alone, or add --autograder."
)


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
        typer.Option(metavar="FILE", help=f"{_ONLY}: the gradebook that you downloaded there."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --fill: the column of the assignment, by its title, header or id.",
            show_default="the one with the assignment's title, or the only one",
        ),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --fill: a CSV with the columns student and id, for who can't be found. A member of a "
            "group is named as in the column name or id of grades.csv.",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="With --fill: replace grades and comments that are there already."),
    ] = False,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="With --fill: fill in provisional grades, too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --fill: show who would get what, and write nothing.")
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

    A gradebook is filled in as you downloaded it: one column changes, and all else stays as it is. What can't be
    filled is named with the reason.

    Examples:
        grader export csv results/ -o grades.csv
        grader export canvas results/ --fill gradebook.csv --dry-run
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
        is_plain = results is None and format is not Format.GRADESCOPE
        raise UsageError(_NO_RESULTS if is_plain else _NO_RESULTS_OR_AUTOGRADER)
    from grader.course import Missing
    from grader.reports import gradescope, junit, table
    from grader.results.store import Store

    filling = any((fill, column, ids, overwrite, provisional, dry_run))
    if format in GRADEBOOKS and fill is None:
        raise UsageError(
            f"{format}: grades are filled into a gradebook. Download it there, and name it with --fill."
        )
    if format not in GRADEBOOKS and filling:
        raise UsageError(f"{format}: --fill and what belongs to it are for {_ONLY}. Leave them out.")
    with Store.existing(results) as store:
        grades, missing = store.grades(), store.missing()
        zero = store.rules().missing is Missing.ZERO
    if fill is not None:
        from grader.cli.filling import fill_in
        from grader.reports.gradebooks.filling import Choices

        choices = Choices(provisional=provisional, overwrite=overwrite, zero=zero)
        fill_in(
            format,
            grades,
            missing,
            book=fill,
            output=output,
            column=column,
            ids=ids,
            choices=choices,
            dry_run=dry_run,
        )
        return
    if format is Format.GRADESCOPE:
        folder = output or Path("gradescope")
        for grade in grades:
            document = gradescope.results_json(grade).encode()
            write(folder / grade.student / "results.json", document, like=b'"execution_time"', private=True)
        show_line(f"Wrote results.json for {counted(len(grades), 'student')} to {folder}")
        return
    text = junit.junit_xml(grades) if format is Format.JUNIT else table.grades_csv(grades, missing, zero=zero)
    if output is None:
        sys.stdout.write(text)
    else:
        write(output, text.encode(), like=_LIKE[format].encode(), private=True)


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
