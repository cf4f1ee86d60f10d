"""Chapter 5, continued: names and indices."""

from __future__ import annotations

import numpy as np

from grader.theory.latex import nodes as n
from grader.theory.latex.fuel import SERIES, IllTyped, Unread
from grader.theory.latex.printing import typeset
from grader.theory.latex.scope import Scope
from grader.theory.latex.values import Value, column, is_scalar, is_vector, value

SILENT = "#"
"""Stands for an index that was left out."""


class Indexing(Scope):
    """A scope that knows what `x`, `x_i` and `X_{ij}` are."""

    def named(self, name: str) -> Value:
        if name in self.loops:
            return value(self.loops[name])
        known = self.world.canonical(name)
        for own in (name, known) if self.world.definitions or self.world.indexed else ():
            if own in self.world.definitions:
                return self._defined(own)
            if own in self.world.indexed:
                variable, _ = self.world.indexed[own]
                return self.over(variable, n.Index(n.Name(own), (n.Name(variable),)))
        if SILENT in self.loops and (element := self._element(known)) is not None:
            return element
        if known in self.world.values:
            self.note(known)
            return self.world.values[known]
        if known in self.world.sizes:
            return value(self.world.sizes[known])
        raise Unread(f"the symbol {typeset(name)}")

    def _element(self, name: str) -> Value | None:
        """Give the entry that an index left out would pick."""
        array = self.world.families.get(name, self.world.values.get(name))
        if array is None or array.shape[:1] != (next(iter(self.world.sizes.values())),):
            return None
        self.note(name)
        return _entry(array, (self.loops[SILENT] - self.reading.base,))

    def _defined(self, name: str) -> Value:
        with self.opening(name):
            return self(self.world.definitions[name])

    def picked(self, base: n.Node, at: tuple[n.Node, ...]) -> Value:
        if isinstance(base, n.Name):
            if base.text in self.world.indexed and len(at) == 1:
                return self._own_family(base.text, at[0])
            if (named := self._special(base.text, at)) is not None:
                return named
            known = self.world.canonical(base.text)
            if offset := self.intercept(known, at):
                return self.named(offset)
            if known in self.world.families:
                self.note(known)
                return _entry(self.world.families[known], self._integers(at))
        if isinstance(base, n.Transpose | n.Prime) and not n.is_derivative(base):
            raise Unread("an index on a transpose")
        array = self(base)
        if is_scalar(array):
            raise IllTyped("an index on a number")
        return _entry(array, self._integers(at))

    def intercept(self, name: str, at: tuple[n.Node, ...]) -> str:
        r"""The offset that `w_0`, `\beta_0` or `b_0` stands for where the first entry is `w_1`, or nothing."""
        if at != (n.ZERO,) or self.reading.base != 1 or len(self.world.offsets) != 1:
            return ""
        (offset,) = self.world.offsets
        features = list(self.world.sizes.values())[-1]
        counted = name in self.world.values and self.world.values[name].shape == (features, 1)
        return offset if counted or name == offset else ""

    def _own_family(self, name: str, at: n.Node) -> Value:
        variable, body = self.world.indexed[name]
        k = self.integer(at)
        with self.opening(name), self.bound(variable, k):
            return self(body)

    def _special(self, name: str, at: tuple[n.Node, ...]) -> Value | None:
        r"""`\mathbf{1}_n`, `I_d`, `e_i`."""
        if name in ("ones", "I") and len(at) == 1:
            size = self.integer(at[0])
            if not 0 < size <= SERIES:
                raise IllTyped("a vector with no entries or too many")
            return np.ones((size, 1)) if name == "ones" else np.eye(size)
        if name in ("e", "hat e") and name not in {**self.world.values, **self.world.definitions}:
            return _entry(np.eye(list(self.world.sizes.values())[-1]), self._integers(at))
        return None

    def _integers(self, at: tuple[n.Node, ...]) -> tuple[int, ...]:
        return tuple(self.integer(index) - self.reading.base for index in at)

    def integer(self, node: n.Node) -> int:
        if isinstance(node, n.Name) and node.text in self.loops:  # nearly all are
            return self.loops[node.text]
        number = self(node)
        if not is_scalar(number) or abs(number - round(float(number))) > 1e-9:
            raise IllTyped("an index that is not an integer")
        return round(float(number))

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
                return int(self.world.families[known].shape[axis])
        array = self(base)
        if axis >= array.ndim or (is_vector(array) and axis):
            raise IllTyped("one index too many")
        return int(array.size if is_vector(array) else array.shape[axis])

    def over(self, variable: str, node: n.Node) -> Value:
        """The vector of a formula's values as its free index runs."""
        return column(self.each(variable, node))

    def each(self, variable: str, node: n.Node, *, like: n.Node | None = None) -> list[Value]:
        """The values of a formula as its index runs as far as it does in `like`."""
        first = self.reading.base
        return self.run(variable, range(first, first + self.length(variable, like or node)), node)


def _entry(array: Value, at: tuple[int, ...]) -> Value:
    """An entry of a vector or a matrix, or a row of a matrix as a column; `at` counts from 0."""
    if is_vector(array):
        if len(at) != 1:
            raise IllTyped("two indices on a vector")
        if not 0 <= at[0] < array.size:
            raise IllTyped("an index out of range")
        return value(array.flat[at[0]])
    if len(at) > array.ndim or any(not 0 <= k < size for k, size in zip(at, array.shape, strict=False)):
        raise IllTyped("an index out of range")
    picked = array[at]
    return picked.reshape(-1, 1) if picked.ndim else value(picked)
