"""TOML tables that are read key by key; whatever is wrong is refused with its file and line.

`tomllib` keeps no positions. A key's line is found when it is needed, by parsing ever longer beginnings of the
file until the key is there.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Key = str | int
"""A step down: into a table by its key, into an array of tables by its place."""


def read(path: Path) -> Table:
    """The whole file as a table.

    Raises:
        RubricError: it can't be read, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        what, line = _without_place(str(error))
        raise RubricError(f"{path}{line}: {what}.") from None
    except (ArithmeticError, RecursionError):
        raise RubricError(f"{path}: it holds a number or a nesting that is too large.") from None
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a number of thousands of digits
        raise RubricError(f"{path}: {error}") from None
    return Table(path=path, text=text, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a file: the whole, `[data]`, or the second `[[question]]`."""

    path: Path
    text: str
    values: Mapping[str, Any]
    keys: tuple[Key, ...] = ()
    """The way to here from the top of the file."""

    def __contains__(self, key: str) -> bool:
        return key in self.values

    @property
    def title(self) -> str:
        """As it is written in the file."""
        names = ".".join(key for key in self.keys if isinstance(key, str))
        return f"[[{names}]]" if isinstance(self.keys[-1], int) else f"[{names}]"

    def refuse(self, key: str | None, message: str) -> NoReturn:
        """Refuse the file because of a key, or because of this table."""
        keys = self.keys if key is None or key not in self.values else (*self.keys, key)
        line = _line(self.text, keys)
        raise RubricError(f"{self.path}{f':{line}' if line else ''}: {message}")

    def only(self, known: Iterable[str]) -> None:
        """Refuse any key that is not `known`, and say which one is nearest."""
        known = list(known)
        for key in self.values:
            if key not in known:
                where = f" in {self.title}" if self.keys else ""
                self.refuse(key, f"unknown key {key!r}{where}; {nearest(key, known)}")

    def table(self, key: str) -> Table:
        """The table below `key`; an empty one if it is not there."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            self.refuse(key, f"{key} must be a table, [{key}], not {shown(value)}.")
        return self._below(value, key)

    def tables(self, key: str) -> list[Table]:
        """The tables of the array below `key`; none if it is not there."""
        rows = self.values.get(key, [])
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            name = ".".join(map(str, (*self.keys, key)))
            self.refuse(key, f"{key} must be a list of tables, each below [[{name}]].")
        return [self._below(row, key, place) for place, row in enumerate(rows)]

    def text_of(self, key: str, default: str | None = None) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, f"{key} must be a text, not {shown(value)}.")
        return value

    def texts(self, key: str, default: Iterable[str] | None = ()) -> tuple[str, ...]:
        value = self._value(key, None if default is None else list(default))
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.refuse(key, f"{key} must be a list of texts, not {shown(value)}.")
        return tuple(value)

    def whole_numbers(self, key: str) -> tuple[int, ...]:
        value = self._value(key, None)
        if not isinstance(value, list) or not all(type(each) is int and each >= 0 for each in value):
            self.refuse(key, f"{key} must be a list of whole numbers, 0 or more, not {shown(value)}.")
        return tuple(value)

    def points(self, key: str) -> Decimal:
        """An exact number, 0 or more."""
        value = self._value(key, None)
        # A bool is an int in Python, and TOML has nan.
        is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        if not is_number or not Decimal(value).is_finite() or value < 0:
            self.refuse(key, f"{key} must be 0 or more, not {shown(value)}.")
        return Decimal(value)

    def switch(self, key: str, *, default: bool) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            self.refuse(key, f"{key} must be true or false, not {shown(value)}.")
        return value

    def _value(self, key: str, default: object) -> Any:
        if key not in self.values and default is None:
            where = f" from {self.title}" if self.keys else ""
            self.refuse(None, f"the key {key!r} is missing{where}.")
        return self.values.get(key, default)

    def _below(self, values: Mapping[str, Any], *keys: Key) -> Table:
        return Table(path=self.path, text=self.text, values=values, keys=(*self.keys, *keys))


def nearest(name: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown name: the nearest one, or which there are."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}."


def shown(value: object) -> str:
    """A value as a file might say it, for a message."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if not isinstance(value, float) or math.isfinite(value) else str(value)


def _without_place(message: str) -> tuple[str, str]:
    """What tomllib says, and the line that it says it of as `:12`."""
    found = re.search(r" \(at line (\d+), column \d+\)| \(at end of document\)", message)
    if not found:
        return message, ""
    return message.replace(found[0], ""), f":{found[1]}" if found[1] else ""


def _line(text: str, keys: tuple[Key, ...]) -> int | None:
    """The line on which the statement begins that gives `keys` a value; None of the file as a whole."""
    if not keys:
        return None
    lines = text.splitlines(keepends=True)
    whole = 0
    for end in range(1, len(lines) + 1):
        try:
            values = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:  # in the middle of a statement
            continue
        if _holds(values, keys):
            return whole + 1
        whole = end
    return None


def _holds(values: Any, keys: tuple[Key, ...]) -> bool:
    for key in keys:
        if isinstance(key, int):
            if not isinstance(values, list) or len(values) <= key:
                return False
        elif not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True
