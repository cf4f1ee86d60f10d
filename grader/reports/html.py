"""A student's report and the class page: single files that load nothing else. A report also runs no script."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from grader.assignment.cells import CellMarks
from grader.assignment.solutions import HINTS, strip_solutions
from grader.errors import RubricError
from grader.legible import legible
from grader.model import Ending, FoundBy, Moment, Outcome
from grader.reports import cells, drawing, markdown, thumbnails, wording
from grader.reports.classroom import Classroom
from grader.reports.markup import linked, sentence
from grader.reports.mathml import formulas

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from nbformat import NotebookNode

    from grader.model import Grade, Identity, Passage, QuestionGrade
    from grader.reports.feedback import Feedback

NOTEBOOK = "executed.html"
"""The page of the executed notebook, beside its report."""
MOST_FOUND = 2000
"""Characters of what a check found; the answer stands below."""


def student_page(
    grade: Grade,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    prompts: Mapping[str, Markup] = MappingProxyType({}),
) -> str:
    """`students/<id>/report.html`, for instructors. It shows the figures of the reference, never its source.

    `prompts` are what the questions ask, by their ids.
    """
    return _student_page(grade, executed, reference, prompts)


def feedback_page(
    feedback: Feedback,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    prompts: Mapping[str, Markup] = MappingProxyType({}),
    *,
    problem: str = "",
) -> str:
    """What a student gets. `problem` is why the notebook is not in it, if that could be drawn.

    Everything comes from the feedback and the student's own notebook; of the reference, figures of the questions
    for which the feedback names its cells.
    """
    page = _student_page(
        feedback.grade,
        executed,
        reference,
        prompts,
        notebook=() if executed is None else cells.render(executed),
        moment=feedback.moment,
        withheld=feedback.withheld,
        problem=problem,
    )
    return page.replace(cells.SEE_FILE, "")  # a student has no such file


def _student_page(
    grade: Grade,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    prompts: Mapping[str, Markup],
    *,
    notebook: Sequence[cells.Cell] = (),
    moment: Moment | None = None,
    withheld: Collection[str] = (),
    problem: str = "",
) -> str:
    """Without a `moment`, the notebook has a page of its own."""
    space, folded = cells.Space(cells.ANSWERS), _is_unread(grade)
    causes = wording.every_cause(grade.checks)
    sections = [
        _section(question, executed, reference, prompts, space, folded=folded) for question in grade.questions
    ]
    return _page(
        "student.html",
        grade=grade,
        moment=moment,
        withheld=withheld,
        problem=problem,
        open_items=wording.open_items(grade),
        open_line=wording.open_line(grade),
        open_points=wording.open_points(grade),
        causes=causes[: wording.MOST_CAUSES],
        more_causes=len(causes[wording.MOST_CAUSES :]),
        sections=sections,
        places={section.question.id: section for section in sections},
        shown=thumbnails.fitted(
            figure.image for section in sections for figure in (*section.figures, *section.reference_figures)
        ),
        notebook=notebook,
        sheet=NOTEBOOK if executed is not None and moment is None else "",
    )


def notebook_page(notebook: NotebookNode, *, title: str, grade: Grade | None = None) -> str:
    """A notebook with its outputs, safe to open; with a `grade`, beside whose report it stands."""
    answers = [] if grade is None else grade.questions
    return _page(
        "notebook.html",
        title=title,
        notebook=cells.render(notebook),
        grade=grade,
        answered={
            index + 1: [(each.id, anchor(each.id)) for each in answers if index in each.cells]
            for index in {index for each in answers for index in each.cells}
        },
    )


def answer_fragment(
    question: QuestionGrade,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    prompts: Mapping[str, Markup] = MappingProxyType({}),
    *,
    sheet: str,
) -> str:
    """What a question asks and what was answered, without what checks say of it; for a page of another room.

    `sheet` is where that page has the whole notebook.
    """
    section = _section(question, executed, reference, prompts, cells.Space(cells.ANSWERS), always=True)
    figures = (*section.figures, *section.reference_figures)
    shown = thumbnails.fitted(figure.image for figure in figures)
    return _page("answer.html", section=section, shown=shown, sheet=sheet if executed is not None else "")


def prepare(reference: NotebookNode | None) -> dict[str, Markup]:
    """Load, once, what every page needs; what each question asks, by its id."""
    for template in environment().list_templates(extensions=["html"]):
        environment().get_template(template)
    if reference is None:
        return {}
    cells.render(reference)
    try:
        handed_out = strip_solutions(reference, dict.fromkeys(HINTS, ""))
    except RubricError:  # it changed since this ran
        return {}
    return {
        prompt: markdown.render(cell.source, cell.get("attachments"))
        for cell in handed_out.cells
        if (prompt := CellMarks.of(cell).prompt)
    }


def stand_in_page(grade: Grade, problem: str) -> str:
    """`students/<id>/report.html` where the page itself can't be drawn: the points alone, and why."""
    sections = [{"question": question, "anchor": ""} for question in grade.questions]
    return _page("stand_in.html", grade=grade, problem=problem, sections=sections)


def bare_page(grade: Grade, problem: str) -> str:
    """The same where not even its points can be drawn."""
    sentence = "The report of {} could not be drawn. {} See result.json."
    return f"<!DOCTYPE html><title>Report</title><p>{escape(sentence.format(grade.student, problem))}"


def bare_notebook_page(student: str, problem: str) -> str:
    """`students/<id>/executed.html` where the notebook can't be drawn."""
    sentence = "The notebook of {} could not be drawn. {} Open executed.ipynb in Jupyter."
    return f"<!DOCTYPE html><title>Notebook</title><p>{escape(sentence.format(student, problem))}"


def nothing_drawn(why: str) -> str:
    """A part of a page, or all of one, that says why there is nothing else."""
    return f'<p class="quiet">{escape(why)}</p>'


def bare_feedback_page(student: str) -> str:
    """A student's page where not even the checks can be drawn."""
    sentence = "Your feedback, {}, could not be drawn. Ask the course staff for it."
    return f"<!DOCTYPE html><title>Feedback</title><p>{escape(sentence.format(student))}"


def class_page(
    grades: Sequence[Grade], *, notices: Sequence[str] = (), missing: Iterable[Identity] = ()
) -> str:
    """`index.html`. `notices` are prominent warnings, such as that only a subset of the data was used.

    `missing` are those of the roster who handed in nothing.
    """
    return _page("class.html", room=Classroom.of(grades, missing), notices=notices)


def _page(template: str, **values: Any) -> str:
    return legible(environment().get_template(template).render(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """One question with everything that the report shows about it."""

    question: QuestionGrade
    anchor: str
    prompt: Markup
    open: bool
    """There is something to look at: points are lost, or not decided."""
    figures: tuple[cells.Figure, ...]
    reference_figures: tuple[cells.Figure, ...]
    drawings: tuple[drawing.Drawing, ...]
    answer: tuple[cells.Cell, ...]
    passages: tuple[tuple[Passage, Markup], ...]


def _section(
    question: QuestionGrade,
    executed: NotebookNode | None,
    reference: NotebookNode | None,
    prompts: Mapping[str, Markup],
    space: cells.Space,
    *,
    folded: bool = False,
    always: bool = False,
) -> _Section:
    """With `always`, the answer is shown even if nothing is wrong with it."""
    passed = question.outcome is Outcome.PASSED
    in_cells = (always or not passed) and question.found_by is not FoundBy.HEADING
    return _Section(
        question=question,
        open=not passed and (not folded or bool(question.passages)),
        anchor=anchor(question.id),
        prompt=prompts.get(question.id, Markup()),
        figures=cells.figures(executed, question.cells),
        reference_figures=cells.figures(reference, question.reference_cells),
        drawings=tuple(drawing.draw(exhibit) for exhibit in question.exhibits),
        answer=cells.answer(executed, question.cells, space) if in_cells else (),
        passages=tuple((passage, cells.passage(passage, space)) for passage in question.passages),
    )


def _is_unread(grade: Grade) -> bool:
    """Would every question only repeat why the file could not be read?"""
    return grade.ending is Ending.UNREADABLE and not any(check.ruling for check in grade.checks)


def anchor(question: str) -> str:
    """Where in a report a question is."""
    return "q-" + re.sub(r"[^A-Za-z0-9]+", "-", question)


@lru_cache
def environment(*packages: str) -> Environment:
    """The templates of reports, and before them those of other packages."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in (*packages, "grader.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        points=wording.points,
        people=wording.people,
        adaptation=wording.adaptation,
        linked=linked,
        sentence=sentence,
        found=lambda text: formulas(cells.shortened(text, MOST_FOUND)),
        path=lambda text: quote(text, safe=""),
        summary=_summary,
    )
    made.globals.update(
        style=_resource("style.css"),
        script=_resource("class.js"),
        style_hash=style_hash(),
        script_hash=_source_hash(_resource("class.js")),
        share=wording.share,
        Outcome=Outcome,
        Ending=Ending,
        Moment=Moment,
        Status=wording.Status,
        canvas=drawing,
    )
    return made


def _resource(name: str) -> Markup:
    """A file of ours, included in the page without escaping, so that it matches its hash."""
    text = files("grader.reports").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own text


def style_hash() -> str:
    """Of the style in each page, for a content security policy."""
    return _source_hash(_resource("style.css"))


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
