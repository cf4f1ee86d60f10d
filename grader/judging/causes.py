"""What lost points have in common: the cell whose error they all follow from, said once and first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.model import Outcome
from grader.source import Bindings, undefined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbformat import NotebookNode

    from grader.judging.work import Work
    from grader.model import Check

LOST = (Outcome.FAILED, Outcome.PARTIAL, Outcome.SKIPPED)
LONGEST = 200
"""Characters of an error that are repeated."""


@dataclass(frozen=True, slots=True)
class _Error:
    """How a cell ended."""

    cell: int
    name: str
    value: str

    def __str__(self) -> str:
        return f"Cell {self.cell + 1} ended with {self.name}: {self.value}"[:LONGEST].rstrip(": ")


def traced(checks: Sequence[Check], student: Work) -> list[Check]:
    """Checks that lost points behind an error name its cell: the first one what happened, the others refer to it.

    A check's own hint is about another mistake, so the error's takes its place.
    """
    told: set[str] = set()
    return [_after(check, error, told) if (error := _root(check, student)) else check for check in checks]


def _after(check: Check, error: _Error, told: set[str]) -> Check:
    cause = str(error)
    if cause in told:
        message, hint = f"After the {error.name} in cell {error.cell + 1}: {check.message}", ""
    else:
        message = f"{cause}. {check.message}"
        hint = _hint(error)
    told.add(cause)
    return replace(check, cause=cause, message=message.strip(), hint=hint)


def _hint(error: _Error) -> str:
    """What to look at next. A cell that is run alone in a new kernel fails for other reasons."""
    names = undefined(error.value) if error.name == "NameError" else []
    if names:
        return (
            f"Look for where `{names[0]}` is defined: check its spelling, "
            f"and that its cell runs before cell {error.cell + 1}."
        )
    return (
        f"Restart the kernel, run the cells up to and including cell {error.cell + 1}, "
        "and read the last lines of its traceback."
    )


def _root(check: Check, student: Work) -> _Error | None:
    """The error behind a check that lost points, if there is one."""
    if check.outcome not in LOST or check.earned == check.max or student.is_blank(check.question):
        return None
    cells = student.notebook.cells
    own = [error for index in student.answer(check.question).cells for error in _errors(index, cells[index])]
    return _first(own[0], cells) if own else None


def _first(error: _Error, cells: Sequence[NotebookNode]) -> _Error:
    """The error that led to this one: a name is missing because the cell that would have bound it failed before."""
    if error.name != "NameError":
        return error
    missing = set(undefined(error.value))
    for index, cell in enumerate(cells[: error.cell]):
        for earlier in _errors(index, cell):
            if missing & Bindings.of(cell.source).assigned:
                return _first(earlier, cells)
    return error


def _errors(index: int, cell: NotebookNode) -> Iterator[_Error]:
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            yield _Error(index, output.ename, output.evalue.partition("\n")[0])
