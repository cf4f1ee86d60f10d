"""Chapter 6, aside: where the right value comes from.

The question's own function is differentiated or minimised numerically, so that nobody has to type the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from grader.theory.latex.evaluate import Evaluator
from grader.theory.latex.fuel import Fuel, IllTyped
from grader.theory.latex.nodes import Gradient, Name, Node
from grader.theory.latex.values import Value, value
from grader.theory.latex.worlds import STRICT

if TYPE_CHECKING:
    from grader.theory.latex.worlds import World

_STEP = 1e-2
_FLAT = 1e-9
_NEWTON_STEPS = 25


@dataclass(frozen=True, slots=True)
class Equals:
    """The answer is this formula."""

    formula: str
    variable: str = ""


@dataclass(frozen=True, slots=True)
class GradientOf:
    """The answer is the gradient of a scalar formula by a symbol, a column."""

    formula: str
    variable: str


@dataclass(frozen=True, slots=True)
class Minimises:
    """The answer is where a convex, twice differentiable formula is smallest."""

    formula: str
    variable: str


Oracle: TypeAlias = Equals | GradientOf | Minimises


def right_value(oracle: Oracle, formula: Node, variable: str, world: World) -> Value:
    """Work out the right answer in one world.

    Raises:
        Unread: the formula cannot be evaluated.
        IllTyped: nothing that is minimal was found.
    """
    match oracle:
        case Equals():
            return evaluated(formula, world)
        case GradientOf():
            return evaluated(Gradient(formula, Name(variable)), world)
        case Minimises():
            return _minimiser(Gradient(formula, Name(variable)), variable, world)


def evaluated(node: Node, world: World) -> Value:
    return Evaluator(world, STRICT[0], Fuel())(node)


def _minimiser(gradient: Gradient, variable: str, world: World) -> Value:
    """Newton's method: one step for a quadratic, a few more for what is merely convex."""
    here = np.zeros_like(world.values[variable])
    for _ in range(_NEWTON_STEPS):
        slope = evaluated(gradient, world.with_value(variable, here)).ravel()
        curvature = np.column_stack(
            [_curvature(gradient, variable, world, here, entry) for entry in range(here.size)]
        )
        if np.abs(slope).max() < _FLAT and np.linalg.eigvalsh(curvature + curvature.T).min() > 0:
            return value(here)
        here = value(here - np.linalg.lstsq(curvature, slope, rcond=None)[0].reshape(here.shape))
    raise IllTyped("the function that should be minimised has no minimum that Newton's method finds")


def _curvature(gradient: Gradient, variable: str, world: World, here: Value, entry: int) -> Value:
    ahead, behind = here.copy(), here.copy()
    ahead.ravel()[entry : entry + 1] += _STEP
    behind.ravel()[entry : entry + 1] -= _STEP
    slopes = [evaluated(gradient, world.with_value(variable, point)).ravel() for point in (ahead, behind)]
    return (slopes[0] - slopes[1]) / (2 * _STEP)
