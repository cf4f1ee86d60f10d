"""Draws what a student handed in, in a process of its own, within limits: it may hold anything."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from grader import forks
from grader.publishing.pages import notebook_of
from grader.reports import html

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

    from grader.limits import Limits
    from grader.model import Execution, QuestionGrade

SHEET = "notebook"
"""The page of the whole notebook, beside that of an answer."""
_NOT_DRAWN = Markup('<p class="quiet">This could not be drawn. {}</p>')


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An answer, or without a `question` the whole notebook, under a title that need not name its author."""

    execution: Execution | None
    question: QuestionGrade | None = None
    title: str = ""


class Artist:
    """A context manager that draws one thing at a time. Its process starts with the first."""

    def __init__(self, reference: Execution, limits: Limits) -> None:
        self._server = forks.Server(_drawing, reference, limits)
        self._one_at_a_time = threading.Lock()

    def close(self) -> None:
        self._server.__exit__()

    def drawn(self, work: Work) -> Markup:
        """As HTML that runs and loads nothing: a part of a page, or a whole one of the notebook."""
        try:
            with self._one_at_a_time:
                return Markup(self._server.ask(work))  # noqa: S704 - it was cleaned where it was drawn
        except forks.Unanswered as error:
            return _NOT_DRAWN.format(str(error))


@contextlib.contextmanager
def _drawing(reference: Execution, limits: Limits) -> Iterator[forks.Service[Work, str]]:
    model = notebook_of(reference)
    yield forks.Service(
        answer=partial(_drawn, model, html.prepare(model)),
        doing="Drawing this answer",
        seconds=limits.stage,
        wall=limits.wall(limits.stage),
        memory=limits.stage_memory,
    )


def _drawn(reference: NotebookNode | None, prompts: Mapping[str, Markup], work: Work) -> str:
    executed = notebook_of(work.execution)
    if work.question is not None:
        return html.answer_fragment(work.question, executed, reference, prompts, sheet=SHEET)
    if executed is None:
        return f"<!doctype html><title>{escape(work.title)}</title><p>There is no notebook that ran."
    return html.notebook_page(executed, title=work.title)
