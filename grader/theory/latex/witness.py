"""Chapter 10, aside: a place where an answer is seen to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.theory.latex.claims import is_closed, valued_sides
from grader.theory.latex.compare import NOT_EVALUATED, Exam, along
from grader.theory.latex.values import Value, is_scalar, is_vector, same
from grader.theory.latex.verdicts import Witness

if TYPE_CHECKING:
    from grader.theory.latex import nodes as n
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.trials import Trial
    from grader.theory.latex.worlds import Reading


_MOST_ENTRIES = 40


def witness(claim: Statement, exam: Exam, reading: Reading) -> Witness | None:
    """Find small integers at which a claim that failed is seen to fail."""
    side = next(side for side in reversed(valued_sides(claim, exam.spec)) if is_closed(side, exam.spec))
    found = (_seen(side, exam, reading, trial) for trial in exam.spec.witnesses)
    return next(filter(None, found), None)


def _seen(side: n.Node, exam: Exam, reading: Reading, trial: Trial) -> Witness | None:
    evaluator = exam.evaluator(trial, reading)
    try:
        (theirs,) = along([side], evaluator)
    except NOT_EVALUATED:
        return None
    right = trial.right[frozenset(evaluator.used & exam.spec.known_optional)]
    if any(same(theirs, scale * right) for scale in trial.scales):
        return None
    values = evaluator.world.values
    needed = (
        evaluator.used | exam.spec.needs | (set(exam.spec.given) - exam.spec.known_optional - _spare(exam))
    )
    inputs = {name: printed(values[name]) for name in exam.spec.given if name in needed}
    return Witness(inputs=inputs, theirs=printed(theirs), right=printed(right))


def _spare(exam: Exam) -> set[str]:
    """Numbers that the right answer does without, such as a penalty's weight."""
    return {name for name in exam.spec.given if is_scalar(exam.spec.trials[0].world.values[name])}


def printed(a: Value) -> str:
    """`3`, `(1, 2, 3)`, `[[1, 2], [3, 4]]`."""
    if a.size > _MOST_ENTRIES:
        return f"something of {a.size} numbers"
    if is_scalar(a):
        return f"{float(a):.6g}"
    if is_vector(a):
        return "(" + ", ".join(f"{entry:.6g}" for entry in a.ravel()) + ")"
    return "[" + ", ".join("[" + ", ".join(f"{entry:.6g}" for entry in row) + "]" for row in a) + "]"
