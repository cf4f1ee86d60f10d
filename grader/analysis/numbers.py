"""Numbers as people write them in outputs and sentences."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+])?(?:(?P<grouped>\d{1,3}(?:[, _\u202f]\d{3})+)(?![\d,])|(?P<plain>\d+))"
    r"(?P<fraction>\.\d*)?(?P<exponent>[eE][-+]?\d+)?(?P<unit>\s?%|[kK]\b)?"
    r"|(?<![\w.])(?P<bare>\.\d+)(?P<bare_exponent>[eE][-+]?\d+)?"
)
PRODUCT = re.compile(r"\d+(?:\s*(?:[*x\u00d7]|\\times|\\cdot|by)\s*\d+)+")
LONGEST = 200_000
"""Characters of a text that are looked at."""


def numbers_in(text: str) -> list[float]:
    """All numbers in a text: `60,000`, `60k`, `6e4` and `.83` are read; `83 %` is 83."""
    return [number for number, _ in _read(text)]


def mentions(text: str, value: int) -> bool:
    """Does a text show this whole number, also written as a product (`28*28` for 784)?"""
    text = text[:LONGEST]
    if any(number == value for number in numbers_in(text)):
        return True
    return any(_product(match[0]) == value for match in PRODUCT.finditer(text))


def shown(text: str, values: Sequence[float]) -> float:
    """The share of `values` that a text shows, each rounded as the text rounds it.

    A number shown with d decimals stands for a value if it is that value rounded (or cut off) there, and it has
    two significant digits at least: a lone `1` says nothing about 0.97.
    """
    if not values:
        return 0.0
    decimals: dict[int, set[int]] = {}
    for number, digits in _read(text):
        decimals.setdefault(digits, set()).add(round(number * 10**digits))
    return sum(any(_rounds_to(value, d, seen) for d, seen in decimals.items()) for value in values) / len(
        values
    )


def _rounds_to(value: float, decimals: int, seen: set[int]) -> bool:
    if not math.isfinite(value):
        return False
    scaled = value * 10**decimals
    candidates = {round(scaled), math.floor(scaled), math.ceil(scaled)}
    return any(abs(candidate) >= 10 and candidate in seen for candidate in candidates)


def _read(text: str) -> Iterator[tuple[float, int]]:
    """Each number and how many decimals it was written with."""
    for match in NUMBER.finditer(text[:LONGEST]):
        whole = match["grouped"] or match["plain"] or "0"
        fraction = match["fraction"] or match["bare"] or ""
        exponent = match["exponent"] or match["bare_exponent"] or ""
        digits = re.sub(r"\D", "", whole) + fraction + exponent
        number = float((match["sign"] or "") + digits)
        if match["unit"] in ("k", "K"):
            number *= 1000
        if math.isfinite(number):
            power = int(exponent[1:]) if len(exponent) < 5 and exponent else 0
            yield number, min(max(len(fraction) - 1, 0) - power, 12)


def _product(text: str) -> int:
    factors = [int(factor) for factor in re.findall(r"\d+", text)]
    return math.prod(factors) if len(factors) <= 6 and max(factors) < 10**9 else 0
