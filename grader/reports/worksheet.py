"""The gradebook of a course system: one column is filled in, everything else stays as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from grader.model import Grade

_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_NUMBER = re.compile(r"\d+([.,]\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The gradebook to upload, and what a person should know first. Every grade and every row is named once."""

    text: str
    filled: tuple[str, ...]
    """Students whose grade was written."""
    left_out: tuple[str, ...]
    """Grades that were not written, each with the reason."""
    without_grade: tuple[str, ...]
    """Rows for which there is no grade; they are unchanged."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a CSV file, and how it was written."""

    rows: list[list[str]]
    dialect: csvs.Dialect

    @classmethod
    def read(cls, text: str, *, name: str) -> Sheet:
        rows = csvs.read(text, name=name, remedy="download it again")
        if not rows:
            raise UsageError(f"{name} is empty; download it again.")
        return cls(rows, csvs.Dialect.of(text))

    def written(self) -> str:
        return csvs.write(self.rows, self.dialect)

    def number(self, points: Decimal, *, like: Iterable[int]) -> str:
        """Two decimals, rounded down, with a comma if the columns `like` show that this file has commas."""
        text = format(points.quantize(Decimal("0.01"), rounding=ROUND_DOWN), "f")
        commas = any(_DECIMAL_COMMA.fullmatch(self.cell(row, column)) for row in self.rows for column in like)
        return text.replace(".", ",") if commas else text

    @staticmethod
    def cell(row: Sequence[str], column: int) -> str:
        return row[column].strip() if column < len(row) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Finds rows by one column, under the keys that `keys_of` makes of its cells."""

    rows: Mapping[str, frozenset[int]]
    keys_of: Callable[[str], frozenset[str]]

    @classmethod
    def of(cls, cells: Mapping[int, str], keys_of: Callable[[str], frozenset[str]]) -> Register:
        rows: dict[str, frozenset[int]] = {}
        for row, cell in cells.items():
            for key in keys_of(cell):
                rows[key] = rows.get(key, frozenset()) | {row}
        return cls(rows=rows, keys_of=keys_of)

    def find(self, names: Iterable[str]) -> frozenset[int]:
        """The rows of the first name that is known here."""
        for name in names:
            found = frozenset[int]().union(*(self.rows.get(key, frozenset()) for key in self.keys_of(name)))
            if found:
                return found
        return frozenset()


def number(cell: str) -> Decimal | None:
    """A number with a point or a comma; None for anything else."""
    return Decimal(cell.strip().replace(",", ".")) if _NUMBER.fullmatch(cell.strip()) else None


def match(
    grades: Sequence[Grade], registers: Sequence[Register], names: Callable[[Grade], Sequence[str]]
) -> dict[str, int]:
    """The row of each student who has one, by the first register that has one of the student's `names`.

    Raises:
        UsageError: a student matches several rows, or several students match one; all of them are named.

    """
    found = {grade.student: _rows(registers, names(grade)) for grade in grades}
    problems = [f"{student} matches {len(rows)} rows" for student, rows in found.items() if len(rows) > 1]
    owners: dict[int, list[str]] = {}
    for student, rows in found.items():
        if len(rows) == 1:
            owners.setdefault(next(iter(rows)), []).append(student)
    problems += [
        f"{' and '.join(students)} match the same row" for students in owners.values() if len(students) > 1
    ]
    if problems:
        raise UsageError(
            f"Nothing was filled in, because it is not clear who is who: {'; '.join(problems)}. "
            "Give the ids of these students."
        )
    return {students[0]: row for row, students in owners.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The cells that grades go into. `sheet` is changed when it is filled."""

    sheet: Sheet
    index: int
    people: Mapping[int, str]
    """The rows of students, and what the gradebook calls them."""
    like: tuple[int, ...]
    """Columns whose numbers show how this file writes decimals."""
    locked: frozenset[int] = frozenset()
    """Rows that the course system would refuse."""

    def fill(
        self,
        grades: Sequence[Grade],
        found: Mapping[str, int],
        *,
        provisional: bool,
        notes: Sequence[str] = (),
    ) -> Filled:
        reasons = {
            grade.student: self._why_not(grade, found.get(grade.student), provisional=provisional)
            for grade in grades
        }
        for grade in grades:
            if reasons[grade.student] is None:
                row = self.sheet.rows[found[grade.student]]
                row.extend([""] * (self.index + 1 - len(row)))
                row[self.index] = self.sheet.number(grade.total, like=self.like)
        return Filled(
            text=self.sheet.written(),
            filled=tuple(student for student, reason in reasons.items() if reason is None),
            left_out=tuple(f"{student}: {reason}" for student, reason in reasons.items() if reason),
            without_grade=tuple(name for row, name in self.people.items() if row not in found.values()),
            notes=tuple(notes),
        )

    def _why_not(self, grade: Grade, row: int | None, *, provisional: bool) -> str | None:
        if row is None:
            return "no matching row"
        if row in self.locked:
            return "its row is locked in the gradebook"
        if grade.ending.ours:
            return "an internal error of the grader, which must not count as zero"
        if grade.provisional and not provisional:
            return "the grade is provisional"
        return None


def _rows(registers: Iterable[Register], names: Sequence[str]) -> frozenset[int]:
    return next(filter(None, (register.find(names) for register in registers)), frozenset())
