"""Small networks in exact arithmetic: one hidden layer of sign, step or ReLU units, and one output.

Weights are rationals. A decimal should come as text (`"0.1"` is one tenth); a float is taken at its exact binary
value, which for 0.1 is a little more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import lcm
from numbers import Rational
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from grader.theory.numerals import numeral

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

Number: TypeAlias = int | float | str | Fraction
Point: TypeAlias = tuple[Fraction, ...]

LARGEST = Fraction(10) ** 100
WIDEST = 1000
_SMALL = 1 << 40
"""Weights below it can be summed up in machine words."""


class NetworkError(ValueError):
    """These weights do not make a network; the message says which, and what is needed."""


class Activation(Enum):
    """What a unit makes of its sum; the members differ in what they make of 0."""

    SIGN_ZERO = "sign, with sign(0) = 0"
    SIGN_PLUS = "sign, with sign(0) = +1"
    SIGN_MINUS = "sign, with sign(0) = -1"
    STEP_ZERO = "0/1 step, with step(0) = 0"
    STEP_ONE = "0/1 step, with step(0) = 1"
    RELU = "ReLU"
    IDENTITY = "identity"

    @property
    def levels(self) -> tuple[int, int, int] | None:
        """The values below, at and above 0 of a unit that has only those."""
        return _LEVELS.get(self)

    def __call__(self, total: Fraction) -> Fraction:
        if self.levels:
            return Fraction(self.levels[(total > 0) - (total < 0) + 1])
        return max(total, Fraction(0)) if self is Activation.RELU else total

    def on_integers(self, totals: NDArray[Any]) -> NDArray[Any]:
        """The same for integer sums, all at once; exact whatever is done with the result."""
        if self.levels:
            below, at, above = self.levels
            values: NDArray[Any] = np.where(totals > 0, above, np.where(totals < 0, below, at))
            return values
        whole = totals.astype(object)
        return np.maximum(whole, 0) if self is Activation.RELU else whole


_LEVELS = {
    Activation.SIGN_ZERO: (-1, 0, 1),
    Activation.SIGN_PLUS: (-1, 1, 1),
    Activation.SIGN_MINUS: (-1, -1, 1),
    Activation.STEP_ZERO: (0, 0, 1),
    Activation.STEP_ONE: (0, 1, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One pass through a network, unit by unit, as a report shows it."""

    point: Point
    hidden_sums: Point
    hidden: Point
    output_sum: Fraction
    output: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`output(w2 · hidden(W1 x + b1) + b2)`, with W1 of shape (units, inputs)."""

    W1: tuple[Point, ...]
    b1: Point
    w2: Point
    b2: Fraction
    hidden: Activation
    output: Activation

    @classmethod
    def of(
        cls,
        W1: object,  # noqa: N803  as in the book
        b1: object,
        w2: object,
        b2: object,
        *,
        hidden: Activation = Activation.SIGN_ZERO,
        output: Activation = Activation.SIGN_ZERO,
        inputs: int | None = None,
        units: int | None = None,
    ) -> Network:
        """Read weights from nested lists, arrays or tensors of numbers or decimal texts.

        Args:
            W1: (units, inputs).
            b1: (units,).
            w2: (units,) or (1, units).
            b2: a number or (1,).
            hidden: the activation of the hidden units.
            output: the activation of the output.
            inputs: how many there must be, if that matters.
            units: how many hidden ones there must be, if that matters.

        Raises:
            NetworkError: a shape that does not fit; NaN, infinity, a number beyond 1e100, no number at all.
        """
        rows = _rows(W1)
        width = inputs if inputs is not None else len(rows[0])
        for at, row in enumerate(rows):
            _expect(f"row {at + 1} of W1", "weights", len(row), width)
        _expect("W1", "rows, one for each hidden unit,", len(rows), units if units is not None else len(rows))
        return cls(
            W1=tuple(_exact_row(f"W1[{at}]", row) for at, row in enumerate(rows)),
            b1=_sized("b1", "biases", _flat("b1", b1), len(rows)),
            w2=_sized("w2", "weights", _flat("w2", w2), len(rows)),
            b2=_sized("b2", "numbers", _flat("b2", b2), 1)[0],
            hidden=hidden,
            output=output,
        )

    @property
    def inputs(self) -> int:
        return len(self.W1[0])

    def evaluate(self, point: Iterable[Number]) -> Evaluation:
        """Evaluate exactly at one point."""
        x = tuple(Fraction(number) for number in point)
        sums = tuple(_dot(row, x) + bias for row, bias in zip(self.W1, self.b1, strict=True))
        values = tuple(map(self.hidden, sums))
        total = _dot(self.w2, values) + self.b2
        return Evaluation(
            point=x, hidden_sums=sums, hidden=values, output_sum=total, output=self.output(total)
        )

    def sums(self, at: Evaluation) -> tuple[str, ...]:
        """The weighted sums of the hidden units, then that of the output, as one works them out by hand."""
        units = zip(self.W1, self.b1, at.hidden_sums, strict=True)
        hidden = (_worked(row, at.point, bias, total) for row, bias, total in units)
        return (*hidden, _worked(self.w2, at.hidden, self.b2, at.output_sum))

    def __call__(self, point: Iterable[Number]) -> Fraction:
        return self.evaluate(point).output

    def on_integers(self, points: NDArray[Any]) -> tuple[NDArray[Any], int]:
        """All outputs at small integer points, (n, inputs), exactly: numerators (n,), and their denominator."""
        below = lcm(*(n.denominator for row in (*self.W1, self.b1) for n in row))
        above = lcm(*(n.denominator for n in (*self.w2, self.b2)))
        W1 = integers([[int(n * below) for n in row] for row in self.W1])  # noqa: N806  as in the book
        sums = points @ W1.T + integers([int(n * below) for n in self.b1])
        scale = above if self.hidden.levels else above * below
        w2, b2 = integers([int(n * above) for n in self.w2]), integers(int(self.b2 * scale))
        total = self.hidden.on_integers(sums) @ w2 + b2
        return self.output.on_integers(total), 1 if self.output.levels else scale


def integers(numbers: Any) -> NDArray[Any]:
    """An array whose products with small integers stay exact: of machine words if they are surely large enough."""
    array = np.array(numbers, dtype=object)
    return array.astype(np.int64) if np.all(abs(array) < _SMALL) else array


def exact(number: object, where: str = "the weight") -> Fraction:
    """Read one number exactly.

    Raises:
        NetworkError: NaN, infinity, beyond 1e100 or closer to 0 than 1e-100, or no number.
    """
    if hasattr(number, "item"):
        number = number.item()
    if isinstance(number, bool) or not isinstance(number, Rational | float | str):
        raise NetworkError(f"{where} is {str(number)[:40]!r}: give a number")
    if isinstance(number, str):
        number = _bounded(number, where)
    try:
        value = Fraction(number)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise NetworkError(f"{where} is {str(number)[:40]}: give a finite number") from None
    if value and not 1 / LARGEST <= abs(value) <= LARGEST:
        raise NetworkError(f"{where} is {str(number)[:40]}: sizes from 1e-100 to 1e100 are supported")
    return value


def _bounded(text: str, where: str) -> str:
    """Refuse `1e999999999`, which would fill the memory."""
    mantissa, _, exponent = text.strip().lower().partition("e")
    if len(mantissa) > 210 or (exponent and len(exponent) > 4):
        raise NetworkError(f"{where} is {text[:40]}: sizes from 1e-100 to 1e100 are supported")
    return text.strip()


def _rows(W1: object) -> list[Sequence[object]]:  # noqa: N803
    rows = [_listed(row) for row in _listed(W1)]
    if not rows or any(row is None for row in rows):
        raise NetworkError("W1 is not a matrix: give a list of rows, one for each hidden unit")
    found = [row for row in rows if row is not None]
    if len(found) > WIDEST or len(found[0]) > WIDEST or not found[0]:
        raise NetworkError(f"W1 is {len(found)} by {len(found[0])}: give 1 to {WIDEST} units and inputs")
    return found


def _listed(value: object) -> Sequence[object]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, list | tuple) else []


def _flat(name: str, value: object) -> Sequence[object]:
    """A vector, whether it came as a number, a row, a column or a 1 by n matrix."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return [value]
    if any(isinstance(item, list | tuple) for item in value):
        if len(value) > 1 and any(not isinstance(item, list | tuple) or len(item) != 1 for item in value):
            raise NetworkError(f"{name} is a matrix: give one list of numbers")
        return [item for part in value for item in part]
    return list(value)


def _sized(name: str, what: str, values: Sequence[object], size: int) -> Point:
    _expect(name, what, len(values), size)
    return _exact_row(name, values)


def _exact_row(name: str, values: Sequence[object]) -> Point:
    return tuple(exact(value, f"{name}[{at}]") for at, value in enumerate(values))


def _expect(where: str, what: str, found: int, expected: int) -> None:
    if found != expected:
        raise NetworkError(
            f"{where} has {found} {what} where {expected} {'is' if expected == 1 else 'are'} needed"
        )


def _worked(weights: Point, inputs: Point, bias: Fraction, total: Fraction) -> str:
    """`2·1 + (-1)·0 - 0.5 = 1.5`, rounded, but not so far that the sum would have another sign."""
    numbers, size, result = (*weights, *inputs, bias), len(weights), numeral(total)
    for digits in (3, 6, 9):
        texts = [numeral(number, digits=digits) for number in numbers]
        read = tuple(map(_read, texts))
        seen = _dot(read[:size], read[size:-1]) + read[-1]
        if (seen > 0, seen < 0) == (total > 0, total < 0):
            break
    factors = [f"({text})" if {*"-/·"} & {*text} else text for text in texts[:-1]]
    terms = " + ".join(map("·".join, zip(factors[:size], factors[size:], strict=True)))
    equals = "=" if (*read, _read(result)) == (*numbers, total) else "≈"
    return f"{terms} {'-' if bias < 0 else '+'} {texts[-1].removeprefix('-')} {equals} {result}"


def _read(text: str) -> Fraction:
    """What a numeral says, which may be rounded."""
    mantissa, _, exponent = text.partition("·10^")
    return Fraction(mantissa) * Fraction(10) ** int(exponent or 0)


def _dot(a: Point, b: Point) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))
