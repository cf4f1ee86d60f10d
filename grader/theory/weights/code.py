"""Weights in Python: `W1 = np.array([[1, -1, 0, 0, 0], …])`. Read from the syntax tree, never run."""
# ruff: noqa: SIM905  a line of words reads better than a column of strings

from __future__ import annotations

import ast
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.source import parsed
from grader.theory.networks import NetworkError, exact
from grader.theory.weights.names import fact_about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.weights.facts import Fact, Matrix

_ARRAYS = frozenset(
    "array asarray tensor Tensor FloatTensor DoubleTensor as_tensor Parameter float32 float64 float matrix "
    "Fraction".split()
)
_FILLED = {"ones": 1, "zeros": 0}
_KEPT_BY = frozenset({"float", "double", "reshape", "view", "unsqueeze", "squeeze", "flatten", "copy", "clone",
                      "astype", "to", "requires_grad_", "detach"})  # fmt: skip
_MOST = 4000


class _NotLiteralError(Exception):
    pass


def assigns(text: str) -> bool:
    """Whether a text is Python that assigns something."""
    tree = parsed(text)
    return tree is not None and any(isinstance(node, ast.Assign | ast.AugAssign) for node in ast.walk(tree))


def facts(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """Everything that the assignments of a piece of Python say; nothing if it is no Python."""
    tree = parsed(text)
    if tree is None:
        return
    changed = _changed_in_place(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if _named(target) not in changed:
                    yield from _assigned(target, node.value, text, inputs, units)


def _changed_in_place(tree: ast.Module) -> set[str]:
    """Names of what `W1[0, 0] = 2` or `b2 -= 1` changes: their literal is not their value."""
    targets: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets += [target for target in node.targets if isinstance(target, ast.Subscript)]
        elif isinstance(node, ast.AugAssign):
            targets.append(node.target)
    return {_named(_without_index(target)) for target in targets}


def _without_index(target: ast.expr) -> ast.expr:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target


def _assigned(target: ast.expr, value: ast.expr, text: str, inputs: int, units: int) -> Iterator[Fact]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _assigned(one, its, text, inputs, units)
        return
    name = _named(target)
    try:
        rows = _rows(_value(value, text))
    except (_NotLiteralError, NetworkError):
        return
    source = f"{name} = {(ast.get_source_segment(text, value) or '')[:80]}"
    if name and (fact := fact_about(name, rows, source, inputs=inputs, units=units)):
        yield fact


def _named(target: ast.expr) -> str:
    """`W1`; of `net.fc1.weight.data`, `fc1.weight`."""
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        if target.attr == "data":
            return _named(target.value)
        inner = _named(target.value)
        return f"{inner}.{target.attr}" if inner not in ("self", "net", "model") else target.attr
    return ""


def _value(node: ast.expr, text: str) -> object:  # noqa: C901, PLR0911  one line a kind of expression
    """A number, or nested lists of numbers."""
    match node:
        case ast.Constant(value=bool() | str() | bytes() | None):
            raise _NotLiteralError
        case ast.Constant(value=int(whole)):
            return exact(whole)
        case ast.Constant():  # as it is written: a float's own value is near it at most
            return exact((ast.get_source_segment(text, node) or "").replace("_", ""))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _each(_value(operand, text), lambda number: -number)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, text)
        case ast.BinOp(op=ast.Mult(), left=ast.List(elts=items), right=ast.Constant(value=int(times))):
            return [_value(item, text) for item in items] * min(times, _MOST)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.Add() | ast.Sub() as op, right=right):
            return _calculated(_value(left, text), op, _value(right, text))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, text) for item in items]
        case ast.Attribute(value=inner, attr="T"):
            return [list(column) for column in zip(*_rows(_value(inner, text)), strict=True)]
        case ast.Call(func=function, args=arguments):
            return _called(function, arguments, text)
    raise _NotLiteralError


def _called(function: ast.expr, arguments: list[ast.expr], text: str) -> object:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in _FILLED:
        sizes = [_value(argument, text) for argument in arguments]
        sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], list) else sizes
        return _filled(Fraction(_FILLED[name]), [int(size) for size in sizes if isinstance(size, Fraction)])
    if name in _ARRAYS and arguments:
        return _value(arguments[0], text)
    if name in _KEPT_BY and isinstance(function, ast.Attribute):
        return _value(function.value, text)
    raise _NotLiteralError


def _filled(number: Fraction, sizes: list[int]) -> object:
    if not sizes:
        return number
    if len(sizes) > 2 or not 0 < sizes[0] <= 64:
        raise _NotLiteralError
    return [_filled(number, sizes[1:]) for _ in range(sizes[0])]


def _calculated(left: object, op: ast.operator, right: object) -> object:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if isinstance(op, ast.Div):
            if not right:
                raise _NotLiteralError
            return left / right
        return (
            left * right
            if isinstance(op, ast.Mult)
            else left + right
            if isinstance(op, ast.Add)
            else left - right
        )
    if isinstance(op, ast.Mult) and isinstance(left, Fraction):
        return _each(right, lambda number: left * number)
    if isinstance(op, ast.Mult) and isinstance(right, Fraction):
        return _each(left, lambda number: right * number)
    raise _NotLiteralError


def _each(value: object, change: object) -> object:
    if isinstance(value, list):
        return [_each(item, change) for item in value]
    return change(value)  # type: ignore[operator]


def _rows(value: object) -> Matrix:
    if isinstance(value, Fraction):
        return ((value,),)
    if not isinstance(value, list) or not value:
        raise _NotLiteralError
    if all(isinstance(item, Fraction) for item in value):
        return (tuple(value),)
    rows = tuple(tuple(row) for row in value if isinstance(row, list))
    if len(rows) != len(value) or len({len(row) for row in rows}) != 1:
        raise _NotLiteralError
    if not all(isinstance(number, Fraction) for row in rows for number in row):
        raise _NotLiteralError
    return rows
