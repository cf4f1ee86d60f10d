r"""Chapter 3: tokens become a tree.

    expression = [+|-] term {(+|-) term}          term   = factor {[. * / o] factor}
    factor     = -factor | atom {scripts}         scripts = _argument | ^argument | '

What an `atom` is (a name, a bracket, a norm, a fraction, a big sum, a gradient) stands in `notation.py`. Two things
depend on where we are and make this a parser by hand: whether a bar opens or closes, and how far TeX's one-token
arguments reach (`\frac12`, `x^2y`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex import notation
from grader.theory.latex.cursor import Cursor
from grader.theory.latex.fuel import Fuel, Unread
from grader.theory.latex.tokens import END, Kind, Token, misplaced, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

SEPARATORS = frozenset({",", ";", "&", "quad", "qquad", r"\\"})
_TIMES = {"cdot": ".", "bullet": ".", "times": "", "*": "", "ast": "", "@": "", "odot": "o", "circ": "o"}
_TRANSPOSES = frozenset({"T", "top", "intercal", "t", "prime", "'"})


def parse(tokens: Sequence[Token], fuel: Fuel, *, functions: frozenset[str], wide: bool = False) -> n.Node:
    r"""Parse one side of an equation.

    Args:
        tokens: all of them must be used up.
        fuel: burned per token.
        functions: names that are called, so that `f(x)` is not a product.
        wide: read `\sum a - b` as `\sum (a - b)`, as some people mean it.

    Raises:
        Unread: with the place.
    """
    parser = Parser(tokens, fuel, functions=functions, wide=wide)
    return parser.whole(parser.expression())


def formula(text: str) -> n.Node:
    """Parse a formula of ours, as a spec gives it.

    Raises:
        Unread: with the place.
    """
    return parse(tokenize(text), Fuel(), functions=frozenset())


def canonical(name: str) -> str:
    r"""Name a symbol as the grammar does: `\hat{y}` is `hat y`.

    Raises:
        Unread: it is more than a name.
    """
    node = formula(name) if name else n.Name("")
    if not isinstance(node, n.Name):
        raise Unread(f"{name} is not a name")
    return node.text


class Parser(Cursor):
    """The rules of precedence, over a cursor."""

    def inside(self, tokens: Sequence[Token]) -> n.Node:
        """Parse tokens that were taken as a group."""
        parser = Parser(tokens, self.fuel, functions=self.functions, wide=self.wide, depth=self.depth + 1)
        with parser.fenced(""):
            node = parser.expression()
        return parser.whole(node)

    def starts_atom(self) -> bool:
        return notation.starts_atom(self)

    def whole(self, node: n.Node) -> n.Node:
        if self.peek() != END:
            raise misplaced(self.peek())
        return node

    def expression(self) -> n.Node:
        negative = self.skips("-")
        if not negative:
            self.skips("+")
        terms: list[n.Node] = []
        while True:
            terms.append(self._signed(negative=negative, after=terms[-1] if terms else None))
            negative = self.sees("-")
            if self.skips("+", "-"):
                continue
            if not (self.sees("dots") and len(terms) > 1 and terms[-1] != n.Dots()):
                break
        return terms[0] if len(terms) == 1 else n.Sum(tuple(terms))

    def _signed(self, *, negative: bool, after: n.Node | None) -> n.Node:
        if self.sees("dots"):
            if negative and not (isinstance(after, n.Negative) and self.peek(1).text == "-"):
                raise Unread("a minus before an ellipsis")
            self.take()
            return n.Dots()
        term = self.term()
        return n.Negative(term) if negative else term

    def term(self) -> n.Node:
        node = self.factor()
        last: n.Node = node
        while True:
            if self._product_goes_on(node, last):
                node = self._dotted_product(node)
            elif self.peek().text in _TIMES and self.peek().kind is not Kind.NAME:
                by = _TIMES[self.take().text]
                last = self.factor()
                node = n.Product(node, last, by)
            elif self.skips("/", "div"):
                last = self.factor()
                node = n.Quotient(node, last)
            elif self.starts_atom():
                if isinstance(last, n.Name) and self.peek().kind is Kind.NUMBER:
                    raise Unread(f"a {self.peek().text} after a symbol: a factor, an index or a power?")
                last = self.factor()
                node = n.Product(node, last)
            else:
                return node

    def _product_goes_on(self, node: n.Node, last: n.Node) -> bool:
        """`x_1 x_2 … x_n` and nothing looser: in `2x_1 … 2x_d` the dots may stand between items."""
        return (
            self.sees("dots")
            and isinstance(node, n.Product)
            and isinstance(node.left, n.Index)
            and isinstance(last, n.Index)
            and self.peek(1).kind is Kind.NAME
        )

    def _dotted_product(self, node: n.Node) -> n.Node:
        self.take()
        assert isinstance(node, n.Product)  # noqa: S101  _product_goes_on says so
        return n.DottedProduct((node.left, node.right, n.Dots(), self.factor()))

    def factor(self) -> n.Node:
        if self.skips("-"):
            with self.fenced(""):
                return n.Negative(self.factor())
        return self.scripts(notation.atom(self))

    def scripts(self, base: n.Node) -> n.Node:
        while True:
            if self.skips("_"):
                base = self._subscript(base)
            elif self.skips("^"):
                base = self._superscript(base)
            elif self.sees("'", "prime"):
                self.take()
                base = n.Prime(base)
            else:
                return base

    def _subscript(self, base: n.Node) -> n.Node:
        tokens = self.group()
        spelled = "".join(token.text for token in tokens)
        match base:
            case n.Norm(body, None):
                return n.Norm(body, notation.norm_order(tokens))
            case n.Power(n.Norm(body, None), exponent):
                return n.Power(n.Norm(body, notation.norm_order(tokens)), exponent)
            case n.Bars(body) if spelled != "2" or not isinstance(body, n.Number):
                return n.Norm(body, notation.norm_order(tokens))
        if notation.is_label(tokens) or any(token.text == "times" for token in tokens):  # X_{n \times d}
            return base
        return n.Index(base, self.indices(tokens))

    def _superscript(self, base: n.Node) -> n.Node:
        tokens = self.group()
        spelled = "".join(token.text for token in tokens)
        if notation.is_label(tokens):
            return base
        if spelled in _TRANSPOSES:
            return n.Prime(base) if spelled in ("prime", "'") else n.Transpose(base)
        if len(tokens) > 2 and (tokens[0].text, tokens[-1].text) == ("(", ")"):
            return n.Index(base, self.indices(tokens[1:-1]))
        if len(tokens) == 1 and tokens[0].kind is Kind.NUMBER and not isinstance(base, n.Number):
            return n.Power(base, n.Number(Fraction(tokens[0].text)))
        return n.Power(base, self.inside(tokens))

    def indices(self, tokens: list[Token]) -> tuple[n.Node, ...]:
        """`i`, `i,j`, `ij`, `i+1`, `i,:`."""
        if tokens and tokens[-1].text in (":", "cdot", "bullet", "*"):
            tokens = [token for token in tokens[:-1] if token.text != ","]
        if len(tokens) > 1 and all(t.kind in (Kind.NAME, Kind.NUMBER) for t in tokens):
            return tuple(self.inside([token]) for token in tokens)
        parts: list[list[Token]] = [[]]
        for token in tokens:
            if token.text in (",", ";"):
                parts.append([])
            else:
                parts[-1].append(token)
        return tuple(self.inside(part) for part in parts)

    def argument(self) -> n.Node:
        r"""Parse a TeX argument: a group, or a single token, of a number only its first digit."""
        if self.sees("{"):
            return self.bracketed("{", "}")
        token = self.peek()
        if token.kind is Kind.NUMBER and len(token.text) > 1 and "." not in token.text:
            self.take()
            self._at -= 1
            self._tokens[self._at] = Token(Kind.NUMBER, token.text[1:])
            return n.Number(Fraction(token.text[0]))
        return notation.atom(self)

    def call_arguments(self) -> tuple[n.Node, ...]:
        for opening, close in (("(", ")"), ("[", "]"), ("{", "}")):
            if self.skips(opening):
                return self.items(close)
        return (self.factor(),)

    def bracketed(self, opening: str, close: str) -> n.Node:
        """A bracket: one item is the item itself, several are a vector."""
        self.expect(opening)
        items = self.items(close)
        return items[0] if len(items) == 1 else n.Items(items)

    def items(self, close: str) -> tuple[n.Node, ...]:
        found: list[n.Node] = []
        with self.fenced(""):
            while not self.skips(close):
                if self.peek() == END:
                    raise Unread(f"“{close}” is missing")
                found.append(self._item())
                self._between_items(close)
        if not found:
            raise Unread("an empty bracket")
        return tuple(found)

    def _item(self) -> n.Node:
        while self.peek().text in SEPARATORS and self.peek().kind is not Kind.NAME:
            self.take()
        if self.skips("dots"):
            return n.Dots()
        node = self.expression()
        if self.skips("over"):
            node = n.Quotient(node, self.expression())
        return node

    def _between_items(self, close: str) -> None:
        here = self.peek()
        if here.text not in SEPARATORS | {close, "dots"} and here.kind is not Kind.CLOSE:
            raise misplaced(here)
        while self.peek().text in SEPARATORS and self.peek().kind is not Kind.NAME:
            self.take()
