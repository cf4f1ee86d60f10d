"""The class as a table for a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import csvs
from grader.legible import legible
from grader.reports.wording import status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model import Grade


def grades_csv(grades: Sequence[Grade]) -> str:
    """One line a student: student, each question's points, total, max, status, ending.

    See `wording.Status` and `model.Ending`, which tells a hand-in that can't be read from a blank one.
    """
    questions = list(dict.fromkeys(question.id for grade in grades for question in grade.questions))
    header = ["student", *questions, "total", "max", "status", "ending"]
    rows = [header, *(_row(grade, questions) for grade in grades)]
    return csvs.write([csvs.escape_formula(legible(cell)) for cell in row] for row in rows)


def _row(grade: Grade, questions: Sequence[str]) -> list[str]:
    points = {question.id: format(question.points, "f") for question in grade.questions}
    by_question = [points.get(question, "") for question in questions]
    return [grade.student, *by_question, f"{grade.total:f}", f"{grade.max:f}", status(grade), grade.ending]
