"""A student's report and the class page: single files that load nothing else. A report also runs no script."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.model import Ending, Outcome, Visibility
from grader.reports import cells, drawing, wording
from grader.reports.classroom import Classroom
from grader.reports.markup import inline_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbformat import NotebookNode

    from grader.model import Check, Grade, QuestionGrade

MOST_ANSWER_CELLS = 6
"""How many cells of an answer that needs review are shown with its question."""


class Audience(StrEnum):
    """Who reads a report, which decides which checks it explains. The points always include all checks."""

    INSTRUCTOR = "instructor"
    STUDENT = "student"
    RELEASED = "released"  # a student, after the due date and once grades are published

    def sees(self, check: Check) -> bool:
        match self:
            case Audience.INSTRUCTOR:
                return True
            case Audience.RELEASED:
                return check.visibility is not Visibility.HIDDEN
            case Audience.STUDENT:
                return check.visibility is Visibility.VISIBLE


def student_page(
    grade: Grade,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    *,
    audience: Audience = Audience.INSTRUCTOR,
) -> str:
    """`students/<id>/report.html`. It shows the figures of the reference, never its source."""
    notebook = cells.render(executed) if executed is not None else ()
    return (
        _environment()
        .get_template("student.html")
        .render(
            grade=grade,
            audience=audience,
            status=wording.status(grade),
            open_items=wording.open_items(grade),
            open_points=wording.open_points(grade),
            causes=wording.causes(check for check in grade.checks if audience.sees(check)),
            sections=[
                _section(question, executed, reference, notebook, audience) for question in grade.questions
            ],
            notebook=notebook,
        )
    )


def class_page(grades: Sequence[Grade], *, notices: Sequence[str] = ()) -> str:
    """`index.html`. `notices` are prominent warnings, such as that only a subset of the data was used."""
    return _environment().get_template("class.html").render(room=Classroom.of(grades), notices=notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """One question with everything that the report shows about it."""

    question: QuestionGrade
    anchor: str
    checks: tuple[Check, ...]
    withheld: int
    figures: tuple[cells.Figure, ...]
    reference_figures: tuple[cells.Figure, ...]
    drawings: tuple[drawing.Drawing, ...]
    answer: tuple[cells.Cell, ...]


def _section(
    question: QuestionGrade,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    notebook: Sequence[cells.Cell],
    audience: Audience,
) -> _Section:
    shown = tuple(check for check in question.checks if audience.sees(check))
    # What a withheld check shows, or compares with, would give away what it tests.
    explains = len(shown) == len(question.checks)
    review = question.outcome is Outcome.REVIEW
    return _Section(
        question=question,
        anchor="q-" + re.sub(r"[^A-Za-z0-9]+", "-", question.id),
        checks=shown,
        withheld=len(question.checks) - len(shown),
        figures=cells.figures(executed, question.cells),
        reference_figures=cells.figures(reference, question.reference_cells) if explains else (),
        drawings=tuple(drawing.draw(exhibit) for exhibit in question.exhibits) if explains else (),
        answer=_answer(question.cells, notebook) if review else (),
    )


def _answer(numbers: Sequence[int], notebook: Sequence[cells.Cell]) -> tuple[cells.Cell, ...]:
    return tuple(notebook[index] for index in numbers[:MOST_ANSWER_CELLS] if 0 <= index < len(notebook))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("grader.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        points=wording.points, sentence=inline_code, path=lambda text: quote(text, safe=""), summary=_summary
    )
    environment.globals.update(
        style=_resource("style.css"),
        script=_resource("sort.js"),
        style_hash=_source_hash(_resource("style.css")),
        script_hash=_source_hash(_resource("sort.js")),
        share=wording.share,
        Outcome=Outcome,
        Ending=Ending,
        Audience=Audience,
        Status=wording.Status,
        canvas=drawing,
    )
    return environment


def _resource(name: str) -> Markup:
    """A file of ours, included in the page without escaping, so that it matches its hash."""
    text = files("grader.reports").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own text


def _source_hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _summary(fields: Mapping[str, Any]) -> str:
    """Free-form fields on one line, or their `message` if they have one."""
    if isinstance(fields.get("message"), str):
        return str(fields["message"])
    return " · ".join(f"{str(key).replace('_', ' ')}: {_value(value)}" for key, value in fields.items())


def _value(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(_value(item) for item in value)
        case dict():
            return "(" + _summary(value) + ")"
    return str(value)
