"""A table as it was downloaded: its cells can be read, and replaced in the file's own text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_NUMBER = re.compile(r"\d{1,12}([.,]\d{1,12})?")
LONGEST = 100
"""Characters of a cell that messages show: of a name and of a number all."""
_DECIMAL_COMMA = re.compile(r"\d+,\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row in the text: where it begins, and its cells with their quotes."""

    start: int
    raw: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Rows and columns are counted from 0; what a row or column has no cell for is empty."""

    name: str
    """What messages call the file."""
    rows: Sequence[Sequence[str]]
    text: str
    encoding: str
    delimiter: str
    lines: Sequence[_Row]

    @classmethod
    def read(cls, content: bytes, *, name: str) -> Sheet:
        """The table in a file.

        Raises:
            UsageError: it is not a text file, not CSV, or empty.
        """
        text = csvs.decoded(content, name=name)
        rows = csvs.read(text, name=name, remedy="download it again")
        if not any(rows):
            raise UsageError(f"{name} is empty; download it again.")
        mark = csvs.Dialect.of(text).delimiter
        encoding, lines = csvs.encoding(content), list(_lines(text, mark))
        return cls(name=name, rows=rows, text=text, encoding=encoding, delimiter=mark, lines=lines)

    def cell(self, row: int, column: int) -> str:
        """What is in a cell, on one line."""
        cells = self.rows[row]
        return " ".join(cells[column].split()) if column < len(cells) else ""

    def short(self, row: int, column: int) -> str:
        """What messages say of a cell."""
        return self.cell(row, column)[:LONGEST]

    def header(self) -> list[str]:
        return [self.cell(0, column) for column in range(len(self.rows[0]))]

    @property
    def signature(self) -> bytes:
        """The first row as it is written, by which a copy of this file is recognised."""
        return self.delimiter.join(self.lines[0].raw).encode(self.encoding)

    def has_commas(self, columns: Iterable[int]) -> bool:
        """Do numbers in these columns have decimal commas?"""
        return any(
            _DECIMAL_COMMA.fullmatch(self.cell(row, column))
            for column in columns
            for row in range(len(self.rows))
        )

    def filled(self, cells: Mapping[int, Mapping[int, str]]) -> bytes:
        """The file with new values in some cells, by row and column. A row that is too short grows."""
        parts, at = [], 0
        for row, values in sorted(cells.items()):
            start, raw = self.lines[row].start, self.lines[row].raw
            new = raw + [""] * (max(values) + 1 - len(raw))
            for column, value in values.items():
                new[column] = _written(value, new[column], self.delimiter)
            parts += [self.text[at:start], self.delimiter.join(new)]
            at = start + len(self.delimiter.join(raw))
        return "".join([*parts, self.text[at:]]).encode(self.encoding)


def number(cell: str) -> Decimal | None:
    """A number with a point or a comma; None for anything else."""
    return Decimal(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def _cell(delimiter: str) -> re.Pattern[str]:
    """A cell with its quotes, and what ends it."""
    mark = re.escape(delimiter)
    return re.compile(rf'("(?:[^"]|"")*+"|[^{mark}\r\n]*+)({mark}|\r\n|\r|\n|\Z)')


def _lines(text: str, delimiter: str) -> Iterator[_Row]:
    """The rows of a text that is CSV."""
    raw: list[str] = []
    start = csvs.start(text)
    for found in _cell(delimiter).finditer(text, start):
        if not raw and found.start() == len(text):
            return
        start = start if raw else found.start()
        raw.append(found[1])
        if found[2] != delimiter:
            yield _Row(start=start, raw=raw)
            raw = []


def _written(value: str, before: str, delimiter: str) -> str:
    """A cell, in quotes if it was before or has to be."""
    if before.startswith('"') or any(mark in value for mark in (delimiter, '"', "\r", "\n")):
        return '"{}"'.format(value.replace('"', '""'))
    return value
