"""The names that a code cell binds and uses, read from its text: nothing is run."""

from __future__ import annotations

import ast
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 200_000
"""Characters of a cell that are read."""
TIMING = ("%%time", "%%timeit", "%%capture", "%%prun")
"""Cell magics below which there is Python, run in the notebook."""
OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
ASSIGNMENT = re.compile(r"^(?:def|class)[ \t]+(\w+)|^([\w, \t]+)(?::[^=\n]{1,100})?=(?!=)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Bindings:
    """Names at a cell's top level, and below `for`, `if`, `with` and the like."""

    assigned: frozenset[str] = frozenset()
    looped: frozenset[str] = frozenset()
    """Bound by a `for` alone: most often in passing."""
    used: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: str) -> Bindings:
        source = _without_magics(source[:LONGEST])
        tree = parsed(source)
        if tree is None:
            return cls(assigned=_guessed(source))
        reader = _Reader()
        reader.read(tree.body)
        return cls(
            frozenset(reader.assigned), frozenset(reader.looped - reader.assigned), frozenset(reader.used)
        )


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a piece of Python; None if it is none."""
    with warnings.catch_warnings(), suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        warnings.simplefilter("ignore")  # of a student's invalid escapes
        return ast.parse(source)
    return None


def defined_names(source: str) -> frozenset[str]:
    """The names that a code cell binds at its top level or below `for`, `if`, `with` and the like."""
    bindings = Bindings.of(source)
    return bindings.assigned | bindings.looped


@dataclass
class _Reader:
    assigned: set[str] = field(default_factory=set)
    looped: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def read(self, nodes: Iterable[ast.AST]) -> None:
        """Read nodes and all below them, without going deeper in our own stack."""
        todo = [(node, self.assigned) for node in nodes]
        while todo:
            node, bound = todo.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.assigned.add(node.name)
                self._read_inner(node)
            elif isinstance(node, OWN_SCOPE):
                self._read_inner(node)
            elif isinstance(node, (ast.For, ast.AsyncFor)):
                todo.append((node.target, self.looped))
                todo += [(child, bound) for child in (node.iter, *node.body, *node.orelse)]
            else:
                self._note(node, bound)
                todo += [(child, bound) for child in ast.iter_child_nodes(node)]

    def _note(self, node: ast.AST, bound: set[str]) -> None:
        if isinstance(node, ast.Name):
            (bound if isinstance(node.ctx, ast.Store) else self.used).add(node.id)
        elif isinstance(node, ast.alias):
            self.assigned.add(node.asname or node.name.partition(".")[0])

    def _read_inner(self, scope: ast.AST) -> None:
        """A scope of its own binds nothing out here, but uses what it does not bind."""
        names = [node for node in ast.walk(scope) if isinstance(node, ast.Name)]
        own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        own |= {node.arg for node in ast.walk(scope) if isinstance(node, ast.arg)}
        self.used |= {node.id for node in names} - own


def _guessed(source: str) -> frozenset[str]:
    """What a text that is no Python seems to assign."""
    found: set[str] = set()
    for match in ASSIGNMENT.finditer(source):
        found.update(re.findall(r"\w+", match[1] or match[2]))
    return frozenset(found)


def _without_magics(source: str) -> str:
    """IPython's own lines become `pass`; a cell in another language becomes nothing."""
    first = source.lstrip()
    if first.startswith("%%") and not first.startswith(TIMING):
        return ""
    return "\n".join(_plain(line) for line in source.splitlines())


def _plain(line: str) -> str:
    text = line.strip()
    if text[:1] in ("!", "%", "?") or (text.endswith("?") and "#" not in text):
        return line[: len(line) - len(line.lstrip())] + "pass"
    return line
