"""Chapter 4, continued: a world gives every name of a question one concrete value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.theory.latex.nodes import Node
    from grader.theory.latex.values import Value

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """What names mean.

    `values` hold for a bare name, `families` for an indexed one only: with points as the rows of X, `x_i` is the
    i-th row as a column, and `x` alone is nothing. `definitions` are the student's own; `indexed` are those of the
    kind `e_i = y_i - x_i^T w`, with their index.
    """

    values: Mapping[str, Value]
    families: Mapping[str, Value]
    sizes: Mapping[str, int]
    synonyms: Mapping[str, str]
    functions: Mapping[str, Node] = field(default_factory=dict)
    definitions: Mapping[str, Node] = field(default_factory=dict)
    indexed: Mapping[str, tuple[str, Node]] = field(default_factory=dict)
    stands_for: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Which symbols a name brings in: `x_i` brings in X."""
    asked: Node | None = None
    """The function that a bare ∇ differentiates."""
    variable: str | None = None
    """What a gradient is taken by if nothing is said."""
    offsets: frozenset[str] = frozenset()
    """Numbers that may be added to vectors, as a bias is."""
    optimum_is_value: bool = False
    """Whether `min_w F` may be read as F: where a loss is asked, not its minimiser."""

    def canonical(self, name: str) -> str:
        return self.synonyms.get(name, name)

    def with_value(self, name: str, value: Value) -> World:
        return replace(self, values={**self.values, name: value})


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """One way to read a formula. Only a strict one can accept; the others keep us from rejecting too soon."""

    name: str
    strict: bool = True
    base: int = 1
    """What the first index is."""
    names: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Names that mean something else here, as formulas: `{"A": "X", "b": "y"}`, `{"X": "X^T"}`."""
    renames: bool = False
    """The names are other names for ours, which then mean nothing."""
    loose: bool = False
    """Guess a missing transpose and the like."""
    bars_are_norms: bool = False
    squares_are_norms: bool = False
    r"""Read `(x_i - \mu)^2` as a squared length, as in derivations."""
    bare_norm: int = 2
    wide_sums: bool = False
    silent_index: bool = False
    r"""Read `\sum |y - w x|` as if y and x had the index that is missing."""


STRICT = (
    Reading(name="as written"),
    Reading(name="as written, counting from 0", base=0),
)
LENIENT = (
    Reading(name="with a norm without index as the 1-norm", strict=False, bare_norm=1),
    Reading(name="with a missing transpose or the like", strict=False, loose=True),
    Reading(name="with |v| as a norm", strict=False, loose=True, bars_are_norms=True),
    Reading(name="with |v| as the 1-norm", strict=False, loose=True, bars_are_norms=True, bare_norm=1),
    Reading(name="with the sum reaching to the end", strict=False, loose=True, wide_sums=True),
    Reading(name="with an index that is missing", strict=False, loose=True, silent_index=True),
)
