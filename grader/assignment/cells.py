"""The grader's own metadata: of a cell, what it answers; of a notebook, the assignment it was made for.

{"grader": {"question": "4.1", "names": ["a", "b"]}}     a cell that answers question 4.1 by these names
{"grader": {"prompt": "4.1"}}                            the cell that asks question 4.1
{"grader": {"assignment": "optics", "kit": "3f1c"}}      the notebook, from version 3f1c of the kit of `optics`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

KEY = "grader"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMarks:
    """What a cell's metadata says of it."""

    question: str | None = None
    """The question that it answers."""
    prompt: str | None = None
    """The question that it asks."""
    names: tuple[str, ...] = ()
    """What it must define."""

    @classmethod
    def of(cls, cell: NotebookNode) -> CellMarks:
        """Read a cell's marks; what is not of the right form, as a student may have left it, is not there."""
        marks = _marks(cell)
        names: Any = marks.get("names")
        return cls(
            question=_text(marks.get("question")),
            prompt=_text(marks.get("prompt")),
            names=tuple(names) if _is_texts(names) else (),
        )


def problem(cell: NotebookNode) -> str | None:
    """What is wrong with the marks of a master's cell; None if they are as they should be."""
    marks = cell.metadata.get(KEY, {})
    if not isinstance(marks, dict):
        return f"must be an object, not {marks!r}"
    for key in ("question", "prompt"):
        if key in marks and not isinstance(marks[key], str):
            return f"must give the {key} as text, not {marks[key]!r}"
    if not _is_texts(marks.get("names", [])):
        return f"must give names as a list of texts, not {marks['names']!r}"
    return None


def unmark(cell: NotebookNode) -> None:
    """Take the marks away."""
    cell.metadata.pop(KEY, None)


def made_for(notebook: NotebookNode) -> str | None:
    """The id of the assignment whose kit this notebook comes from; None if it does not say."""
    return _text(_marks(notebook).get("assignment"))


def kit_of(notebook: NotebookNode) -> str | None:
    """The version of the kit that this notebook comes from; None if it does not say."""
    return _text(_marks(notebook).get("kit"))


def say_made_for(notebook: NotebookNode, assignment: str, *, kit: str | None = None) -> None:
    """Write into a notebook which assignment it is for, and from which version of its kit."""
    version = {} if kit is None else {"kit": kit}
    notebook.metadata[KEY] = {**_marks(notebook), "assignment": assignment, **version}


def _marks(owner: NotebookNode) -> dict[str, Any]:
    marks = owner.metadata.get(KEY)
    return marks if isinstance(marks, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
