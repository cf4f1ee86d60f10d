"""What costs a student nothing, though a check failed: what we broke, cut off, lack, or could not read."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from grader import notebook
from grader.judging import answers, beside
from grader.model import ELSEWHERE, NOT_ANSWERED, Outcome, ReviewItem
from grader.source import Bindings, undefined
from grader.theory.words import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.judging.work import Work
    from grader.model import Check, Execution, Gap


def excused(check: Check, execution: Execution, student: Work, *, by_roster: bool = False) -> Check:
    """What was seen to be right stands. What we broke, cut off or lack costs nothing until a person says so.

    A check that looked into the roster (`by_roster`) fails for its own reason, not for want of an answer.
    """
    if check.outcome is Outcome.PASSED:
        return check
    if execution.ending.ours:
        return replace(check, outcome=Outcome.BROKEN, earned=Decimal(0), message=not_run(execution))
    why = _kept_from_seeing(check.question, execution, student)
    if not why:
        return _unanswered(check, execution, student, by_roster=by_roster)
    return replace(check, outcome=Outcome.REVIEW, message=f"{why} {check.message}".strip())


def _unanswered(check: Check, execution: Execution, student: Work, *, by_roster: bool) -> Check:
    """A question without an answer earns nothing; one whose answer a machine would not find is a person's."""
    if check.outcome not in (Outcome.FAILED, Outcome.SKIPPED):
        return check
    if student.is_in_file(check.question):
        return _in_file(check, execution, student)
    found, skipped = student.answer(check.question).found, check.outcome is Outcome.SKIPPED
    if not found and not student.from_kit:
        why = "No cell was found that answers this question, and the notebook was not made from the assignment's."
        return _elsewhere(check, why if skipped else f"{why} {check.message}", execution)
    if student.is_blank(check.question) if found else (skipped or not student.defines(check.question)):
        if files := beside.may_answer(execution, student.assignment):
            return _elsewhere(
                check, f"Not answered in the notebook; it may be answered in {files}.", execution
            )
        blank = replace(check, outcome=Outcome.FAILED, message=NOT_ANSWERED, actual="")
        return check if by_roster and not skipped else blank
    return check


def _in_file(check: Check, execution: Execution, student: Work) -> Check:
    """An answer in a file is judged as one in the notebook is; but where code was asked for, it has not run."""
    if answers.asks_for_prose(check.question, student.assignment):
        return check
    where = student.passages(check.question)[0]
    return _elsewhere(check, f"Not answered in the notebook; it may be answered in {where}.", execution)


def _elsewhere(check: Check, why: str, execution: Execution) -> Check:
    """One task for a person, however many questions it is about: to look through what else was handed in."""
    item = ReviewItem(
        answer=beside.with_texts(why, execution),
        group=code_of(f"elsewhere {execution.student}"),
        tags=(ELSEWHERE,),
    )
    blank = replace(check, earned=Decimal(0), expected="", actual="", hint="")
    return replace(blank, outcome=Outcome.REVIEW, message=why, review=item)


def _kept_from_seeing(question: str, execution: Execution, student: Work) -> str:
    """Why nobody knows what a question's answer shows, if so; else nothing."""
    if gap := _gap(question, execution, student):
        return f"{gap.why} This needs review."
    own, unread = set(student.answer(question).cells), notebook.unread(student.notebook)
    if unread and (not own or own & unread.keys() or undefined(student.answer(question).error)):
        return "A cell of the notebook could not be read, so this needs review."
    return student.doubt(question) or _not_code(question, student)


def _gap(question: str, execution: Execution, student: Work) -> Gap | None:
    """What kept a question's cells from their end, or kept what the question asks for from being seen."""
    own = set(student.answer(question).cells)
    for gap in execution.gaps:
        if own & set(gap.cells):
            return gap
    wanted = _lacked(question, student)
    for gap in execution.gaps:
        source = "\n".join(student.notebook.cells[index].source for index in gap.cells)
        if any(re.search(rf"\b{re.escape(name)}\b", source) for name in wanted):
            return gap
    return None


def _not_code(question: str, student: Work) -> str:
    """That code which this question needs stands in a cell that does not run; else nothing."""
    lacked = _lacked(question, student)
    for index, cell in enumerate(student.notebook.cells if lacked else ()):
        if cell.cell_type == "code" or answers.is_given(cell, student.assignment):
            continue
        if names := lacked & Bindings.of(cell.source).assigned:
            kind = f"Cell {index + 1}, which defines `{min(names)}`, is a {cell.cell_type} cell"
            return f"{kind} and did not run, so this needs review."
    return ""


def _lacked(question: str, student: Work) -> frozenset[str]:
    """The names that a question asks for and no cell gave a value, and those that its code lacked."""
    return frozenset(chain(_unseen_names(question, student), undefined(student.answer(question).error)))


def _unseen_names(question: str, student: Work) -> Iterator[str]:
    for name in student.assignment.names.get(question, ()):
        if not student.evidence.values(name):
            yield name
        probed = student.probe(name)
        error = probed["error"] if probed is not None else None
        if error is not None:
            yield from undefined(error.text("value"))


def not_run(execution: Execution) -> str:
    return f"We could not run this notebook: {execution.detail}"
