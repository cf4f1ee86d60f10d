"""Chapter 9: a claim is tried in every world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.claims import Claims, is_closed, is_heading, valued_sides
from grader.theory.latex.evaluate import Evaluator
from grader.theory.latex.fuel import Fuel, IllTyped, Unread
from grader.theory.latex.trials import Trial, reread
from grader.theory.latex.values import Value, column, is_scalar, is_vector, same, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.worlds import Reading

NOT_EVALUATED = (Unread, IllTyped, FloatingPointError, StopIteration)
"""What evaluation may end in; StopIteration where cases leave one out."""
_SAME_RATIO = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """An answer under examination: what it says, what was asked, and the work that is left."""

    found: Claims
    spec: FormulaSpec
    fuel: Fuel

    def evaluator(self, trial: Trial, reading: Reading) -> Evaluator:
        return Evaluator(self.found.within(reread(trial.world, reading)), reading, self.fuel)


class Outcome(Enum):
    HOLDS = auto()  # every side has the right value
    MIXED = auto()  # one does, another does not
    FAILS = auto()
    UNCLEAR = auto()  # not evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one claim came out under one reading."""

    outcome: Outcome
    why: str = ""
    doubts: frozenset[str] = frozenset()
    """Why a claim that holds is still not accepted."""
    used: frozenset[str] = frozenset()
    component: bool = False
    guesses: frozenset[str] = frozenset()


def tried(claim: Statement, exam: Exam, reading: Reading) -> Finding:
    """Evaluate a claim in all of a question's worlds, under one reading."""
    sides = valued_sides(claim, exam.spec)
    used: set[str] = set()
    guesses: set[str] = set()
    rows: list[list[Value]] = []
    index = None
    try:
        for trial in exam.spec.trials:
            evaluator = exam.evaluator(trial, reading)
            index = free_index(sides, evaluator)
            rows.append([_worth(side, sides, index, evaluator, trial) for side in sides])
            _refuse_one_entry(sides, rows[-1], exam.spec, trial)
            used |= evaluator.used
            guesses |= evaluator.algebra.guesses
        holds, doubts = _holding(rows, exam.spec, frozenset(used & exam.spec.known_optional))
    except NOT_EVALUATED as why:
        return Finding(outcome=Outcome.UNCLEAR, why=explained(why))
    if index and not (claim.for_all or any(is_heading(side, exam.spec) for side in sides)):
        doubts = doubts | {"it gives one component without saying so"}
    return Finding(
        outcome=_outcome(holds, [is_closed(side, exam.spec) for side in sides]),
        doubts=doubts,
        used=frozenset(used),
        component=index is not None,
        guesses=frozenset(guesses),
    )


def explained(why: Exception) -> str:
    """Why something has no value, for people."""
    if isinstance(why, FloatingPointError):
        return "a number that is too large or too small"
    return str(why) or "a case that is left out"


def _outcome(holds: Sequence[bool], closed: Sequence[bool]) -> Outcome:
    if all(holds):
        return Outcome.HOLDS
    return Outcome.MIXED if any(h for h, c in zip(holds, closed, strict=True) if c) else Outcome.FAILS


def free_index(sides: Sequence[n.Node], evaluator: Evaluator) -> str | None:
    """The one index that runs through an equation such as `∂f/∂x_i = 2 x_i`, or None.

    Raises:
        Unread: there are two.
    """
    free = set[str]().union(*(evaluator.free(side) for side in sides))
    if len(free) > 1:
        raise Unread(f"it is unclear what the indices {' and '.join(sorted(free))} run over")
    return next(iter(free), None)


def _worth(
    side: n.Node, sides: Sequence[n.Node], index: str | None, evaluator: Evaluator, trial: Trial
) -> Value:
    if isinstance(side, n.Optimum) and not evaluator.world.optimum_is_value:
        return _argmin(side, evaluator, trial)
    return _along(index, side, sides, evaluator)


def along(sides: Sequence[n.Node], evaluator: Evaluator) -> list[Value]:
    """The values of sides; if an index runs through them, all values as it does."""
    index = free_index(sides, evaluator)
    return [_along(index, side, sides, evaluator) for side in sides]


def _along(index: str | None, side: n.Node, sides: Sequence[n.Node], evaluator: Evaluator) -> Value:
    if index is None:
        return evaluator(side)
    return column(evaluator.each(index, side, like=n.Items(tuple(sides))))


def _argmin(side: n.Optimum, evaluator: Evaluator, trial: Trial) -> Value:
    """The right value, if it is where that function is smallest."""
    if side.over is not None and evaluator.world.canonical(side.over) != evaluator.world.variable:
        raise Unread("a minimum over something else")
    right = trial.right[frozenset()]
    return right if same(evaluator(n.Gradient(side.body, None)), value(0.0)) else right + 1


def _refuse_one_entry(
    sides: Sequence[n.Node], values: Sequence[Value], spec: FormulaSpec, trial: Trial
) -> None:
    """`∂f/∂x_1 = 2 x_1` may be true, but is not the whole answer."""
    if all(is_scalar(right) for right in trial.right.values()):
        return
    if any(is_heading(side, spec) and is_scalar(v) for side, v in zip(sides, values, strict=True)):
        raise IllTyped("only one component")


def _holding(
    rows: list[list[Value]], spec: FormulaSpec, optional: frozenset[str]
) -> tuple[list[bool], frozenset[str]]:
    """Whether each side is right in every world, and what is odd about it."""
    rights = [trial.right[optional] for trial in spec.trials]
    if len(spec.scales) == 1:
        return [all(map(_equal, side, rights)) for side in zip(*rows, strict=True)], frozenset()
    ratios = [[_ratio(v, right) for v in row] for row, right in zip(rows, rights, strict=True)]
    return _scaled(ratios, spec)


def _equal(theirs: Value, right: Value) -> bool:
    if is_vector(theirs) and is_vector(right) and theirs.size != right.size:
        raise IllTyped("a vector of another length")
    return same(theirs, right)


def _ratio(theirs: Value, right: Value) -> float:
    if not is_scalar(theirs):
        raise IllTyped("a vector where a number is expected")
    return float(theirs / right)


def _scaled(ratios: list[list[float]], spec: FormulaSpec) -> tuple[list[bool], frozenset[str]]:
    """Sides are right if all have the same allowed factor; an odd constant one is doubtful."""
    holds, factors = [], []
    for side in zip(*ratios, strict=True):
        fitting = {
            scale
            for at, scale in enumerate(spec.scales)
            if all(_near(r, trial.scales[at]) for r, trial in zip(side, spec.trials, strict=True))
        }
        holds.append(side[0] > 0 and all(_near(a, b) for a, b in zip(side[::2], side[1::2], strict=True)))
        factors.append(fitting)
    doubts = set()
    if any(constant and not fitting for fitting, constant in zip(factors, holds, strict=True)):
        doubts.add("it has an unusual factor")
    if len(factors) > 1 and all(holds) and not set.intersection(*factors):
        doubts.add("its sides differ by a factor")
    return holds, frozenset(doubts)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= _SAME_RATIO * max(1.0, abs(b))
