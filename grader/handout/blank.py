"""The blank notebook: what students start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

from grader.assignment import cells

if TYPE_CHECKING:
    from collections.abc import Collection

    from nbformat import NotebookNode

    from grader.assignment import Assignment

NOTEBOOKS = (cells.KEY, "kernelspec", "language_info")
CELLS = (cells.KEY, "tags", "deletable", "editable", "jupyter", "slideshow")
"""What metadata a student's notebook and its cells need."""


def notebook(assignment: Assignment, *, kit: str | None = None) -> NotebookNode:
    """The notebook without its solutions, which says what assignment, and which version of its kit, it is from."""
    blank = assignment.blanked(assignment.solved)
    _keep(blank.metadata, NOTEBOOKS)
    for cell in blank.cells:
        _keep(cell.metadata, CELLS)
    cells.say_made_for(blank, assignment.id, kit=kit)
    return blank


def _keep(metadata: NotebookNode, keys: Collection[str]) -> None:
    """Drop all else: Colab notes there who ran a cell, and others whatever they like."""
    for key in metadata.keys() - set(keys):
        del metadata[key]


def written(blank: NotebookNode) -> bytes:
    text: str = nbformat.writes(blank)  # type: ignore[no-untyped-call]  # nbformat has no types
    return f"{text}\n".encode()
