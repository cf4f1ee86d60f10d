"""The class as a table for a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import csvs
from grader.legible import legible
from grader.reports.wording import status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from grader.model import Grade, Identity

MISSING = "missing"
"""The status of who handed in nothing."""


def grades_csv(grades: Sequence[Grade], missing: Iterable[Identity] = (), *, zero: bool = False) -> str:
    """One line a student, or a member of a group: each question's points, total, max, status and ending.

    See `wording.Status` and `model.Ending`, which tells a hand-in that can't be read from a blank one. What being
    late took from the total follows, and who it is. Last come the `missing`, with a total of 0 or without one.
    """
    questions = list(dict.fromkeys(question.id for grade in grades for question in grade.questions))
    header = ["student", *questions, "total", "max", "status", "ending"]
    who = ["late", "submitted", "name", "id", "email", "section"]
    rows = [[*header, *who], *(row for grade in grades for row in _rows(grade, questions))]
    rows += [_missing(each, len(questions), zero=zero) for each in missing]
    return csvs.write([csvs.escape_formula(legible(cell)) for cell in row] for row in rows)


def _rows(grade: Grade, questions: Sequence[str]) -> Iterator[list[str]]:
    points = {question.id: format(question.points, "f") for question in grade.questions}
    by_question = [points.get(question, "") for question in questions]
    total = [f"{grade.total:f}", f"{grade.max:f}", status(grade), grade.ending]
    late = f"{grade.late.points:f}" if grade.late else ""
    at = grade.submitted_at.isoformat(" ", "minutes") if grade.submitted_at else ""
    for each in grade.people or (grade.identity,):
        yield [grade.student, *by_question, *total, late, at, *_identity(each)]


def _missing(who: Identity, questions: int, *, zero: bool) -> list[str]:
    return ["", *[""] * questions, "0" if zero else "", "", MISSING, "", "", "", *_identity(who)]


def _identity(who: Identity) -> list[str]:
    return [who.name or "", who.id or "", who.email or "", who.section or ""]
