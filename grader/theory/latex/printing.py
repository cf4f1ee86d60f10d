"""The tree as one line of text: what the report shows as "read as", and what groups equal answers."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.spelling import GREEK

if TYPE_CHECKING:
    from fractions import Fraction

_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_SIGNS = {
    **{name: unicodedata.lookup(f"GREEK {'SMALL' if name.islower() else 'CAPITAL'} LETTER {name.upper()}")
       for name in GREEK - {"ell", "lambda", "Lambda"}},
    "lambda": "λ", "Lambda": "Λ", "ell": "\u2113", "infty": "∞", "sum": "Σ", "prod": "Π",
}  # fmt: skip
_SPELLED_OUT = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(_SIGNS, key=len, reverse=True))})(?![A-Za-z])")
_ACCENTED = re.compile(rf"\b({'|'.join(_ACCENTS)})(?:\((\w)\)| (\w))")
_LOOSE, _SUM, _PRODUCT, _POWER = range(4)


def shown(node: n.Node) -> str:
    """Print a formula so that equal trees, and sums in another order, print alike."""
    return _shown(node, _LOOSE)


def typeset(text: str) -> str:
    """A printed formula, or a name, in the signs that people write: `Σ_i ŷ_i` for `sum_{i} hat(y)_{i}`."""
    text = _SPELLED_OUT.sub(lambda found: _SIGNS[found[0]], text)
    text = _ACCENTED.sub(lambda found: f"{found[2] or found[3]}{_ACCENTS[found[1]]}", text)
    text = re.sub(r"_\{(\w)\}", r"_\1", text).replace("()", "")
    return unicodedata.normalize("NFC", text)


def _shown(node: n.Node, around: int) -> str:  # noqa: C901, PLR0911, PLR0912  one line a node
    match node:
        case n.Number(value):
            return _number(value, around)
        case n.Name(text):
            accent, _, letter = text.rpartition(" ")
            return f"{accent}({letter})" if accent else letter
        case n.Dots():
            return "…"
        case n.Sum(terms):
            return _within(_sum(terms), around, _SUM)
        case n.Negative(body):
            return _within(f"-{_shown(body, _PRODUCT)}", around, _SUM)
        case n.Product(left, right, by):
            sign = {"": "·", ".": " • ", "o": " ∘ "}[by]
            return _within(f"{_shown(left, _PRODUCT)}{sign}{_shown(right, _PRODUCT)}", around, _PRODUCT)
        case n.DottedProduct(factors):
            return _within("·".join(_shown(factor, _PRODUCT) for factor in factors), around, _PRODUCT)
        case n.Quotient(top, bottom):
            return _within(f"{_shown(top, _PRODUCT)}/{_shown(bottom, _POWER)}", around, _PRODUCT)
        case n.Power(base, exponent):
            return f"{_shown(base, _POWER)}^{_shown(exponent, _POWER)}"
        case n.Root(body, degree):
            return f"root({shown(body)}, {shown(degree)})"
        case n.Transpose(body):
            return f"{_shown(body, _POWER)}ᵀ"
        case n.Prime(body):
            return f"{_shown(body, _POWER)}'"
        case n.Bars(body):
            return f"|{shown(body)}|"
        case n.Norm(body, order):
            return f"‖{shown(body)}‖{'' if order is None else '_' + _shown(order, _POWER)}"
        case n.Index(base, at):
            return f"{_shown(base, _POWER)}_{{{_listed(at)}}}"
        case n.Items(items):
            return f"[{_listed(items)}]"
        case n.Inner(left, right):
            return f"⟨{shown(left)}, {shown(right)}⟩"
        case n.Series():
            return _within(_series(node), around, _PRODUCT)
        case n.Call(function, arguments):
            return f"{function}({_listed(arguments)})"
        case n.Gradient(body, by) | n.Hessian(body, by):
            sign = "∇²" if isinstance(node, n.Hessian) else "∇"
            return f"{sign}{'' if by is None else '_' + _shown(by, _POWER)}" + (
                "" if body is None else f"({shown(body)})"
            )
        case n.Optimum(kind, over, body):
            return f"{kind}{'' if over is None else '_' + over} ({shown(body)})"
        case n.Comparison(left, relation, right):
            return f"{shown(left)} {relation} {shown(right)}"
        case n.Cases(branches):
            return "{" + "; ".join(_branch(*branch) for branch in branches) + "}"


def _number(value: Fraction, around: int) -> str:
    return f"({value})" if around >= _PRODUCT and value.denominator > 1 else str(value)


def _within(text: str, around: int, own: int) -> str:
    return f"({text})" if around > own or (around == own == _SUM) else text


def _sum(terms: tuple[n.Node, ...]) -> str:
    signed = [
        f"- {_shown(term.body, _PRODUCT)}" if isinstance(term, n.Negative) else f"+ {_shown(term, _PRODUCT)}"
        for term in terms
    ]
    if n.Dots() not in terms:
        signed.sort()
    return " ".join(signed).removeprefix("+ ")


def _series(node: n.Series) -> str:
    low = "" if node.low is None else f"={shown(node.low)}"
    variable = "" if node.variable is None else f"_{{{node.variable}{low}}}"
    high = "" if node.high is None else f"^{_shown(node.high, _POWER)}"
    return f"{node.kind}{variable}{high} {_shown(node.body, _PRODUCT)}"


def _listed(nodes: tuple[n.Node, ...]) -> str:
    return ", ".join(shown(node) for node in nodes)


def _branch(value: n.Node, condition: n.Comparison | None) -> str:
    return f"{shown(value)} if {shown(condition)}" if condition else f"{shown(value)} otherwise"
