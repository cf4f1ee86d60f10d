"""A Canvas gradebook, filled in.

Canvas reads a changed header as a new assignment, and a changed row of possible points as an edit of the
assignment. So only the cells of one column are filled; nothing else changes.
"""

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

NAME = "the gradebook"
_IDS = ("ID", "SIS User ID", "SIS Login ID")
_ASSIGNMENT = re.compile(r"(?P<title>.*) \((?P<id>\d+)\)", re.DOTALL)
_POINTS_POSSIBLE = "Points Possible"
_NO_STUDENT = {"Student, Test", _POINTS_POSSIBLE, ""}
_DOWNLOAD = re.compile(r"_(\d+)_\d+_")
"""In the file name of a downloaded submission: the student's id, then the attachment's."""


def fill(
    gradebook_csv: str,
    grades: Sequence[Grade],
    *,
    column: str | None = None,
    ids: Mapping[str, str] | None = None,
    provisional: bool = False,
) -> Filled:
    """Write each total into the assignment's column.

    A student is found by ID, else SIS User ID, else SIS Login ID, else by name; `ids` gives the Canvas id of
    students who can't be found by their names. `column` is the assignment's title in Canvas, if it differs.

    Raises:
        UsageError: this is not a gradebook, it lacks the column, or it is not clear who is who.

    """
    sheet = Sheet.read(gradebook_csv, name=NAME)
    header = [cell.strip() for cell in sheet.rows[0]]
    if "Student" not in header or "ID" not in header:
        raise UsageError(f"{NAME} has no columns Student and ID; export it in Canvas under Grades, Export.")
    points_row = next((row for row in sheet.rows[1:] if sheet.cell(row, 0) == _POINTS_POSSIBLE), [])
    target = _target(header, column or (grades[0].title if grades else ""))
    if "read only" in sheet.cell(points_row, target).casefold():
        raise UsageError(f"Canvas accepts no grades for “{header[target]}”: the column is read only.")
    rows = {number: row for number, row in enumerate(sheet.rows) if number and _is_student(row)}
    registers = [
        Register.of({row: sheet.cell(cells, header.index(name)) for row, cells in rows.items()}, exactly)
        for name in _IDS
        if name in header
    ]
    people = {row: sheet.cell(cells, header.index("Student")) for row, cells in rows.items()}
    found = match(
        grades, [*registers, Register.of(people, in_any_order)], lambda grade: _names(grade, ids or {})
    )
    return Column(sheet=sheet, index=target, people=people, like=(target,)).fill(
        grades, found, provisional=provisional, notes=_notes(sheet.cell(points_row, target), grades)
    )


def _target(header: Sequence[str], wanted: str) -> int:
    titles = {
        place: found["title"] for place, cell in enumerate(header) if (found := _ASSIGNMENT.fullmatch(cell))
    }
    places = [
        place
        for place, title in titles.items()
        if wanted.casefold() in (title.casefold(), header[place].casefold())
    ]
    if len(places) == 1:
        return places[0]
    problem = f"has {len(places)} columns for “{wanted}”" if places else f"has no column for “{wanted}”"
    raise UsageError(
        f"{NAME} {problem}; name one of: {', '.join(header[place] for place in titles) or 'none'}."
    )


def _is_student(row: Sequence[str]) -> bool:
    return bool(row) and row[0].strip() not in _NO_STUDENT and not row[0].startswith(" ")


def _names(grade: Grade, ids: Mapping[str, str]) -> list[str]:
    """What Canvas may call this student, the most reliable name first."""
    if grade.student in ids:
        return [ids[grade.student]]
    downloaded = _DOWNLOAD.search(grade.origin)
    return [*([downloaded[1]] if downloaded else []), grade.student]


def _notes(possible: str, grades: Sequence[Grade]) -> list[str]:
    maximum = number(possible)
    others = {grade.max for grade in grades} - {maximum}
    if maximum is None or not others:
        return []
    return [
        f"This assignment has {maximum} points in Canvas, but these grades are out of {points(others.pop())}."
    ]
