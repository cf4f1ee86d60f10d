"""Chapter 5: a tree and a world give a value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.dots import unfolded
from grader.theory.latex.fuel import SERIES, IllTyped, Unread
from grader.theory.latex.indexing import SILENT, Indexing
from grader.theory.latex.scope import AGGREGATES, MEANS
from grader.theory.latex.values import Value, column, is_scalar, is_vector, value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STEP = 1e-3
_LONG_STEP = 1e-1
"""For second derivatives, so that the rounding of the first ones does not count."""
_STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
"""Fourth-order central differences: exact for quadratics, 1e-12 for what homework asks."""
_RELATIONS: Mapping[str, Callable[[Value, Value], object]] = {
    "≤": np.less_equal,
    "≥": np.greater_equal,
    "<": np.less,
    ">": np.greater,
    "=": np.equal,
    "≠": np.not_equal,
}


class Evaluator(Indexing):
    """Evaluates nodes in one world under one reading. `used` collects the symbols that came in.

    Raises:
        Unread: by every method, for a name or a construct that means nothing here.
        IllTyped: shapes, ranges or arithmetic that fit nothing.
    """

    def __call__(self, node: n.Node) -> Value:
        self.fuel.burn()
        evaluate = self._KINDS.get(type(node))
        if evaluate is None:
            raise Unread("a part that has no value")
        return evaluate(self, node)

    def _product_of_two(self, node: n.Product) -> Value:
        algebra = self.algebra
        operation = {"": algebra.multiply, ".": algebra.dot, "o": algebra.entrywise}[node.by]
        left = self(node.left)
        match node.right:
            case n.Number() as one if one == n.ONE and self._adds_up(left):
                return left @ self.named("ones")
            case n.Quotient(n.Number() as one, bottom) if one == n.ONE and self._adds_up(left):
                return algebra.divide(left @ self.named("ones"), self(bottom))
        return operation(left, self(node.right))

    def _adds_up(self, left: Value) -> bool:
        """Whether the 1 right of it is a column of ones, as in `X^T 1`: times the number it would say nothing."""
        return not is_scalar(left) and left.shape[1] == len(self.named("ones")) and left.shape[0] > 1

    def _primed(self, node: n.Prime) -> Value:
        if isinstance(node.body, n.Prime) and isinstance(node.body.body, n.Call):
            return self._hessian(node.body.body, None)
        return self._gradient(node.body, None) if isinstance(node.body, n.Call) else self._transposed(node)

    def _optimum(self, node: n.Optimum) -> Value:
        if not self.world.optimum_is_value:
            raise Unread("a minimum that may be the value or the place")
        return self(node.body)

    # Sums, products, lists

    def _sum(self, terms: tuple[n.Node, ...]) -> Value:
        plain, offsets = self._unfolded(terms), []
        if self.world.offsets:
            offsets = [term for term in plain if self._is_offset(term)]
            plain = [term for term in plain if not self._is_offset(term)]
        total = self(plain[0]) if plain else value(0.0)
        for term in plain[1:]:
            total = self.algebra.add(total, self(term))
        for term in offsets:
            total = total + self(term)
        return total

    def _is_offset(self, term: n.Node) -> bool:
        bare = term.body if isinstance(term, n.Negative) else term
        match bare:
            case n.Product(offset, n.Number() as ones, "") if ones == n.ONE:  # 1 for a column of ones
                return self._is_offset(offset)
            case n.Name(name):
                return self.world.canonical(name) in self.world.offsets
            case n.Index(n.Name(name), at):
                return bool(self.intercept(self.world.canonical(name), at))
        return False

    def _unfolded(self, items: tuple[n.Node, ...]) -> list[n.Node]:
        return unfolded(items, self.integer, list(self.world.sizes.values())[-1])

    def _transposed(self, node: n.Transpose | n.Prime) -> Value:
        """`1^T` is a row of ones, `2^T` a power or a slip; `(w^T x)^T` is a number, transposed."""
        if node.body == n.ONE and isinstance(node, n.Transpose):
            return self.named("ones").T
        inside = self(node.body)
        if is_scalar(inside) and (isinstance(node, n.Prime) or isinstance(node.body, n.Number | n.Name)):
            raise Unread("the transpose of a number")
        return inside.T

    def _product(self, factors: list[Value]) -> Value:
        total = factors[0]
        for factor in factors[1:]:
            total = self.algebra.entrywise(total, factor)
        return total

    def _series(self, node: n.Series) -> Value:
        variable = node.variable or self._only_index(node.body)
        if variable == SILENT:
            low, high = self.reading.base, next(iter(self.world.sizes.values())) + self.reading.base - 1
        else:
            low = self.integer(node.low) if node.low is not None else self.reading.base
            high = self.integer(node.high) if node.high is not None else self._last(variable, node.body)
        if not 0 <= high - low < SERIES:
            raise IllTyped("a sum over nothing, or over too much")
        terms = self.run(variable, range(low, high + 1), node.body)
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
        return self.length(variable, body) + self.reading.base - 1

    def _only_index(self, body: n.Node) -> str:
        free = self.free(body)
        if len(free) == 1:
            return free.pop()
        if self.reading.silent_index or self._is_family(body):
            return SILENT
        raise Unread("a sum that does not say over what")

    def _is_family(self, node: n.Node) -> bool:
        r"""Whether it is the name of all points at once, the x of `\sum x`."""
        known = self.world.canonical(node.text) if isinstance(node, n.Name) else ""
        return known in self.world.families and known not in {*self.world.values, *self.world.definitions}

    # Functions

    def _call(self, function: str, arguments: tuple[n.Node, ...]) -> Value:
        if function in ("sign", "sgn", "abs", "sqrt"):
            (inside,) = map(self, arguments) if len(arguments) == 1 else (value([]),)
            return self._entry_function(function, inside)
        if function in MEANS and len(arguments) == 1 and self._is_family(arguments[0]):
            return self.named("expectation")
        if function in AGGREGATES:
            return self._aggregate(function, self._spread(arguments))
        known = self.world.functions.get(function)
        if known is None:
            raise Unread(f"the function {function}")
        if arguments and not self._is_at_variable(arguments):
            raise Unread(f"{function} of something other than what was asked about")
        with self.opening(f"{function}()"):
            return self(known)

    def _entry_function(self, function: str, inside: Value) -> Value:
        match function:
            case "abs":
                return np.abs(inside)
            case "sqrt":
                return self.algebra.root(inside, value(2.0))
        return np.sign(inside)

    def _is_at_variable(self, arguments: tuple[n.Node, ...]) -> bool:
        """Whether a function is taken where we are: `f(x)`, not `f(2x)` or `f(w)`."""
        names = {self.world.canonical(a.text) for a in arguments if isinstance(a, n.Name)}
        return (
            len(names) == len(arguments) and self.world.variable in names and names <= set(self.world.values)
        )

    def _spread(self, arguments: tuple[n.Node, ...]) -> list[Value]:
        """What a mean is taken of: its arguments, the entries of a vector, or a family."""
        if len(arguments) > 1:
            return [self(item) for item in self._unfolded(arguments)]
        free = self.free_inside(arguments[0])
        if len(free) == 1 and self.algebra.loose:
            return self.each(free.pop(), arguments[0])
        vector = self(arguments[0])
        if not is_vector(vector):
            raise Unread("the mean, maximum or sum of something that is not a vector")
        return [value(entry) for entry in vector.ravel()]

    def free_inside(self, node: n.Node) -> set[str]:
        strict = Evaluator(self.world, replace(self.reading, loose=False), self.fuel)
        strict.loops = self.loops
        return strict.free(node)

    def _aggregate(self, function: str, values: list[Value]) -> Value:
        if any(item.shape != values[0].shape for item in values):
            raise IllTyped(f"the {function} of things of different shapes")
        stacked = np.stack(values)
        match function:
            case "median":
                return value(np.median(stacked, axis=0))
            case "max":
                return value(stacked.max(axis=0))
            case "min":
                return value(stacked.min(axis=0))
        return value(stacked.sum(axis=0) / (1 if function == "sum" else len(values)))

    def _bars(self, inside: Value) -> Value:
        if self.reading.bars_are_norms and not is_scalar(inside):
            return self.algebra.norm(inside, self.reading.bare_norm)
        return np.abs(inside)

    def _order(self, order: n.Node | None) -> float:
        match order:
            case None:
                return self.reading.bare_norm
            case n.Number(number):
                return float(number)
            case n.Name("infty"):
                return float("inf")
            case n.Name("F"):
                return 2.0
        raise Unread("the index of a norm")

    def _cases(self, node: n.Cases) -> Value:
        return next(self(result) for result, condition in node.branches if self._holds(condition))

    def _holds(self, condition: n.Comparison | None) -> bool:
        if condition is None:
            return True
        left, right = self(condition.left), self(condition.right)
        if not (is_scalar(left) and is_scalar(right)):
            raise IllTyped("a comparison of things that are not numbers")
        return bool(_RELATIONS[condition.relation](left, right))

    # Derivatives

    def _gradient(self, body: n.Node | None, by: n.Node | None) -> Value:
        function = body if body is not None else self.world.asked
        by = by.body if isinstance(by, n.Transpose) else by
        target = by.base if isinstance(by, n.Index) else by
        name = self.world.variable if target is None else self.world.canonical(getattr(target, "text", ""))
        if function is None or name is None or name not in self.world.values:
            raise Unread("a derivative with respect to something that is not a symbol of the question")
        if name in self._open:
            raise Unread("a derivative inside its own")
        entries = range(self.world.values[name].size)
        if isinstance(by, n.Index):
            (entry,) = self._integers(by.at) if len(by.at) == 1 else (-1,)
            if entry not in entries:
                raise IllTyped("a derivative with respect to an entry that does not exist")
            return self._slope(function, name, entry)
        slopes = [self._slope(function, name, entry) for entry in entries]
        return slopes[0] if is_scalar(self.world.values[name]) else column(slopes)

    def _hessian(self, body: n.Node | None, by: n.Node | None) -> Value:
        name = self.world.variable if by is None else self.world.canonical(getattr(by, "text", ""))
        if name is None or name not in self.world.values:
            raise Unread("a derivative with respect to something that is not a symbol of the question")
        world, here = self.world, self.world.values[name]
        step = _LONG_STEP * max(1.0, float(np.abs(here).max()))
        columns = []
        try:
            for entry in range(here.size):
                total = np.zeros(here.size)
                for steps, weight in _STENCIL:
                    moved = value(here).copy()
                    moved.ravel()[entry : entry + 1] += steps * step
                    self.world = world.with_value(name, moved.reshape(here.shape))
                    total = total + weight * self._gradient(body, by).ravel() / step
                columns.append(total)
        finally:
            self.world = world
        return columns[0].reshape(()) if is_scalar(here) else np.column_stack(columns)

    def _slope(self, function: n.Node, name: str, entry: int) -> Value:
        world, here = self.world, self.world.values[name]
        step = _STEP * max(1.0, float(np.abs(here).max()))
        total = value(0.0)
        try:
            for steps, weight in _STENCIL:
                moved = value(here).copy()
                moved.ravel()[entry : entry + 1] += steps * step
                self.world = world.with_value(name, moved.reshape(here.shape))
                result = self(function)
                if not is_scalar(result):
                    raise Unread("the gradient of something that is not a number")
                total = total + weight * result / step
        finally:
            self.world = world
        return value(total)

    # One line a kind of node

    _KINDS: ClassVar[Mapping[type, Callable[[Evaluator, Any], Value]]] = {
        n.Name: lambda self, node: self.named(node.text),
        n.Index: lambda self, node: self.picked(node.base, node.at),
        n.Number: lambda _, node: value(float(node.value)),
        n.Negative: lambda self, node: -self(node.body),
        n.Sum: lambda self, node: self._sum(node.terms),
        n.Product: _product_of_two,
        n.Power: lambda self, node: self.algebra.power(self(node.base), self(node.exponent)),
        n.Norm: lambda self, node: self.algebra.norm(self(node.body), self._order(node.order)),
        n.Series: _series,
        n.Call: lambda self, node: self._call(node.function, node.arguments),
        n.Quotient: lambda self, node: self.algebra.divide(self(node.top), self(node.bottom)),
        n.DottedProduct: lambda self, node: self._product(
            [self(item) for item in self._unfolded(node.factors)]
        ),
        n.Root: lambda self, node: self.algebra.root(self(node.body), self(node.degree)),
        n.Prime: _primed,
        n.Transpose: _transposed,
        n.Bars: lambda self, node: self._bars(self(node.body)),
        n.Items: lambda self, node: column(self(item) for item in self._unfolded(node.items)),
        n.Inner: lambda self, node: self.algebra.dot(self(node.left), self(node.right)),
        n.Gradient: lambda self, node: self._gradient(node.body, node.by),
        n.Hessian: lambda self, node: self._hessian(node.body, node.by),
        n.Optimum: _optimum,
        n.Cases: _cases,
    }
    """By the kind of a node; the others have no value."""
