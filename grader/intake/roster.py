"""Reads what the course knows about its students besides their notebooks: a CSV with one row per student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PARTICIPATION = "participation.csv"
MOST_BYTES = 16 << 20


def read(path: Path, students: Iterable[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The columns of each student, by name, and the names in the file that belong to no student of the class.

    The first row names the columns, one of which is `student`. Case and surrounding spaces do not matter.

    Raises:
        UsageError: the file cannot be read as such a table, or contradicts itself.
    """
    known = {student.casefold(): student for student in students}
    columns: dict[str, dict[str, str]] = {}
    unknown = []
    for row in _rows(path):
        name = row.pop("student")
        student = known.get(name.casefold())
        if student is None:
            unknown.append(name)
        elif columns.setdefault(student, row) != row:
            raise UsageError(f"{path} has two different rows for {name}; keep one of them.")
    return columns, unknown


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; is it a list of students?")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it again as a CSV in UTF-8.") from None
    table = csvs.read(text, name=str(path))
    columns = [column.strip().lower() for column in table[0]] if table else []
    if "student" not in columns:
        raise UsageError(
            f"{path} has no column `student` in its first row; it has: {', '.join(columns) or 'nothing'}."
        )
    at = columns.index("student")
    cells = ([cell.strip() for cell in row] for row in table[1:])
    return [dict(zip(columns, row, strict=False)) for row in cells if len(row) > at and row[at]]
