"""`export`: results in the form that another system reads."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from grader.cli.console import Talk, read_text, show_line, write
from grader.cli.options import ResultsArgument
from grader.errors import UsageError
from grader.reports import canvas, gradescope, junit, moodle, table
from grader.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model import Grade


class Format(StrEnum):
    GRADESCOPE = "gradescope"
    CANVAS = "canvas"
    MOODLE = "moodle"
    CSV = "csv"
    JUNIT = "junit"


def export(
    format: Annotated[Format, typer.Argument(help="What reads it.")],  # noqa: A002 - the word a user types
    results: ResultsArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file; gradescope: a folder.")
    ] = None,
    fill: Annotated[
        Path | None, typer.Option(help="canvas, moodle: the gradebook CSV that was downloaded there.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="canvas: the assignment's column, if it is not the title.")
    ] = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="canvas, moodle: fill in grades that are still open, too.")
    ] = False,
) -> None:
    """Turn results into the form that another system reads.

    **Examples**

        grader export csv results/ -o grades.csv

        grader export canvas results/ --fill gradebook.csv -o filled.csv

        grader export gradescope results/ -o gradescope/
    """
    with Store.existing(results) as store:
        grades = store.grades()
    if format is Format.GRADESCOPE:
        folder = output or Path("gradescope")
        for grade in grades:
            write(folder / grade.student / "results.json", gradescope.results_json(grade).encode())
        show_line(escape(f"{len(grades)} results.json below {folder}"))
        return
    text, notes = _exported(format, grades, fill, column, provisional=provisional)
    if output is None:
        sys.stdout.write(text)
    else:
        write(output, text.encode())
    talk = Talk(quiet=False)
    for note in notes:
        talk.say(f"Note: {note}")


def _exported(
    form: Format,
    grades: Sequence[Grade],
    fill: Path | None,
    column: str | None,
    *,
    provisional: bool,
) -> tuple[str, Sequence[str]]:
    match form:
        case Format.CSV:
            return table.grades_csv(grades), ()
        case Format.JUNIT:
            return junit.junit_xml(grades), ()
        case Format.CANVAS if fill is not None:
            filled = canvas.fill(read_text(fill), grades, column=column, provisional=provisional)
        case Format.MOODLE if fill is not None:
            filled = moodle.fill(read_text(fill), grades, provisional=provisional)
        case _:
            raise UsageError(f"{form} fills a gradebook that you downloaded there: name it with --fill.")
    left = [*filled.left_out, *(f"no grade for {row}" for row in filled.without_grade), *filled.notes]
    return filled.text, left
