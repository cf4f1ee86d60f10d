"""Analyses a notebook's code before it runs, to decide whether a patch is needed.

The code is only parsed, never executed. If it does not parse, the answer is yes.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = re.compile(r"^(\s*)(?:[\w, ]+=\s*)?[%!].*$", re.MULTILINE)
LOSS_FUNCTION = re.compile(r"(?i)loss|cross_entropy|nll")
GRIDS = {"subplot", "subplots", "add_subplot", "subplot2grid", "GridSpec"}
PLAIN_NUMBER = {"item", "detach", "tolist", "numpy", "float", "int", "len", "str", "format", "round", "print"}
KEEPS_GRAPH = {
    "mean",
    "sum",
    "min",
    "max",
    "cpu",
    "cuda",
    "to",
    "clone",
    "double",
    "float",
    "squeeze",
    "view",
}
KEEPERS = {"append", "insert", "extend", "add"}
CONSUMERS = {"np", "numpy", "plt", "pyplot", "ax", "axes", "axs"}


def parsed(source: str) -> ast.Module | None:
    """The code with its magics blanked out."""
    try:
        return ast.parse(MAGIC.sub(r"\1pass", source))
    except (SyntaxError, ValueError):
        return None


def lays_out_by_division(source: str) -> bool:
    """Whether a number of rows or columns may be a float: `add_subplot(2, 20/2, i)`."""
    tree = parsed(source)
    if tree is None:
        return any(f"{name}(" in source for name in GRIDS)
    quotients = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _divides(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return any(
        _divides(argument)
        or any(isinstance(part, ast.Name) and part.id in quotients for part in ast.walk(argument))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _last_name(node.func) in GRIDS
        for argument in node.args
    )


def _divides(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and _last_name(value.func) in ("int", "round", "ceil", "floor"):
        return False
    return any(
        isinstance(part, ast.Div) or (isinstance(part, ast.Constant) and isinstance(part.value, float))
        for part in ast.walk(value)
    )


def keeps_live_losses(source: str) -> bool:
    """Whether a loss that still has its graph may end in a list, an array or a plot."""
    if "backward" not in source and not LOSS_FUNCTION.search(source):
        return False
    tree = parsed(source)
    if tree is None:
        return True
    flow = _Flow()
    while flow.learn(tree):
        pass
    return flow.kept


@dataclass(slots=True)
class _Flow:
    """Which names may hold a tensor with a graph; grows until a pass over the code adds none."""

    live: set[str] = field(default_factory=set)
    losses: set[str] = field(default_factory=set)
    """Names bound to loss functions, as by `criterion = nn.MSELoss()`."""
    kept: bool = False

    def learn(self, tree: ast.Module) -> bool:
        before = len(self.live) + len(self.losses)
        for node in ast.walk(tree):
            self._see(node)
        return len(self.live) + len(self.losses) > before

    def _see(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Attribute(value=loss, attr="backward")):
                self.live.add(_root_name(loss))
            case ast.Call(func=ast.Attribute(value=holder, attr=attr), args=[*_, value]) if attr in KEEPERS:
                self._store(holder, value)
            case ast.Call(func=func, args=arguments) if _root_name(func) in CONSUMERS:
                self.kept |= any(map(self._is_live, arguments))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
                    if isinstance(value, ast.Call) and _last_name(value.func).endswith("Loss"):
                        self.losses.add(_last_name(target))
            case ast.AugAssign(target=target, value=value) | ast.For(target=target, iter=value):
                self._bind(target, value)
            case ast.FunctionDef(name=name) if any(
                isinstance(part, ast.Return) and part.value and self._is_live(part.value)
                for part in ast.walk(node)
            ):
                self.live.add(name)
            case ast.comprehension(target=target, iter=value):
                self._bind(target, value)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple):
            values = value.elts if isinstance(value, ast.Tuple) else [value] * len(target.elts)
            for part, part_value in zip(target.elts, values, strict=False):
                self._bind(part, part_value)
        elif isinstance(target, ast.Subscript):
            self._store(target.value, value)
        elif self._is_live(value) and (name := _root_name(target)):
            self.live.add(name)

    def _store(self, holder: ast.expr, value: ast.expr) -> None:
        if self._is_live(value):
            self.kept = True
            self.live.add(_root_name(holder))

    def _is_live(self, value: ast.expr) -> bool:  # noqa: PLR0911 - one line a kind
        match value:
            case ast.Name(id=name):
                return name in self.live
            case ast.Call(func=func, args=arguments):
                return self._gives_live(func, arguments)
            case ast.BinOp(left=left, right=right):
                return self._is_live(left) or self._is_live(right)
            case ast.UnaryOp(operand=operand) | ast.Subscript(value=operand) | ast.ListComp(elt=operand):
                return self._is_live(operand)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return any(map(self._is_live, parts))
            case ast.IfExp(body=body, orelse=orelse):
                return self._is_live(body) or self._is_live(orelse)
        return False

    def _gives_live(self, func: ast.expr, arguments: list[ast.expr]) -> bool:
        name = _last_name(func)
        if isinstance(func, ast.Attribute) and self._is_live(func.value):
            return name in KEEPS_GRAPH
        if name in PLAIN_NUMBER or (name[:1].isupper() and _root_name(func) in ("nn", "torch")):
            return False  # nn.CrossEntropyLoss() makes a loss function, not a loss
        if name in ("sum", "min", "max", "sorted", "list", "enumerate", "zip", "stack"):
            return any(map(self._is_live, arguments))
        is_loss = name in self.losses or LOSS_FUNCTION.search(name)
        return name in self.live or (bool(is_loss) and len(arguments) == 2)


def _last_name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _root_name(value: ast.expr) -> str:
    while isinstance(value, ast.Attribute | ast.Subscript | ast.Call):
        value = value.func if isinstance(value, ast.Call) else value.value
    return value.id if isinstance(value, ast.Name) else ""


def asks_for_a_gpu(source: str) -> bool:
    """Whether code that is not guarded by `is_available()` uses CUDA."""
    if "cuda" not in source:
        return False
    tree = parsed(source)
    if tree is None:
        return True
    search = _UnguardedCuda(tree)
    search.visit(tree)
    return search.found


def reads_devices(source: str) -> bool:
    """Whether such code also reads the device of a tensor."""
    return re.search(r"\.device\b(?!\s*\()", source) is not None and asks_for_a_gpu(source)


class _UnguardedCuda(ast.NodeVisitor):
    def __init__(self, tree: ast.Module) -> None:
        self.found = False
        self._answers = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and _asks(node.value) and not isinstance(node.value, ast.IfExp)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        """Names such as `use_cuda` that hold the result of `is_available()`."""

    def visit_If(self, node: ast.If) -> None:
        self._visit_live(node.test, node.body, node.orelse)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._visit_live(node.test, [node.body], [node.orelse])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "is_available":
            return
        self.found |= node.attr == "cuda"
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.found |= node.id == "cuda"

    def visit_alias(self, node: ast.alias) -> None:
        self.found |= "cuda" in node.name

    def visit_Constant(self, node: ast.Constant) -> None:
        self.found |= isinstance(node.value, str) and "cuda" in node.value

    def _visit_live(self, test: ast.expr, body: Sequence[ast.AST], orelse: Sequence[ast.AST]) -> None:
        """Visit the branches that can run where `is_available()` is False."""
        negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        guarded = _asks(test) or any(
            isinstance(part, ast.Name) and part.id in self._answers for part in ast.walk(test)
        )
        self.visit(test)
        for part in [*(body if negated or not guarded else ()), *(() if negated and guarded else orelse)]:
            self.visit(part)


def _asks(value: ast.expr) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr == "is_available" for part in ast.walk(value))
