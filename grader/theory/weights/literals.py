"""Numbers and nested lists, read exactly from text: `-3.5`, `7/2`, `[[1, -1], [0, 1]]`, `(1 0 0)`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.theory.networks import NetworkError, exact

if TYPE_CHECKING:
    from grader.theory.weights.facts import Matrix

_TOKEN = re.compile(
    r"\s*+(?:(?P<number>[+-]?\s*+(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d+)?(?:\s*+/\s*+\d+)?)|(?P<mark>[\[\](),;&]|\\\\))",
    re.IGNORECASE,
)
_OPEN, _CLOSE = "[(", "])"
_MOST = 400


def number(text: str) -> Fraction:
    """Read one number, a quotient included.

    Raises:
        NetworkError: it is none, or too large.
    """
    top, _, bottom = text.replace(" ", "").partition("/")
    below = exact(bottom) if bottom else Fraction(1)
    if not below:
        raise NetworkError(f"{text} divides by zero")
    return exact(top) / below


def leading(text: str) -> tuple[Matrix, int] | None:
    """Read the value that a text starts with, as rows, and where it ends; None if there is none.

    A number is 1 by 1, a flat list one row; rows in a list may be lists, or end with `;` or a double backslash.
    """
    rows: list[list[Fraction]] = [[]]
    depth, at, count = 0, 0, 0
    while found := _TOKEN.match(text, at):
        mark = found["mark"]
        if mark is None:
            try:
                rows[-1].append(number(found["number"]))
            except NetworkError:
                return None
            count += 1
        elif not depth and mark not in _OPEN:
            return None
        elif mark in _OPEN:
            depth += 1
        elif mark in _CLOSE:
            depth -= 1
        if mark and (mark in (";", r"\\", *_CLOSE)) and rows[-1]:
            rows.append([])
        at = found.end()
        if depth == 0 or count > _MOST or depth > 3:
            break
    full = tuple(tuple(row) for row in rows if row)
    if depth or not full or count > _MOST or len({len(row) for row in full}) != 1:
        return None
    return full, at
