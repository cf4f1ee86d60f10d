"""The kit that students get: the blank notebook, the files beside it, and how to work with them."""

from __future__ import annotations

import io
import textwrap
import zipfile
from typing import TYPE_CHECKING

import nbformat

from grader.assignment import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

    from grader.assignment import Assignment

README = "README.txt"
WIDTH = 100

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can hold: the same assignment makes the same bytes, whenever and wherever."""

STEPS = (
    "Open {notebook} in Jupyter, in VS Code or in Colab.",
    "Answer each question in the cell below it. Add as many cells as you like.",
    "Keep the names that a question asks for: your answers are found and checked by them.",
    "Restart the kernel and run all cells: your notebook is graded by running it from top to bottom.",
)
"""How to work, where an assignment says nothing of its own."""


def kit(assignment: Assignment) -> bytes:
    """Make the zip that students download."""
    texts = assignment.kit
    notebook: str = nbformat.writes(blank(assignment))  # type: ignore[no-untyped-call]  # nbformat has no types
    files = {texts.notebook: f"{notebook}\n".encode(), README: readme(assignment).encode()}
    return _zip({**files, **{name: path.read_bytes() for name, path in assignment.files}})


def blank(assignment: Assignment) -> NotebookNode:
    """The notebook without its solutions, which says what assignment it is for."""
    notebook = assignment.blanked(assignment.solved)
    cells.say_made_for(notebook, assignment.id)
    return notebook


def readme(assignment: Assignment) -> str:
    """What is in the kit, and how to work with it."""
    texts = assignment.kit
    handed_out = {texts.notebook: "the questions, with cells for your answers"}
    handed_out |= dict.fromkeys(assignment.data.files, "read by the notebook; keep it in the same folder")
    handed_out[README] = "this file"
    steps = [step.replace("{notebook}", texts.notebook) for step in texts.steps or STEPS]
    parts = [
        f"{texts.title}\n{'=' * len(texts.title)}",
        *([textwrap.fill(texts.intro, WIDTH)] if texts.intro else []),
        "\n".join(["What is in here", *_columns(handed_out)]),
        "\n".join(["How to work", *_numbered(steps)]),
        f"Hand in\n    {texts.notebook}, under the same name.",
    ]
    return "\n\n".join(parts) + "\n"


def _columns(rows: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, rows))
    return (f"    {name:{width}}   {text}" for name, text in rows.items())


def _numbered(steps: list[str]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        first = f"    {number}. "
        yield textwrap.fill(step, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", zipfile.ZIP_STORED
    ) as archive:  # deflate's bytes differ by zlib version
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3  # Unix, so that the permissions below hold
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
