"""Python that somebody wrote: read, never run."""

from __future__ import annotations

import ast
import io
import math
import re
import symtable
import tokenize
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 200_000
"""Characters of a cell that are read."""
TIMING = ("%%time", "%%timeit", "%%capture", "%%prun")
"""Cell magics below which there is Python, run in the notebook."""
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python raises for a source that it cannot parse."""
DISPLAYING = ("print", "display", "pprint")
MEASURING = (
    *("len", "size", "numel", "nelement", "dim", "prod", "str", "int", "format", "repr", "tuple", "list"),
    *("numpy", "array", "asarray", "squeeze", "flatten", "ravel", "reshape", "view"),
)
"""Functions and methods whose result has the numbers or the size of what they are given."""
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
UNDEFINED = re.compile(r"name '(\w+)' is not defined")
ASSIGNMENT = re.compile(r"^(?:def|class)[ \t]+(\w+)|^([\w, \t]+)(?::[^=\n]{1,100})?=(?!=)", re.MULTILINE)


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a piece of Python; None if it cannot be parsed."""
    with warnings.catch_warnings(action="ignore"), suppress(*UNREADABLE):
        return ast.parse(source)
    return None


def comments(source: str) -> Iterator[str]:
    """The text of each comment; if the source is not valid Python, of those before the first error."""
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.lstrip("#! ")


def parsed_cell(source: str) -> ast.Module | None:
    """The syntax tree of a notebook's cell, its magics left out; None if it cannot be parsed."""
    return parsed(_without_magics(source[:LONGEST]))


def imports(source: str) -> frozenset[str]:
    """The names that a cell imports, of modules the top-level one."""
    tree = parsed_cell(source)
    return frozenset(
        (alias.asname or alias.name).partition(".")[0]
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    )


def integers(source: str) -> frozenset[int]:
    """The whole numbers that a cell names."""
    tree = parsed_cell(source)
    return frozenset(
        int(node.value)
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and math.isfinite(node.value)
        and node.value == int(node.value)
    )


def undefined(message: str) -> list[str]:
    """The names that Python's error messages in a text call undefined."""
    return UNDEFINED.findall(message)


@dataclass(frozen=True, slots=True)
class Bindings:
    """The global names that a code cell binds and uses."""

    assigned: frozenset[str] = frozenset()
    looped: frozenset[str] = frozenset()
    """Bound only as the target of a `for`: usually in passing."""
    used: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: str) -> Bindings:
        """Read a cell, IPython's magics included. If it is not valid Python, its assignments are guessed."""
        source = _without_magics(source[:LONGEST])
        tree, table = parsed(source), _table(source)
        if tree is None or table is None:
            return cls(assigned=_guessed(source))
        symbols = list(_globals(table))
        bound = {each.get_name() for each in symbols if each.is_assigned() or each.is_imported()}
        used = {each.get_name() for each in symbols if each.is_referenced()}
        targets = _Targets.of(tree)
        looped = targets.looped - targets.stored
        # From Python 3.12 on, symtable lists a comprehension's variables in the scope around it, and does not say
        # that `:=` in one assigns.
        local = targets.comprehended - targets.looped - targets.stored
        assigned = (bound | targets.stored) - looped - local
        return cls(frozenset(assigned), frozenset(looped), frozenset(used - local))


def displays(source: str, names: Iterable[str]) -> bool:
    """Does a cell print or display one of these names, a part of it, or its size?

    `print(image.shape)` displays something of `image`; `print(net(image))` displays something else. A variable that
    holds such a part or size stands for it: `n = len(data); print(n)`.
    """
    tree = parsed_cell(source)
    if tree is None or not tree.body:
        return False
    known = set(names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and not known.isdisjoint(_plain_names(node.value)):
            known.update(target.id for target in node.targets if isinstance(target, ast.Name))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in DISPLAYING)
    shown = [argument for call in calls for argument in call.args]
    last = tree.body[-1]
    if isinstance(last, ast.Expr) and not (
        isinstance(last.value, ast.Call) and _called(last.value) in DISPLAYING
    ):
        shown.append(last.value)
    return any(not known.isdisjoint(_plain_names(each)) for each in shown)


def _plain_names(expression: ast.AST) -> Iterator[str]:
    """The names in an expression, but for those in the arguments of a call that makes something new of them."""
    todo = [expression]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            yield node.id
        if not (isinstance(node, ast.Call) and _called(node) not in MEASURING):
            todo += ast.iter_child_nodes(node)


def _called(call: ast.Call) -> str:
    """The last part of the name of a called function."""
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _table(source: str) -> symtable.SymbolTable | None:
    with warnings.catch_warnings(action="ignore"), suppress(*UNREADABLE):
        return symtable.symtable(source, "<cell>", "exec")
    return None


def _globals(top: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    """The symbols of the top level, and those of inner scopes that refer to a global name."""
    yield from top.get_symbols()
    scopes = top.get_children()
    while scopes:
        scope = scopes.pop()
        yield from (symbol for symbol in scope.get_symbols() if symbol.is_global())
        scopes += scope.get_children()


@dataclass(frozen=True, slots=True)
class _Targets:
    """The names that a cell's top level stores to, by what stores them."""

    looped: set[str]
    comprehended: set[str]
    stored: set[str]
    """Stored to by anything else."""

    @classmethod
    def of(cls, tree: ast.Module) -> _Targets:
        """Walk the tree without recursion: a long sum of a student's may be nested a thousand deep."""
        found = cls(set(), set(), set())
        todo: list[tuple[ast.AST, set[str]]] = [(tree, found.stored)]
        while todo:
            node, names = todo.pop()
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            for child in ast.iter_child_nodes(node):
                if isinstance(child, SCOPES):
                    continue
                is_target = child is getattr(node, "target", None)
                if is_target and isinstance(node, (ast.For, ast.AsyncFor)):
                    todo.append((child, found.looped))
                elif is_target and isinstance(node, ast.comprehension):
                    todo.append((child, found.comprehended))
                else:
                    todo.append((child, names))
        return found


def _guessed(source: str) -> frozenset[str]:
    """What a text that is not valid Python seems to assign."""
    found: set[str] = set()
    for match in ASSIGNMENT.finditer(source):
        found.update(re.findall(r"\w+", match[1] or match[2]))
    return frozenset(found)


def _without_magics(source: str) -> str:
    """IPython's own lines become `pass`; a cell in another language becomes empty."""
    first = source.lstrip()
    if first.startswith("%%") and not first.startswith(TIMING):
        return ""
    return "\n".join(_plain(line) for line in source.splitlines())


def _plain(line: str) -> str:
    text = line.strip()
    if text[:1] in ("!", "%", "?") or (text.endswith("?") and "#" not in text):
        return line[: len(line) - len(line.lstrip())] + "pass"
    return line
