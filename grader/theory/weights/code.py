"""Weights in Python: `W1 = np.array([[2, 0, 0, -3, 1], …])`. Read from the syntax tree, never run."""
# ruff: noqa: SIM905  a line of words reads better than a column of strings

from __future__ import annotations

import ast
import re
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, TypeGuard

from grader.source import parsed
from grader.theory.latex.spans import comments_and_strings
from grader.theory.networks import NetworkError, exact
from grader.theory.weights.loops import followed
from grader.theory.weights.names import fact_about, is_holder, says_where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.weights.facts import Fact, Matrix

_ARRAYS = frozenset(
    "array asarray tensor Tensor FloatTensor DoubleTensor as_tensor Parameter float32 float64 float matrix "
    "Fraction".split()
)
_FILLED = {"ones": 1, "zeros": 0}
_KEPT_BY = frozenset({"float", "double", "reshape", "view", "unsqueeze", "squeeze", "flatten", "copy", "clone",
                      "astype", "to", "requires_grad_", "detach", "copy_"})  # fmt: skip
_CHANGING = frozenset("append extend insert pop remove clear reverse sort update setdefault fill put".split())
_MOST = 4000
_BEGINS = re.compile(r"\s*[A-Za-z_][\w.]*(?:\[[^\]]*\])*(?:\s*,\s*\w+)*\s*=(?!=)")


class _NotLiteralError(Exception):
    pass


def spoken(text: str) -> str:
    """What a piece of Python says in comments and strings; the text itself if it is no Python."""
    tree = parsed(text)
    if tree is None or not (_assigns(tree) or all(map(_is_string, tree.body))):
        return text
    return comments_and_strings(text) or ""


def _is_string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and _is_key(node.value)


def _assigns(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assign | ast.AugAssign) for node in ast.walk(tree))


def program(text: str) -> str:
    """The lines of a text that are assignments in Python, such as a cell of code above one of LaTeX."""
    found: list[str] = []
    statement, depth = "", 0
    for line in text.splitlines():
        if not line.strip() or not (depth or _BEGINS.match(line)):
            statement, depth = "", 0
            continue
        statement += line.strip() + "\n"
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if depth <= 0:
            tree = parsed(statement)
            found += [statement] if tree is not None and _assigns(tree) else []
            statement, depth = "", 0
    return "".join(found)


def facts(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """Everything that the assignments of a piece of Python say; nothing if it is no Python."""
    tree = parsed(text)
    if tree is None:
        return
    changed = _changed_in_place(tree)
    literal: dict[str, Matrix] = {}
    for target, value in _assignments(tree):
        if changed & set(_names_within(target)):
            continue
        for name, part, rows in _assigned(target, value, text):
            literal[name] = rows
            source = f"{name} = {_written(part, text)[:80]}"
            if fact := fact_about(name, rows, source, inputs=inputs, units=units):
                yield fact
    for name, result in followed(tree, text).items():
        with suppress(_NotLiteralError):
            rows = _rows(result)
            fact = fact_about(name, rows, f"{name}, as computed", inputs=inputs, units=units)
            if fact and rows != literal.get(name):
                yield fact


def _assignments(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets and values; a dictionary that stands alone has the target `_`."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((target, value) for target in targets)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield target, value
            case ast.Expr(value=ast.Dict() as value):
                yield ast.Name("_"), value
            case ast.Call(func=ast.Attribute(value=target, attr="copy_"), args=[value]):
                yield target, value


def _changed_in_place(tree: ast.Module) -> set[str]:
    """Names of what `W1[0, 0] = 2`, `b2 -= 1` or `W1.append(…)` changes: their literal is not their value."""
    targets: list[ast.expr] = []
    views: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=places, value=value):
                each = [one for place in places for one in getattr(place, "elts", [place])]
                targets += [target for target in each if _is_entry(target)]
                views += [(target, value) for target in places if isinstance(value, ast.Name | ast.Subscript)]
            case ast.AugAssign(target=target):
                targets.append(target)
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                targets += (
                    [owner]
                    if method in _CHANGING or (method.endswith("_") and method not in _KEPT_BY)
                    else []
                )
            case ast.For(target=target, iter=over):
                views.append((target, over))
    changed = {name for target in targets for name in _names_within(target)}
    for view, of in views:  # a row, say, that was changed through another name
        if changed & _names_in(view):
            changed |= _names_in(of)
    return changed


def _names_in(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _is_entry(target: ast.expr) -> bool:
    """Whether this is a place in an array, unlike `params["W1"]`, which is as good as a name."""
    while isinstance(target, ast.Subscript):
        if not _is_key(target.slice):
            return True
        target = target.value
    return False


def _is_key(node: ast.expr | None) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _names_within(target: ast.expr) -> Iterator[str]:
    """`W1` of `W1[0][0]`; `params` and `W1` of `params["W1"][0]`."""
    while isinstance(target, ast.Subscript):
        if _is_key(target.slice):
            yield _named(target)
        target = target.value
    yield _named(target)


def _assigned(target: ast.expr, value: ast.expr, text: str) -> Iterator[tuple[str, ast.expr, Matrix]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _assigned(one, its, text)
    elif name := _named(target):
        yield from _inside(name, value, text, outermost=not isinstance(target, ast.Subscript))


def _inside(
    name: str, value: ast.expr, text: str, *, outermost: bool = False
) -> Iterator[tuple[str, ast.expr, Matrix]]:
    """A value of numbers by its name; those in a dictionary or a list of several by names of their own."""
    try:
        rows = _rows(_value(value, text))
    except (_NotLiteralError, NetworkError):
        pass
    else:
        yield name, value, rows
        return
    match value:
        case ast.Dict(keys=keys, values=values):
            items = [
                (key.value, item)
                for key, item in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant)
            ]
        case ast.Call(keywords=keywords):
            items = [(keyword.arg or "", keyword.value) for keyword in keywords]
        case ast.List(elts=[weights, bias]) | ast.Tuple(elts=[weights, bias]) if is_holder(name):
            items = [("weight", weights), ("bias", bias)]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            for number, part in enumerate(parts, 1):
                yield from _inside(f"{name}{number}", part, text)
            return
        case _:
            return
    for key, item in items:
        yield from _inside(_joined(name, str(key), outermost=outermost), item, text)


def _joined(holder: str, key: str, *, outermost: bool) -> str:
    """The full name of an entry: what holds it counts if it says which layer or unit, or if the key does not."""
    same = re.findall(r"\d", holder) == re.findall(r"\d", key)
    telling = says_where(key) and (outermost or same or not says_where(holder))
    return key if telling else f"{holder}.{key}"


def _named(target: ast.expr) -> str:
    """`W1`; of `net.fc1.weight.data`, `fc1.weight`; of `params["W1"]`, `W1`."""
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Subscript) and _is_key(target.slice):
        outermost = not isinstance(target.value, ast.Subscript)
        return _joined(_named(target.value), str(target.slice.value), outermost=outermost)
    if isinstance(target, ast.Attribute):
        if target.attr == "data":
            return _named(target.value)
        inner = _named(target.value)
        return f"{inner}.{target.attr}" if inner not in ("self", "net", "model") else target.attr
    return ""


def _written(node: ast.expr, text: str) -> str:
    """The source of an expression. `ast.get_source_segment` splits the whole text each time."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    lines = list(_lines(text)[first : last + 1])
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return b"\n".join(lines).decode(errors="replace")


@lru_cache(maxsize=4)
def _lines(text: str) -> tuple[bytes, ...]:
    return tuple(line.encode() for line in re.split(r"\r\n|[\r\n]", text))


def _value(node: ast.expr, text: str) -> object:  # noqa: C901, PLR0911  one line a kind of expression
    """A number, or nested lists of numbers."""
    match node:
        case ast.Constant(value=bool() | str() | bytes() | None):
            raise _NotLiteralError
        case ast.Constant(value=int(whole)):
            return exact(whole)
        case ast.Constant():  # as it is written: a float's own value is near it at most
            return exact(_written(node, text).replace("_", ""))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _each(_value(operand, text), lambda number: -number)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, text)
        case (
            ast.BinOp(op=ast.Mult(), left=ast.List(elts=items), right=ast.Constant(value=int(times)))
            | ast.BinOp(op=ast.Mult(), left=ast.Constant(value=int(times)), right=ast.List(elts=items))
        ):
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
