"""Sets of points made of half-spaces: what a network is proved against."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from grader.theory.networks import exact, integers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class HalfSpace:
    """`normal · x + offset > 0`, or `≥ 0` if it is closed. Integers: build others with `of`."""

    normal: tuple[int, ...]
    offset: int = 0
    closed: bool = False

    @classmethod
    def of(cls, normal: Iterable[object], offset: object = 0, *, closed: bool = False) -> HalfSpace:
        """Scale rational coefficients to integers, which changes nothing."""
        numbers = [*(exact(number, "a normal") for number in normal), exact(offset, "an offset")]
        scale = lcm(*(number.denominator for number in numbers))
        *whole, last = (int(number * scale) for number in numbers)
        return cls(tuple(whole), last, closed)

    def __contains__(self, point: Sequence[int | Fraction]) -> bool:
        total = self.offset + sum(a * b for a, b in zip(self.normal, point, strict=True))
        return total > 0 or (self.closed and total == 0)

    def among(self, points: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of some small integer points (n, inputs) it has, exactly: (n,)."""
        totals = points @ integers(self.normal) + integers(self.offset)
        inside: NDArray[np.bool_] = totals >= 0 if self.closed else totals > 0
        return inside.astype(bool)


@dataclass(frozen=True, slots=True)
class AllOf:
    """The intersection; all points if there are no parts."""

    parts: tuple[Region, ...]

    def __contains__(self, point: Sequence[int | Fraction]) -> bool:
        return all(point in part for part in self.parts)

    def among(self, points: NDArray[Any]) -> NDArray[np.bool_]:
        inside = np.ones(len(points), bool)
        for part in self.parts:
            inside &= part.among(points)
        return inside


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The union."""

    parts: tuple[Region, ...]

    def __contains__(self, point: Sequence[int | Fraction]) -> bool:
        return any(point in part for part in self.parts)

    def among(self, points: NDArray[Any]) -> NDArray[np.bool_]:
        inside = np.zeros(len(points), bool)
        for part in self.parts:
            inside |= part.among(points)
        return inside


@dataclass(frozen=True, slots=True)
class Outside:
    """The complement."""

    part: Region

    def __contains__(self, point: Sequence[int | Fraction]) -> bool:
        return point not in self.part

    def among(self, points: NDArray[Any]) -> NDArray[np.bool_]:
        return ~self.part.among(points)


Region: TypeAlias = HalfSpace | AllOf | AnyOf | Outside


def descending(inputs: int) -> AllOf:
    """`x1 > x2 > … `."""
    return AllOf(tuple(HalfSpace.of(_difference(at, inputs)) for at in range(inputs - 1)))


def _difference(at: int, inputs: int) -> list[int]:
    return [1 if k == at else -1 if k == at + 1 else 0 for k in range(inputs)]


def off_boundary(half_space: HalfSpace) -> Region:
    """All points that are not on the boundary of a half-space."""
    mirrored = HalfSpace(tuple(-number for number in half_space.normal), -half_space.offset)
    return AnyOf((HalfSpace(half_space.normal, half_space.offset), mirrored))
