"""Chapter 6, continued: worlds to try an answer in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from grader.theory.latex.fuel import Unread
from grader.theory.latex.grammar import canonical, formula
from grader.theory.latex.nodes import names_in
from grader.theory.latex.oracles import Equals, evaluated, right_value
from grader.theory.latex.values import Value, is_scalar, value
from grader.theory.latex.worlds import Reading, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grader.theory.latex.spec import FormulaSpec

Draw: TypeAlias = "Callable[[int, tuple[int, ...]], Value]"
"""Values for the symbol with this place in the question's list, in this shape."""
SIZES = ((4, 2, 3), (5, 3, 2), (2, 5, 4))
"""Sizes of the dimensions, in the order in which the shapes name them: never equal, never 1, so that no ill-typed
formula fits by chance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One world, and what is right in it."""

    world: World
    right: Mapping[frozenset[str], Value]
    """The right value, by the optional symbols that the answer uses."""
    scales: tuple[float, ...]


def gaussian(seed: int) -> Draw:
    """Draw random numbers, the same in every run."""
    rng = np.random.default_rng(seed)
    return lambda _, shape: value(rng.normal(0, 2, shape))


def small_integers(seed: int) -> Draw:
    """Draw numbers that a person can follow: 1, 2, 3, … for the first symbol, later with signs."""
    rng = np.random.default_rng(seed)

    def draw(order: int, shape: tuple[int, ...]) -> Value:
        numbers = np.arange(prod(shape)).reshape(shape) * (order + 1) % 4 + 1
        return value(numbers * (rng.choice([-1, 1], shape) if seed else 1))

    return draw


def trial(spec: FormulaSpec, sizes: tuple[int, ...], draw: Draw) -> Trial:
    """Draw a world for a question, and work out what is right in it."""
    world = _world(spec, dict(zip(spec.dimensions, sizes, strict=False)), draw)
    choices = [frozenset(kept) for kept in _subsets(sorted(spec.known_optional))]
    right = {kept: _right(spec, world, dropped=spec.known_optional - kept) for kept in choices}
    if spec.unknown:
        world = world.with_value(spec.unknown, right[frozenset()])
    scales = tuple(float(evaluated(formula(scale), world)) for scale in spec.scales)
    return Trial(world=world, right=right, scales=scales)


def _right(spec: FormulaSpec, world: World, *, dropped: frozenset[str]) -> Value:
    for name in dropped:
        world = world.with_value(name, value(0.0))
    return right_value(spec.oracle, formula(spec.oracle.formula), canonical(spec.oracle.variable), world)


def _world(spec: FormulaSpec, sizes: dict[str, int], draw: Draw) -> World:
    values = {
        canonical(name): draw(order, _shape([sizes[dim] for dim in dims]))
        for order, (name, dims) in enumerate(spec.shapes.items())
    }
    first, *_, last = (*sizes.values(), *sizes.values())
    world = World(
        values={"ones": np.ones((first, 1)), "I": np.eye(last), **values},
        families={canonical(name): values[canonical(of)] for name, of in spec.rows.items()},
        sizes=sizes,
        synonyms=spec.aliases,
        stands_for={canonical(name): frozenset({canonical(of)}) for name, of in spec.rows.items()},
        offsets=spec.known_optional,
        optimum_is_value=isinstance(spec.oracle, Equals),
    )
    world = replace(world, **_calculus(spec, world))
    for name, text in spec.derived.items():
        world = world.with_value(canonical(name), evaluated(formula(text), world))
    return world


def _shape(sizes: list[int]) -> tuple[int, ...]:
    return (*sizes, 1) if len(sizes) == 1 else tuple(sizes)


def _calculus(spec: FormulaSpec, world: World) -> dict[str, Any]:
    if isinstance(spec.oracle, Equals):
        return {}
    variable = canonical(spec.oracle.variable)
    if variable not in world.values:
        raise Unread(
            f"it is differentiated with respect to {spec.oracle.variable or 'nothing'}, which has no shape"
        )
    asked = formula(spec.oracle.formula)
    return {"asked": asked, "functions": dict.fromkeys(spec.headings, asked), "variable": variable}


@lru_cache(maxsize=2048)
def reread(world: World, reading: Reading) -> World:
    """Rename and rebind what a reading takes differently."""
    there = world
    for name, text in reading.names.items():
        bound = evaluated(formula(text), world)
        known = canonical(name)
        there = replace(
            there.with_value(known, bound),
            families={family: rows for family, rows in there.families.items() if family != known},
            synonyms={alias: of for alias, of in there.synonyms.items() if alias != known},
            stands_for={**there.stands_for, known: frozenset(names_in(formula(text)))},
            offsets=there.offsets if is_scalar(bound) else there.offsets - {known},
        )
    return _without(there, reading) if reading.renames else there


def _without(world: World, reading: Reading) -> World:
    """Take away our own names of what has another name now."""
    ours = {canonical(name) for name in reading.names.values()} - {canonical(name) for name in reading.names}
    return replace(world, values={name: v for name, v in world.values.items() if name not in ours})


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    return [
        tuple(name for name, kept in zip(names, choice, strict=True) if kept)
        for choice in product((False, True), repeat=len(names))
    ]
