"""Chapter 5, beginning: what is in scope while a tree is evaluated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.fuel import Fuel, Unread
from grader.theory.latex.tokens import INDEX_LETTERS
from grader.theory.latex.values import Algebra, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grader.theory.latex.worlds import Reading, World

MEANS = frozenset({"mean", "avg", "average"})
AGGREGATES = MEANS | {"median", "max", "min", "sum"}


class Scope(ABC):
    """The world, the indices that are bound, and the names that are being worked out."""

    def __init__(self, world: World, reading: Reading, fuel: Fuel) -> None:
        self.world = world
        self.algebra = Algebra(loose=reading.loose, squares_are_norms=reading.squares_are_norms)
        self.used: set[str] = set()
        self.loops: dict[str, int] = {}
        self.reading = reading
        self.fuel = fuel
        self._open: set[str] = set()

    @abstractmethod
    def __call__(self, node: n.Node) -> Value:
        """Evaluate a node."""

    def note(self, name: str) -> None:
        self.used |= self.world.stands_for.get(name, frozenset({name}))

    @contextmanager
    def opening(self, name: str) -> Iterator[None]:
        if name in self._open:
            raise Unread(f"{name} is defined in terms of itself")
        self._open.add(name)
        yield
        self._open.discard(name)

    def run(self, variable: str, numbers: Iterable[int], node: n.Node) -> list[Value]:
        """The values of a node as an index runs."""
        values = []
        with self.bound(variable, 0):
            for k in numbers:
                self.loops[variable] = k
                values.append(self(node))
        return values

    @contextmanager
    def bound(self, variable: str, k: int) -> Iterator[None]:
        before = self.loops.get(variable)
        self.loops[variable] = k
        try:
            yield
        finally:
            self.loops.pop(variable)
            if before is not None:
                self.loops[variable] = before

    def free(self, node: n.Node) -> set[str]:
        """Index letters that nothing binds."""
        match node:
            case n.Series(_, variable, low, high, body):
                inside = self.free(body)
                bound = {variable} if variable else (inside if len(inside) == 1 else set())
                return (inside - bound).union(*(self.free(end) for end in (low, high) if end is not None))
            case n.Call(function, (argument,)) if function in AGGREGATES and self.reading.loose:
                inside = self.free(argument)
                return inside if len(inside) > 1 else set()
            case n.Index(base, at):
                mine = {name for index in at for name in n.names_in(index) if self._is_loose_letter(name)}
                return mine | self.free(base)
        return set[str]().union(*map(self.free, n.children(node)))

    def _is_loose_letter(self, name: str) -> bool:
        return (
            name in INDEX_LETTERS
            and name not in self.loops
            and name not in self.world.definitions
            and self.world.canonical(name) not in {**self.world.sizes, **self.world.values}
        )
