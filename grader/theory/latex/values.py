"""Chapter 4: typed values.

A value is a scalar (no dimension) or a matrix (two); vectors are columns, `(d, 1)`, or rows, `(1, d)`. Operations
follow linear algebra and raise `IllTyped` where it does: `x + 1`, `X^T w`, the square of a vector. A *loose*
algebra guesses what may have been meant; what only it can compute is never accepted, nor rejected unseen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from grader.theory.latex.fuel import IllTyped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

Value: TypeAlias = "NDArray[np.float64]"

CLOSE = 1e-8
"""Two values that differ by less, relative to the larger, are equal: rounding is near 1e-12."""


def value(of: ArrayLike) -> Value:
    return np.asarray(of, dtype=np.float64)


def is_scalar(a: Value) -> bool:
    return a.ndim == 0


def is_vector(a: Value) -> bool:
    return a.ndim == 2 and 1 in a.shape


def column(entries: Iterable[Value]) -> Value:
    """Stack scalars into a column, or vectors into the columns of a matrix."""
    parts = list(entries)
    if all(is_scalar(part) for part in parts):
        return np.array(parts, dtype=np.float64).reshape(-1, 1)
    if all(part.shape == parts[0].shape and is_vector(part) for part in parts):
        return np.column_stack([part.ravel() for part in parts])
    raise IllTyped("a list of things of different shapes")


def same(a: Value, b: Value) -> bool:
    """Equal up to rounding and up to row or column; the number 0 equals the zero vector."""
    if is_scalar(a) != is_scalar(b):
        number, array = (a, b) if is_scalar(a) else (b, a)
        return bool(number == 0 and np.allclose(array, 0, atol=CLOSE))
    if a.shape != b.shape and not (is_vector(a) and a.shape == b.T.shape):
        return False
    scale = max(1.0, float(np.abs(a).max()), float(np.abs(b).max()))
    return bool(np.abs(a.reshape(b.shape) - b).max() <= CLOSE * scale)


def ordered(a: Value, relation: str, b: Value) -> bool:
    r"""Whether an inequality holds: of numbers, or by the eigenvalues of the difference of symmetric matrices.

    Args:
        a: the left side.
        relation: as TeX calls it, `le`, `>`, `succeq`.
        b: the right side; a number stands for that number times I.

    Raises:
        IllTyped: sides that have no order.
    """
    if relation in ("le", "<", "prec", "preceq"):
        a, b = b, a
    size = max(v.shape[0] if v.ndim else 1 for v in (a, b))
    a, b = (v * np.eye(size) if is_scalar(v) else v for v in (a, b))
    if a.shape != b.shape or a.shape != (size, size):
        raise IllTyped("an inequality of things that have no order")
    least = float(np.linalg.eigvalsh((a - b + (a - b).T) / 2).min())
    slack = CLOSE * max(1.0, float(np.abs(a).max()), float(np.abs(b).max()))
    return least > slack if relation in ("<", ">", "succ", "prec") else least >= -slack


@dataclass(frozen=True, slots=True)
class Algebra:
    """The operations. `guesses` collects what a loose algebra had to assume."""

    loose: bool = False
    squares_are_norms: bool = False
    """Read the square of a vector as its squared length."""
    guesses: set[str] = field(default_factory=set)

    def add(self, a: Value, b: Value) -> Value:
        if a.shape == b.shape:
            return a + b
        if self.loose and (is_scalar(a) or is_scalar(b)):
            return self._guess("a number added to a vector", a + b)
        if self.loose and a.shape == b.T.shape:
            return self._guess("a row added to a column", a + b.T)
        raise IllTyped(f"{_kind(a)} plus {_kind(b)}")

    def multiply(self, a: Value, b: Value) -> Value:
        if is_scalar(a) or is_scalar(b):
            return a * b
        if a.shape[1] == b.shape[0]:
            return _collapsed(a @ b)
        if self.loose and a.shape[0] == b.shape[0]:
            return self._guess("a missing transpose", _collapsed(a.T @ b))
        if self.loose and a.shape[1] == b.shape[1]:
            return self._guess("a missing transpose", _collapsed(a @ b.T))
        raise IllTyped(f"{_kind(a)} times {_kind(b)}")

    def dot(self, a: Value, b: Value) -> Value:
        """`a · b`: the inner product of two columns, else the product."""
        if not is_scalar(a) and a.shape == b.shape and a.shape[1] == 1:
            return value(float(a.ravel() @ b.ravel()))
        return self.multiply(a, b)

    def entrywise(self, a: Value, b: Value) -> Value:
        if is_scalar(a) or is_scalar(b) or a.shape == b.shape:
            return a * b
        raise IllTyped(f"{_kind(a)} times {_kind(b)}, entry by entry")

    def divide(self, a: Value, b: Value) -> Value:
        if not is_scalar(b):
            raise IllTyped(f"something divided by {_kind(b)}")
        if b == 0:
            raise IllTyped("a division by zero")
        return a / b

    def power(self, a: Value, exponent: Value) -> Value:
        if not is_scalar(exponent):
            raise IllTyped("an exponent that is not a number")
        if is_scalar(a):
            base, power = float(a), float(exponent)
            if (base < 0 and not power.is_integer()) or (base == 0 and power < 0):
                raise IllTyped("a power that is not a real number")
            return value(a**exponent)
        if a.shape[0] == a.shape[1] and exponent == round(float(exponent)):
            try:
                return np.linalg.matrix_power(a, round(float(exponent)))
            except np.linalg.LinAlgError:
                raise IllTyped("the inverse of a matrix that may have none") from None
        if self.squares_are_norms and is_vector(a) and exponent == 2:
            return value(float((a**2).sum()))
        if self.loose and is_vector(a) and exponent == 2:
            return self._guess("the square of a vector, entry by entry", a**2)
        raise IllTyped(f"a power of {_kind(a)}")

    def root(self, a: Value, degree: Value) -> Value:
        if not is_scalar(a) or not is_scalar(degree) or degree == 0:
            raise IllTyped(f"a root of {_kind(a)}")
        if a < 0 and degree % 2 != 1:
            raise IllTyped("a root of a negative number")
        return value(np.sign(a) * np.abs(a) ** (1 / degree))

    def norm(self, a: Value, order: float) -> Value:
        if not is_scalar(a) and not is_vector(a):
            raise IllTyped("the norm of a matrix")
        entries = a.ravel()
        return value(math.sqrt(entries @ entries) if order == 2 else np.linalg.norm(entries, order))

    def _guess(self, what: str, result: Value) -> Value:
        self.guesses.add(what)
        return result


def _collapsed(a: Value) -> Value:
    return a.reshape(()) if a.shape == (1, 1) else a


def _kind(a: Value) -> str:
    if is_scalar(a):
        return "a number"
    if is_vector(a):
        return f"a {'column' if a.shape[1] == 1 else 'row'} of {a.size} numbers"
    return f"a {a.shape[0]}-by-{a.shape[1]} matrix"
