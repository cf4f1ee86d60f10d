"""A Moodle grading worksheet, filled in. Dates and every other cell stay as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.names import exactly, in_any_order
from grader.reports.wording import points
from grader.reports.worksheet import Column, Filled, Register, Sheet, match, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.model import Grade

NAME = "the grading worksheet"
_NEEDED = ("Identifier", "Grade", "Last modified (grade)")
_EXACT = ("Identifier", "ID number", "Username", "Email address")
_MAXIMUM = "Maximum Grade"
_LOCK = "Grade can be changed"
_DOWNLOAD = re.compile(r"(?:Participant_|_)(\d+)_+assignsubmission_|Participant_(\d+)_")
"""In the name of a downloaded submission: the participant's number."""


def fill(
    worksheet: str,
    grades: Sequence[Grade],
    *,
    ids: Mapping[str, str] | None = None,
    provisional: bool = False,
) -> Filled:
    """Write each total into the column Grade.

    A student is found by Identifier, else by an id number, user name or email address, else by full name;
    `ids` gives the Moodle id of students who can't be found by their names.

    Raises:
        UsageError: this is not a worksheet, or it is not clear who is who.

    """
    sheet = Sheet.read(worksheet, name=NAME)
    header = [cell.strip() for cell in sheet.rows[0]]
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise UsageError(
            f"{NAME} has no column {', '.join(missing)}; in Moodle, choose Download grading worksheet "
            "with the language set to English."
        )
    rows = {number: row for number, row in enumerate(sheet.rows) if number and any(row)}
    registers = [_register(sheet, rows, header, name) for name in (*_EXACT, "Full name") if name in header]
    found = match(grades, registers, lambda grade: _names(grade, ids or {}))
    people = {row: _called(sheet, header, cells) for row, cells in rows.items()}
    like = tuple(header.index(name) for name in ("Grade", _MAXIMUM) if name in header)
    locked = _locked(sheet, header, rows)
    return Column(sheet=sheet, index=header.index("Grade"), people=people, like=like, locked=locked).fill(
        grades, found, provisional=provisional, notes=_notes(sheet, header, rows, grades)
    )


def _register(sheet: Sheet, rows: Mapping[int, Sequence[str]], header: Sequence[str], name: str) -> Register:
    cells = {row: sheet.cell(cells, header.index(name)) for row, cells in rows.items()}
    return Register.of(cells, in_any_order if name == "Full name" else exactly)


def _called(sheet: Sheet, header: Sequence[str], cells: Sequence[str]) -> str:
    named = (sheet.cell(cells, header.index(name)) for name in ("Full name", "Identifier") if name in header)
    return next(filter(None, named), "a row without a name")


def _locked(sheet: Sheet, header: Sequence[str], rows: Mapping[int, Sequence[str]]) -> frozenset[int]:
    if _LOCK not in header:
        return frozenset()
    return frozenset(row for row, cells in rows.items() if sheet.cell(cells, header.index(_LOCK)) == "No")


def _names(grade: Grade, ids: Mapping[str, str]) -> list[str]:
    """What Moodle may call this student, the most reliable name first."""
    if grade.student in ids:
        return [ids[grade.student], f"Participant {ids[grade.student]}"]
    downloaded = _DOWNLOAD.search(grade.origin)
    number = [f"Participant {downloaded[1] or downloaded[2]}"] if downloaded else []
    return [*number, grade.student]


def _notes(
    sheet: Sheet, header: Sequence[str], rows: Mapping[int, Sequence[str]], grades: Sequence[Grade]
) -> list[str]:
    if _MAXIMUM not in header:
        return []
    possible = {number(sheet.cell(cells, header.index(_MAXIMUM))) for cells in rows.values()} - {None}
    others = {grade.max for grade in grades} - possible
    if not possible or not others:
        return []
    maximum, ours = possible.pop(), points(others.pop())
    return [f"This assignment has {maximum} points in Moodle, but these grades are out of {ours}."]
