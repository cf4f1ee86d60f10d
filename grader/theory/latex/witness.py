"""Chapter 10, aside: a place where an answer is seen to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.claims import is_closed, valued_sides
from grader.theory.latex.compare import NOT_EVALUATED, Exam, along
from grader.theory.latex.printing import typeset
from grader.theory.latex.values import Value, is_scalar, is_vector, same
from grader.theory.latex.verdicts import Witness
from grader.theory.numerals import numeral

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.theory.latex.evaluate import Evaluator
    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.trials import Trial
    from grader.theory.latex.worlds import Reading, World


_MOST_ENTRIES = 40


def witness(claim: Statement, exam: Exam, reading: Reading) -> Witness | None:
    """Find small integers at which a claim that failed is seen to fail."""
    side = next(side for side in reversed(valued_sides(claim, exam.spec)) if is_closed(side, exam.spec))
    found = (_seen(side, claim, exam, reading, trial) for trial in exam.spec.witnesses)
    return next(filter(None, found), None)


def _seen(side: n.Node, claim: Statement, exam: Exam, reading: Reading, trial: Trial) -> Witness | None:
    evaluator = exam.evaluator(trial, reading)
    try:
        (theirs,) = along([side], evaluator)
    except NOT_EVALUATED:
        return None
    right = trial.right[frozenset(evaluator.used & exam.spec.known_optional)]
    if any(same(theirs, scale * right) for scale in trial.scales):
        return None
    needed = (
        evaluator.used | exam.spec.needs | (set(exam.spec.given) - exam.spec.known_optional - _spare(exam))
    )
    letters = _letters((side, *claim.sides), exam)
    inputs: dict[str, str] = {}
    for name in exam.spec.given:
        if name in needed:
            inputs |= _shown(name, letters, exam.spec, evaluator, trial.world)
    theirs_shown, right_shown = _told_apart(theirs, right)
    return Witness(inputs=inputs, theirs=theirs_shown, right=right_shown)


def _letters(sides: Sequence[n.Node], exam: Exam) -> list[str]:
    """The names that an answer uses, also in what it defines, in order, and `β_0` beside `β`."""
    found = exam.found
    roots = (*sides, *found.definitions.values(), *(body for _, body in found.indexed.values()))
    letters = []
    for node in (part for root in roots for part in n.walk(root)):
        match node:
            case n.Name(name):
                letters.append(name)
            case n.Index(n.Name(name), (n.Number(value=0),)):
                letters.append(f"{name}_0")
    return letters


def _shown(
    name: str, letters: Sequence[str], spec: FormulaSpec, evaluator: Evaluator, ours: World
) -> dict[str, str]:
    """The value of a given symbol under the answer's name for it, or one by one where that is `x_i`.

    If the answer has no name for it, the question's own.
    """
    theirs = evaluator.world
    meant = [
        letter
        for letter in letters
        if theirs.stands_for.get(known := theirs.canonical(letter), {known}) == {name}
    ]
    if whole := next((letter for letter in meant if theirs.canonical(letter) in theirs.values), None):
        return {typeset(whole): printed(theirs.values[theirs.canonical(whole)])}
    if name in spec.known_optional and (intercepts := [one for one in letters if one.endswith("_0")]):
        return {typeset(intercepts[0]): printed(ours.values[name])}
    families = meant or [
        family for family, of in ours.stands_for.items() if of == {name} and name not in spec.needs
    ]
    if not families:
        return {typeset(name): printed(ours.values[name])}
    return {
        f"{typeset(families[0])}_{k}": printed(row)
        for k, row in enumerate(ours.values[name], evaluator.reading.base)
    }


def _spare(exam: Exam) -> set[str]:
    """Numbers that the right answer does without, such as a penalty's weight."""
    return {name for name in exam.spec.given if is_scalar(exam.spec.trials[0].world.values[name])}


def _told_apart(theirs: Value, right: Value) -> tuple[str, str]:
    """Both values, in as many digits as it takes to see that they differ."""
    pairs = ((printed(theirs, digits), printed(right, digits)) for digits in (3, 6, 12, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (printed(theirs, 17), printed(right, 17)))


def printed(a: Value, digits: int = 3) -> str:
    """`3`, `(1, 2, 3)`, `[[1, 2], [3, 4]]`; what is not a short number is rounded."""
    if a.size > _MOST_ENTRIES:
        return f"something of {a.size} numbers"
    if is_scalar(a):
        return numeral(float(a), digits=digits)
    rows = [", ".join(numeral(float(entry), digits=digits) for entry in row) for row in np.atleast_2d(a)]
    if is_vector(a) or a.ndim == 1:
        return f"({', '.join(rows)})"
    return "[" + ", ".join(f"[{row}]" for row in rows) + "]"
