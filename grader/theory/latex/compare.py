"""Chapter 9: a claim is tried in every world."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.claims import is_closed, is_heading, valued_sides
from grader.theory.latex.evaluate import Evaluator
from grader.theory.latex.fuel import Fuel, IllTyped, Unread
from grader.theory.latex.oracles import Minimises
from grader.theory.latex.values import Value, column, is_scalar, is_vector, same, value
from grader.theory.latex.verdicts import Witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.theory.latex.claims import Claims
    from grader.theory.latex.spec import FormulaSpec, Trial
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.worlds import Reading

_SAME_RATIO = 1e-8


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


@dataclass(slots=True)
class _Trials:
    """What the sides were worth in the worlds tried so far."""

    right: list[list[bool]] = field(default_factory=list)
    ratios: list[list[float]] = field(default_factory=list)


def tried(
    claim: Statement, found: Claims, spec: FormulaSpec, reading: Reading, fuel: Fuel
) -> Finding:
    """Evaluate a claim in all of a question's worlds, under one reading."""
    sides = valued_sides(claim, spec)
    closed = [is_closed(side, spec) for side in sides]
    used: set[str] = set()
    guesses: set[str] = set()
    rows: list[list[Value]] = []
    component = False
    try:
        for trial in spec.trials:
            evaluator = Evaluator(found.within(spec.world_of(trial, reading)), reading, fuel)
            index = _free_index(sides, evaluator)
            component = index is not None
            like = n.Items(tuple(sides))
            rows.append([_checked(side, index, evaluator, spec, trial, like) for side in sides])
            _not_one_entry(sides, rows[-1], spec, trial)
            used |= evaluator.used
            guesses |= evaluator.algebra.guesses
        holds, doubts = _holding(rows, spec, frozenset(used & set(spec.known_optional)))
    except (Unread, IllTyped, FloatingPointError, StopIteration) as why:
        return Finding(outcome=Outcome.UNCLEAR, why=str(why) or "a case that is left out")
    if component and not _says_component(claim, spec, sides):
        doubts = doubts | {"it gives one component without saying so"}
    return Finding(
        outcome=_outcome(holds, closed),
        doubts=doubts,
        used=frozenset(used),
        component=component,
        guesses=frozenset(guesses),
    )


def _outcome(holds: Sequence[bool], closed: Sequence[bool]) -> Outcome:
    if all(holds):
        return Outcome.HOLDS
    return Outcome.MIXED if any(h for h, c in zip(holds, closed, strict=True) if c) else Outcome.FAILS


def _free_index(sides: Sequence[n.Node], evaluator: Evaluator) -> str | None:
    free = set[str]().union(*(evaluator.free(side) for side in sides))
    if len(free) > 1:
        raise Unread(f"the indices {', '.join(sorted(free))} are not bound")
    return next(iter(free), None)


def _checked(side: n.Node, index: str | None, evaluator: Evaluator, spec: FormulaSpec, trial: Trial, like: n.Node) -> Value:
    """The value of a side; for an argmin, the right value if it is one of that function."""
    if isinstance(spec.oracle, Minimises) and isinstance(side, n.Optimum):
        return _argmin(side, evaluator, spec, trial)
    if index is None:
        return evaluator(side)
    return column(evaluator.each(index, side, like=like))


def _not_one_entry(sides: Sequence[n.Node], values: Sequence[Value], spec: FormulaSpec, trial: Trial) -> None:
    """`∂f/∂x_1 = 2x_1` may be true, but is not the whole answer."""
    if any(is_vector(right) for right in trial.right.values()) and any(
        is_heading(side, spec) and is_scalar(v) for side, v in zip(sides, values, strict=True)
    ):
        raise IllTyped("only one component")


def _argmin(side: n.Optimum, evaluator: Evaluator, spec: FormulaSpec, trial: Trial) -> Value:
    if side.over is not None and spec.known(side.over) != spec.unknown:
        raise Unread("a minimum over something else")
    slope = evaluator(n.Gradient(side.body, None))
    right = trial.right[frozenset()]
    return right if same(slope, value(0.0)) else right + 1


def _holding(
    rows: list[list[Value]], spec: FormulaSpec, optional: frozenset[str]
) -> tuple[list[bool], frozenset[str]]:
    """Whether each side is right in every world, and what is odd about it."""
    rights = [trial.right[optional] for trial in spec.trials]
    if len(spec.scales) == 1:
        sides = list(zip(*rows, strict=True))
        return [all(map(_equal, side, rights)) for side in sides], frozenset()
    ratios = [[_ratio(v, right) for v in row] for row, right in zip(rows, rights, strict=True)]
    return _scaled(ratios, spec)


def _equal(theirs: Value, right: Value) -> bool:
    if is_vector(theirs) and is_vector(right) and theirs.size != right.size:
        raise IllTyped("a vector of another length")
    return same(theirs, right)


def _ratio(theirs: Value, right: Value) -> float:
    if not is_scalar(theirs):
        raise IllTyped("a vector, where a number is asked")
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
        constant = side[0] > 0 and all(_near(a, b) for a, b in zip(side[::2], side[1::2], strict=True))
        holds.append(constant)
        factors.append(fitting)
    doubts = set()
    if any(not fitting for fitting, constant in zip(factors, holds, strict=True) if constant):
        doubts.add("it has an unusual factor")
    if len(ratios[0]) > 1 and all(holds) and not set.intersection(*factors):
        doubts.add("its sides differ by a factor")
    return holds, frozenset(doubts)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= _SAME_RATIO * max(1.0, abs(b))


def _says_component(claim: Statement, spec: FormulaSpec, sides: Sequence[n.Node]) -> bool:
    return claim.for_all or any(is_heading(side, spec) for side in sides)


def witness(claim: Statement, found: Claims, spec: FormulaSpec, reading: Reading, fuel: Fuel) -> Witness | None:
    """Find small integers at which a claim that failed is seen to fail."""
    side = next(side for side in reversed(valued_sides(claim, spec)) if is_closed(side, spec))
    for trial in spec.witnesses:
        world = found.within(spec.world_of(trial, reading))
        evaluator = Evaluator(world, reading, fuel)
        try:
            index = _free_index([side], evaluator)
            theirs = _checked(side, index, evaluator, spec, trial, side)
        except (Unread, IllTyped, FloatingPointError, StopIteration):
            continue
        right = trial.right[frozenset(evaluator.used & set(spec.known_optional))]
        if any(same(theirs, scale * right) for scale in trial.scales):
            continue
        shown = sorted(evaluator.used & set(spec.given) | set(spec.given if spec.unknown else ()))
        inputs = {name: printed(world.values[name]) for name in shown if name in spec.given}
        return Witness(inputs=inputs, theirs=printed(theirs), right=printed(right))
    return None


def printed(a: Value) -> str:
    """`3`, `(1, 2, 3)`, `[[1, 2], [3, 4]]`."""
    if is_scalar(a):
        return f"{float(a):.6g}"
    if is_vector(a):
        return "(" + ", ".join(f"{entry:.6g}" for entry in a.ravel()) + ")"
    return "[" + ", ".join("[" + ", ".join(f"{entry:.6g}" for entry in row) + "]" for row in a) + "]"
