"""The class as a table for a spreadsheet, and as JSON."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from grader.reports.wording import status
from grader.results import codec as result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.model import Grade

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def grades_csv(grades: Sequence[Grade]) -> str:
    """One line a student: student, each question's points, total, max, status. See `wording.Status`."""
    questions = list(dict.fromkeys(question.id for grade in grades for question in grade.questions))
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(map(harmless, ["student", *questions, "total", "max", "status"]))
    for grade in grades:
        points = {question.id: format(question.points, "f") for question in grade.questions}
        own = [points.get(question, "") for question in questions]
        table.writerow(
            map(harmless, [grade.student, *own, f"{grade.total:f}", f"{grade.max:f}", status(grade)])
        )
    return text.getvalue()


def grades_json(grades: Iterable[Grade]) -> str:
    """A list of what result.json holds, in the order given."""
    return "[\n" + ",\n".join(result.dumps(grade).rstrip("\n") for grade in grades) + "\n]\n"


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet would run it as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell
