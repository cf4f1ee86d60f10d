r"""Chapter 9, aside: what stands beside an answer and is none.

Sizes (`n \times d`), notation explained (`\|v\|_1 = \sum_i |v_i|`), predictions (`Xw`), and lemmas: true
statements about another function (`\nabla\|x\|_2 = x/\|x\|_2`). Each is set aside only because it was evaluated
and is true, or can't be an answer by its kind.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.compare import NOT_EVALUATED, Exam, along
from grader.theory.latex.oracles import Equals, GradientOf
from grader.theory.latex.tokens import INDEX_LETTERS
from grader.theory.latex.values import is_scalar, same, value
from grader.theory.latex.worlds import STRICT

if TYPE_CHECKING:
    from grader.theory.latex.evaluate import Evaluator
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.trials import Trial

_GENERAL = re.compile(r"\b(?:general\w*|arbitrary|higher dimension\w*|allgemein\w*)\b", re.IGNORECASE)


def is_side_fact(statement: Statement, exam: Exam, words: str) -> bool:
    """Whether a formula without a heading only explains sizes, notation or predictions."""
    sizes = set(exam.spec.trials[0].world.sizes)
    names = set[str]().union(*map(n.names_in, statement.sides))
    if names and names <= sizes and not any(isinstance(side, n.Call) for side in statement.sides):
        fixes_a_size = len(statement.sides) > 1 and "times" not in statement.text
        return not fixes_a_size or bool(_GENERAL.search(words))
    return _is_notation(statement, names, exam) or _is_linear(statement, exam)


def _is_notation(statement: Statement, names: set[str], exam: Exam) -> bool:
    """Whether it is an equation about letters of its own, true for every vector."""
    world = exam.spec.trials[0].world
    known = {world.canonical(name) for name in names} & {*world.values, *world.sizes, *exam.found.definitions}
    own = {name for name in names if world.canonical(name) not in known} - INDEX_LETTERS
    if len(statement.sides) == 1 or not own or known - set(world.sizes):
        return False
    return any(_holds_for_vectors(statement, own, exam, at) for at in (0, -1))


def _holds_for_vectors(statement: Statement, own: set[str], exam: Exam, dimension: int) -> bool:
    try:
        for seed, trial in enumerate(exam.spec.trials):
            evaluator = exam.evaluator(trial, STRICT[0])
            size = list(trial.world.sizes.values())[dimension]
            rng = np.random.default_rng(seed)
            vectors = {name: value(rng.normal(0, 2, (size, 1))) for name in sorted(own)}
            evaluator.world = replace(
                evaluator.world,
                values={**evaluator.world.values, **vectors},
                families={
                    family: rows for family, rows in evaluator.world.families.items() if family not in own
                },
                synonyms={alias: of for alias, of in evaluator.world.synonyms.items() if alias not in own},
            )
            if not _equal(statement, evaluator):
                return False
    except NOT_EVALUATED:
        return False
    return True


def _is_linear(statement: Statement, exam: Exam) -> bool:
    """Whether it is `Xw` or `Xw = y`, where a number is asked."""
    if not (isinstance(exam.spec.oracle, Equals) and exam.found.answers):
        return False
    parts = [part for side in statement.sides for part in n.walk(side)]
    if not all(isinstance(part, n.Name | n.Product | n.Sum | n.Negative | n.Transpose) for part in parts):
        return False
    trial = exam.spec.trials[0]
    try:
        values = along(statement.sides, exam.evaluator(trial, STRICT[0]))
    except NOT_EVALUATED:
        return False
    return is_scalar(trial.right[frozenset()]) and not any(map(is_scalar, values))


def is_lemma(statement: Statement, exam: Exam) -> bool:
    r"""Whether it is a true statement about the derivative of another function than the one asked about.

    A function of a number counts as another one: `\frac{d}{dx} x^2 = 2x`.
    """
    if not isinstance(exam.spec.oracle, GradientOf):
        return False
    bodies = [
        part.body
        for side in statement.sides
        for part in n.walk(side)
        if n.is_derivative(part) and isinstance(part, n.Gradient | n.Prime)
    ]
    if not bodies or None in bodies:
        return False
    trials = exam.spec.trials
    try:
        return all(_is_other(bodies[0], exam.evaluator(trial, STRICT[0])) for trial in trials) and all(
            _equal(statement, exam.evaluator(trial, STRICT[0])) for trial in trials
        )
    except NOT_EVALUATED:
        return _holds_for_numbers(statement, exam)


def _is_other(body: n.Node | None, evaluator: Evaluator) -> bool:
    assert body is not None  # noqa: S101  is_lemma has looked
    asked = evaluator.world.asked
    return asked is not None and not same(evaluator(body), evaluator(asked))


def _holds_for_numbers(statement: Statement, exam: Exam) -> bool:
    try:
        return all(
            _equal(statement, _at_number(trial, seed, exam)) for seed, trial in enumerate(exam.spec.trials)
        )
    except NOT_EVALUATED:
        return False


def _at_number(trial: Trial, seed: int, exam: Exam) -> Evaluator:
    evaluator = exam.evaluator(trial, STRICT[0])
    number = value(float(np.random.default_rng(seed).normal(0, 2)))
    evaluator.world = evaluator.world.with_value(evaluator.world.variable or "", number)
    return evaluator


def _equal(statement: Statement, evaluator: Evaluator) -> bool:
    first, *rest = along(statement.sides, evaluator)
    return all(same(first, other) for other in rest)
