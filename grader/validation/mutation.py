"""Small changes of a solved notebook, written as code: what stood there, and what stands there instead.

    swap("range(20)", "range(10)")
    drop("model.eval()")
    swap("for row in test_rows: ...", "for row in training_rows: ...")

Code is compared by meaning, so spacing, comments and line breaks do not matter; what is not changed keeps its own.
A change that finds nothing to change is refused: a catalogue that has aged must not pass in silence.
"""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import libcst as cst
import nbformat
from libcst import matchers as m

from grader.assignment import cells as metadata
from grader.assignment.cells import CellMarks
from grader.assignment.solutions import strip_solutions
from grader.errors import RubricError
from grader.source import parsed_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbformat import NotebookNode

Change = Callable[["NotebookNode"], "NotebookNode"]
"""Gives a changed copy of a notebook."""

_HOLE = m.Expr(m.Ellipsis())


def swap(old: str, new: str, *, within: str | None = None) -> Change:
    """Put `new` wherever `old` stands, in the code cells of question `within` or in all of them.

    Two expressions are swapped wherever they stand; else `old` is one statement and `new` any number of them. The
    body `...` in `old` is any body, and `...` in `new` is where that body goes.
    """
    names = {node.id for node in ast.walk(ast.parse(old)) if isinstance(node, ast.Name)}

    def change(notebook: NotebookNode) -> NotebookNode:
        changed = copy.deepcopy(notebook)
        swapped = 0
        for cell in _cells(changed, within):
            if cell.cell_type == "code" and all(name in cell.source for name in names):
                rewriting = _rewriting(old, new)
                cell.source = cst.parse_module(cell.source).visit(rewriting).code
                swapped += rewriting.swapped
        if not swapped:
            raise RubricError(f"there is no `{old}`{f' in the answer to {within}' if within else ''}.")
        return changed

    return change


def drop(old: str, *, within: str | None = None) -> Change:
    """Take the statement `old` away."""
    return swap(old, "", within=within)


def answer(question: str, source: str) -> Change:
    """Answer a question in other words: `source` stands in its first cell, and its other cells are gone."""

    def change(notebook: NotebookNode) -> NotebookNode:
        changed = copy.deepcopy(notebook)
        first, *others = _cells(changed, question)
        first.source = _dedented(source)
        changed.cells = [cell for cell in changed.cells if not any(cell is other for other in others)]
        return changed

    return change


def insert(source: str, *, after: str) -> Change:
    """Add a code cell, which does not say what it is for, below those of a question."""

    def change(notebook: NotebookNode) -> NotebookNode:
        changed = copy.deepcopy(notebook)
        last = _cells(changed, after)[-1]
        place = next(index for index, cell in enumerate(changed.cells) if cell is last)
        cell = nbformat.v4.new_code_cell(_dedented(source))  # type: ignore[no-untyped-call]  # nbformat has no types
        changed.cells.insert(place + 1, cell)
        return changed

    return change


def merge(notebook: NotebookNode) -> NotebookNode:
    """Join neighbouring code cells into one, which belongs to the last question among them."""
    changed = copy.deepcopy(notebook)
    cells: list[NotebookNode] = []
    for cell in changed.cells:
        if cells and cell.cell_type == cells[-1].cell_type == "code":
            cells[-1].source += f"\n\n\n{cell.source}"
            if CellMarks.of(cell).question is not None:
                cells[-1].metadata = cell.metadata
        else:
            cells.append(cell)
    changed.cells = cells
    return changed


def unprompt(notebook: NotebookNode) -> NotebookNode:
    """Take away the prompts."""
    changed = copy.deepcopy(notebook)
    changed.cells = [cell for cell in changed.cells if CellMarks.of(cell).prompt is None]
    return changed


def unmark(notebook: NotebookNode) -> NotebookNode:
    """Take away the metadata that say which cell answers what."""
    changed = copy.deepcopy(notebook)
    for cell in changed.cells:
        metadata.unmark(cell)
    return changed


def blank(notebook: NotebookNode) -> NotebookNode:
    """Hand in the kit as it was given out. In a catalogue, with the hints of its assignment."""
    return strip_solutions(notebook)


def mutated(notebook: NotebookNode, changes: Iterable[Change]) -> NotebookNode:
    """The notebook after all changes, one upon the other.

    Raises:
        RubricError: one found nothing to change, or they leave code that does not compile.
    """
    for change in changes:
        before, notebook = notebook, change(notebook)
        if notebook == before:
            raise RubricError("a change leaves the notebook as it is.")
    for cell in notebook.cells:
        if cell.cell_type == "code" and parsed_cell(cell.source) is None:
            raise RubricError(f"the changes leave code that does not compile: {cell.source[:200]!r}.")
    return notebook


def _cells(notebook: NotebookNode, question: str | None) -> list[NotebookNode]:
    found = [cell for cell in notebook.cells if question in (None, CellMarks.of(cell).question)]
    if not found:
        raise RubricError(f"no cell answers question {question}.")
    return found


def _dedented(source: str) -> str:
    return textwrap.dedent(source).strip("\n")


def _rewriting(old: str, new: str) -> _Expressions | _Statements:
    try:
        return _Expressions(ast.dump(ast.parse(old, mode="eval")), cst.parse_expression(new))
    except (SyntaxError, cst.ParserSyntaxError):
        return _Statements(old, new)


class _Expressions(cst.CSTTransformer):
    """Swaps an expression, also within others and within f-strings."""

    def __init__(self, old: str, new: cst.BaseExpression) -> None:
        super().__init__()
        self.swapped = 0
        self._old, self._new = old, new

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        updated = super().on_leave(original_node, updated_node)
        if not isinstance(original_node, cst.BaseExpression) or not self._is_old(original_node):
            return updated
        self.swapped += 1
        return self._new

    def _is_old(self, node: cst.BaseExpression) -> bool:
        try:
            return ast.dump(ast.parse(_code(node), mode="eval")) == self._old
        except SyntaxError:  # as a part of an f-string, or without the parentheses around it
            return False


class _Statements(cst.CSTTransformer):
    """Swaps a statement for others."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self.swapped = 0
        self._any_body = old.rstrip().endswith(": ...")
        self._old = _meaning(old, any_body=self._any_body)
        self._new = cst.parse_module(new)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        updated: Any = super().on_leave(original_node, updated_node)
        if not isinstance(original_node, cst.BaseStatement) or not self._is_old(original_node):
            return updated
        self.swapped += 1
        new = self._new.visit(_Filling(updated.body.body)) if self._any_body else self._new
        return cst.FlattenSentinel(new.body) if new.body else cst.RemoveFromParent()

    def _is_old(self, node: cst.BaseStatement) -> bool:
        return _meaning(_code(node), any_body=self._any_body) == self._old


class _Filling(cst.CSTTransformer):
    """Puts a body where `...` stands."""

    def __init__(self, body: Sequence[cst.BaseStatement]) -> None:
        super().__init__()
        self._body = body

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        if m.matches(original_node, m.SimpleStatementSuite([_HOLE])):
            return cst.IndentedBlock(self._body)
        if m.matches(original_node, m.SimpleStatementLine([_HOLE])):
            return cst.FlattenSentinel(self._body)
        return super().on_leave(original_node, updated_node)


def _meaning(statement: str, *, any_body: bool) -> str:
    parsed = ast.parse(statement)
    for each in parsed.body:
        if any_body and "body" in each._fields:
            each.body = []  # type: ignore[attr-defined]  # as all compound statements have
    return ast.dump(parsed)


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node).strip()
