r"""Chapter 7, aside: an answer in Python becomes a formula.

`np.sum(np.abs(X @ w - y))` is `\text{sum}(\text{abs}(X \cdot w - y))`. The code is read, never run: what is not in
these tables is no formula. NumPy's rules hold: `*` and `**` go entry by entry, indices count from 0.
"""
# ruff: noqa: SIM905  lines of words read better than columns of strings

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from grader import source
from grader.theory.latex.spelling import GREEK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LONGEST = 2000
"""Characters of a formula: names that stand for others may double it again and again."""
_MODULES = frozenset("np numpy torch nn functional F linalg LA jnp jax".split())
_OF_ONE: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("abs", "absolute", "fabs"), lambda a: rf"\text{{abs}}({a})"),
    **dict.fromkeys(("sign", "sgn"), lambda a: rf"\text{{sign}}({a})"),
    **dict.fromkeys(("transpose", "t"), lambda a: f"{{{a}}}^T"),
    "sqrt": lambda a: rf"\text{{sqrt}}({a})",
    "square": lambda a: rf"({a} \odot {a})",
    "median": lambda a: rf"\text{{median}}({a})",
    "max": lambda a: rf"\text{{max}}({a})",
    "min": lambda a: rf"\text{{min}}({a})",
    **dict.fromkeys("float item array asarray tensor squeeze flatten ravel".split(), lambda a: a),
}
_OPERATIONS: Mapping[type[ast.operator], Callable[[str, str], str]] = {
    ast.Add: lambda a, b: f"({a} + {b})",
    ast.Sub: lambda a, b: f"({a} - {b})",
    ast.Mult: lambda a, b: rf"({a} \odot {b})",
    ast.Div: lambda a, b: rf"\frac{{{a}}}{{{b}}}",
    ast.MatMult: lambda a, b: rf"({a} \cdot {b})",
}
_OF_TWO: Mapping[str, Callable[[str, str], str]] = {
    **dict.fromkeys("dot matmul mm mv inner vdot".split(), _OPERATIONS[ast.MatMult]),
    **dict.fromkeys(("multiply", "mul"), _OPERATIONS[ast.Mult]),
    **dict.fromkeys(("divide", "div"), _OPERATIONS[ast.Div]),
    **dict.fromkeys(("subtract", "sub"), _OPERATIONS[ast.Sub]),
    "add": _OPERATIONS[ast.Add],
}
_SUMS = frozenset("sum mean average nansum nanmean fsum".split())
_DECORATED = re.compile(r"([A-Za-z])_?(hat|pred|bar)")
_ONES = r"\mathbf{1}"
_COUNT = rf"({_ONES}^T {_ONES})"
"""The number of points: what `len(X)` is."""


class _NoFormulaError(Exception):
    pass


def formula_in(code: str) -> str | None:
    """The formula that a piece of Python ends in, as LaTeX; None if it is none, or could as well be typed maths."""
    tree = source.parsed(_unprompted(code))
    if tree is None or not any(map(_tells, ast.walk(tree))):
        return None
    try:
        return _Reader().last(tree.body)
    except (_NoFormulaError, RecursionError):
        return None


def _unprompted(code: str) -> str:
    return re.sub(r"^(?:>>>|\.\.\.) ?", "", code.strip(), flags=re.MULTILINE)


def _tells(node: ast.AST) -> bool:
    """Whether it is Python and nothing else."""
    match node:
        case ast.Attribute() | ast.Lambda() | ast.FunctionDef() | ast.comprehension() | ast.Return():
            return True
        case ast.BinOp(op=ast.MatMult()) | ast.Call(func=ast.Name(id="len")):
            return True
    return False


class _Reader:
    """Turns expressions into LaTeX. `names` are those that the code defines."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.names = dict(names or {})

    def last(self, body: Sequence[ast.stmt]) -> str:
        """What the last statement says; those before it may only define names."""
        statements = [statement for statement in body if not _is_idle(statement)]
        if not statements:
            raise _NoFormulaError
        for statement in statements[:-1]:
            name, value = _assigned(statement)
            if name in self._free_names(value) or name in self.names or (len(name) == 1 and name in "Xwyxb"):
                raise _NoFormulaError  # what a name means changes
            self.names[name] = f"({self(value)})"
        return self._answer(statements[-1])

    def _answer(self, statement: ast.stmt) -> str:
        match statement:
            case ast.FunctionDef(name=name, body=body):
                if statement.decorator_list:
                    raise _NoFormulaError
                return _headed(name, _Reader(self.names).last(body))
            case ast.Return(value=ast.expr() as value):
                return self(value)
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[value], keywords=[])):
                return self(value)
            case ast.Expr(value=ast.Lambda(body=value)) | ast.Expr(value=value):
                return self(value)
        name, value = _assigned(statement)
        return _headed(name, self(value.body if isinstance(value, ast.Lambda) else value))

    def _free_names(self, value: ast.expr) -> set[str]:
        return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}

    def __call__(self, node: ast.expr) -> str:
        latex = self._of(node)
        if len(latex) > _LONGEST:
            raise _NoFormulaError
        return latex

    def _of(self, node: ast.expr) -> str:  # noqa: PLR0911  one line a kind of node
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return _decimal(number)
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self(operand)})"
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(left, op, right)
            case ast.Attribute(value=value, attr="T" | "mT"):
                return f"{{{self(value)}}}^T"
            case ast.Subscript(value=ast.Attribute(value=value, attr="shape"), slice=ast.Constant(value=0)):
                self._must_be_points(value)
                return _COUNT
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                return f"{self._named(name)}_{{{self._indices(index)}}}"
            case ast.Call(func=func, args=args, keywords=keywords):
                options = {keyword.arg or "**": keyword.value for keyword in keywords}
                return self._call(func, args, options)
        raise _NoFormulaError

    def _named(self, name: str) -> str:
        if name in self.names:
            return self.names[name]
        if len(name) == 1 and name.isascii():
            return name
        if name in GREEK:
            return rf"\{name} "
        if name == "lam":
            return r"\lambda "
        if found := _DECORATED.fullmatch(name):
            return rf"\{'hat' if found[2] == 'pred' else found[2]}{{{found[1]}}}"
        raise _NoFormulaError

    def _operation(self, left: ast.expr, op: ast.operator, right: ast.expr) -> str:
        if isinstance(op, ast.Pow):
            return self._power(left, right)
        if type(op) not in _OPERATIONS:
            raise _NoFormulaError
        return _OPERATIONS[type(op)](self(left), self(right))

    def _power(self, base: ast.expr, exponent: ast.expr) -> str:
        if not (isinstance(base, ast.Constant) or isinstance(exponent, ast.Constant)):
            raise _NoFormulaError
        a, power = self(base), self(exponent)
        return _OF_ONE["square"](a) if power == "2" else f"{{{a}}}^{{{power}}}"

    def _indices(self, index: ast.expr) -> str:
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        if len(parts) == 2 and isinstance(parts[1], ast.Slice) and ast.unparse(parts[1]) == ":":
            parts = parts[:1]
        return ",".join(map(self._index, parts))

    def _index(self, index: ast.expr) -> str:
        """An index in LaTeX counts from 1, and so do loops here: see `_sum_over`."""
        match index:
            case ast.Constant(value=int() as number) if number >= 0:
                return str(number + 1)
            case ast.Name(id=name) if self.names.get(name) == f"\0{name}":
                return name
        raise _NoFormulaError

    def _must_be_points(self, value: ast.expr) -> None:
        if not (isinstance(value, ast.Name) and value.id in ("X", "y") and value.id not in self.names):
            raise _NoFormulaError

    # Calls

    def _call(self, func: ast.expr, args: list[ast.expr], options: dict[str, ast.expr]) -> str:
        match func:
            case ast.Name(id="sum") if args and isinstance(args[0], ast.Name) and len(args) == 1:
                return rf"({{{self(args[0])}}}^T {_ONES})"  # Python's own runs over the rows of a matrix
            case ast.Name(id=name):
                return self._function(name, args, options)
            case ast.Attribute(value=owner, attr=name) if _is_module(owner):
                return self._function(name, args, options)
            case ast.Attribute(value=owner, attr=name):
                return self._function(name, [owner, *args], options)
            case ast.Call(func=maker, args=[], keywords=keywords) if _last(maker) == "L1Loss":
                given = {keyword.arg or "**": keyword.value for keyword in keywords}
                return self._function("l1_loss", args, {**given, **options})
        raise _NoFormulaError

    def _function(self, name: str, args: list[ast.expr], options: dict[str, ast.expr]) -> str:
        match name, args:
            case ("norm" | "vector_norm", [value, *rest]):
                return self._norm(value, rest, options)
            case ("l1_loss", [a, b]):
                return self._l1_loss(a, b, options)
            case ("sum" | "fsum", [ast.GeneratorExp() | ast.ListComp() as loop]) if not options:
                return self._sum_over(loop)
        if name in _SUMS and args:
            return self._total(name, args, options)
        if options:
            raise _NoFormulaError
        return self._simple(name, args)

    def _simple(self, name: str, args: list[ast.expr]) -> str:
        match name, args:
            case (_, [value]) if name in _OF_ONE:
                return _OF_ONE[name](self(value))
            case (_, [a, b]) if name in _OF_TWO:
                return _OF_TWO[name](self(a), self(b))
            case ("power" | "pow", [value, exponent]):
                return self._power(value, exponent)
            case ("len", [value]):
                self._must_be_points(value)
                return _COUNT
            case ("ones", [ast.Name(id=size)]):
                return f"{_ONES}_{{{size}}}"
        raise _NoFormulaError

    def _norm(self, value: ast.expr, rest: list[ast.expr], options: dict[str, ast.expr]) -> str:
        orders = [*rest, *(options.pop(key) for key in ("ord", "p") if key in options)]
        if options or len(orders) > 1:
            raise _NoFormulaError
        order = ast.unparse(orders[0]) if orders else "2"
        order = {"np.inf": r"\infty", "float('inf')": r"\infty", "torch.inf": r"\infty"}.get(order, order)
        if order not in ("1", "2", r"\infty", "1.0", "2.0"):
            raise _NoFormulaError
        return rf"\|{self(value)}\|_{{{order.removesuffix('.0')}}}"

    def _l1_loss(self, a: ast.expr, b: ast.expr, options: dict[str, ast.expr]) -> str:
        reduction = options.pop("reduction", ast.Constant("mean"))
        if options or not isinstance(reduction, ast.Constant) or reduction.value not in ("mean", "sum"):
            raise _NoFormulaError
        return rf"\text{{{reduction.value}}}(\text{{abs}}({self(a)} - {self(b)}))"

    def _total(self, name: str, args: list[ast.expr], options: dict[str, ast.expr]) -> str:
        """A sum or a mean: of all entries, or along the first axis, which is that of the points."""
        value, *rest = args
        axes = [*rest, *(options.pop(key) for key in ("axis", "dim") if key in options)]
        if options or len(axes) > 1:
            raise _NoFormulaError
        kind = "sum" if "sum" in name else "mean"
        if not axes:
            return rf"\text{{{kind}}}({self(value)})"
        if ast.unparse(axes[0]) != "0":
            raise _NoFormulaError
        total = rf"({{{self(value)}}}^T {_ONES})"
        return total if kind == "sum" else rf"\frac{{{total}}}{{{_COUNT}}}"

    def _sum_over(self, loop: ast.GeneratorExp | ast.ListComp) -> str:
        """`sum(… for i in range(n))`, `sum(… for a, b in zip(X, y))`."""
        if len(loop.generators) != 1 or loop.generators[0].ifs:
            raise _NoFormulaError
        inner = _Reader(self.names)
        match loop.generators[0]:
            case ast.comprehension(
                target=ast.Name(id=index), iter=ast.Call(func=ast.Name(id="range"), args=[end])
            ):
                inner.names[index] = f"\0{index}"
                body = inner(loop.elt)
                if "\0" in body or not re.fullmatch("[i-t]", index):
                    raise _NoFormulaError
                return rf"(\sum_{{{index}=1}}^{{{self(end)}}} ({body}))"
            case ast.comprehension(target=target, iter=ast.Call(func=ast.Name(id="zip"), args=families)):
                targets = target.elts if isinstance(target, ast.Tuple) else []
            case ast.comprehension(target=target, iter=family):
                targets, families = [target], [family]
        if len(targets) != len(families):
            raise _NoFormulaError
        for name, family in zip(targets, families, strict=True):
            if not (isinstance(name, ast.Name) and isinstance(family, ast.Name)) or family.id in self.names:
                raise _NoFormulaError
            inner.names[name.id] = f"{self(family)}_{{i}}"
        return rf"(\sum_{{i=1}}^{{{_COUNT}}} ({inner(loop.elt)}))"


def _is_idle(statement: ast.stmt) -> bool:
    """An import, or a text."""
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, value
    raise _NoFormulaError


def _headed(name: str, latex: str) -> str:
    """The formula with what it is called, if that means something here."""
    if " = " in latex:
        return latex
    if len(name) == 1 or name in GREEK:
        return rf"{name if len(name) == 1 else chr(92) + name} = {latex}"
    return latex


def _is_module(owner: ast.expr) -> bool:
    return (isinstance(owner, ast.Name) and owner.id in _MODULES) or (
        isinstance(owner, ast.Attribute) and owner.attr in _MODULES and _is_module(owner.value)
    )


def _last(func: ast.expr) -> str:
    return getattr(func, "attr", "") or getattr(func, "id", "")


def _decimal(number: float) -> str:
    text = f"{number:.12g}" if isinstance(number, float) else str(number)
    if not re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text):
        raise _NoFormulaError
    return text
