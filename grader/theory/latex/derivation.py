r"""Chapter 11: is a minimiser derived, and does every step hold?

A step is two neighbouring sides of an equation. Algebra holds for every $\mu$; a condition such as
$-2\sum_i (x_i - \mu) = 0$ holds where the function is smallest; what is said of a derivative must hold everywhere,
unless it is said to be zero. A derivation is accepted if it has a derivative, or something that is zero at the
minimum, or two steps, and all steps hold: $n\mu = \sum_i x_i$ alone is only the result again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.claims import Claims, claims, is_closed, is_derivative, is_heading
from grader.theory.latex.evaluate import Evaluator
from grader.theory.latex.fuel import Fuel, IllTyped, Unread
from grader.theory.latex.printing import shown
from grader.theory.latex.spans import cell, scanned
from grader.theory.latex.statements import statements
from grader.theory.latex.values import Value, column, same, value
from grader.theory.latex.verdicts import Judgement, Verdict
from grader.theory.latex.worlds import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.latex.spec import FormulaSpec, Trial
    from grader.theory.latex.statements import Statement

_ENOUGH = 2
FOUND = "derivation steps found"
_READINGS = (
    Reading(name="as written", squares_are_norms=True, bars_are_norms=True),
    Reading(name="counting from 0", base=0, squares_are_norms=True, bars_are_norms=True),
)


class Step(Enum):
    IDENTITY = auto()
    DERIVATIVE = auto()
    ZERO = auto()  # something is zero at the minimum
    CONDITION = auto()
    RESULT = auto()  # the final formula, which `judge_formula` judges
    FALSE = auto()
    UNREAD = auto()


@dataclass(frozen=True, slots=True)
class _Found:
    step: Step
    text: str
    why: str = ""


def judge_derivation(text: str, spec: FormulaSpec, *, seconds: float = 2.0) -> Judgement:
    """Look for the steps that lead to a minimiser, and check them.

    Args:
        text: a whole cell, as `judge_formula` takes it.
        spec: a question that asks for a minimiser.
        seconds: as for `judge_formula`.

    Returns:
        `accept` (tagged `derivation steps found`) if there is a derivative or a condition and every step holds, else
        `review`; never `reject`, never raises.
    """
    try:
        with np.errstate(all="raise"):
            return _judged(text, spec, Fuel(seconds=seconds))
    except Unread as why:
        return _review(str(why))
    except Exception as why:  # noqa: BLE001  a stranger's text must not take the class down
        return _review(f"we could not read it ({type(why).__name__})")


def _judged(text: str, spec: FormulaSpec, fuel: Fuel) -> Judgement:
    if spec.unknown is None:
        return _review("this question asks for no minimiser")
    if scanned(text):
        return _review("handwritten or scanned answers are not graded")
    parts = [s for formula in cell(text).formulas for s in statements(formula, fuel, functions=spec.functions)]
    found = [step for part in parts for step in _steps(part, claims(parts, spec), spec, fuel)]
    form = "; ".join(step.text for step in found)
    for kind, reason in ((Step.FALSE, "this step does not hold"), (Step.UNREAD, "this step was not read")):
        if bad := next((step for step in found if step.step is kind), None):
            return _review(f"{reason}: {bad.text}" + (f" ({bad.why})" if bad.why else ""), form=form)
    telling = sum(step.step is not Step.RESULT for step in found)
    if telling < _ENOUGH and not any(step.step in (Step.ZERO, Step.DERIVATIVE) for step in found):
        return _review("no derivation found, only the result", form=form)
    return Judgement(
        verdict=Verdict.ACCEPT,
        reason=f"{telling} steps, and all hold",
        normal_form=form,
        tags=frozenset({FOUND}),
    )


def _steps(statement: Statement, found: Claims, spec: FormulaSpec, fuel: Fuel) -> Iterator[_Found]:
    if statement.problem:
        if " = " in statement.text:
            yield _Found(Step.UNREAD, statement.text, statement.problem)
        return
    for left, right in zip(statement.sides, statement.sides[1:], strict=False):
        text = f"{shown(left)} = {shown(right)}"
        tries = [_step(left, right, found, spec, reading, fuel) for reading in _READINGS]
        held = [step for step, _ in tries if step not in (Step.FALSE, Step.UNREAD)]
        step, why = (held[0], "") if held else tries[0]
        yield _Found(step, text, why)


def _step(
    left: n.Node, right: n.Node, found: Claims, spec: FormulaSpec, reading: Reading, fuel: Fuel
) -> tuple[Step, str]:
    try:
        pairs = [
            (_holds(left, right, found, spec, trial, reading, fuel, seed=None),
             _holds(left, right, found, spec, trial, reading, fuel, seed=seed))
            for seed, trial in enumerate(spec.trials)
        ]  # fmt: skip
    except (Unread, IllTyped, FloatingPointError, StopIteration) as why:
        return Step.UNREAD, str(why)
    at_optimum, everywhere = (all(column) for column in zip(*pairs, strict=True))
    if not at_optimum:
        return Step.FALSE, ""
    about_derivative = any(is_derivative(part) for side in (left, right) for part in n.walk(side))
    if everywhere:
        return (Step.DERIVATIVE if about_derivative else Step.IDENTITY), ""
    if about_derivative and n.ZERO not in (left, right):
        return Step.FALSE, "it is no derivative of that function"
    if any(is_heading(a, spec) and is_closed(b, spec) for a, b in ((left, right), (right, left))):
        return Step.RESULT, ""
    return (Step.ZERO if n.ZERO in (left, right) else Step.CONDITION), ""


def _holds(  # noqa: PLR0913  one call, in one place
    left: n.Node,
    right: n.Node,
    found: Claims,
    spec: FormulaSpec,
    trial: Trial,
    reading: Reading,
    fuel: Fuel,
    *,
    seed: int | None,
) -> bool:
    """Whether two sides are equal at the minimum, or somewhere else if there is a seed."""
    world = found.within(spec.world_of(trial, reading))
    if seed is not None and spec.unknown is not None:
        shape = world.values[spec.unknown].shape
        world = world.with_value(spec.unknown, value(np.random.default_rng(seed).normal(0, 2, shape)))
    evaluator = Evaluator(world, reading, fuel)
    if isinstance(left, n.Optimum):
        return same(evaluator(n.Gradient(left.body, None)), value(0.0)) and seed is None
    a, b = (_value(side, n.Items((left, right)), evaluator) for side in (left, right))
    return same(a, b)


def _value(side: n.Node, both: n.Node, evaluator: Evaluator) -> Value:
    free = evaluator.free(both)
    if len(free) > 1:
        raise Unread(f"the indices {', '.join(sorted(free))} are not bound")
    if not free:
        return evaluator(side)
    return column(evaluator.each(free.pop(), side, like=both))


def _review(reason: str, *, form: str = "") -> Judgement:
    return Judgement(verdict=Verdict.REVIEW, reason=reason, normal_form=form)
