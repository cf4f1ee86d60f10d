"""Numbers as people write them in outputs and sentences."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import ArrayLike

NUMBER = re.compile(
    r"(?:(?<![\w.])(?P<sign>[-+])?|(?<=[A-Za-z_])(?=0\.\d\d|\d\d?\.\d{3}))"  # also behind a name: acc0.83
    r"(?:(?P<grouped>\d{1,3}(?:[, _'\u00a0\u202f]\d{3}){1,6})(?!,?\d)|(?P<plain>\d+)|(?=\.\d))"
    r"(?P<fraction>\.\d*)?(?P<exponent>[eE][-+]?\d+)?(?!\.?\d)"  # 2.14.1 is a version
    r"(?P<unit>\s?%|\s?(?:[kK]|thousand)\b)?"
)
PRINTED = re.compile(
    r"(?<![\w.])(?P<number>[-+]?(?:\d{1,40}(?P<point>\.\d{0,40})?|(?P<bare>\.\d{1,40}))(?:[eE](?P<exponent>[-+]?\d{1,2}))?)"
    r"(?!\w)|(?P<gap>\.\.\.|\u2026)"
)
"""A number of a printed array, or the dots in place of those that are left out."""
TIMES = r"[ ]{0,3}(?:[*x\u00d7\u00b7]|\\times|\\cdot|by)[ ]{0,3}"
PRODUCT = re.compile(rf"(?<![\w.])\d{{1,9}}(?:{TIMES}\d{{1,9}}){{1,5}}(?![\w]|\.\d)")
SQUARE = re.compile(r"(?<![\w.])(\d{1,9})[ ]?(?:\*\*[ ]?2|\^\{?2\}?|\u00b2)(?![\w]|\.\d)")
LONGEST = 1_000_000
"""Characters of a text that are looked at: a loss for each minibatch of 20 epochs is half a million."""
MOST_LISTED = 20_000
"""How many numbers of a printed array are looked at."""
LARGEST = 1e15
SLACK = 1e-6
"""How far beyond half a unit of its last digit a number may be rounded: that digit is binary."""
DIGITS = 6
"""Significant digits that are the number's own: what stands behind them in single precision is noise."""


def numbers_in(text: str) -> list[float]:
    """All numbers in a text: `60,000`, `60k`, `6e4` and `.83` are read; `83 %` is 83."""
    return [number for number, _ in written(text)]


def mentions(text: str, value: int) -> bool:
    """Does a text show this whole number, also written as a product (`6*7` for 42)?"""
    text = text[:LONGEST]
    apart = text.replace(" ", "  ")  # `1 500` may be one number or two
    return (
        any(number == value for reading in (text, apart) for number in numbers_in(reading))
        or any(_product(match[0]) == value for match in PRODUCT.finditer(text))
        or any(int(match[1]) ** 2 == value for match in SQUARE.finditer(text))
    )


def shown(text: str, values: Sequence[float]) -> float:
    """The share of `values` that a text shows, each rounded as the text rounds it.

    A number shown with d decimals stands for a value if it is that value rounded (or cut off) there, and it has
    two significant digits at least: a lone `1` says nothing about 0.97.
    """
    if not values:
        return 0.0
    decimals = _by_decimals(text[:LONGEST])
    found = [any(_rounds_to(value, digits, seen) for digits, seen in decimals.items()) for value in values]
    return sum(found) / len(values)


def lists(text: str, values: ArrayLike) -> bool:
    """Does a text hold these numbers in their order, each rounded as the text rounds it, as a printed array does?

    `np.set_printoptions` and its like choose the number of digits, the notation, and how many numbers are left out
    for dots; the first and the last number never are.
    """
    wanted = np.asarray(values, np.float64).ravel()
    if not 0 < wanted.size <= MOST_LISTED:
        return False
    # A shape, or a count, must not pass for one or two rounded numbers.
    whole_may_be_rounded = wanted.size > 2
    reached = np.zeros(wanted.size + 1, bool)
    """For each count, whether the text read so far ends with that many of the first numbers."""
    for match in islice(PRINTED.finditer(text[:LONGEST]), MOST_LISTED):
        if match["gap"]:
            reached[1:-1] = np.logical_or.accumulate(reached[1:-1])
            continue
        point = match["point"] or match["bare"]
        digits = max(len(point or "") - 1, 0) - int(match["exponent"] or 0)
        unit = 10.0**-digits if point or whole_may_be_rounded else 0.0
        reached[0] = True
        reached[1:] = reached[:-1] & (np.abs(wanted - float(match["number"])) <= (0.5 + SLACK) * unit)
        if reached[-1]:
            return True
    return False


@lru_cache(maxsize=8)
def _by_decimals(text: str) -> Mapping[int, AbstractSet[int]]:
    """The numbers of a text without their decimal points, by how many decimals they have."""
    found: dict[int, set[int]] = {}
    for number, digits in written(text):
        found.setdefault(digits, set()).add(round(number * 10.0**digits))
    return found


def written(text: str) -> Iterator[tuple[float, int]]:
    """Each number in a text, and how many decimals of it can be believed: (0.83, 2), (60000.0, 0).

    No more than it was written with, and none beyond single precision: 0.8345000147819519 has 6.
    """
    for match in NUMBER.finditer(text[:LONGEST]):
        whole = re.sub(r"\D", "", match["grouped"] or match["plain"] or "0")
        fraction, exponent = match["fraction"] or "", match["exponent"] or ""
        number = float(f"{match['sign'] or ''}{whole}{fraction}{exponent}")
        decimals = max(len(fraction) - 1, 0) - (int(exponent[1:]) if 0 < len(exponent) < 5 else 0)
        if (match["unit"] or "").strip() in ("k", "K", "thousand"):
            number, decimals = number * 1000, decimals - 3
        if abs(number) <= LARGEST:
            yield number, max(min(decimals, DIGITS - 1 - _magnitude(number)), 0)


def _magnitude(number: float) -> int:
    """The power of ten of its first digit; of 0, which has none, that of a small number."""
    return math.floor(math.log10(abs(number))) if number else -DIGITS


def _rounds_to(value: float, decimals: int, seen: AbstractSet[int]) -> bool:
    if not abs(value) <= LARGEST:
        return False
    scaled = value * 10.0**decimals
    candidates = {round(scaled), math.floor(scaled), math.ceil(scaled)}
    return any(abs(candidate) >= 10 and candidate in seen for candidate in candidates)


def _product(text: str) -> int:
    return math.prod(int(factor) for factor in re.findall(r"\d+", text))
