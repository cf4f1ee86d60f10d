"""The files beside a notebook in which an answer may stand that nobody found: for the person who looks there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from grader.model import NO_ANSWERS, Ending, Flag, FlagKind, Passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.assignment import Assignment
    from grader.model import Execution, QuestionGrade

MAY_ANSWER = (
    ".pdf", ".doc", ".docx", ".odt", ".rtf", ".pages", ".tex", ".md", ".txt", ".html", ".png", ".jpg", ".jpeg",
    ".heic", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".zip", ".ipynb",
)  # fmt: skip
"""Files in which an answer may stand even if they have the name of one that was handed out."""
MOST_NAMED = 5
MOST_SHOWN = 20_000
"""Characters of all files together, and of one answer, that are shown to a person."""


def may_answer(execution: Execution, assignment: Assignment) -> str:
    """The files in which an answer may stand, by name, with what is wrong with them; empty if there are none."""
    known = {each.name: f" (it {each.problem})" if each.problem else "" for each in execution.documents}
    # Their names begin at the hand-in, those of files beside the notebook at its folder.
    ends = {name[at:] for name in known for at, _ in enumerate(name) if at == 0 or name[at - 1] == "/"}
    further = [name for name in execution.beside if name not in ends]
    names = [name for name in (*further, *known) if _may_hold_one(name, assignment)]
    files = [f"{name}{known.get(name, '')}" for name in names]
    return f"{', '.join(files[:MOST_NAMED])}{' …' * (len(files) > MOST_NAMED)}"


def _may_hold_one(name: str, assignment: Assignment) -> bool:
    if name.lower().endswith(MAY_ANSWER):
        return True
    is_data = "data" in PurePath(name).parts or any(
        f"/{name}".endswith(f"/{each}") for each in assignment.data.files
    )
    return not is_data and PurePath(name).suffix.lower() not in NO_ANSWERS


def _texts(execution: Execution) -> list[Passage]:
    """The texts of the files that may hold an answer nobody found: PDFs first, as no machine looks in them."""
    found, left = [], MOST_SHOWN
    for document in sorted(execution.documents, key=lambda each: not each.is_pdf):
        if text := document.text[:left].strip():
            found.append(Passage(file=document.name, line=0, text=text))
            left -= len(text)
    return found


def with_texts(why: str, execution: Execution) -> str:
    """Why a person has to look for an answer, and the texts to look through."""
    return "\n\n".join([why, *(f"{each.file}:\n{each.text}" for each in _texts(execution))])


def bounded(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """As much of answers as a grade keeps."""
    return tuple(replace(each, text=each.text[:MOST_SHOWN]) for each in passages)


def with_texts_attached(
    questions: Sequence[QuestionGrade], execution: Execution
) -> tuple[QuestionGrade, ...]:
    """The same questions; the first whose answer a person has to look for gets the texts of the files."""
    is_unread = execution.ending is Ending.UNREADABLE
    first = next(
        (
            question.id
            for question in questions
            if is_unread or any(check.review and check.review.elsewhere for check in question.checks)
        ),
        None,
    )
    return tuple(
        replace(each, passages=(*each.passages, *_texts(execution))) if each.id == first else each
        for each in questions
    )


def flags(execution: Execution) -> tuple[Flag, ...]:
    """What is wrong with the files that may hold answers."""
    return tuple(
        Flag(kind=FlagKind.UNREAD, message=f"{each.name} {each.problem}.")
        for each in execution.documents
        if each.problem
    )
