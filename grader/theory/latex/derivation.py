r"""Chapter 11: is a minimiser derived, and does every step hold?

A step is two neighbouring sides of an equation. Algebra holds for every $\mu$; a condition such as
$-2\sum_i (x_i - \mu) = 0$ holds where the function is smallest; what is said of a derivative must hold everywhere,
unless it is said to be zero. A derivation is accepted if it has a derivative, or something that is zero at the
minimum, or two steps, and all steps hold: $n\mu = \sum_i x_i$ alone is only the result again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.beside import may_change
from grader.theory.latex.claims import claims, is_closed, is_heading
from grader.theory.latex.compare import NOT_EVALUATED, Exam, along, explained
from grader.theory.latex.doubt import casts_doubt
from grader.theory.latex.fuel import Fuel, Unread
from grader.theory.latex.judge import PICTURE, review
from grader.theory.latex.printing import shown, typeset
from grader.theory.latex.spans import Cell, cell, scanned
from grader.theory.latex.statements import statements
from grader.theory.latex.values import is_scalar, ordered, same, value
from grader.theory.latex.verdicts import Judgement, Verdict
from grader.theory.latex.worlds import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.latex.evaluate import Evaluator
    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.trials import Trial
    from grader.theory.latex.values import Value

_ENOUGH = 2
_FEW_WORDS = 8
"""Fewer than these beside a formula say what it is, and derive nothing."""
_WRONG_WAY = re.compile(
    r"(?<!not a )(?<!not the )(?<!no )(?<!never a )\b(?:maxim\w*(?! likelihood)|largest|concave)\b",
    re.IGNORECASE,
)
"""Words of a derivation of a minimum that are mostly wrong."""
FOUND = "derivation steps found"
_SIGNS = {
    "=": "=", "le": "≤", "ge": "≥", "<": "<", ">": ">", "succ": "≻", "succeq": "⪰", "prec": "≺", "preceq": "⪯",
}  # fmt: skip
_STRICT_ORDERS = frozenset({"<", ">", "succ", "prec"})
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
    BOUND = auto()  # an inequality
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
        `accept` (tagged `derivation steps found`) if there are steps and all hold, else `review`; never `reject`.
        Never raises.
    """
    try:
        with np.errstate(all="raise"):
            return _judged(text, spec, Fuel(seconds=seconds))
    except Unread as why:
        return review(str(why))
    except Exception:  # noqa: BLE001  a stranger's text must not take the class down
        return review("it could not be read automatically")


def _judged(text: str, spec: FormulaSpec, fuel: Fuel) -> Judgement:
    if spec.unknown is None:
        return review("this question does not ask for a minimiser")
    if scanned(text):
        return review(PICTURE)
    where = cell(text)
    parts = [s for formula in where.formulas for s in statements(formula, fuel, functions=spec.functions)]
    exam = Exam(found=claims(parts, spec), spec=spec, fuel=fuel)
    found = [step for part in parts for step in _steps(part, exam)]
    form = "; ".join(step.text for step in found)
    for kind, reason in ((Step.FALSE, "this step does not hold"), (Step.UNREAD, "this step was not read")):
        if bad := next((step for step in found if step.step is kind), None):
            return review(f"{reason}: {bad.text}" + (f" ({bad.why})" if bad.why else ""), form=form)
    telling = sum(step.step not in (Step.RESULT, Step.BOUND) for step in found)
    if _words_against(where, spec):
        steps = "all steps hold, but the words beside them" if telling else "the words of this answer"
        return review(f"{steps} were not understood", form=form)
    if telling < _ENOUGH and not any(step.step in (Step.ZERO, Step.DERIVATIVE) for step in found):
        return review(_nothing_derived(found, where), form=form)
    return Judgement(
        verdict=Verdict.ACCEPT,
        reason=f"{telling} steps, and all hold",
        normal_form=form,
        tags=frozenset({FOUND}),
    )


def _words_against(where: Cell, spec: FormulaSpec) -> str:
    """The first words that may contradict or change a step."""
    wrong = _WRONG_WAY.search(where.words)
    return wrong[0] if wrong else casts_doubt(where.words) or may_change(where, where.formulas[-1:], spec)


def _nothing_derived(found: list[_Found], where: Cell) -> str:
    """Why no derivation was seen: there is none, or there is more than the result, which we can't follow."""
    words = re.findall(r"[^\W\d_]{2,}", where.words)
    if len(words) >= _FEW_WORDS or any(step.step is Step.IDENTITY for step in found):
        return "the derivation could not be followed automatically"
    return "no derivation found, only the result"


def _steps(statement: Statement, exam: Exam) -> Iterator[_Found]:
    if statement.problem and not statement.bounds:
        if " = " in statement.text:
            yield _Found(Step.UNREAD, statement.excerpt, statement.problem)
        return
    for left, right in pairwise(statement.sides):
        step, why = _read(left, right, exam)
        yield _Found(step, typeset(f"{shown(left)} = {shown(right)}"), why)
    for left, relation, right in statement.bounds:
        step, why = _read(left, right, exam) if relation == "=" else _bound(left, relation, right, exam)
        yield _Found(step, typeset(f"{shown(left)} {_SIGNS[relation]} {shown(right)}"), why)


def _bound(left: n.Node, relation: str, right: n.Node, exam: Exam) -> tuple[Step, str]:
    """Whether an inequality holds everywhere, and, if it is not strict, at the minimum too."""
    try:
        for seed, trial in enumerate(exam.spec.trials):
            evaluators = [_elsewhere(trial, seed, exam, _READINGS[0])]
            if relation not in _STRICT_ORDERS:
                evaluators.append(exam.evaluator(trial, _READINGS[0]))
            if not all(ordered(evaluator(left), relation, evaluator(right)) for evaluator in evaluators):
                return Step.FALSE, ""
    except NOT_EVALUATED as why:
        return Step.UNREAD, explained(why)
    return Step.BOUND, ""


def _read(left: n.Node, right: n.Node, exam: Exam) -> tuple[Step, str]:
    """A step by the first reading in which it holds; if it holds in none, by the first of all."""
    tries = []
    for reading in _READINGS:
        step, why = _step(left, right, exam, reading)
        if step not in (Step.FALSE, Step.UNREAD):
            return step, why
        tries.append((step, why))
    return tries[0]


def _step(left: n.Node, right: n.Node, exam: Exam, reading: Reading) -> tuple[Step, str]:
    try:
        trials = exam.spec.trials
        everywhere = not isinstance(left, n.Optimum) and all(
            _equal(left, right, _elsewhere(trial, seed, exam, reading)) for seed, trial in enumerate(trials)
        )
        # What holds everywhere holds at the minimum as well if it is defined there, as one world shows.
        minima = trials[:1] if everywhere else trials
        at_minimum = all(_equal(left, right, exam.evaluator(trial, reading)) for trial in minima)
    except NOT_EVALUATED as why:
        return Step.UNREAD, explained(why)
    if not at_minimum:
        return Step.FALSE, ""
    about_derivative = any(n.is_derivative(part) for side in (left, right) for part in n.walk(side))
    if everywhere:
        return (Step.DERIVATIVE if about_derivative else Step.IDENTITY), ""
    if about_derivative and n.ZERO not in (left, right):
        return Step.FALSE, "it is not a derivative of that function"
    if any(is_heading(a, exam.spec) and is_closed(b, exam.spec) for a, b in ((left, right), (right, left))):
        return Step.RESULT, ""
    return (Step.ZERO if n.ZERO in (left, right) else Step.CONDITION), ""


def _elsewhere(trial: Trial, seed: int, exam: Exam, reading: Reading) -> Evaluator:
    """An evaluator in the same world, with the unknown moved away from the minimum."""
    evaluator = exam.evaluator(trial, reading)
    unknown = exam.spec.unknown or ""
    shape = evaluator.world.values[unknown].shape
    moved = value(np.random.default_rng(seed).normal(0, 2, shape))
    evaluator.world = evaluator.world.with_value(unknown, moved)
    return evaluator


def _equal(left: n.Node, right: n.Node, evaluator: Evaluator) -> bool:
    if isinstance(left, n.Optimum):
        return same(evaluator(n.Gradient(left.body, None)), value(0.0))
    return same(*_as_matrices(left, right, along((left, right), evaluator)))


def _as_matrices(left: n.Node, right: n.Node, values: list[Value]) -> list[Value]:
    """A second derivative may be said to be a number, that number times I."""
    if not any(n.is_second_derivative(part) for side in (left, right) for part in n.walk(side)):
        return values
    size = max(v.shape[0] if v.ndim else 1 for v in values)
    return [v * np.eye(size) if is_scalar(v) and size > 1 else v for v in values]
