"""Gradebooks of course systems, filled in for `export`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.table import Table

from grader.cli.console import Talk, counted, read_bytes, show, show_line, write
from grader.cli.tables import escape
from grader.errors import UsageError
from grader.reports.gradebooks import layout, moodle, people
from grader.reports.gradebooks.filling import Fate, fill
from grader.reports.gradebooks.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from grader.model import Grade, Identity
    from grader.reports.gradebooks.filling import Choices, Filled

SYSTEMS = {each.name.lower(): each for each in (layout.CANVAS, layout.BRIGHTSPACE, layout.BLACKBOARD)}
"""Those with one file for all assignments; the other one is Moodle."""


def fill_in(
    system: str,
    grades: Sequence[Grade],
    missing: Sequence[Identity],
    *,
    book: Path,
    output: Path | None,
    column: str | None,
    ids: Path | None,
    choices: Choices,
    dry_run: bool,
) -> None:
    """Write the filled gradebook and say what was left, or show what would be written.

    Raises:
        UsageError: a file can't be read or is not what it should be, or can't be written.
    """
    if output is not None and output.exists() and output.samefile(book):
        raise UsageError(f"{output} is the gradebook to fill in. Name another file with -o.")
    talk = Talk(quiet=False)
    sheet = Sheet.read(read_bytes(book, talk), name=str(book))
    title = grades[0].title if grades else ""
    found = (
        layout.layout(sheet, SYSTEMS[system], title=title, column=column)
        if system in SYSTEMS
        else moodle.layout(sheet, column=column)
    )
    given = people.read_ids(read_bytes(ids, talk), name=str(ids)) if ids is not None else {}
    done = fill(sheet, found, grades, missing, choices=choices, given=given)
    if dry_run:
        show(_table(done))
    elif output is None:
        sys.stdout.buffer.write(done.content)
        sys.stdout.buffer.flush()
    else:
        write(output, done.content, like=sheet.signature, private=True)
    for note in (*done.notes, *(() if dry_run else _remarks(done))):
        talk.say(f"Note: {note}")
    say = talk.say if output is None and not dry_run else show_line
    say(_summary(done, dry_run=dry_run))


def _table(done: Filled) -> Table:
    """Who gets what, row by row."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("row", justify="right", no_wrap=True)
    shown.add_column("student", overflow="fold")
    shown.add_column("before", justify="right")
    shown.add_column("after", justify="right")
    shown.add_column("", overflow="fold")
    for entry in sorted(done.entries, key=lambda entry: (entry.row is None, entry.row or 0)):
        remark = ": ".join(filter(None, ("" if entry.fate is Fate.FILLED else entry.fate.value, entry.why)))
        cells = (entry.student, entry.before, entry.after, remark)
        shown.add_row("" if entry.row is None else str(entry.row + 1), *map(escape, cells))
    return shown


def _remarks(done: Filled) -> Iterator[str]:
    """All grades and rows of which more is to be said than that they were filled."""
    for entry in done.entries:
        if entry.why:
            place = "" if entry.row is None else f" (row {entry.row + 1})"
            yield f"{entry.student}{place}: {entry.why}."


def _summary(done: Filled, *, dry_run: bool) -> str:
    filled, kept, left = (done.count(fate) for fate in (Fate.FILLED, Fate.KEPT, Fate.LEFT))
    end = " Nothing was written." if dry_run else ""
    return f"{counted(filled, 'grade')} filled, {kept} kept as they were, {left} left.{end}"
