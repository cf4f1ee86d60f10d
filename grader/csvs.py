"""CSV, as spreadsheets and course systems read and write it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a table is written down. The default is our own."""

    delimiter: str = ","
    newline: str = "\n"
    bom: bool = False
    """A byte order mark, by which spreadsheets recognise UTF-8."""

    @classmethod
    def of(cls, text: str) -> Dialect:
        """What the first line shows."""
        line = text.partition("\n")[0]
        return cls(
            delimiter=";" if line.count(";") > line.count(",") else ",",
            newline="\r\n" if line.endswith("\r") else "\n",
            bom=text.startswith(_BOM),
        )


def read(text: str, *, name: str, remedy: str = "save it again as CSV") -> list[list[str]]:
    """The rows of a table; an empty line is a row without cells.

    Raises:
        UsageError: the text is not CSV. `name` says which file it is, `remedy` what to do.
    """
    lines = io.StringIO(text.removeprefix(_BOM), newline="")
    try:
        return list(csv.reader(lines, delimiter=Dialect.of(text).delimiter, strict=True))
    except csv.Error as error:
        raise UsageError(f"{name} is not a CSV file ({error}); {remedy}.") from None


def write(rows: Iterable[Iterable[str]], dialect: Dialect | None = None) -> str:
    dialect = dialect or Dialect()
    lines = _Lines()
    # The writer quotes a carriage return only if its own lines end with one.
    csv.writer(lines, delimiter=dialect.delimiter, lineterminator="\r\n").writerows(rows)
    return _BOM * dialect.bom + "".join(line.removesuffix("\r\n") + dialect.newline for line in lines)


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line)


def escape_formula(cell: str) -> str:
    """The cell, after an apostrophe if a spreadsheet would run it as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def unescape_formula(cell: str) -> str:
    return cell.removeprefix("'")
