"""The master notebook, and what a student gets of it.

A master holds prompts, and solutions between markers that stand on lines of their own:
`### BEGIN SOLUTION` and `### END SOLUTION` in code, the same as HTML comments in Markdown.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nbformat

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbformat import NotebookNode

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can hold: the same master makes the same bytes, whenever and wherever."""

_MARKER_LIKE = re.compile(r"\b(?:begin|end)[\W_]*solution\b", re.IGNORECASE)
"""Wider than the markers: a misspelt one must be refused, since it would hand its solution out."""

_README = """\
{title}
{rule}

What is in here
    {notebook}   the homework: questions, and cells for your answers
    README.txt   this file

How to work
    1. Open {notebook} in Jupyter, in VS Code or in Colab. It needs Python with torch, torchvision, numpy and
       matplotlib. A GPU is not needed.
    2. Answer each question in the cell below it. Add as many cells as you like.
    3. Keep the names that a question asks for: your answers are found and checked by them.
    4. Restart the kernel and run all cells. What counts is what the notebook does when it runs from
       top to bottom; outputs that were saved in it are not read.

Check yourself before you hand in
    grader check {notebook}

    runs your notebook on your own machine and shows the result of every public check, with what was expected,
    what was seen and where to look. Run it as often as you like. It does not show your final score: some
    questions are read by a person, and some checks stay closed until the due date.

Hand in
    {notebook}, this one file, under the same name.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """What stands around a solution in one type of cell, and what a student sees in its place."""

    begin: str
    end: str
    hint: str


_FENCES = {
    "code": _Fence(begin="### BEGIN SOLUTION", end="### END SOLUTION", hint="# Your answer here"),
    "markdown": _Fence(
        begin="<!-- BEGIN SOLUTION -->",
        end="<!-- END SOLUTION -->",
        hint="*Your answer in LaTeX here.*",
    ),
    "raw": _Fence(begin="### BEGIN SOLUTION", end="### END SOLUTION", hint="Your answer here"),
}


def kit(master: Path, assignment_id: str) -> bytes:
    """Make the zip that students download: the blank notebook and a README.

    Raises:
        RubricError: the master cannot be read, or its solution markers do not pair up.
    """
    name = f"{assignment_id}.ipynb"
    notebook: str = nbformat.writes(template(master))  # type: ignore[no-untyped-call]  # nbformat has no types
    return _zip({name: notebook + "\n", "README.txt": _readme(assignment_id, name)})


def template(master: Path) -> NotebookNode:
    """Read the master notebook and return it without its solutions."""
    try:
        text = master.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        # AttributeError is what nbformat raises for JSON that is no object.
        raise RubricError(f"{master} can not be read as a master notebook: {error}") from error
    return strip_solutions(notebook)


def strip_solutions(notebook: NotebookNode) -> NotebookNode:
    """Return a blank copy: a hint in place of each solution, no outputs, the grader's metadata kept.

    Raises:
        RubricError: a marker is misspelt, unpaired or nested; the message names the cell.
    """
    blank = copy.deepcopy(notebook)
    blank.metadata.pop("widgets", None)  # saved widget states are outputs too
    for number, cell in enumerate(blank.cells, start=1):
        _blank_cell(cell, where=f"cell {number} (id {cell.get('id', 'missing')!r})")
    return blank


def _blank_cell(cell: NotebookNode, *, where: str) -> None:
    source = "\n".join(_without_solutions(cell.source.split("\n"), _FENCES[cell.cell_type], where))
    if source != cell.source:
        cell.pop("attachments", None)  # a picture belongs to the solution that shows it
    cell.source = source
    if cell.cell_type == "code":
        cell.outputs = []
        cell.execution_count = None


def _without_solutions(lines: list[str], fence: _Fence, where: str) -> Iterator[str]:
    began: int | None = None
    for number, line in enumerate(lines, start=1):
        match line.strip():
            case fence.begin if began is None:
                began = number
                yield line.replace(fence.begin, fence.hint)
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
                    f"{where}, line {number}: `{text}` is no marker, but looks like one; "
                    f"write `{fence.begin}` or `{fence.end}` on a line of its own",
                )
            case _ if began is None:
                yield line
    if began is not None:
        raise RubricError(
            f"{where}: the solution from line {began} never ends; put `{fence.end}` after it",
        )


def _readme(assignment_id: str, notebook: str) -> str:
    title = f"Homework kit: {assignment_id}"
    return _README.format(title=title, rule="=" * len(title), notebook=notebook)


def _zip(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", zipfile.ZIP_STORED
    ) as archive:  # deflate's bytes differ by zlib version
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3  # Unix, so that the permissions below hold
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, text)
    return buffer.getvalue()
