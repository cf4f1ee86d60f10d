"""What the `question` marks of a rubric's tests say, and where they contradict assignment.toml."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grader.model import Visibility

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from grader.assignment import Assignment


_ID = re.compile(r"\w[^\s,;]*(\[.*\])?$")


@dataclass(frozen=True, slots=True)
class Mark:
    """A test, as its `question` mark and its docstring describe it."""

    check: str
    """The check's id, which rulings hang on: the mark's `id`, or else the function's name, and its parameters."""
    question: str
    points: Decimal
    visibility: str
    title: str
    """The first paragraph of the docstring; without one, the name in words."""
    place: str
    """File and line of the test."""
    reveal: bool = False
    """It may tell students numbers and names that they do not know yet."""

    @classmethod
    def of(cls, test: Any) -> Mark:
        mark = test.get_closest_marker("question")
        text = inspect.getdoc(test.function) or test.name.removeprefix("test_").replace("_", " ")
        title = " ".join(text.split("\n\n", maxsplit=1)[0].split())
        question, points, visibility = (mark.kwargs[name] for name in ("id", "points", "visibility"))
        function = test.originalname
        check = (mark.kwargs.get("check") or function) + test.name.removeprefix(function)
        reveal = mark.kwargs.get("reveal", False)
        return cls(check, question, points, visibility, title, _place(test), reveal)


def contradictions(tests: Sequence[pytest.Item], assignment: Assignment) -> list[str]:
    """Why this rubric must be refused, one sentence each; later kinds are looked for only without earlier ones."""
    unmarked = [test for test in tests if test.get_closest_marker("question") is None]
    if unmarked:
        return [f"{_place(test)}: {test.name} has no @question mark." for test in unmarked]
    marks = [Mark.of(test) for test in tests]
    return list(_of_single_marks(marks, assignment)) or list(_of_questions(marks, assignment))


def _place(test: Any) -> str:
    line = test.location[1]
    return f"{test.path}:{line + 1}" if line is not None else str(test.path)


def _of_single_marks(marks: Sequence[Mark], assignment: Assignment) -> Iterator[str]:
    questions = {question.id for question in assignment.questions}
    for mark in marks:
        name = f"{mark.place}: {mark.check}"
        if mark.question not in questions:
            yield f"{name} is for question {mark.question!r}, which assignment.toml does not have."
        if not mark.points.is_finite() or mark.points < 0:
            yield f"{name} is worth {mark.points} points; it must be 0 or more."
        if mark.visibility not in list(Visibility):
            options = ", ".join(Visibility)
            yield f"{name} has the visibility {mark.visibility!r}; it must be one of {options}."
        if mark.reveal not in (True, False):
            yield f"{name}: reveal must be True or False, not {mark.reveal!r}."
        if not _ID.match(mark.check):
            yield f"{name}: an id starts with a letter or digit and has neither spaces nor commas."
    first: dict[str, Mark] = {}
    for mark in marks:
        if (other := first.setdefault(mark.check, mark)) is not mark:
            yield (
                f"{mark.place}: two checks have the id {mark.check}, this one and {other.place}; "
                "give one of them another with id=."
            )


def _of_questions(marks: Sequence[Mark], assignment: Assignment) -> Iterator[str]:
    for question in assignment.questions:
        own = [mark for mark in marks if mark.question == question.id]
        points = sum((mark.points for mark in own), Decimal(0))
        if not own and question.points:
            yield f"Question {question.id} has no check."
        elif own and points != question.points:
            yield (
                f"{own[0].place}: the points of question {question.id}'s checks add up to {points}; "
                f"assignment.toml says {question.points}."
            )
