"""Numbers as people write them: `7`, `-3.5`, `5/3`, `2√14`, `7.48`."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

_DENOMINATOR = 99
_NUMERATOR = 10**7
_CLOSE = 1e-10
_RADICAND = 1000
_SQUARED = 10**6
_PLAIN = 10**6
"""From here on a rounded number is written with a power of ten."""


def numeral(number: Fraction | float, *, digits: int = 3) -> str:
    """Write a number exactly if that is short, else rounded to so many digits.

    A float stands for the short fraction, or the root of one, that it equals up to rounding.
    """
    if isinstance(number, float) and not math.isfinite(number):
        return "not a number" if math.isnan(number) else "-infinity" if number < 0 else "infinity"
    if number < 0:
        return f"-{numeral(-number, digits=digits)}"
    if isinstance(number, Fraction | int):
        return _written(Fraction(number)) or _rounded(Decimal(number.numerator) / number.denominator, digits)
    return _written(_fraction(number)) or _surd(number) or _rounded(number, digits)


def _fraction(number: float) -> Fraction | None:
    """The short fraction that a float stands for, if there is one."""
    near = Fraction(number).limit_denominator(_DENOMINATOR)
    return near if abs(near - Fraction(number)) <= _CLOSE * max(1.0, number) else None


def _written(exact: Fraction | None) -> str:
    """A fraction as an integer, a decimal or a quotient; nothing if that would be long."""
    if exact is None or exact.numerator >= _NUMERATOR:
        return ""
    if _PLAIN % exact.denominator == 0:
        return f"{Decimal(exact.numerator) / exact.denominator:f}"
    return str(exact) if exact.denominator <= _DENOMINATOR else ""


def _surd(number: float) -> str:
    r"""`a√b/c`, if the square is a short fraction."""
    square = _fraction(number * number) if number < _PLAIN else None
    if not square or square.numerator * square.denominator >= _SQUARED:
        return ""
    outside, inside, below = 1, square.numerator * square.denominator, square.denominator
    for factor in range(2, math.isqrt(inside) + 1):
        while inside % (factor * factor) == 0:
            outside, inside = outside * factor, inside // (factor * factor)
        if factor * factor > inside:
            break
    common = math.gcd(outside, below)
    outside, below = outside // common, below // common
    if inside >= _RADICAND:
        return ""
    return f"{outside if outside > 1 else ''}√{inside}{f'/{below}' if below > 1 else ''}"


def _rounded(number: float | Decimal, digits: int) -> str:
    if 1 <= number < _PLAIN:
        digits = max(digits, len(str(int(number))))
    mantissa, _, exponent = f"{number:.{digits}g}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}·10^{int(exponent)}" if exponent else mantissa
