"""CSV, as spreadsheets and course systems read and write it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_BOM = "\ufeff"
_ZIP = b"PK\x03\x04"
_GUESS = "cp1252"
_DELIMITERS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r"\ufeff?sep=(.)\r?\n")
"""A first line that tells Excel how cells are separated, and that Excel does not show."""
_ABOVE = re.compile(r"\A(?:[^,;\t\r\n]*\r?\n){0,10}")
"""Empty lines and a title above the row with the columns: nothing there shows how cells are separated."""
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_FORMULA = r"""(?=[' "]*[=+\-@\uff1d\uff0b\uff0d\uff20])"""
_CELL = r"(?:^|(?<=[;\t\r\n]))"
"""Where a cell begins for a spreadsheet that separates cells by semicolons or tabs: there, quotes do not hold."""
_BLANK = r"^{}(?='*[\t\r\n])"
_DIGITS = r"^{}(?='*(?:0\d+|\d{{12,}}|\d+[.,:/eE+-][\d.,:/eE+-]*)$)"
"""What a spreadsheet changes because it looks like a number or a date: 007 becomes 7, and 12e45 a power of ten."""
_RUN = re.compile("|".join([_CELL + _FORMULA, _BLANK.format(""), _DIGITS.format("(?=')")]))
_CHANGED = re.compile(_DIGITS.format(""))
_ESCAPED = re.compile("|".join([f"{_CELL}'{_FORMULA}", _BLANK.format("'"), _DIGITS.format("'")]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a table is written down. The default is our own."""

    delimiter: str = ","
    newline: str = "\n"
    bom: bool = False
    """A byte order mark, by which spreadsheets recognise UTF-8."""

    @classmethod
    def of(cls, text: str, columns: Collection[str] = ()) -> Dialect:
        """What the row with most of the wanted columns shows, or else the first row with several cells."""
        line = text.partition("\n")[0]
        named = _SEPARATOR_LINE.match(text)
        below = _ABOVE.sub("", text, count=1)
        return cls(
            delimiter=named[1]
            if named
            else max(_DELIMITERS, key=lambda mark: (_known(columns, text, mark), _width(below, mark))),
            newline="\r\n" if line.endswith("\r") else "\n",
            bom=text.startswith(_BOM),
        )


def _known(columns: Collection[str], text: str, delimiter: str) -> int:
    """How many of these columns one of the first rows names, if cells are separated like this."""
    lines = io.StringIO(text.removeprefix(_BOM), newline="")
    with suppress(csv.Error):
        _, names = header(list(islice(csv.reader(lines, delimiter=delimiter), 11)), columns)
        return sum(name in columns for name in names)
    return 0


def _width(text: str, delimiter: str) -> int:
    """The cells of the first row, if they are separated like this."""
    with suppress(csv.Error):
        return len(
            next(csv.reader(io.StringIO(text.removeprefix(_BOM), newline=""), delimiter=delimiter), [])
        )
    return 0


def decoded(content: bytes, *, name: str) -> str:
    """The text of a file that a person saved: in UTF-8, in UTF-16 with or without its mark, or in Windows-1252.

    Raises:
        UsageError: it is none of these.
    """
    if found := encoding(content):
        return content.decode(found)
    what = "an Excel workbook" if content.startswith(_ZIP) else "not a text file"
    raise UsageError(f"{name} is {what}; save it again as CSV in UTF-8.")


def doubt(content: bytes, *, name: str) -> str:
    """What to say of a file whose encoding was guessed, if it was: other code pages use the same bytes."""
    if encoding(content) != _GUESS:
        return ""
    return (
        f"{name} is not in UTF-8, so it was read as Windows-1252; if letters in names look wrong, save it again as "
        "CSV in UTF-8"
    )


def encoding(content: bytes) -> str:
    """How a file's text is encoded: the first that fits; empty if none does."""
    for name in _encodings(content):
        with suppress(UnicodeDecodeError):
            content.decode(name)
            return name
    return ""


def _encodings(content: bytes) -> tuple[str, ...]:
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if content.startswith(mark):
            return (name,)
    # Every second byte of most text in UTF-16 is zero.
    quarter = len(content) // 4
    if content.count(0) > quarter:
        return ("utf-16-le",) if content[1::2].count(0) > quarter else ("utf-16-be",)
    return ("utf-8",) if 0 in content else ("utf-8", _GUESS)


def read(
    text: str, *, name: str, remedy: str = "save it again as CSV", columns: Collection[str] = ()
) -> list[list[str]]:
    """The rows of a table, which has some of these columns; an empty line is a row without cells.

    Raises:
        UsageError: the text is not CSV. `name` says which file it is, `remedy` what to do.
    """
    lines = io.StringIO(text[start(text) :], newline="")
    try:
        return list(csv.reader(lines, delimiter=Dialect.of(text, columns).delimiter, strict=True))
    except csv.Error as error:
        if "field larger" in str(error):
            raise UsageError(
                f"{name} has a cell of more than {csv.field_size_limit():,} characters. Is a quote missing? If "
                f"not, shorten it, and {remedy}."
            ) from None
        raise UsageError(f"{name} is not a CSV file ({error}); {remedy}.") from None


def write(rows: Iterable[Iterable[str]], dialect: Dialect | None = None) -> str:
    """The rows as text; without a dialect in our own, with a byte order mark if Excel would need it."""
    lines = _Lines()
    own = dialect or Dialect()
    # The writer quotes a carriage return only if its own lines end with one.
    csv.writer(lines, delimiter=own.delimiter, lineterminator="\r\n").writerows(rows)
    text = "".join(line.removesuffix("\r\n") + own.newline for line in lines)
    return _BOM * (dialect.bom if dialect else not text.isascii()) + text


def rewrite(content: bytes, rows: Iterable[Iterable[str]]) -> bytes:
    """Rows in the encoding and dialect of the file that they were read from, with its mark and its `sep=` line."""
    found = encoding(content)
    text = content.decode(found)
    return (text[: start(text)] + write(rows, replace(Dialect.of(text), bom=False))).encode(found)


def start(text: str) -> int:
    """Where the first row begins: behind a byte order mark and a `sep=` line."""
    named = _SEPARATOR_LINE.match(text)
    return named.end() if named else len(_BOM) * text.startswith(_BOM)


def header(rows: Sequence[Sequence[str]], columns: Collection[str]) -> tuple[int, list[str]]:
    """The row that names most of these columns, below up to ten others, or row 0; and its names, in lower case."""
    names = [[cell.strip().lower() for cell in row] for row in rows[:11]]
    known = [sum(name in columns for name in row) for row in names]
    at = known.index(max(known)) if known else 0
    return at, names[at] if names else []


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line)


def escape_formula(cell: str, *, digits: bool = False) -> str:
    """The cell, with an apostrophe before each part that a spreadsheet would run as a formula.

    With `digits` also before what looks like a number and is a name. `unescape_formula` gives back any cell.
    """
    if _NUMBER.fullmatch(cell) and not digits:
        return cell
    return f"'{cell}" if digits and _CHANGED.match(cell) else _RUN.sub("'", cell)


def unescape_formula(cell: str) -> str:
    return _ESCAPED.sub("", cell)
