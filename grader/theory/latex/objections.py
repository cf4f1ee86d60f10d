"""Chapter 10, aside: why a verdict is left to a person after all.

An answer that holds is not accepted, and one that fails is not rejected, while something else that was said may be
the answer, or change it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.claims import SIDE_FACTS, Claims, is_closed, merely_named, valued_sides
from grader.theory.latex.compare import NOT_EVALUATED, Exam, Finding, Outcome, tried
from grader.theory.latex.printing import shown, typeset
from grader.theory.latex.tokens import INDEX_LETTERS
from grader.theory.latex.values import ordered, same
from grader.theory.latex.worlds import STRICT

if TYPE_CHECKING:
    from grader.theory.latex.spans import Cell
    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.worlds import Reading

_INDEX_0 = re.compile(r"_\{?\s*0")


def blocked(found: Claims, where: Cell, chosen: list[Statement]) -> str:
    """Why nothing may be decided: a statement that could be the answer was not read."""
    for statement in found.unread:
        if not where.marked or not chosen or _looks_like(statement, chosen):
            return _not_read(statement)
    return ""


def _not_read(statement: Statement) -> str:
    return f"not read: “{statement.excerpt}” ({statement.problem})"


def _looks_like(statement: Statement, chosen: list[Statement]) -> bool:
    """Whether it has the heading of an answer: the same text before its first equals sign."""
    head, equals, _ = statement.text.partition(" = ")
    return bool(equals) and any(head == claim.text.partition(" = ")[0] for claim in chosen)


def objection(findings: list[Finding], chosen: list[Statement], exam: Exam, reading: Reading) -> str:
    """Why an answer that holds is not accepted."""
    spec = exam.spec
    if doubts := sorted(set[str]().union(*(finding.doubts for finding in findings))):
        return doubts[0]
    if not reading.strict:
        guesses = ", ".join(sorted(set[str]().union(*(finding.guesses for finding in findings))))
        return f"right only if read {reading.name}" + (f" ({guesses})" if guesses else "")
    if any(not _bounds_hold(claim, exam, reading) for claim in chosen):
        return "it holds, but not the inequality that follows"
    if all(merely_named(side, spec) for side in closed_sides(chosen, spec)):
        return "it names the answer without giving a formula"
    return ""


def _bounds_hold(claim: Statement, exam: Exam, reading: Reading) -> bool:
    r"""Whether what follows an answer is true, as in `\\|Xw-y\\|_1 \\ge 0`."""
    try:
        return all(
            same(evaluator(left), evaluator(right))
            if relation == "="
            else ordered(evaluator(left), relation, evaluator(right))
            for trial in (exam.spec.trials if claim.bounds else ())
            for evaluator in [exam.evaluator(trial, reading)]
            for left, relation, right in claim.bounds
        )
    except NOT_EVALUATED:
        return False


def restricted(exam: Exam) -> str:
    r"""A condition that does not always hold, as the `x > 0` of `2x` for `x > 0`."""
    found, spec = exam.found, exam.spec
    world = spec.trials[0].world
    for part in (*found.unread, *found.bare, *found.steps, *found.answers):
        names = set[str]().union(
            *map(n.names_in, (*part.sides, *(side for b in part.bounds for side in b[::2])))
        )
        free = INDEX_LETTERS | set(world.sizes) | {"infty"}
        conditional = part.bounds or part.problem in SIDE_FACTS
        if conditional and not names <= free and not (part.bounds and _bounds_hold(part, exam, STRICT[0])):
            return f"right, but “{part.excerpt}” may restrict it"
    return ""


def contradicted(others: list[Statement], exam: Exam, reading: Reading) -> str:
    for statement in others:
        if tried(statement, exam, reading).outcome is not Outcome.HOLDS:
            return f"right, but “{equation(statement)}” is given as well"
    return ""


def taken_back(found: Claims) -> str:
    """What is said after the answer about the same thing, and was not read or gives no value."""
    return next((f"right, but “{statement.excerpt}” comes after it" for statement in found.later), "")


def may_be_intercept(exam: Exam, reading: Reading, where: Cell) -> bool:
    return reading.base == 0 and bool(exam.spec.optional) and any(map(_INDEX_0.search, where.formulas))


def saved(others: list[Statement], exam: Exam, reading: Reading) -> str:
    """What else may be the answer, if what looks like it is wrong."""
    if exam.found.unread:
        return _not_read(exam.found.unread[0])
    for statement in others:
        if tried(statement, exam, reading).outcome is not Outcome.FAILS:
            return f"wrong, but “{equation(statement)}” is given as well"
    return ""


def penalty(chosen: list[Statement], exam: Exam, reading: Reading) -> str:
    r"""What is added to a right loss about the weights alone, as in `\\|Xw-y\\|_1 + \\|w\\|_1`."""
    for claim in chosen:
        for side in closed_sides([claim], exam.spec):
            terms = side.terms if isinstance(side, n.Sum) else ()
            spare = [term for term in terms if _penalizes(term, exam.spec)]
            kept = tuple(term for term in terms if term not in spare)
            if spare and kept:
                loss = n.Sum(kept) if len(kept) > 1 else kept[0]
                bare = replace(claim, sides=(loss,), bounds=())
                if tried(bare, exam, reading).outcome is Outcome.HOLDS:
                    return " + ".join(typeset(shown(term)) for term in spare)
    return ""


def _penalizes(term: n.Node, spec: FormulaSpec) -> bool:
    """Whether a term is about the weights alone; one that is subtracted is no penalty but a mistake."""
    if isinstance(term, n.Negative):
        return False
    names = {spec.known(name) for name in n.names_in(term)} - set(spec.trials[0].world.sizes)
    return bool(names) and names <= spec.known_penalized


def size_as_a_term(chosen: list[Statement], spec: FormulaSpec) -> str:
    """A letter for a size that something is added to or taken from, as in `p - y`: it may be a vector's name."""
    world = spec.trials[0].world
    terms = (
        term.body if isinstance(term, n.Negative) else term
        for claim in chosen
        for side in claim.sides
        for part in n.walk(side)
        if isinstance(part, n.Norm) and isinstance(part.body, n.Sum)
        for term in part.body.terms
    )
    names = (term.text for term in terms if isinstance(term, n.Name))
    return next((name for name in names if world.canonical(name) in world.sizes), "")


def closed_sides(chosen: list[Statement], spec: FormulaSpec) -> list[n.Node]:
    return [side for claim in chosen for side in valued_sides(claim, spec) if is_closed(side, spec)]


def equation(statement: Statement) -> str:
    return typeset(" = ".join(map(shown, statement.sides)))
