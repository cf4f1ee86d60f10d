"""Reads what the course knows about its students besides their notebooks: a CSV with one row per student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.intake.naming import folded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PARTICIPATION = "participation.csv"
MOST_BYTES = 16 << 20


def read(path: Path, students: Iterable[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The columns of each student, by name, and those in the file who are not in the class, with their rows.

    One of the first rows names the columns, one of which is `student`. Case, surrounding spaces and the
    composition of accented letters do not matter.

    Raises:
        UsageError: the file cannot be read as such a table, or contradicts itself.
    """
    known = {folded(student): student for student in students}
    columns: dict[str, dict[str, str]] = {}
    places: dict[str, int] = {}
    unknown = []
    for number, row in _rows(path):
        name = row.pop("student")
        student = known.get(folded(name))
        if student is None:
            unknown.append(f"{name} (row {number})")
        elif columns.setdefault(student, row) != row:
            raise UsageError(
                f"{path}, rows {places[student]} and {number}: two different rows for {name}; keep one of them."
            )
        else:
            places.setdefault(student, number)
    return columns, unknown


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows that name a student, with their numbers in a spreadsheet."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; is it a list of students?")
        text = csvs.decoded(path.read_bytes(), name=str(path))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from None
    table = csvs.read(text, name=str(path), column="student")
    header, columns = csvs.header(table, "student")
    if "student" not in columns:
        raise UsageError(
            f"{path} has no column `student` in its first rows; it has: {', '.join(columns) or 'nothing'}."
        )
    at = columns.index("student")
    rows = ([csvs.unescape_formula(cell.strip()) for cell in row] for row in table[header + 1 :])
    return [
        (number, dict(zip(columns, row, strict=False)))
        for number, row in enumerate(rows, start=header + 2)
        if len(row) > at and row[at]
    ]
