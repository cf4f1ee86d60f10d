"""Proofs over all of R^n that a small network computes what it should, or a point where it does not.

The question "is there an x where the two differ?" is linear real arithmetic, which z3 decides exactly; floats
decide it wrongly for near misses. Whatever z3 finds is evaluated again with fractions before anybody sees it. Where
only the order of the inputs counts, a grid that has every order decides it as well, and in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from itertools import product
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np
import z3

from grader.theory.networks import Activation, Evaluation, Network, NetworkError, Point, integers
from grader.theory.numerals import numeral
from grader.theory.regions import AllOf, AnyOf, HalfSpace, Outside, Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

_GRID = range(5)
_MOST_GRID_POINTS = 4000
"""A grid of five inputs has 3125."""
_LARGEST_SCALE = 10**6
_BOX = 1000
_DECIMALS = 6
_SOON = 0.3
"""Seconds of z3's work that a more readable counterexample is worth."""
_STEPS = 5_000_000
"""What z3 calls its resource count, for a second's work: unlike a clock, it is the same on a busy machine."""
_WALL = 6
"""Times as many seconds may pass on the clock, in case a step takes unusually long."""


EVERYWHERE = AllOf(())


class Status(StrEnum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"  # out of time: a person decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The output that is right: `inside` where the point is in the region, else `outside`."""

    region: Region
    inside: Fraction = Fraction(1)
    outside: Fraction = Fraction(-1)

    def __call__(self, point: Sequence[int | Fraction]) -> Fraction:
        return self.inside if point in self.region else self.outside

    def on_integers(self, points: NDArray[Any]) -> tuple[NDArray[Any], int]:
        """At small integer points (n, inputs): numerators (n,), and their denominator."""
        scale = lcm(self.inside.denominator, self.outside.denominator)
        inside, outside = (integers(int(value * scale)) for value in (self.inside, self.outside))
        return np.where(self.region.among(points), inside, outside), scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A point, what the network makes of it unit by unit, and what is right there."""

    evaluation: Evaluation
    wanted: Fraction

    def __str__(self) -> str:
        at = self.evaluation
        point, hidden = (", ".join(map(numeral, numbers)) for numbers in (at.point, at.hidden))
        return (
            f"at x = ({point}) the hidden units give ({hidden}), the output sum is {numeral(at.output_sum)} "
            f"and the output {numeral(at.output)}, but {numeral(self.wanted)} is right"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    status: Status
    counterexample: Counterexample | None = None
    reason: str = ""


def verify(
    network: Network, wanted: Wanted | Network, *, within: Region = EVERYWHERE, seconds: float = 20.0
) -> Proof:
    """Decide whether a network is right at every point of R^n.

    Args:
        network: one hidden layer of any width, of sign, step or ReLU units.
        wanted: what is right: a value inside and one outside a region of half-spaces, or another network with as
            many inputs.
        within: where it has to be right, if not everywhere.
        seconds: z3's work, counted in steps, if it takes z3. Four sign units on five inputs take 20 to 150 ms; the
            cost grows exponentially with the width in the worst case, ten ReLU units take about 0.1 s. Small
            counterexamples may take as long again.

    Returns:
        `proved`, `refuted` with a counterexample (the smallest of {0..4}^n if one is there and n is at most 5, else
        integers if z3 soon finds some, else fractions), or `undecided`.

    Raises:
        NetworkError: the number of inputs differs.
    """
    _check_inputs(network, wanted)
    if found := _first_wrong(network, wanted, within, _readable(network, wanted, within)):
        return Proof(status=Status.REFUTED, counterexample=found)
    if _grid_decides(network, wanted, within):
        return Proof(status=Status.PROVED)
    x = _unknowns(network.inputs)
    solver = z3.Solver()
    _limit(solver, seconds)
    solver.add(_value(network) != _wanted(wanted, network.inputs), _holds(within, network.inputs))
    answer = solver.check()
    if answer == z3.unsat:
        return Proof(status=Status.PROVED)
    if answer != z3.sat:
        return Proof(status=Status.UNDECIDED, reason=f"z3 did not decide it in {seconds:g} s")
    known = _point(solver.model(), x)
    if found := _first_wrong(network, wanted, within, (*_whole(solver, x, known), *_rounded(known), known)):
        return Proof(status=Status.REFUTED, counterexample=found)
    return Proof(status=Status.UNDECIDED, reason="z3's counterexample does not hold in exact arithmetic")


def _limit(solver: z3.Solver, seconds: float) -> None:
    solver.set("rlimit", max(1, int(_STEPS * seconds)))
    solver.set("timeout", max(1, int(1000 * _WALL * seconds)))


def _first_wrong(
    network: Network, wanted: Wanted | Network, within: Region, points: Iterable[Point]
) -> Counterexample | None:
    """The first point at which the network really is wrong, in fractions."""
    for point in points:
        if point in within and network(point) != wanted(point):
            return Counterexample(evaluation=network.evaluate(point), wanted=wanted(point))
    return None


def _readable(network: Network, wanted: Wanted | Network, within: Region) -> Iterator[Point]:
    """The first point of {0..4}^n, by size, at which the network is wrong: most wrong ones are, at one of these."""
    if len(_GRID) ** network.inputs > _MOST_GRID_POINTS:
        return
    points = _grid(network.inputs)
    (theirs, scale), (right, other) = network.on_integers(points), wanted.on_integers(points)
    wrong = within.among(points) & (theirs.astype(object) * other != right.astype(object) * scale)
    if wrong.any():
        yield tuple(Fraction(int(number)) for number in points[wrong.argmax()])


def _grid_decides(network: Network, wanted: Wanted | Network, within: Region) -> bool:
    """Whether what is right on the grid is right everywhere.

    So it is if nothing but the order of the inputs, ties included, makes a difference: whatever the order of n
    inputs is, some point of {0..n-1}^n has it as well.
    """
    sides = (network, wanted) if isinstance(wanted, Network) else (network,)
    regions = (within,) if isinstance(wanted, Network) else (within, wanted.region)
    return (
        network.inputs <= len(_GRID)
        and all(side.hidden.levels is not None for side in sides)
        and all(_compares(*unit) for side in sides for unit in zip(side.W1, side.b1, strict=True))
        and all(_compares(part.normal, part.offset) for region in regions for part in _half_spaces(region))
    )


def _compares(weights: Sequence[Fraction | int], bias: Fraction | int) -> bool:
    """Whether the sign of a sum is that of a difference of two inputs, or always the same."""
    used = [weight for weight in weights if weight]
    return not used or (len(used) == 2 and sum(used) == 0 == bias)


@cache
def _grid(inputs: int) -> NDArray[np.int64]:
    return np.array(sorted(product(_GRID, repeat=inputs), key=sum))


def _whole(solver: z3.Solver, x: Sequence[Any], known: Point) -> Iterator[Point]:
    """Integer points: the known one scaled up, which does if no bias is in the way, or what z3 soon finds."""
    scale = lcm(*(number.denominator for number in known))
    if scale < _LARGEST_SCALE:
        yield tuple(number * scale for number in known)
    _limit(solver, _SOON)
    solver.add(*(z3.And(v >= -_BOX, v <= _BOX, z3.IsInt(v)) for v in x))
    if solver.check() == z3.sat:
        yield _point(solver.model(), x)


def _rounded(point: Point) -> Iterator[Point]:
    """A point in ever more decimals, as far as people read them."""
    for digits in range(1, _DECIMALS + 1):
        yield tuple(Fraction(round(number, digits)) for number in point)


def _check_inputs(network: Network, wanted: Wanted | Network) -> None:
    if isinstance(wanted, Network):
        sizes = {wanted.inputs}
    else:
        sizes = {len(part.normal) for part in _half_spaces(wanted.region)}
    if sizes - {network.inputs}:
        raise NetworkError(f"the network has {network.inputs} inputs, but the target has {sizes.pop()}")


def _half_spaces(region: Region) -> Iterator[HalfSpace]:
    """Those that a region is made of."""
    match region:
        case HalfSpace():
            yield region
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _half_spaces(part)
        case Outside(part):
            yield from _half_spaces(part)


def _point(model: z3.ModelRef, x: Sequence[Any]) -> Point:
    values = [model.eval(v, model_completion=True) for v in x]
    return tuple(Fraction(v.numerator_as_long(), v.denominator_as_long()) for v in values)


# Formulas for z3. Making them takes longer than proving something, and most are the same in the next proof.


@cache
def _unknowns(inputs: int) -> tuple[Any, ...]:
    return tuple(z3.Real(f"x{at}") for at in range(inputs))


def _number(value: Fraction | int) -> Any:
    return z3.Q(value.numerator, value.denominator)


@lru_cache
def _linear(weights: tuple[Fraction | int, ...], bias: Fraction | int) -> Any:
    return _sum(weights, bias, _unknowns(len(weights)))


def _sum(weights: Sequence[Fraction | int], bias: Fraction | int, terms: Sequence[Any]) -> Any:
    return z3.Sum([_number(bias), *(_number(w) * term for w, term in zip(weights, terms, strict=True) if w)])


def _activated(activation: Activation, total: Any) -> Any:
    levels = activation.levels
    if levels is None:
        return z3.If(total > 0, total, z3.RealVal(0)) if activation is Activation.RELU else total
    below, at, above = map(z3.RealVal, levels)
    return z3.If(total > 0, above, z3.If(total < 0, below, at))


def _value(network: Network) -> Any:
    hidden = [
        _activated(network.hidden, _linear(row, bias))
        for row, bias in zip(network.W1, network.b1, strict=True)
    ]
    return _activated(network.output, _sum(network.w2, network.b2, hidden))


def _wanted(wanted: Wanted | Network, inputs: int) -> Any:
    if isinstance(wanted, Network):
        return _value(wanted)
    return z3.If(_holds(wanted.region, inputs), _number(wanted.inside), _number(wanted.outside))


@lru_cache
def _holds(region: Region, inputs: int) -> Any:
    match region:
        case HalfSpace(normal, offset, closed):
            total = _linear(normal, offset)
            return total >= 0 if closed else total > 0
        case AllOf(parts):
            return z3.And([z3.BoolVal(True), *(_holds(part, inputs) for part in parts)])
        case AnyOf(parts):
            return z3.Or([z3.BoolVal(False), *(_holds(part, inputs) for part in parts)])
        case Outside(part):
            return z3.Not(_holds(part, inputs))
