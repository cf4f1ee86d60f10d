"""Chapter 3, beginning: a place in a row of tokens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.theory.latex.fuel import DEPTH, Fuel, Unread
from grader.theory.latex.tokens import END, Kind, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Cursor:
    """Where a parser is. Every token taken burns fuel; brackets and bars are counted."""

    def __init__(
        self, tokens: Sequence[Token], fuel: Fuel, *, functions: frozenset[str], wide: bool, depth: int = 0
    ) -> None:
        self._tokens = list(tokens)
        self._at = 0
        self.fuel = fuel
        self.depth = depth
        self._fences: list[str] = []
        self.functions = functions
        self.wide = wide

    def peek(self, ahead: int = 0) -> Token:
        where = self._at + ahead
        return self._tokens[where] if where < len(self._tokens) else END

    def take(self) -> Token:
        self.fuel.burn()
        token = self.peek()
        self._at += 1
        return token

    def sees(self, *texts: str) -> bool:
        token = self.peek()
        return token.text in texts and token.kind not in (Kind.NAME, Kind.WORD)

    def skips(self, *texts: str) -> bool:
        found = self.sees(*texts)
        if found:
            self.take()
        return found

    def expect(self, text: str) -> None:
        if not self.skips(text):
            raise Unread(f"“{text}” is missing")

    def mark(self) -> int:
        return self._at

    def back_to(self, mark: int) -> None:
        self._at = mark

    def group(self) -> list[Token]:
        """Take a TeX argument unparsed: the tokens in braces, or one token."""
        if not self.sees("{"):
            return [self.take()]
        self.take()
        depth, start = 1, self._at
        while depth:
            token = self.take()
            if token == END:
                raise Unread("a brace { is never closed")
            depth += {"{": 1, "}": -1}.get(token.text, 0)
        return self._tokens[start : self._at - 1]

    @contextmanager
    def fenced(self, close: str) -> Iterator[None]:
        """Inside a bracket, or inside bars if `close` is `|` or `||`."""
        if len(self._fences) + self.depth > DEPTH:
            raise Unread("it is nested too deeply")
        self._fences.append(close)
        yield
        self._fences.pop()

    def closes_bar(self) -> bool:
        return bool(self._fences) and self.peek().text == self._fences[-1]
