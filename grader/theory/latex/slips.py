r"""Chapter 7, aside: slips of typing that have exactly one reading.

A brace or parenthesis that is missing or too many, and `|u||` for a norm. A formula is mended only if all ways to
mend it that can be read say the same; else it stays unread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 300
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|.", re.DOTALL)
_BAR = re.compile(r"\\\||\|\||\\(?:left|right)?\\?\||\\[lr]?[vV]ert(?![a-zA-Z])|[‖∥]|\|")
_SIDE = re.compile(r"[^=]+")
_PAIRS = (("{", "}"), ("(", ")"))


def mended(text: str) -> Iterator[str]:
    """The ways to mend a formula; none if nothing is amiss, or too much."""
    if len(text) > _LONGEST:
        return
    bars = _SIDE.sub(lambda side: _with_equal_bars(side[0]), text)
    if bars != text:
        yield bars
        return
    tokens = _TOKEN.findall(text)
    for opening, closing in _PAIRS:
        excess = tokens.count(opening) - tokens.count(closing)
        if excess == 1:
            for at in range(_unclosed(tokens, opening, closing) + 2, len(tokens) + 1):
                yield "".join([*tokens[:at], closing, *tokens[at:]])
        elif excess == -1:
            for at, token in enumerate(tokens):
                if token == closing:
                    yield "".join(tokens[:at] + tokens[at + 1 :])


def _unclosed(tokens: list[str], opening: str, closing: str) -> int:
    """Where the bracket stands that nothing closes: what is missing may stand anywhere after it."""
    unclosed: list[int] = []
    for at, token in enumerate(tokens):
        if token == opening:
            unclosed.append(at)
        elif token == closing and unclosed:
            unclosed.pop()
    return unclosed[0]


def _with_equal_bars(side: str) -> str:
    """Where one bar is single and the other double, both are double."""
    bars = _BAR.findall(side)
    single = [bar for bar in bars if bar in ("|", r"\left|", r"\right|", r"\vert", r"\lvert", r"\rvert")]
    return _BAR.sub(r"\\|", side) if len(bars) == 2 and len(single) == 1 else side
