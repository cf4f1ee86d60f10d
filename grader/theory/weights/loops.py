"""Python that builds its weights step by step: `for i in range(4): W1[i][i] = 1`. Followed, never run.

Only numbers, lists and loops over them are followed. A program with anything else in it is not followed at all,
since that could change any of its lists.
"""

from __future__ import annotations

import ast
import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.theory.networks import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_STEPS = 5_000
_LONGEST = 200
_BITS = 1000
_MODULES = frozenset({"np", "numpy", "torch"})
_OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_RELATIONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class _NotFollowedError(Exception):
    pass


class _Array(list[Any]):
    """An array, which has indices such as `[i, j]` and is not repeated by `*`, unlike a list."""


def followed(tree: ast.Module, text: str) -> dict[str, object]:
    """The numbers and nested lists that the names of a program end up with; none if it is not followed."""
    follower = _Follower(text)
    try:
        follower.run(tree.body)
    except (_NotFollowedError, ValueError, ArithmeticError, LookupError, RecursionError):
        return {}
    return follower.names


class _Follower:
    def __init__(self, text: str) -> None:
        self.names: dict[str, object] = {}
        self._text = text
        self._steps = _STEPS

    def run(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self._burn()
            self._statement(statement)

    def _burn(self) -> None:
        self._steps -= 1
        if not self._steps:
            raise _NotFollowedError

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901  one line a kind of statement
        match node:
            case ast.Assign(targets=targets, value=value):
                result = self._value(value)
                for target in targets:
                    self._store(target, result)
            case ast.AugAssign(target=ast.Name() | ast.Subscript() as target, op=op, value=value):
                self._store(target, self._combined(_number(self._value(target)), op, self._value(value)))
            case ast.For(target=target, iter=over, body=body, orelse=[]):
                for item in _list(self._value(over)):
                    self._store(target, item)
                    self.run(body)
            case ast.If(test=test, body=body, orelse=orelse):
                self.run(body if self._value(test) else orelse)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="append"), args=[item])):
                _list(self._value(owner)).append(self._value(item))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._store(target, self._value(value))
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call(func=ast.Name(id="print")) as call) if all(
                map(_is_pure, ast.walk(call))
            ):
                pass
            case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.Pass():
                pass  # what a function does matters where it is called, and calls are not followed
            case _:
                raise _NotFollowedError

    def _store(self, target: ast.expr, value: object) -> None:
        match target:
            case ast.Name(id=name):
                self.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for one, its in zip(targets, _list(value), strict=True):
                    self._store(one, its)
            case ast.Subscript(value=owner, slice=index):
                holder, at = self._place(owner, index)
                if not isinstance(holder, _Array):
                    holder[at] = value
                elif isinstance(holder[at], _Array):
                    for place, entry in zip(range(len(holder[at])), _list(value), strict=True):
                        holder[at][place] = _number(entry)
                else:
                    holder[at] = _number(value)
            case _:
                raise _NotFollowedError

    def _place(self, owner: ast.expr, index: ast.expr) -> tuple[list[Any], int]:
        """The list, and the place in it, that `x[i]` or `x[i, j]` means."""
        holder = _list(self._value(owner))
        indices = index.elts if isinstance(index, ast.Tuple) and isinstance(holder, _Array) else [index]
        *outer, last = (_whole(self._value(one)) for one in indices)
        for at in outer:
            holder = _list(holder[at])
        return holder, last

    def _value(self, node: ast.expr) -> object:  # noqa: C901, PLR0911  one line a kind of expression
        self._burn()
        match node:
            case ast.Name(id=name):
                return self.names[name]
            case ast.Constant(value=bool() | str() | bytes() | None):
                raise _NotFollowedError
            case ast.Constant():
                return exact((ast.get_source_segment(self._text, node) or "").replace("_", ""))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -_number(self._value(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return self._combined(self._value(left), op, self._value(right))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._value(item) for item in items]
            case ast.Subscript(value=owner, slice=index):
                holder, at = self._place(owner, index)
                return holder[at]
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._value(body if self._value(test) else orelse)
            case ast.Compare(left=left, ops=[relation], comparators=[right]) if type(relation) in _RELATIONS:
                return _RELATIONS[type(relation)](_number(self._value(left)), _number(self._value(right)))
            case ast.ListComp(elt=item, generators=loops):
                outside = dict(self.names)
                values = list(self._comprehended(item, loops))
                self.names = outside
                return values
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self._called(function, [self._value(argument) for argument in arguments])
        raise _NotFollowedError

    def _comprehended(self, item: ast.expr, loops: Sequence[ast.comprehension]) -> Iterator[object]:
        if not loops:
            yield self._value(item)
            return
        for value in _list(self._value(loops[0].iter)):
            self._store(loops[0].target, value)
            if all(self._value(condition) for condition in loops[0].ifs):
                yield from self._comprehended(item, loops[1:])

    def _combined(self, left: object, op: ast.operator, right: object) -> object:
        if isinstance(left, Fraction) and isinstance(right, Fraction) and type(op) in _OPERATORS:
            result = exact(_OPERATORS[type(op)](left, right))
            if result.denominator.bit_length() > _BITS:
                raise _NotFollowedError
            return result
        if isinstance(op, ast.Mult) and isinstance(left, Fraction):
            left, right = right, left
        if isinstance(left, _Array) or isinstance(right, _Array) or not isinstance(left, list):
            raise _NotFollowedError
        if isinstance(op, ast.Mult) and 0 <= (times := _whole(right)) * len(left) <= _LONGEST:
            return left * times
        if isinstance(op, ast.Add) and len(left) <= _LONGEST:
            return left + _list(right)
        raise _NotFollowedError

    def _called(self, function: ast.expr, arguments: list[object]) -> object:
        match function, arguments:
            case ast.Name(id="len"), [list() as items]:
                return Fraction(len(items))
            case ast.Name(id="range"), [Fraction(), *_] if len(arguments) <= 3:
                numbers = range(*map(_whole, arguments))
                if len(numbers) <= _LONGEST:
                    return [Fraction(number) for number in numbers]
            case ast.Name(id="float" | "abs" as name), [Fraction() as number]:
                return abs(number) if name == "abs" else number
            case ast.Attribute(value=ast.Name(id=module), attr="zeros" | "ones" as name), sizes if (
                module in _MODULES
            ):
                sizes = _list(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], list) else sizes
                return _filled(Fraction(name == "ones"), [_whole(size) for size in sizes])
        raise _NotFollowedError


def _is_pure(node: ast.AST) -> bool:
    """Whether this part of what is printed changes nothing."""
    match node:
        case ast.Call(func=ast.Name(id="print" | "len" | "str")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module))) if module in _MODULES:
            return True
    return not isinstance(node, ast.Call | ast.NamedExpr)


def _filled(number: Fraction, sizes: Sequence[int]) -> object:
    if not sizes:
        return number
    if len(sizes) > 2 or not 0 < sizes[0] <= _LONGEST:
        raise _NotFollowedError
    return _Array(_filled(number, sizes[1:]) for _ in range(sizes[0]))


def _number(value: object) -> Fraction:
    if not isinstance(value, Fraction):
        raise _NotFollowedError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise _NotFollowedError
    return int(value)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _NotFollowedError
    return value
