"""Chapter 5, aside: what an ellipsis leaves out.

The first and the last item differ only where an index runs, so `2x_1, …, 2x_d` is `2x_k` for k from 1 to d. The
items that are written out are believed over the pattern: in `2x_1, 2x_2, …, x_d` the last one is `x_d`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.fuel import SERIES, IllTyped, Unread

if TYPE_CHECKING:
    from collections.abc import Callable

_HOLE = n.Name("□")


class _NoPatternError(Exception):
    pass


def unfolded(
    items: tuple[n.Node, ...], integer: Callable[[n.Node], int], default_length: int
) -> list[n.Node]:
    """Write out the items that one ellipsis stands for.

    Args:
        items: nodes with at most one `Dots` among them.
        integer: evaluates the last index, `n` or `d-1`.
        default_length: how long a list is whose last item does not say.

    Raises:
        Unread: no pattern, or more than one ellipsis.
        IllTyped: the list is empty or too long.
    """
    if n.Dots not in map(type, items):
        return list(items)
    at = items.index(n.Dots())
    before, after = items[:at], items[at + 1 :]
    if not before or len(after) > 1 or n.Dots() in after:
        raise Unread("an ellipsis that we cannot fill in")
    try:
        leading, (template, first, last) = _first_pattern(before, after)
        high = integer(last) if last is not None else first + default_length - 1
        explicit = dict(enumerate(before[leading:]))
    except _NoPatternError:
        leading = 0
        template, first, _ = _open_pattern(before)
        high = first + default_length - 1
        explicit = {**dict(enumerate(before)), default_length - 1: after[0]} if after else {}
    if not 0 < high - first + 1 <= SERIES:
        raise IllTyped("a list that is empty or too long")
    written = [_filled(template, k) for k in range(first, high + 1)]
    return [*before[:leading], *(explicit.get(k, item) for k, item in enumerate(written))]


def _first_pattern(
    before: tuple[n.Node, ...], after: tuple[n.Node, ...]
) -> tuple[int, tuple[n.Node, int, n.Node | None]]:
    r"""Find where the pattern starts, and what it is: in `w_0 + w_1 x_1 + \dots + w_d x_d`, at the second item."""
    if not after:
        return 0, _open_pattern(before)
    for leading, item in enumerate(before):
        with suppress(_NoPatternError):
            return leading, _pattern(item, after[0])
    raise _NoPatternError


def _open_pattern(before: tuple[n.Node, ...]) -> tuple[n.Node, int, None]:
    """The pattern of the first two items, `[2, 2, …]` included."""
    if len(before) < 2:
        raise Unread("an ellipsis after one item")
    if before[0] == before[1]:
        return before[0], 1, None
    try:
        template, first, second = _pattern(before[0], before[1])
    except _NoPatternError:
        raise Unread("an ellipsis without a pattern") from None
    if second != n.Number(Fraction(first + 1)):
        raise Unread("an ellipsis without a pattern")
    return template, first, None


def _pattern(a: n.Node, b: n.Node) -> tuple[n.Node, int, n.Node]:
    """Find the template in which `a` has a number and `b` has something else, everywhere the same two."""
    holes: list[tuple[n.Number, n.Node]] = []
    template = _unified(a, b, holes)
    if not holes or any(hole != holes[0] for hole in holes) or holes[0][0].value.denominator != 1:
        raise _NoPatternError
    return template, int(holes[0][0].value), holes[0][1]


def _unified(a: n.Node, b: n.Node, holes: list[tuple[n.Number, n.Node]]) -> n.Node:
    if a == b:
        return a
    if isinstance(a, n.Number):
        holes.append((a, b))
        return _HOLE
    if type(a) is not type(b):
        raise _NoPatternError
    pairs = iter([(x, y) for x, y in zip(n.children(a), n.children(b), strict=False)])
    if not _same_shape(a, b):
        raise _NoPatternError
    return n.rebuilt(a, lambda _: _unified(*next(pairs), holes))


def _same_shape(a: n.Node, b: n.Node) -> bool:
    """Equal in everything but their children."""
    if len(list(n.children(a))) != len(list(n.children(b))):
        return False
    mine = [getattr(a, field.name) for field in fields(a)]
    yours = [getattr(b, field.name) for field in fields(b)]
    return all(
        is_dataclass(x) or isinstance(x, tuple) or x == y for x, y in zip(mine, yours, strict=True)
    ) and any(True for _ in n.children(a))


def _filled(template: n.Node, k: int) -> n.Node:
    if template == _HOLE:
        return n.Number(Fraction(k))
    return n.rebuilt(template, lambda child: _filled(child, k))
