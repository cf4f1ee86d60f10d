"""Moodle's grading worksheet: the columns of one assignment, named in the language of whoever downloaded it.

English names are known. In other languages columns are found by their places and by what is in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.reports.gradebooks.layout import Layout
from grader.reports.gradebooks.sheet import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.reports.gradebooks.sheet import Sheet

_IDENTIFIER, _GRADE, _MAXIMUM, _MODIFIED = "identifier", "grade", "maximum grade", "last modified (grade)"
_IDS = ("id number", "username", "email address")
_PARTICIPANT = re.compile(r"\D+?(\d{1,20})")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NO, _YES = {"no", "nein", "non"}, {"yes", "ja", "oui", "sí", "si"}
_NOTHING = ("", "-")


def layout(sheet: Sheet, *, column: str | None) -> Layout:
    """Find the columns of a grading worksheet; `column` is the header of the grades if they can't be found.

    Raises:
        UsageError: this is not one, or its columns can't be told apart.
    """
    return _Worksheet(sheet).layout(column)


class _Worksheet:
    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.header = [cell.casefold() for cell in sheet.header()]
        self.rows = [row for row in range(1, len(sheet.rows)) if any(sheet.rows[row])]

    def layout(self, column: str | None) -> Layout:
        who = self._identifier()
        grade, maximum = self._grade(column)
        name = self._named("full name")
        name = who + 1 if name is None else name
        ids = [self._participants(who), *map(self._column, self._id_columns(who, grade))]
        said = number(self._cells(maximum)[0]) if maximum is not None else None
        return Layout(
            system="Moodle",
            people={row: self.sheet.short(row, name) or self.sheet.short(row, who) for row in self.rows},
            grade=grade,
            ids=ids,
            maximum=said,
            like=[place for place in (grade, maximum) if place is not None],
            comments=self._comments(),
            locked=self._locked(grade if maximum is None else maximum),
        )

    def _named(self, name: str) -> int | None:
        return self.header.index(name) if name in self.header else None

    def _column(self, place: int) -> dict[int, str]:
        return {row: self.sheet.cell(row, place) for row in self.rows}

    def _cells(self, place: int) -> Sequence[str]:
        """What is in a column; nothing if there is no such column."""
        return tuple(self._column(place).values()) if 0 <= place < len(self.header) else ()

    def _identifier(self) -> int:
        named = self._named(_IDENTIFIER)
        if named is not None and _MODIFIED not in self.header:
            raise self._refusal("has no column Last modified (grade), without which Moodle refuses it")
        places = range(len(self.header)) if named is None else (named,)
        found = next(
            (place for place in places if all(map(_PARTICIPANT.fullmatch, self._cells(place)))), None
        )
        if found is None or not self.rows:
            raise self._refusal("is not a grading worksheet: it has no participants")
        return found

    def _participants(self, place: int) -> dict[int, str]:
        found = {row: _PARTICIPANT.fullmatch(cell) for row, cell in self._column(place).items()}
        return {row: match[1] if match else "" for row, match in found.items()}

    def _grade(self, column: str | None) -> tuple[int, int | None]:
        """The columns of the grades and of their maximum, which stands right behind them."""
        maximum = self._named(_MAXIMUM)
        grade = self._named(_GRADE if column is None else column.strip().casefold())
        if column is not None and (grade is None or not self._is_grade(grade)):
            raise self._refusal(
                f"has no column “{column}” of grades", "name one of its columns with --column"
            )
        if grade is None:
            places = range(len(self.header)) if maximum is None else (maximum,)
            found = [place - 1 for place in places if self._is_maximum(place)]
            if len(found) != 1:
                raise self._refusal("has no grades that can be told apart", "name their column with --column")
            grade = found[0]
        if "scale" in self.header:
            raise self._refusal("takes the words of a scale and no points", "let the assignment give points")
        return grade, grade + 1 if maximum is None and self._is_maximum(grade + 1) else maximum

    def _is_grade(self, place: int) -> bool:
        cells = self._cells(place)
        return bool(cells) and all(cell in _NOTHING or number(cell) is not None for cell in cells)

    def _is_maximum(self, place: int) -> bool:
        """Has a column the same number in all cells, beside a column of grades?"""
        numbers = {number(cell) for cell in self._cells(place)}
        return len(numbers) == 1 and None not in numbers and self._is_grade(place - 1)

    def _id_columns(self, who: int, grade: int) -> list[int]:
        named = [place for name in _IDS if (place := self._named(name)) is not None]
        return named or [
            place
            for place in range(who + 1, grade)
            if all("@" in cell for cell in self._cells(place) if cell)
        ]

    def _locked(self, before: int) -> frozenset[int]:
        """The rows where a column of yes and no says no; it is the next one or, with a workflow, the one after."""
        for place in (before + 1, before + 2):
            cells = {cell.casefold() for cell in self._cells(place)}
            if cells and cells <= _NO | _YES:
                return frozenset(row for row, cell in self._column(place).items() if cell.casefold() in _NO)
        return frozenset()

    def _comments(self) -> int | None:
        """The last column, if it is not of dates and the one before is."""
        named = self._named("feedback comments")
        last = len(self.header) - 1
        dated = [self._is_dates(place) for place in (last - 1, last)]
        return last if named is None and dated == [True, False] else named

    def _is_dates(self, place: int) -> bool:
        cells = self._cells(place)
        return bool(cells) and all(cell == "-" or _YEAR.search(cell) for cell in cells)

    def _refusal(
        self, problem: str, remedy: str = "in Moodle, choose Download grading worksheet"
    ) -> UsageError:
        return UsageError(f"{self.sheet.name} {problem}; {remedy}.")
