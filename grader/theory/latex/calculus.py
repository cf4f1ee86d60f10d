r"""Chapter 3, continued: fractions, derivatives, big sums, minima."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.fuel import Unread
from grader.theory.latex.tokens import INDEX_LETTERS, Kind, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.theory.latex.grammar import Parser


# Fractions and derivatives


def fraction(p: Parser) -> n.Node:
    p.take()
    if second := _second_derivative(p, *_two_groups(p)):
        return second
    if _is_derivative(*_two_groups(p)):
        top, bottom = p.group(), p.group()
        body = p.inside(top[1:]) if len(top) > 1 else None
        return derivative(p, body, p.inside(bottom[1:]))
    return n.Quotient(p.argument(), p.argument())


def _two_groups(p: Parser) -> tuple[list[Token], list[Token]]:
    start = p.mark()
    groups = p.group(), p.group()
    p.back_to(start)
    return groups


def _second_derivative(p: Parser, top: list[Token], bottom: list[Token]) -> n.Node | None:
    r"""`\frac{\partial^2 f}{\partial x^2}`, `\frac{d^2}{dx^2} f`, `\frac{\partial^2 f}{\partial x\partial x^T}`."""
    if not (_is_derivative(top, bottom) and _squared(top[1:])):
        return None
    name, *rest = bottom[1:]
    if not (_squared(rest) or (is_d(rest[:1]) and rest[1:2] == [name])):
        return None
    p.group()
    p.group()
    body = top[2 + _squared(top[1:]) :]
    gradient = derivative(p, p.inside(body) if body else None, n.Name(name.text))
    return n.Hessian(gradient.body, gradient.by)


def _squared(tokens: Sequence[Token]) -> int:
    """How many tokens the `2` or `{2}` of a leading square takes, 0 if none leads."""
    texts = [token.text for token in tokens[:4]]
    if texts[:2] == ["^", "2"]:
        return 1
    return 3 if texts == ["^", "{", "2", "}"] else 0


def _is_derivative(top: list[Token], bottom: list[Token]) -> bool:
    return is_d(top[:1]) and is_d(bottom[:1]) and len(bottom) > 1 and bottom[1].kind is Kind.NAME


def is_d(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].text in ("d", "partial") and tokens[0].kind is not Kind.WORD


def derivative(p: Parser, body: n.Node | None, by: n.Node) -> n.Gradient:
    if body is None and p.starts_atom():
        body = p.term()
    return n.Gradient(body, by)


def partial(p: Parser) -> n.Node:
    r"""`\partial f / \partial x_i`, `\partial / \partial x_i`, `\partial_{x_i} f`."""
    p.take()
    if p.skips("_"):
        by = p.inside(p.group())
        if isinstance(by, n.Name) and by.text in INDEX_LETTERS:
            return n.Index(n.Gradient(_operand(p), None), (by,))
        return n.Gradient(_operand(p), by)
    return slashed(p)


def slash_follows(p: Parser) -> bool:
    ahead = 1
    if p.peek(ahead).text == "(":
        while p.peek(ahead).kind is not Kind.END and p.peek(ahead).text != ")":
            ahead += 1
        ahead += 1
    return p.peek(ahead).text == "/" and is_d([p.peek(ahead + 1)])


def slashed(p: Parser) -> n.Node:
    body = None if p.sees("/") else p.factor()
    p.expect("/")
    if not is_d([p.take()]):
        raise Unread("a derivative that does not say with respect to what")
    return derivative(p, body, p.factor())


def nabla(p: Parser) -> n.Node:
    p.take()
    by, second = None, False
    while p.sees("_", "^"):
        if p.take().text == "_":
            by = p.inside(p.group())
        elif [token.text for token in p.group()] == ["2"]:
            second = True
        else:
            raise Unread("a power of a gradient")
    body = _operand(p)
    if second:
        return n.Hessian(body, by)
    match body:
        case n.Index(n.Call() as function, at):
            return n.Index(n.Gradient(function, by), at)
        case _ if isinstance(by, n.Name) and by.text in INDEX_LETTERS:
            return n.Index(n.Gradient(body, None), (by,))
    return n.Gradient(body, by)


def _operand(p: Parser) -> n.Node | None:
    """`∇f(x) d` is a gradient times d; `∇x^T x` is the gradient of a product."""
    if not p.starts_atom():
        return None
    return p.factor() if p.peek().text in p.functions else p.term()


# Big operators


def series(p: Parser) -> n.Node:
    kind = p.take().text
    below: list[Token] = []
    high: n.Node | None = None
    while p.sees("_", "^"):
        if p.take().text == "_":
            if below:
                raise Unread("two things below a sum")
            below = p.group()
        else:
            if high is not None:
                raise Unread("two things above a sum")
            high = p.argument()
    variable, low, last = _range(p, below)
    body = p.expression() if p.wide else p.term()
    return n.Series(kind, variable, low, high if high is not None else last, body)


def _range(p: Parser, below: list[Token]) -> tuple[str | None, n.Node | None, n.Node | None]:
    """Index, low and high from what stands below the sign: `i`, `i=1`, `i ∈ [n]`, `1 ≤ i ≤ n`."""
    if not below:
        return None, None, None
    texts = [token.text for token in below]
    if below[0].kind is Kind.NAME and len(below) == 1:
        return texts[0], None, None
    if below[0].kind is Kind.NAME and texts[1] == "=" and "dots" not in texts:
        return texts[0], p.inside(below[2:]), None
    if below[0].kind is Kind.NAME and texts[1] in ("in", "="):
        return texts[0], n.ONE, _last_of_set(p, below[2:])
    if len(below) >= 5 and texts[1] == texts[3] == "le":
        return texts[2], p.inside(below[:1]), p.inside(below[4:])
    raise Unread("what stands below the sum")


def _last_of_set(p: Parser, tokens: list[Token]) -> n.Node:
    """The n of `[n]`, of `{1, …, n}` and of `1, …, n`."""
    texts = [token.text for token in tokens]
    if len(texts) == 3 and (texts[0], texts[2]) == ("[", "]"):
        return p.inside(tokens[1:2])
    bare = [token for token in tokens if token.text not in (r"\{", r"\}", ",")]
    if len(bare) >= 3 and bare[0].text == "1" and bare[-2].text == "dots":
        return p.inside(bare[-1:])
    raise Unread("the set below the sum")


def optimum(p: Parser) -> n.Node:
    kind = p.take().text
    below = p.group() if p.skips("_") else []
    over = below[0].text if below else None
    if kind != "argmin" and not below:
        return n.Call(kind, p.call_arguments())
    if kind != "argmin" and over in INDEX_LETTERS and len(below) == 1:
        return n.Series(kind, over, None, None, p.term())
    if kind == "max":
        raise Unread("a maximum over something")
    return n.Optimum(kind, over, p.expression())
