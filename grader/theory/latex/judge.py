"""Chapter 10: the verdict.

Only a strict reading accepts, and only if every claim holds, nothing is left unread that could matter and no word
takes it back. Reject needs a reading in which the answer was evaluated and wrong, and none in which any part of it
is right. Everything else goes to a person.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.asides import is_lemma, is_side_fact
from grader.theory.latex.claims import Claims, claims, is_closed, is_mention, merely_named, valued_sides
from grader.theory.latex.compare import NOT_EVALUATED, Exam, Finding, Outcome, tried
from grader.theory.latex.doubt import casts_doubt, computes, computes_beside
from grader.theory.latex.fuel import Fuel, Unread
from grader.theory.latex.printing import shown, typeset
from grader.theory.latex.spans import Cell, cell, scanned
from grader.theory.latex.statements import Statement, statements
from grader.theory.latex.values import ordered, same
from grader.theory.latex.verdicts import Judgement, Verdict
from grader.theory.latex.witness import witness
from grader.theory.latex.worlds import STRICT

if TYPE_CHECKING:
    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.worlds import Reading

_Choice: TypeAlias = tuple[list[Statement], list[Statement], list[Statement]]
_MOST_STATEMENTS = 60
_INDEX_0 = re.compile(r"_\{?\s*0")
NOT_GRADED = "handwritten or scanned answers are not graded"


def judge_formula(text: str, spec: FormulaSpec, *, seconds: float = 2.0) -> Judgement:
    """Judge an answer by what it computes.

    Args:
        text: a whole cell: markdown with maths, comments or strings in code, a LaTeX file, or a bare formula.
        spec: the question.
        seconds: of processor time; after these, the answer goes to a person. Work is bounded by steps as well (see
            `fuel`), each of which takes microseconds, so nothing has to be killed. A usual answer takes 4 ms.

    Returns:
        Never raises: what breaks us is `review`, with the reason.
    """
    try:
        with np.errstate(all="raise"):
            return _judged(text, spec, Fuel(seconds=seconds))
    except Unread as why:
        return review(str(why))
    except Exception:  # noqa: BLE001  a stranger's text must not take the class down
        return review("it could not be read automatically")


def _judged(text: str, spec: FormulaSpec, fuel: Fuel) -> Judgement:
    if scanned(text):
        return review(NOT_GRADED, tags=frozenset({"image"}))
    where = cell(text)
    judgement = _by_meaning(where, spec, fuel)
    if judgement.verdict is Verdict.ACCEPT and (word := casts_doubt(where.words)):
        reason = f"right, but the word “{word}” may take it back"
        return replace(judgement, verdict=Verdict.REVIEW, reason=reason)
    return judgement


def _by_meaning(where: Cell, spec: FormulaSpec, fuel: Fuel) -> Judgement:
    """Try the readings in turn. The first that accepts, or in which some of it is right, has the last word."""
    if not where.formulas:
        return review("no formula found")
    unclear: Judgement | None = None
    rejected: Judgement | None = None
    exams: dict[bool, Exam] = {}
    sorted_out: dict[bool, _Choice] = {}
    for reading in spec.readings:
        wide = reading.wide_sums
        exam = exams.get(wide) or Exam(
            found=_well_typed(claims(_statements(where, spec, wide, fuel), spec), spec, fuel),
            spec=spec,
            fuel=fuel,
        )
        exams[wide] = exam
        choice = sorted_out.get(wide) or _chosen(exam, where)
        sorted_out[wide] = choice
        judgement = _under(reading, exam, where, choice)
        if judgement.verdict is not Verdict.REVIEW and (why := _words_count(choice[2], exam.found, where)):
            return replace(judgement, verdict=Verdict.REVIEW, reason=why, witness=None)
        if judgement.verdict is Verdict.ACCEPT:
            return judgement
        if judgement.verdict is Verdict.REJECT:
            rejected = rejected or judgement
        elif judgement.reading:
            return judgement
        else:
            unclear = unclear or judgement
    return rejected or unclear or review("no reading fits")


def _words_count(answers: list[Statement], found: Claims, where: Cell) -> str:
    """Whether words or signs outside the formulas are part of one."""
    if beside := computes_beside(where.around):
        return f"“{beside}” may belong to the formula beside it"
    told_apart = bool(answers) and where.marked
    if not told_apart and (word := computes(where.words)):
        return f"the word “{word}” may belong to the formula"
    if not found.answers and where.words.strip() and all(is_mention(part) for part in found.bare):
        return "a symbol among words"
    return ""


def _statements(where: Cell, spec: FormulaSpec, wide: bool, fuel: Fuel) -> list[Statement]:
    parts = [
        statement
        for formula in where.formulas
        for statement in statements(formula, fuel, functions=spec.functions, wide=wide)
    ]
    if len(parts) > _MOST_STATEMENTS:
        raise Unread(f"{len(parts)} formulas are too many to be an answer")
    return parts


def _under(reading: Reading, exam: Exam, where: Cell, choice: _Choice) -> Judgement:
    """The verdict of one reading: `review` without naming it if nothing could be evaluated."""
    chosen, others, _ = choice
    if blocked := _blocked(exam.found, where, chosen):
        return review(blocked)
    if not chosen:
        return review("none of the formulas answers the question")
    findings = [tried(claim, exam, reading) for claim in chosen]
    judgement = _weighed(findings, chosen, exam, reading)
    reason = ""
    if judgement.verdict is Verdict.REJECT and (size := _size_as_a_term(chosen, exam.spec)):
        return review(f"“{size}” may stand for something else than a size", form=judgement.normal_form)
    if judgement.verdict is Verdict.REJECT and _may_be_intercept(exam, reading, where):
        return review("the index 0 may be that of an intercept", form=judgement.normal_form)
    if judgement.verdict is Verdict.ACCEPT:
        reason = _contradicted(others, exam, reading) or _taken_back(exam.found)
    if judgement.verdict is Verdict.REJECT:
        reason = _saved(others, exam, reading)
    return replace(judgement, verdict=Verdict.REVIEW, reason=reason, witness=None) if reason else judgement


def _weighed(findings: list[Finding], chosen: list[Statement], exam: Exam, reading: Reading) -> Judgement:
    outcomes = {finding.outcome for finding in findings}
    form = "; ".join(map(_form, chosen))
    if Outcome.UNCLEAR in outcomes:
        why = next(finding.why for finding in findings if finding.outcome is Outcome.UNCLEAR)
        named = reading.name if outcomes & {Outcome.HOLDS, Outcome.MIXED} else ""
        return review(f"not understood: {why}", form=form, reading=named)
    if outcomes == {Outcome.FAILS}:
        return _rejected(chosen[-1], exam, reading, form)
    if outcomes != {Outcome.HOLDS}:
        return review("one part of it is right, another is not", form=form, reading=reading.name)
    if reason := _objection(findings, chosen, exam, reading):
        return review(reason, form=form, reading=reading.name)
    return Judgement(
        verdict=Verdict.ACCEPT,
        reason="it has the right value wherever it was tried",
        reading=reading.name,
        normal_form=form,
        tags=_tags(findings, chosen, exam.spec),
    )


def _chosen(exam: Exam, where: Cell) -> _Choice:
    """The statements that are the answer, the bare formulas given as well, and the answers with a heading."""
    found = exam.found
    telling = [
        part
        for part in found.bare
        if not is_mention(part) and not _restates(part, exam) and not is_side_fact(part, exam, where.words)
    ]
    kept = [
        part for part in found.answers if len(found.bare + found.answers) == 1 or not is_lemma(part, exam)
    ]
    if kept:
        return kept, telling, kept
    if telling:
        return telling, [], []
    return list(found.answers) or [part for part in found.bare if len(found.bare) == 1], [], []


def _well_typed(found: Claims, spec: FormulaSpec, fuel: Fuel) -> Claims:
    """Without definitions of the question's own function that mean nothing for vectors: `f(x) = x^2`."""
    evaluator = Exam(found=found, spec=spec, fuel=fuel).evaluator(spec.trials[0], STRICT[0])

    def fits(name: str, body: n.Node) -> bool:
        try:
            evaluator(body)
        except NOT_EVALUATED:
            return name not in spec.headings or spec.trials[0].world.asked is None
        return True

    return replace(
        found, functions={name: body for name, body in found.functions.items() if fits(name, body)}
    )


def _restates(statement: Statement, exam: Exam) -> bool:
    """Whether it only repeats something given: the function, a symbol written out."""
    trial = exam.spec.trials[0]
    evaluator = exam.evaluator(trial, STRICT[0])
    try:
        values = [evaluator(side) for side in statement.sides]
        given = [trial.world.values[name] for name in exam.spec.given]
        if trial.world.asked is not None:
            given.append(evaluator(trial.world.asked))
    except NOT_EVALUATED:
        return False
    return any(all(same(v, thing) for v in values) for thing in given)


def _blocked(found: Claims, where: Cell, chosen: list[Statement]) -> str:
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


def _objection(findings: list[Finding], chosen: list[Statement], exam: Exam, reading: Reading) -> str:
    """Why an answer that holds is not accepted."""
    spec = exam.spec
    if doubts := sorted(set[str]().union(*(finding.doubts for finding in findings))):
        return doubts[0]
    if not reading.strict:
        guesses = ", ".join(sorted(set[str]().union(*(finding.guesses for finding in findings))))
        return f"right only if read {reading.name}" + (f" ({guesses})" if guesses else "")
    if any(not _bounds_hold(claim, exam, reading) for claim in chosen):
        return "it holds, but not the inequality that follows"
    if all(merely_named(side, spec) for side in _closed_sides(chosen, spec)):
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


def _contradicted(others: list[Statement], exam: Exam, reading: Reading) -> str:
    for statement in others:
        if tried(statement, exam, reading).outcome is not Outcome.HOLDS:
            return f"right, but “{_form(statement)}” is given as well"
    return ""


def _taken_back(found: Claims) -> str:
    """What is said after the answer about the same thing, and was not read or gives no value."""
    return next((f"right, but “{statement.excerpt}” comes after it" for statement in found.later), "")


def _may_be_intercept(exam: Exam, reading: Reading, where: Cell) -> bool:
    return reading.base == 0 and bool(exam.spec.optional) and any(map(_INDEX_0.search, where.formulas))


def _saved(others: list[Statement], exam: Exam, reading: Reading) -> str:
    """What else may be the answer, if what looks like it is wrong."""
    if exam.found.unread:
        return _not_read(exam.found.unread[0])
    for statement in others:
        if tried(statement, exam, reading).outcome is not Outcome.FAILS:
            return f"wrong, but “{_form(statement)}” is given as well"
    return ""


def _size_as_a_term(chosen: list[Statement], spec: FormulaSpec) -> str:
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


def _rejected(claim: Statement, exam: Exam, reading: Reading, form: str) -> Judgement:
    seen = witness(claim, exam, reading)
    if seen is None:
        return review("wrong, but no small example shows it", form=form)
    return Judgement(
        verdict=Verdict.REJECT,
        reason=str(seen),
        reading=reading.name,
        normal_form=form,
        witness=seen,
    )


def _closed_sides(chosen: list[Statement], spec: FormulaSpec) -> list[n.Node]:
    return [side for claim in chosen for side in valued_sides(claim, spec) if is_closed(side, spec)]


def _form(statement: Statement) -> str:
    return typeset(" = ".join(map(shown, statement.sides)))


def _tags(findings: list[Finding], chosen: list[Statement], spec: FormulaSpec) -> frozenset[str]:
    used = frozenset[str]().union(*(finding.used for finding in findings))
    sides = _closed_sides(chosen, spec)
    summed = {any(isinstance(part, n.Series | n.Dots) for part in n.walk(side)) for side in sides}
    tags = {"sum form" if is_sum else "matrix form" for is_sum in summed}
    if any(finding.component for finding in findings):
        tags.add("component form")
    if not spec.needs <= used:
        tags.add("no " + " and ".join(sorted(spec.needs)))
    return frozenset(tags)


def review(
    reason: str, *, form: str = "", reading: str = "", tags: frozenset[str] = frozenset()
) -> Judgement:
    """A judgement that leaves the answer to a person."""
    return Judgement(verdict=Verdict.REVIEW, reason=reason, normal_form=form, reading=reading, tags=tags)
