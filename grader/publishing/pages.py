"""Draws students' pages in a process of its own, within limits: they may have displayed anything."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import nbformat

from grader import forks
from grader.model import without_exhibits
from grader.reports import feedback, html

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markupsafe import Markup
    from nbformat import NotebookNode

    from grader.limits import Limits
    from grader.model import Execution, Grade, QuestionGrade
    from grader.reports.feedback import Feedback

LEFT_OUT = (
    "Your notebook could not be drawn here, so this page shows only the checks. This costs you no points."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a student's page shows."""

    grade: Grade
    execution: Execution | None
    problem: str = ""
    """Why it can't be drawn; then it shows the points alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookPage:
    """The notebook as it ran, with the grade beside whose report it stands."""

    grade: Grade
    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackPage:
    """What the page shows that a student gets."""

    feedback: Feedback
    execution: Execution | None
    places: Sequence[str]
    """Folders of this machine, which its outputs must not name."""
    problem: str = ""
    """Why the notebook can't be drawn; then it shows the checks alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was handed in, for a page that names nobody: an answer as a part of it, or the whole notebook."""

    execution: Execution | None
    title: str
    question: QuestionGrade | None = None
    """Whose answer it is; None for the notebook."""
    sheet: str = ""
    """Where that page has the notebook."""


AnyPage = Page | NotebookPage | FeedbackPage | Work


@contextlib.contextmanager
def drawing(reference: Execution, limits: Limits) -> Iterator[forks.Service[AnyPage, str]]:
    """The service that draws pages beside the reference's figures."""
    model = notebook_of(reference)
    yield forks.Service(
        answer=partial(_drawn, model, html.prepare(model)),
        doing="Drawing this page",
        seconds=limits.stage,
        wall=limits.wall(limits.stage),
        memory=limits.stage_memory,
    )


def drawn(server: forks.Server[AnyPage, str], page: Page) -> tuple[str, bool]:
    """The page as HTML, and whether it would be the same if it were drawn again."""
    try:
        return server.ask(page), True
    except forks.Unanswered as error:
        lasting, why = error.lasting, str(error)
    try:
        return server.ask(Page(grade=page.grade, execution=None, problem=why)), lasting
    except forks.Unanswered:
        return html.bare_page(page.grade, why), lasting


def drawn_work(server: forks.Server[AnyPage, str], work: Work) -> str:
    """The part of a page, or the page, as HTML."""
    try:
        return server.ask(work)
    except forks.Unanswered as error:
        return html.nothing_drawn(f"{work.title} could not be drawn. {error}")


def drawn_notebook(server: forks.Server[AnyPage, str], page: NotebookPage) -> tuple[str, bool]:
    """The same of a notebook's page."""
    try:
        return server.ask(page), True
    except forks.Unanswered as error:
        return html.bare_notebook_page(page.grade.student, str(error)), error.lasting


def drawn_feedback(server: forks.Server[AnyPage, str], page: FeedbackPage) -> tuple[str, bool]:
    """The page as HTML, and whether it is whole."""
    try:
        return server.ask(page), True
    except forks.Unanswered:
        grade = without_exhibits(page.feedback.grade)
    alone = replace(page, feedback=replace(page.feedback, grade=grade), execution=None, problem=LEFT_OUT)
    try:
        return server.ask(alone), False
    except forks.Unanswered:
        return html.bare_feedback_page(grade.student), False


def _drawn(reference: NotebookNode | None, prompts: Mapping[str, Markup], page: AnyPage) -> str:
    match page:
        case FeedbackPage():
            executed = notebook_of(page.execution)
            if executed is not None:
                feedback.clean(executed, page.places)
            return html.feedback_page(page.feedback, executed, reference, prompts, problem=page.problem)
        case NotebookPage():
            return html.notebook_page(_read(page.execution), title=page.grade.student, grade=page.grade)
        case Work():
            return _work(reference, prompts, page)
        case Page() if page.problem:
            return html.stand_in_page(page.grade, page.problem)
    return html.student_page(page.grade, notebook_of(page.execution), reference, prompts)


def _work(reference: NotebookNode | None, prompts: Mapping[str, Markup], work: Work) -> str:
    executed = notebook_of(work.execution)
    if work.question is not None:
        return html.answer_fragment(work.question, executed, reference, prompts, sheet=work.sheet)
    if executed is None:
        return html.nothing_drawn(f"{work.title} did not run.")
    return html.notebook_page(executed, title=work.title)


def notebook_of(execution: Execution | None) -> NotebookNode | None:
    """The notebook as it ran; None if there was none to run."""
    if execution is None or not execution.notebook.is_file():
        return None
    return _read(execution)


def _read(execution: Execution) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(execution.notebook, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    return notebook
