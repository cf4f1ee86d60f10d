"""Chapter 3, the tree: what a formula says, without how it was typed."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Number:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    text: str


@dataclass(frozen=True, slots=True)
class Dots:
    """The ellipsis in a sum, a product or a list."""


@dataclass(frozen=True, slots=True)
class Sum:
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negative:
    body: Node


@dataclass(frozen=True, slots=True)
class Product:
    """`by`: `` (juxtaposition, a star), `.` (a dot: inner product of two vectors) or `o` (entry by entry)."""

    left: Node
    right: Node
    by: str = ""


@dataclass(frozen=True, slots=True)
class DottedProduct:
    """`x_1 x_2 … x_n`."""

    factors: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    top: Node
    bottom: Node


@dataclass(frozen=True, slots=True)
class Power:
    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Root:
    body: Node
    degree: Node


@dataclass(frozen=True, slots=True)
class Transpose:
    body: Node


@dataclass(frozen=True, slots=True)
class Prime:
    """`f'(x)`, or in some books a transpose."""

    body: Node


@dataclass(frozen=True, slots=True)
class Bars:
    """`|u|`: the absolute value, entry by entry."""

    body: Node


@dataclass(frozen=True, slots=True)
class Norm:
    body: Node
    order: Node | None


@dataclass(frozen=True, slots=True)
class Index:
    base: Node
    at: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A bracketed list or a matrix with one row or column: a vector."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Inner:
    """`⟨a, b⟩`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Series:
    """A big operator over an index: `kind` is `sum`, `prod`, `max` or `min`."""

    kind: str
    variable: str | None
    low: Node | None
    high: Node | None
    body: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Gradient:
    """∇, ∂/∂x or d/dx. `body` is None where only the operator stands; `by` is None in a bare ∇."""

    body: Node | None
    by: Node | None


@dataclass(frozen=True, slots=True)
class Hessian:
    """∇² or ∂²/∂x². As in a gradient, `body` or `by` may be None."""

    body: Node | None
    by: Node | None


@dataclass(frozen=True, slots=True)
class Optimum:
    """`kind` is `min` or `argmin`, over the name `over` if one is given."""

    kind: str
    over: str | None
    body: Node


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Node
    relation: str
    right: Node


@dataclass(frozen=True, slots=True)
class Cases:
    """Values with their conditions; the condition of `otherwise` is None."""

    branches: tuple[tuple[Node, Comparison | None], ...]


Node: TypeAlias = (
    Number
    | Name
    | Dots
    | Sum
    | Negative
    | Product
    | DottedProduct
    | Quotient
    | Power
    | Root
    | Transpose
    | Prime
    | Bars
    | Norm
    | Index
    | Items
    | Inner
    | Series
    | Call
    | Gradient
    | Hessian
    | Optimum
    | Comparison
    | Cases
)

ZERO, ONE, TWO = (Number(Fraction(number)) for number in (0, 1, 2))


def children(node: Node) -> Iterator[Node]:
    for name in node.__slots__:
        value = getattr(node, name)
        if isinstance(value, tuple):
            yield from _nodes_in(value)
        elif hasattr(value, "__slots__") and is_dataclass(value):
            yield cast("Node", value)  # every dataclass that a node holds is a node


def _nodes_in(values: tuple[object, ...]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, tuple):
            yield from _nodes_in(value)
        elif is_dataclass(value):
            yield cast("Node", value)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def is_derivative(node: Node) -> bool:
    return isinstance(node, Gradient | Hessian) or (isinstance(node, Prime) and isinstance(node.body, Call))


def is_second_derivative(node: Node) -> bool:
    match node:
        case Hessian() | Prime(Prime(Call())) | Gradient(Gradient()):
            return True
    return False


def names_in(node: Node) -> set[str]:
    return {part.text for part in walk(node) if isinstance(part, Name)}


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """A copy with `change` applied to each child."""

    def renewed(value: object) -> object:
        if is_dataclass(value):
            return change(cast("Node", value))
        return tuple(map(renewed, value)) if isinstance(value, tuple) else value

    fresh = [renewed(getattr(node, field.name)) for field in fields(node)]
    return cast("Node", cast("Any", type(node))(*fresh))
