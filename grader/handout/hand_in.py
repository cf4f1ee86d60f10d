"""What a student looks through before handing a notebook in. Nothing of it is graded here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from grader import notebook
from grader.analysis.explanation import ENOUGH
from grader.judging.work import Work
from grader.legible import listing
from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from grader.assignment import Assignment
    from grader.model import Execution

MEGABYTE = 1_000_000
LARGEST = 100 * MEGABYTE
"""Bytes of a file that course systems usually take: Gradescope 100 MB, Moodle and Canvas as they are set up."""
LATEX = re.compile(r"\$[^$]+\$|\\[a-zA-Z(\[]")
CHECKS = re.compile(r"^%(?:check|load_ext grader)\b", re.MULTILINE)
RERUN = "Restart the kernel, run all cells, and save the notebook."


class State(StrEnum):
    """Whether something is as it should be."""

    DONE = "done"
    MISSING = "missing"
    UNKNOWN = "unknown"  # no program can tell


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list."""

    id: str
    state: State
    text: str
    todo: str = ""
    """What to do about it; empty if nothing."""


def items(path: Path, execution: Execution, assignment: Assignment) -> list[Item]:
    """Look through the notebook at `path`, which `execution` has run."""
    saved = notebook.read(path, limits=assignment.limits)
    work = Work(assignment=assignment, notebook=saved, ending=execution.ending)
    ran = notebook.read(execution.notebook, limits=assignment.limits) if execution.notebook.exists() else None
    return [
        _answered(work),
        *_in_latex(work),
        *_explained(work),
        *_collaborators(work),
        _run_in_order(saved),
        _outputs_saved(saved, ran, execution.ending),
        _size(path.stat().st_size),
    ]


def _item(name: str, wrong: Sequence[str], right: str, problem: str, todo: str) -> Item:
    """A line about questions, or cells: those that are `wrong` are listed."""
    if not wrong:
        return Item(name, State.DONE, right)
    return Item(name, State.MISSING, problem.format(listing(wrong)), todo)


def _answered(work: Work) -> Item:
    ids = [question.id for question in work.assignment.questions]
    missing = [name for name in ids if not work.written(name)]
    if missing and not work.from_kit:
        text = f"No answer was found to: {listing(missing)}."
        return Item(
            "answered", State.UNKNOWN, text, "Answer in the notebook of the kit, where answers are found."
        )
    return _item(
        "answered",
        missing,
        "Each question has an answer.",
        "Not answered: {}.",
        "Answer them, or leave them out on purpose.",
    )


def _in_latex(work: Work) -> Iterator[Item]:
    if asked := [name for name in work.assignment.hand_in.latex if work.written(name)]:
        plain = [name for name in asked if not LATEX.search(work.written(name))]
        yield _item(
            "latex",
            plain,
            "LaTeX is there where it is asked for.",
            "No LaTeX in: {}.",
            "Write formulas between dollar signs.",
        )


def _explained(work: Work) -> Iterator[Item]:
    if asked := [name for name in work.assignment.hand_in.explanation if work.written(name)]:
        short = [name for name in asked if work.explanation(name, {}).words < ENOUGH]
        yield _item(
            "explanation",
            short,
            "An explanation is there where one is asked for.",
            "No explanation of a sentence or more in: {}.",
            "Say in a comment or a Markdown cell what the code does and what it shows.",
        )


def _collaborators(work: Work) -> Iterator[Item]:
    if not work.assignment.hand_in.collaborators:
        return
    if said := work.collaborators:
        yield Item("collaborators", State.DONE, f"Your collaborators are acknowledged: {said}")
    else:
        todo = 'Write "Collaborators:" and their names, or "none".'
        yield Item("collaborators", State.UNKNOWN, "No line about collaborators was found.", todo)


def _run_in_order(saved: NotebookNode) -> Item:
    code = [cell for cell in saved.cells if cell.cell_type == "code" and cell.source.strip()]
    cells = [cell for cell in code if not CHECKS.search(cell.source)]  # those run again and again
    counts = [cell.get("execution_count") for cell in cells]
    failed = [str(count or " ") for cell, count in zip(cells, counts, strict=True) if "error" in _kinds(cell)]
    if failed:
        return Item(
            "run", State.MISSING, f"The saved notebook shows errors, in: [{'], ['.join(failed)}].", RERUN
        )
    once = all(counts) and counts == sorted(set(counts)) and max(counts, default=0) <= len(code)
    if not once:
        return Item("run", State.MISSING, "The saved cells were not all run once, from top to bottom.", RERUN)
    return Item("run", State.DONE, "The saved notebook ran from top to bottom, without an error.")


def _outputs_saved(saved: NotebookNode, ran: NotebookNode | None, ending: Ending) -> Item:
    if ran is None or len(ran.cells) != len(saved.cells):
        return Item(
            "saved", State.UNKNOWN, "The notebook did not run here, so its saved outputs can't be checked."
        )
    missing = [
        str(number)
        for number, (before, after) in enumerate(zip(saved.cells, ran.cells, strict=True), start=1)
        if _kinds(after) - {"error"} and not _kinds(before)
    ]
    if not missing and ending not in (Ending.FINISHED, Ending.ERROR):
        text = "The notebook did not run to its end here, so the rest of its saved outputs can't be checked."
        return Item("saved", State.UNKNOWN, text)
    return _item(
        "saved",
        missing,
        "It was saved with its outputs.",
        "Cells that print something, but were saved without it: {}.",
        RERUN,
    )


def _kinds(cell: NotebookNode) -> set[str]:
    return {output.output_type for output in cell.get("outputs", [])}


def _size(size: int) -> Item:
    text = (
        f"The file has {size / MEGABYTE:.1f} MB."
        if size > MEGABYTE
        else f"The file has {size / 1000:.0f} kB."
    )
    if size <= LARGEST:
        return Item("size", State.DONE, text)
    todo = f"Course systems often take no more than {LARGEST // MEGABYTE} MB: show fewer or smaller pictures."
    return Item("size", State.MISSING, text, todo)
