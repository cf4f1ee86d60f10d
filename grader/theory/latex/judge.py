"""Chapter 10: the verdict.

Only a strict reading accepts, and only if every claim holds, nothing is left unread that could matter and no word
takes it back. Reject needs a reading in which the answer was evaluated and wrong, and none in which any part of it
is right. Everything else goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.asides import is_lemma, is_side_fact
from grader.theory.latex.beside import may_change
from grader.theory.latex.claims import Claims, claims, is_mention
from grader.theory.latex.compare import NOT_EVALUATED, Exam, Finding, Outcome, tried
from grader.theory.latex.doubt import casts_doubt, computes, computes_beside
from grader.theory.latex.fuel import Fuel, Unread
from grader.theory.latex.objections import (
    blocked,
    closed_sides,
    contradicted,
    equation,
    may_be_intercept,
    objection,
    penalty,
    restricted,
    saved,
    size_as_a_term,
    taken_back,
)
from grader.theory.latex.spans import Cell, cell, scanned
from grader.theory.latex.statements import Statement, statements
from grader.theory.latex.values import same
from grader.theory.latex.verdicts import Judgement, Verdict
from grader.theory.latex.witness import witness
from grader.theory.latex.worlds import STRICT

if TYPE_CHECKING:
    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.worlds import Reading

_MOST_STATEMENTS = 60
PICTURE = "the answer contains a picture, which only a person can read"


@dataclass(frozen=True, slots=True)
class _Choice:
    """The statements of a cell, by what they are to the question."""

    answers: list[Statement]
    others: list[Statement]
    """Bare formulas that are given as well."""
    headed: bool
    """Whether the answers say what they are."""


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
        return review(PICTURE, tags=frozenset({"image"}))
    where = cell(text)
    return _by_meaning(where, spec, fuel)


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
        if judgement.verdict is not Verdict.REVIEW and (why := _words_count(choice, exam.found, where)):
            return replace(judgement, verdict=Verdict.REVIEW, reason=why, witness=None)
        if judgement.verdict is Verdict.ACCEPT:
            return _unless_changed(judgement, exam, choice, where)
        if judgement.verdict is Verdict.REJECT:
            rejected = rejected or _unless_changed(judgement, exam, choice, where)
        elif judgement.reading:
            return judgement
        else:
            unclear = unclear or judgement
    return rejected or unclear or review("no reading fits")


def _unless_changed(judgement: Judgement, exam: Exam, choice: _Choice, where: Cell) -> Judgement:
    """The verdict, unless something beside the formula may change it, or restricts where it holds."""
    right, reason = judgement.verdict is Verdict.ACCEPT, ""
    if right and (word := casts_doubt(where.words)):
        reason = f"right, but the word “{word}” may take it back"
    elif right:
        reason = restricted(exam)
    sources = {part.source for part in (*choice.answers, *choice.others)}
    if not reason and (words := may_change(where, sources, exam.spec)):
        reason = f"{'right' if right else 'wrong'}, but “{words}” may change it"
    return replace(judgement, verdict=Verdict.REVIEW, reason=reason, witness=None) if reason else judgement


def _words_count(choice: _Choice, found: Claims, where: Cell) -> str:
    """Whether words or signs outside the formulas are part of one."""
    if beside := computes_beside(where.around):
        return f"“{beside}” may belong to the formula beside it"
    told_apart = choice.headed and where.marked
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
    chosen, others = choice.answers, choice.others
    if why := blocked(exam.found, where, chosen):
        return review(why)
    if not chosen:
        return review("none of the formulas answers the question")
    findings = [tried(claim, exam, reading) for claim in chosen]
    judgement = _weighed(findings, chosen, exam, reading)
    reason = ""
    if judgement.verdict is Verdict.REJECT and (size := size_as_a_term(chosen, exam.spec)):
        return review(f"“{size}” may stand for something else than a size", form=judgement.normal_form)
    if judgement.verdict is Verdict.REJECT and may_be_intercept(exam, reading, where):
        return review("the index 0 may be that of an intercept", form=judgement.normal_form)
    if judgement.verdict is Verdict.REJECT and (added := penalty(chosen, exam, reading)):
        return review(
            f"right but for the penalty “{added}”", form=judgement.normal_form, reading=reading.name
        )
    if judgement.verdict is Verdict.ACCEPT:
        reason = contradicted(others, exam, reading) or taken_back(exam.found)
    if judgement.verdict is Verdict.REJECT:
        reason = saved(others, exam, reading)
    return replace(judgement, verdict=Verdict.REVIEW, reason=reason, witness=None) if reason else judgement


def _weighed(findings: list[Finding], chosen: list[Statement], exam: Exam, reading: Reading) -> Judgement:
    outcomes = {finding.outcome for finding in findings}
    form = "; ".join(map(equation, chosen))
    if Outcome.UNCLEAR in outcomes:
        why = next(finding.why for finding in findings if finding.outcome is Outcome.UNCLEAR)
        named = reading.name if outcomes & {Outcome.HOLDS, Outcome.MIXED} else ""
        return review(f"not understood: {why}", form=form, reading=named)
    if outcomes == {Outcome.FAILS}:
        return _rejected(chosen[-1], exam, reading, form)
    if outcomes != {Outcome.HOLDS}:
        return review("one part of it is right, another is not", form=form, reading=reading.name)
    if reason := objection(findings, chosen, exam, reading):
        return review(reason, form=form, reading=reading.name)
    return Judgement(
        verdict=Verdict.ACCEPT,
        reason="it has the right value wherever it was tried",
        reading=reading.name,
        normal_form=form,
        tags=_tags(findings, chosen, exam.spec),
    )


def _chosen(exam: Exam, where: Cell) -> _Choice:
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
        return _Choice(kept, telling, headed=True)
    rest = telling or list(found.answers) or [part for part in found.bare if len(found.bare) == 1]
    return _Choice(rest, [], headed=False)


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


def _tags(findings: list[Finding], chosen: list[Statement], spec: FormulaSpec) -> frozenset[str]:
    used = frozenset[str]().union(*(finding.used for finding in findings))
    sides = closed_sides(chosen, spec)
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
