"""Cells that a homework gives as they are: recognised by what they compute, though a student edited them."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from grader.source import parsed_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 4000
"""Characters of a cell that is compared; no given cell is longer."""
MOST_STATEMENTS = 40
MOST_NODES = 400
"""Of a statement: names that stand for others could make it grow without end."""


@dataclass(frozen=True, slots=True)
class Given:
    """The statements of given cells."""

    computed: frozenset[str]
    """What given cells assign, or run."""
    shown: frozenset[str]
    """What they print, and what the blank cells of answers contain: it makes no cell a given one by itself."""
    names: frozenset[str]
    """Names that the homework fixes; others a student may change."""

    @classmethod
    def of(cls, given: Iterable[str], blanks: Iterable[str], names: frozenset[str]) -> Given:
        forms = [form for source in given for form in _forms(source, names) if form[0]]
        beside = [form for source in blanks for form, _ in _forms(source, names) if form]
        return cls(
            frozenset(form for form, is_shown in forms if not is_shown),
            frozenset([*(form for form, is_shown in forms if is_shown), *beside]),
            names,
        )

    def has(self, source: str) -> bool:
        """Is there nothing in a cell but given statements?"""
        computes = False
        for form, is_shown in _forms(source, self.names):
            if form not in self.computed and form not in self.shown:
                return False
            computes |= not is_shown and form in self.computed
        return computes


def _forms(source: str, names: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Each statement in a normal form, and whether it only shows something; what can't be compared is like none."""
    tree = parsed_cell(source) if len(source) <= LONGEST else None
    if tree is None or len(tree.body) > MOST_STATEMENTS:
        return
    try:
        yield from _each(tree, names)
    except (_TooLongError, RecursionError):
        yield "", False  # the form of nothing


class _TooLongError(Exception):
    pass


def _each(tree: ast.Module, names: frozenset[str]) -> Iterator[tuple[str, bool]]:
    normal = _Normal()
    for statement in tree.body:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                form = normal.form(value)
                if name not in names:
                    normal.meanings[name] = form
                yield ast.unparse(form), False
            case ast.Expr(value=ast.Call(func=ast.Name(id="print" | "display"), args=arguments)):
                for shown in chain.from_iterable(map(_values, arguments)):
                    yield ast.unparse(normal.form(shown)), True
            case ast.Expr(value=value):
                called = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
                yield ast.unparse(normal.form(value)), not called
            case _:
                yield ast.unparse(normal.form(statement)), False


def _values(argument: ast.expr) -> list[ast.expr]:
    """What is printed, but for fixed texts."""
    if isinstance(argument, ast.JoinedStr):
        return [part.value for part in argument.values if isinstance(part, ast.FormattedValue)]
    return [] if isinstance(argument, ast.Constant) else [argument]


class _Normal(ast.NodeTransformer):
    """One form for what means the same here: names that the cell assigned, numbers, texts, and paths of modules."""

    def __init__(self) -> None:
        self.meanings: dict[str, Any] = {}

    def form(self, node: ast.AST) -> Any:
        found = self.visit(copy.deepcopy(node))
        if sum(1 for _ in ast.walk(found)) > MOST_NODES:
            raise _TooLongError
        return found

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.meanings.get(node.id, node) if isinstance(node.ctx, ast.Load) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node if isinstance(node.value, bool) else ast.Constant(0)

    def visit_JoinedStr(self, _node: ast.JoinedStr) -> ast.AST:
        return ast.Constant(0)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(value=value, attr="next" | "__next__") if not node.args:
                return ast.Call(ast.Name("next"), [value], [])
            case ast.Attribute(value=value, attr="size") if not node.args:
                return ast.Attribute(value, "shape")
            case ast.Attribute(attr=name) if name[:1].isupper():
                node.func = ast.Name(name)  # a class, from wherever it was imported
        return node
