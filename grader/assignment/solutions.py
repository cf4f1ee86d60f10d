"""Taking the solutions out of a master notebook.

A master holds prompts, and solutions between markers that stand on lines of their own:
`### BEGIN SOLUTION` and `### END SOLUTION` in code, the same as HTML comments in Markdown.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

_MARKER_LIKE = re.compile(r"\b(?:begin|end)[\W_]*solution\b", re.IGNORECASE)
"""Wider than the markers: a misspelt one must be refused, since it would hand its solution out."""

HINTS: Mapping[str, str] = {
    "code": "# Your answer here",
    "markdown": "*Your answer here.*",
    "raw": "Your answer here",
}
"""What a student sees in place of a solution, by the type of its cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """What stands around a solution."""

    begin: str
    end: str


_LINES = _Fence(begin="### BEGIN SOLUTION", end="### END SOLUTION")
_FENCES = {
    "code": _LINES,
    "markdown": _Fence(begin="<!-- BEGIN SOLUTION -->", end="<!-- END SOLUTION -->"),
    "raw": _LINES,
}


def fenced(cell_type: str, solution: str) -> str:
    """A solution between its markers."""
    fence = _FENCES[cell_type]
    return f"{fence.begin}\n{solution}\n{fence.end}"


def strip_solutions(notebook: NotebookNode, hints: Mapping[str, str] = HINTS) -> NotebookNode:
    """Return a blank copy: a hint in place of each solution, no outputs, the grader's metadata kept.

    Raises:
        RubricError: a marker is misspelt, unpaired or nested; the message names the cell.
    """
    blank = copy.deepcopy(notebook)
    blank.metadata.pop("widgets", None)  # saved widget states are outputs too
    for number, cell in enumerate(blank.cells, start=1):
        where = f"cell {number} (id {cell.get('id', 'missing')!r})"
        _blank_cell(cell, hints[cell.cell_type], where=where)
    return blank


def _blank_cell(cell: NotebookNode, hint: str, *, where: str) -> None:
    lines = _without_solutions(cell.source.split("\n"), _FENCES[cell.cell_type], hint, where)
    source = "\n".join(lines)
    if source != cell.source:
        cell.pop("attachments", None)  # a picture belongs to the solution that shows it
    cell.source = source
    if cell.cell_type == "code":
        cell.outputs = []
        cell.execution_count = None


def _without_solutions(lines: list[str], fence: _Fence, hint: str, where: str) -> Iterator[str]:
    began: int | None = None
    for number, line in enumerate(lines, start=1):
        match line.strip():
            case fence.begin if began is None:
                began = number
                yield line.replace(fence.begin, hint)
            case fence.begin:
                raise RubricError(
                    f"{where}, line {number}: a solution begins inside the one from line {began}; "
                    f"put `{fence.end}` before it",
                )
            case fence.end if began is None:
                raise RubricError(
                    f"{where}, line {number}: this solution never began; put `{fence.begin}` before it",
                )
            case fence.end:
                began = None
            case text if _MARKER_LIKE.search(text):
                raise RubricError(
                    f"{where}, line {number}: `{text}` looks like a solution marker but is not one; "
                    f"write `{fence.begin}` or `{fence.end}` on a line of its own",
                )
            case _ if began is None:
                yield line
    if began is not None:
        raise RubricError(
            f"{where}: the solution from line {began} never ends; put `{fence.end}` after it",
        )
