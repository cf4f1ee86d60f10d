"""The part of a rubric that its public checks need: their source, and whatever it mentions.

A file holds public checks beside hidden ones, and helpers of both. What is kept is found from the public checks on,
name by name and module by module; comments and the docstrings of helpers stay at home.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

INIT = "__init__"
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
ASKING = ("rounds", "probe")
"""The methods of `Work` by which a check reads what probes gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What is kept of each module, and what is not."""

    kept: Mapping[str, str]
    """Source by dotted name."""
    left_out: tuple[ast.stmt, ...]
    texts: frozenset[str]
    """The texts in what is kept, keys among them."""
    asks_probes: bool


def excerpt(modules: Mapping[str, str], public: Iterable[tuple[str, str]], *, package: str) -> Excerpt:
    """Keep what the `public` tests, pairs of module and name, need of the `modules`, given by dotted name.

    `package` is the name by which a module may import its siblings.

    Raises:
        RubricError: a module imports a sibling as a whole, so that what is needed of it can't be told.
    """
    rooms = {name: _Room.of(name, source, package) for name, source in modules.items()}
    waiting = list(public)
    for module, name in waiting:
        rooms[module].tests.add(name)
    while waiting:
        module, name = waiting.pop()
        if (room := rooms.get(module)) is None:
            continue
        for number in room.numbers_of(name):
            if number not in room.kept:
                room.kept.add(number)
                waiting += room.mentioned(room.body[number], rooms)
    statements = [room.body[number] for room in rooms.values() for number in room.kept]
    nodes = [node for statement in statements for node in ast.walk(statement)]
    return Excerpt(
        kept={name: room.text() for name, room in rooms.items() if room.kept or name.endswith(INIT)},
        left_out=tuple(each for room in rooms.values() for each in room.left_out()),
        texts=frozenset(
            node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ),
        asks_probes=any(isinstance(node, ast.Attribute) and node.attr in ASKING for node in nodes),
    )


@dataclass(slots=True)
class _Room:
    """One module: its statements by number, and those that are kept."""

    name: str
    package: str
    body: list[ast.stmt]
    defined: dict[str, list[int]]
    kept: set[int] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, name: str, source: str, package: str) -> _Room:
        whole = ast.parse(source).body
        body = [each for statement in whole if not _is_docstring(statement) for each in _single(statement)]
        defined: dict[str, list[int]] = {}
        for number, statement in enumerate(body):
            for each in _defines(statement):
                defined.setdefault(each, []).append(number)
        return cls(name, package, body, defined)

    def numbers_of(self, name: str) -> list[int]:
        """The statements that give a name its value; of what gives none, those that run in any case."""
        always = [number for number, each in enumerate(self.body) if _always_runs(each)]
        return [*self.defined.get(name, ()), *always]

    def mentioned(self, statement: ast.stmt, rooms: Mapping[str, _Room]) -> Iterator[tuple[str, str]]:
        """The names, each with its module, that a statement needs."""
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name):  # an argument of a test is a fixture
                    yield self.name, name
                case ast.ImportFrom(names=[alias]):
                    module = self._absolute(node)
                    self._refuse(f"{module}.{alias.name}".strip("."), rooms)
                    yield module, alias.name
                case ast.Import(names=[alias]):
                    self._refuse(alias.name.removeprefix(f"{self.package}."), rooms)

    def _absolute(self, statement: ast.ImportFrom) -> str:
        """The dotted name, within the rubric, of the module that an import names."""
        module = statement.module or ""
        if not statement.level:
            return "" if module == self.package else module.removeprefix(f"{self.package}.")
        above = self.name.split(".")[: -statement.level]
        return ".".join([*above, *filter(None, [module])])

    def _refuse(self, module: str, rooms: Mapping[str, _Room]) -> None:
        if module in rooms:
            raise RubricError(
                f"{self.name}.py imports all of {module}, so what the public checks need of it can't be told. "
                f"Import its names: from {module} import …"
            )

    def text(self) -> str:
        statements = [self.body[number] for number in sorted(self.kept)]
        return "\n\n".join(self._written(each) for each in statements) + "\n"

    def _written(self, statement: ast.stmt) -> str:
        if not (isinstance(statement, _FUNCTION) and statement.name in self.tests):
            for node in ast.walk(statement):
                if isinstance(node, (*_FUNCTION, ast.ClassDef)) and _is_docstring(node.body[0]):
                    node.body[:1] = [] if node.body[1:] else [ast.Pass()]
        return ast.unparse(statement)

    def left_out(self) -> Iterator[ast.stmt]:
        return (each for number, each in enumerate(self.body) if number not in self.kept)


def _single(statement: ast.stmt) -> Iterator[ast.stmt]:
    """An import as one statement for each name, since not all of them may be needed."""
    match statement:
        case ast.ImportFrom(module=module, names=names, level=level):
            yield from (ast.ImportFrom(module=module, names=[name], level=level) for name in names)
        case ast.Import(names=names):
            yield from (ast.Import(names=[name]) for name in names)
        case _:
            yield statement


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _always_runs(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _defines(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module gives a value, or whose value it changes."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case _:
            for node in ast.walk(statement):
                match node:
                    case ast.Name(id=name, ctx=ast.Store()):
                        yield name
                    case ast.Attribute() | ast.Subscript() if not isinstance(node.ctx, ast.Load):
                        yield from _base(node)
                    case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):  # as in NAMES.append("x")
                        yield from _base(method)


def _base(node: ast.expr) -> Iterator[str]:
    """The name at the beginning of an expression such as `table["a"].rows`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
