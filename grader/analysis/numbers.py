"""Numbers as people write them in outputs and sentences."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+])?"
    r"(?:(?P<grouped>\d{1,3}(?:[, _'\u00a0\u202f]\d{3})+)(?!,?\d)|(?P<plain>\d+)|(?=\.\d))"
    r"(?P<fraction>\.\d*)?(?P<exponent>[eE][-+]?\d+)?(?!\.?\d)"  # 2.14.1 is a version
    r"(?P<unit>\s?%|\s?(?:[kK]|thousand)\b)?"
)
TIMES = r"[ ]{0,3}(?:[*x\u00d7\u00b7]|\\times|\\cdot|by)[ ]{0,3}"
PRODUCT = re.compile(rf"(?<![\w.])\d{{1,9}}(?:{TIMES}\d{{1,9}}){{1,5}}(?![\w]|\.\d)")
SQUARE = re.compile(r"(?<![\w.])(\d{1,9})[ ]?(?:\*\*[ ]?2|\^\{?2\}?|\u00b2)(?![\w]|\.\d)")
LONGEST = 1_000_000
"""Characters of a text that are looked at: a loss for each minibatch of 20 epochs is half a million."""
LARGEST = 1e15
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
