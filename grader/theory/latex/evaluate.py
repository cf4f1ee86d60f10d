"""Chapter 4: a tree and a world give a value."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.dots import unfolded
from grader.theory.latex.fuel import SERIES, Fuel, IllTyped, Unread
from grader.theory.latex.tokens import INDEX_LETTERS
from grader.theory.latex.values import Algebra, Value, column, is_scalar, is_vector, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.latex.worlds import Reading, World

_STEP = 1e-3
_STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
"""Fourth-order central differences: exact for quadratics, 1e-12 for what homework asks."""
_AGGREGATES = {
    "mean": np.mean,
    "avg": np.mean,
    "average": np.mean,
    "median": np.median,
    "max": np.max,
    "min": np.min,
    "sum": np.sum,
}
_SILENT = "#"


class Evaluator:
    """Evaluates nodes in one world under one reading. `used` collects the symbols that came in.

    Raises:
        Unread: by every method, for a name or a construct that means nothing here.
        IllTyped: shapes, ranges or arithmetic that fit nothing.
    """

    def __init__(self, world: World, reading: Reading, fuel: Fuel) -> None:
        self.world = world
        self.algebra = Algebra(loose=reading.loose, squares_are_norms=reading.squares_are_norms)
        self.used: set[str] = set()
        self.loops: dict[str, int] = {}
        self._reading = reading
        self._fuel = fuel
        self._opened: set[str] = set()

    def __call__(self, node: n.Node) -> Value:  # noqa: C901, PLR0911, PLR0912  one line a node
        self._fuel.burn()
        algebra = self.algebra
        match node:
            case n.Number(number):
                return value(float(number))
            case n.Name(name):
                return self._name(name)
            case n.Negative(body):
                return -self(body)
            case n.Sum(terms):
                return self._sum(terms)
            case n.Product(left, right, by):
                operation = {"": algebra.multiply, ".": algebra.dot, "o": algebra.entrywise}[by]
                return operation(self(left), self(right))
            case n.DottedProduct(factors):
                return self._product([self(item) for item in self._unfolded(factors)])
            case n.Quotient(top, bottom):
                return algebra.divide(self(top), self(bottom))
            case n.Power(base, exponent):
                return algebra.power(self(base), self(exponent))
            case n.Root(body, degree):
                return algebra.root(self(body), self(degree))
            case n.Prime(n.Call() as function):
                return self._gradient(function, None)
            case n.Transpose(body) | n.Prime(body):
                return self(body).T
            case n.Bars(body):
                return self._bars(self(body))
            case n.Norm(body, order):
                return algebra.norm(self(body), self._order(order))
            case n.Index(base, at):
                return self._indexed(base, at)
            case n.Items(items):
                return column(self(item) for item in self._unfolded(items))
            case n.Inner(left, right):
                return algebra.dot(self(left), self(right))
            case n.Series():
                return self._series(node)
            case n.Call(function, arguments):
                return self._call(function, arguments)
            case n.Gradient(body, by):
                return self._gradient(body, by)
            case n.Optimum(_, _, body) if self.world.optimum_is_value:
                return self(body)
            case n.Cases(branches):
                return next(self(result) for result, condition in branches if self._holds(condition))
        raise Unread(f"a {type(node).__name__.lower()}")

    # Names

    def _name(self, name: str) -> Value:
        if name in self.loops:
            return value(self.loops[name])
        for known in (name, self.world.canonical(name)):
            if known in self.world.definitions:
                return self._defined(known)
            if known in self.world.indexed:
                variable, _ = self.world.indexed[known]
                return self.over(variable, n.Index(n.Name(known), (n.Name(variable),)))
        known = self.world.canonical(name)
        if _SILENT in self.loops and (element := self._element(known)) is not None:
            return element
        if known in self.world.values:
            self._note(known)
            return self.world.values[known]
        if known in self.world.sizes:
            return value(self.world.sizes[known])
        raise Unread(f"the symbol {name}")

    def _note(self, name: str) -> None:
        self.used |= self.world.stands_for.get(name, frozenset({name}))

    def _element(self, name: str) -> Value | None:
        """Give the entry that an index left out would pick."""
        array = self.world.families.get(name, self.world.values.get(name))
        if array is None or array.shape[:1] != (next(iter(self.world.sizes.values())),):
            return None
        self._note(name)
        return _entry(array, (self.loops[_SILENT] - self._reading.base,))

    def _defined(self, name: str) -> Value:
        with self._opening(name):
            return self(self.world.definitions[name])

    @contextmanager
    def _opening(self, name: str) -> Iterator[None]:
        if name in self._opened:
            raise Unread(f"{name} is defined by itself")
        self._opened.add(name)
        yield
        self._opened.discard(name)

    # Indices

    def _indexed(self, base: n.Node, at: tuple[n.Node, ...]) -> Value:
        if isinstance(base, n.Name):
            if base.text in self.world.indexed and len(at) == 1:
                return self._own_family(base.text, at[0])
            if (named := self._special(base.text, at)) is not None:
                return named
            known = self.world.canonical(base.text)
            if known in self.world.families:
                self._note(known)
                return _entry(self.world.families[known], self._integers(at))
        if isinstance(base, n.Transpose):
            raise Unread("an index on a transpose")
        array = self(base)
        if is_scalar(array):
            raise IllTyped("an index on a number")
        return _entry(array, self._integers(at))

    def _own_family(self, name: str, at: n.Node) -> Value:
        variable, body = self.world.indexed[name]
        k = self.integer(at)
        with self._opening(name), self.bound(variable, k):
            return self(body)

    def _special(self, name: str, at: tuple[n.Node, ...]) -> Value | None:
        r"""`\mathbf{1}_n`, `I_d`, `e_i`."""
        if name in ("ones", "I") and len(at) == 1:
            size = self.integer(at[0])
            if not 0 < size <= SERIES:
                raise IllTyped("a vector of no or too many entries")
            return np.ones((size, 1)) if name == "ones" else np.eye(size)
        if name in ("e", "hat e") and name not in {**self.world.values, **self.world.definitions}:
            return _entry(np.eye(list(self.world.sizes.values())[-1]), self._integers(at))
        return None

    def _integers(self, at: tuple[n.Node, ...]) -> tuple[int, ...]:
        return tuple(self.integer(index) - self._reading.base for index in at)

    def integer(self, node: n.Node) -> int:
        number = self(node)
        if not is_scalar(number) or abs(number - round(float(number))) > 1e-9:
            raise IllTyped("an index that is no integer")
        return round(float(number))

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
            case n.Call(function, (argument,)) if function in _AGGREGATES and self._reading.loose:
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

    def length(self, variable: str, node: n.Node) -> int:
        """How far an index runs, from what it stands on."""
        found = {
            self._axis(part.base, axis)
            for part in n.walk(node)
            if isinstance(part, n.Index)
            for axis, index in enumerate(part.at)
            if variable in n.names_in(index)
        }
        if len(found) != 1:
            raise IllTyped(f"the index {variable} runs over {'two ranges' if found else 'nothing'}")
        return found.pop()

    def _axis(self, base: n.Node, axis: int) -> int:
        if isinstance(base, n.Name):
            known = self.world.canonical(base.text)
            if known in self.world.indexed:
                return self.length(*self.world.indexed[known])
            if base.text in ("e", "hat e"):
                return list(self.world.sizes.values())[-1]
            if known in self.world.families:
                return self.world.families[known].shape[axis]
        array = self(base)
        if axis >= array.ndim or (is_vector(array) and axis):
            raise IllTyped("an index too many")
        return array.size if is_vector(array) else array.shape[axis]

    def over(self, variable: str, node: n.Node) -> Value:
        """The vector of a formula's values as its free index runs."""
        return column(self.each(variable, node))

    def each(self, variable: str, node: n.Node, *, like: n.Node | None = None) -> list[Value]:
        """The values of a formula as its index runs as far as it does in `like`."""
        first = self._reading.base
        results = []
        for k in range(first, first + self.length(variable, like or node)):
            with self.bound(variable, k):
                results.append(self(node))
        return results

    # Sums, products, lists

    def _sum(self, terms: tuple[n.Node, ...]) -> Value:
        written = self._unfolded(terms)
        plain = [term for term in written if not self._is_offset(term)]
        total = self(plain[0]) if plain else value(0.0)
        for term in plain[1:]:
            total = self.algebra.add(total, self(term))
        for term in written:
            if self._is_offset(term):
                total = total + self(term)
        return total

    def _is_offset(self, term: n.Node) -> bool:
        bare = term.body if isinstance(term, n.Negative) else term
        return isinstance(bare, n.Name) and self.world.canonical(bare.text) in self.world.offsets

    def _unfolded(self, items: tuple[n.Node, ...]) -> list[n.Node]:
        return unfolded(items, self.integer, list(self.world.sizes.values())[-1])

    def _product(self, factors: list[Value]) -> Value:
        total = factors[0]
        for factor in factors[1:]:
            total = self.algebra.entrywise(total, factor)
        return total

    def _series(self, node: n.Series) -> Value:
        variable = node.variable or self._only_index(node.body)
        if variable == _SILENT:
            low, high = self._reading.base, next(iter(self.world.sizes.values())) + self._reading.base - 1
        else:
            low = self.integer(node.low) if node.low is not None else self._reading.base
            high = self.integer(node.high) if node.high is not None else self._last(variable, node.body)
        if not 0 <= high - low < SERIES:
            raise IllTyped("a sum over nothing, or over too much")
        terms = []
        for k in range(low, high + 1):
            with self.bound(variable, k):
                terms.append(self(node.body))
        match node.kind:
            case "sum":
                total = terms[0]
                for term in terms[1:]:
                    total = self.algebra.add(total, term)
                return total
            case "prod":
                return self._product(terms)
        return self._aggregate(node.kind, terms)

    def _last(self, variable: str, body: n.Node) -> int:
        return self.length(variable, body) + self._reading.base - 1

    def _only_index(self, body: n.Node) -> str:
        free = self.free(body)
        if len(free) == 1:
            return free.pop()
        if self._reading.silent_index:
            return _SILENT
        raise Unread("a sum that does not say over what")

    # Functions

    def _call(self, function: str, arguments: tuple[n.Node, ...]) -> Value:
        if function in ("sign", "sgn", "abs", "sqrt") and len(arguments) == 1:
            inside = self(arguments[0])
            return {"abs": np.abs, "sqrt": lambda v: self.algebra.root(v, value(2.0))}.get(function, np.sign)(inside)
        if function in _AGGREGATES:
            return self._aggregate(function, self._spread(arguments))
        known = self.world.functions.get(function)
        if known is None:
            raise Unread(f"the function {function}")
        if not all(isinstance(argument, n.Name) for argument in arguments):
            raise Unread(f"{function} of something other than a symbol")
        with self._opening(f"{function}()"):
            return self(known)

    def _spread(self, arguments: tuple[n.Node, ...]) -> list[Value]:
        """What a mean is taken of: its arguments, the entries of a vector, or a family."""
        if len(arguments) > 1:
            return [self(item) for item in self._unfolded(arguments)]
        free = self.free_inside(arguments[0])
        if len(free) == 1 and self.algebra.loose:
            return self.each(free.pop(), arguments[0])
        vector = self(arguments[0])
        if not is_vector(vector):
            raise Unread("the mean, maximum or sum of something that is no vector")
        return [value(entry) for entry in vector.ravel()]

    def free_inside(self, node: n.Node) -> set[str]:
        strict = Evaluator(self.world, replace(self._reading, loose=False), self._fuel)
        strict.loops = self.loops
        return strict.free(node)

    def _aggregate(self, function: str, values: list[Value]) -> Value:
        if any(item.shape != values[0].shape for item in values):
            raise IllTyped(f"the {function} of things of different shapes")
        return value(_AGGREGATES[function](np.stack(values), axis=0))

    def _bars(self, inside: Value) -> Value:
        if self._reading.bars_are_norms and not is_scalar(inside):
            return self.algebra.norm(inside, self._reading.bare_norm)
        return np.abs(inside)

    def _order(self, order: n.Node | None) -> float:
        match order:
            case None:
                return self._reading.bare_norm
            case n.Number(number):
                return float(number)
            case n.Name("infty"):
                return float("inf")
            case n.Name("F"):
                return 2.0
        raise Unread("the index of a norm")

    def _holds(self, condition: n.Comparison | None) -> bool:
        if condition is None:
            return True
        left, right = self(condition.left), self(condition.right)
        if not (is_scalar(left) and is_scalar(right)):
            raise IllTyped("a comparison of things that are no numbers")
        compare = {"≤": np.less_equal, "≥": np.greater_equal, "<": np.less, ">": np.greater, "=": np.equal}
        return bool(compare.get(condition.relation, np.not_equal)(left, right))

    # Derivatives

    def _gradient(self, body: n.Node | None, by: n.Node | None) -> Value:
        function = body if body is not None else self.world.asked
        by = by.body if isinstance(by, n.Transpose) else by
        target = by.base if isinstance(by, n.Index) else by
        name = self.world.variable if target is None else self.world.canonical(getattr(target, "text", ""))
        if function is None or name is None or name not in self.world.values:
            raise Unread("a derivative by something that is no symbol of the question")
        if name in self._opened:
            raise Unread("a derivative inside its own")
        entries = range(self.world.values[name].size)
        if isinstance(by, n.Index):
            (entry,) = self._integers(by.at) if len(by.at) == 1 else (-1,)
            if entry not in entries:
                raise IllTyped("a derivative by an entry that is not there")
            return self._slope(function, name, entry)
        slopes = [self._slope(function, name, entry) for entry in entries]
        return slopes[0] if is_scalar(self.world.values[name]) else column(slopes)

    def _slope(self, function: n.Node, name: str, entry: int) -> Value:
        world, here = self.world, self.world.values[name]
        step = _STEP * max(1.0, float(np.abs(here).max()))
        total = value(0.0)
        try:
            for steps, weight in _STENCIL:
                moved = here.copy()
                moved.ravel()[entry : entry + 1] += steps * step
                self.world = world.with_value(name, moved.reshape(here.shape))
                result = self(function)
                if not is_scalar(result):
                    raise Unread("the gradient of something that is no number")
                total = total + weight * result / step
        finally:
            self.world = world
        return value(total)


def _entry(array: Value, at: tuple[int, ...]) -> Value:
    """An entry of a vector or a matrix, or a row of a matrix as a column; `at` counts from 0."""
    if is_vector(array):
        array = array.ravel()
        if len(at) != 1:
            raise IllTyped("two indices on a vector")
    if len(at) > array.ndim or any(not 0 <= k < size for k, size in zip(at, array.shape, strict=False)):
        raise IllTyped("an index out of range")
    picked = array[at]
    return picked.reshape(-1, 1) if picked.ndim else value(picked)
