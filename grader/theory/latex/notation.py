r"""Chapter 3, continued: what the atoms of the grammar are, notation by notation."""
# ruff: noqa: SIM905  a line of words reads better than a column of strings

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grader.theory.latex import arrays, calculus
from grader.theory.latex import nodes as n
from grader.theory.latex.fuel import Unread
from grader.theory.latex.tokens import FUNCTIONS, Kind, Token, misplaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.theory.latex.grammar import Parser

_GRADIENT_WORDS = frozenset({"grad", "gradient"})
_OPENERS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}"}
_ATOM_COMMANDS = frozenset(("frac sqrt sum prod nabla langle partial argmin min max sign sgn infty").split())
_LABELS = frozenset(
    (
        "opt best optimal min mle lad ols ml hat star sol solution train l1 mae loss lin reg * ast dagger"
    ).split()
)
"""Scripts that say which one is meant and change nothing."""


def starts_atom(p: Parser) -> bool:
    token = p.peek()
    match token.kind:
        case Kind.NUMBER | Kind.NAME | Kind.OPEN:
            return True
        case Kind.WORD:
            return token.text.lower() in FUNCTIONS | _GRADIENT_WORDS
        case Kind.MARK:
            return token.text in _OPENERS or (token.text in ("|", "||") and not p.closes_bar())
        case Kind.COMMAND:
            return token.text in _ATOM_COMMANDS
    return False


def atom(p: Parser) -> n.Node:  # noqa: PLR0911  one line a kind of token
    token = p.peek()
    match token.kind:
        case Kind.NUMBER:
            return n.Number(Fraction(p.take().text))
        case Kind.NAME:
            return _name(p)
        case Kind.WORD if token.text.lower() in FUNCTIONS:
            return _call(p, p.take().text.lower())
        case Kind.WORD if token.text.lower() in _GRADIENT_WORDS:
            return calculus.nabla(p)
        case Kind.OPEN:
            return arrays.environment(p)
        case Kind.MARK if token.text in _OPENERS:
            return p.bracketed(token.text, _OPENERS[token.text])
        case Kind.MARK if token.text in ("|", "||"):
            return _bars(p)
        case Kind.COMMAND if token.text in _ATOM_COMMANDS:
            return _command(p)
    raise misplaced(token)


def _command(p: Parser) -> n.Node:  # noqa: PLR0911  one line a command
    match p.peek().text:
        case "frac":
            return calculus.fraction(p)
        case "sqrt":
            return _root(p)
        case "sum" | "prod":
            return calculus.series(p)
        case "nabla":
            return calculus.nabla(p)
        case "partial":
            return calculus.partial(p)
        case "langle":
            return _inner(p)
        case "argmin" | "min" | "max":
            return calculus.optimum(p)
        case "sign" | "sgn":
            p.take()
            return _call(p, "sign")
        case other:
            p.take()
            return n.Name(other)


def _name(p: Parser) -> n.Node:
    token = p.take()
    if token.text in ("expectation", "hat expectation"):
        return _expectation(p)
    if token.text == "d" and p.peek().text in p.functions and calculus.slash_follows(p):
        return calculus.slashed(p)
    if token.text == "d" and p.sees("/") and p.peek(1).text == "d" and p.peek(2).kind is Kind.NAME:
        p.take()
        p.take()
        return calculus.derivative(p, None, p.factor())
    if token.text == "D" and p.peek().text in p.functions and p.peek(1).text == "(":
        return n.Gradient(p.factor(), None)
    if token.text not in p.functions:
        return n.Name(token.text)
    return _function(p, token.text)


def _expectation(p: Parser) -> n.Node:
    r"""`\mathbb{E}[x]`, `\mathbb{E}_i[x_i]`: a name for a mean, of a symbol alone."""
    if p.skips("_"):
        p.group()
    (inside,) = p.call_arguments()
    if isinstance(inside, n.Index):
        inside = inside.base
    if not isinstance(inside, n.Name):
        raise Unread("the expectation of something that is not a symbol")
    return n.Name("expectation")


def _function(p: Parser, name: str) -> n.Node:
    """`f`, `f(x)`, `f'(x)`, `L_1(w, b)`."""
    primes = 0
    while p.sees("'") or (p.sees("^") and _is_prime(p)):
        if p.take().text == "^":
            p.group()
        primes += 1
    if p.sees("_") and not primes:
        p.take()
        tokens = p.group()
        if not (is_label(tokens) or all(token.kind is Kind.NUMBER for token in tokens)):
            return n.Index(n.Call(name, ()), p.indices(tokens))
    arguments: tuple[n.Node, ...] = ()
    if p.sees("("):
        p.take()
        arguments = p.items(")")
    node: n.Node = n.Call(name, arguments)
    for _ in range(primes):
        node = n.Prime(node)
    return node


def _is_prime(p: Parser) -> bool:
    return p.peek(1).text == "prime" or (p.peek(1).text == "{" and p.peek(2).text in ("prime", "'"))


def is_label(tokens: Sequence[Token]) -> bool:
    r"""Whether a script is a word such as `opt`, `*` or `\ell_1` that names without computing."""
    spelled = "".join(token.text for token in tokens if token.text not in "{}").lower()
    return spelled in _LABELS or spelled.startswith("ell_") or (bool(tokens) and tokens[0].kind is Kind.WORD)


def _call(p: Parser, function: str) -> n.Node:
    if function == "norm":
        raise Unread("a norm in words")
    return n.Call(function, p.call_arguments())


def _bars(p: Parser) -> n.Node:
    bar = p.take().text
    with p.fenced(bar):
        body = p.expression()
    if p.peek().text != bar:
        raise Unread(f"a “{bar}” is never closed")
    p.take()
    return n.Bars(body) if bar == "|" else n.Norm(body, None)


def norm_order(tokens: Sequence[Token]) -> n.Node:
    r"""The `1` of `\|u\|_1`, `\|u\|_{\ell_1}`, `\|u\|_{L1}`."""
    spelled = "".join(token.text for token in tokens if token.text not in ("{", "}", "_", "^"))
    spelled = spelled.removeprefix("ell").lstrip("lL")
    if spelled in ("infty", "F", "1", "2"):
        return n.Name(spelled) if spelled in ("infty", "F") else n.Number(Fraction(spelled))
    if len(tokens) == 1 and tokens[0].kind is Kind.NUMBER:
        return n.Number(Fraction(tokens[0].text))
    raise Unread(f"the norm with index {spelled or 'nothing'}")


def _root(p: Parser) -> n.Node:
    p.take()
    degree = p.bracketed("[", "]") if p.sees("[") else n.TWO
    return n.Root(p.argument(), degree)


def _inner(p: Parser) -> n.Node:
    p.take()
    items = p.items("rangle")
    if len(items) == 2 and n.Dots() not in items:
        return n.Inner(*items)
    if len(items) == 1 and isinstance(items[0], n.Name):
        return n.Call("mean", items)
    return n.Items(items)
