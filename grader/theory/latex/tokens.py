r"""Chapter 2: characters become tokens.

Fonts vanish, so that `\mathbf x` and `x` are one name; decorations that change the meaning stay: `\hat{y}` is the
name `hat y`. Environments become brackets.
"""
# ruff: noqa: SIM905  a line of words reads better than a column of strings

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from grader.theory.latex.fuel import DEPTH, Unread
from grader.theory.latex.spelling import GREEK, spelled_out

INDEX_LETTERS = frozenset("ijklmnpqrst")
FUNCTIONS = frozenset(("mean avg average median max min sum sign sgn abs sqrt norm").split())


class Kind(Enum):
    NUMBER = auto()
    NAME = auto()  # a letter, a Greek letter, a decorated one: `x`, `mu`, `hat y`
    COMMAND = auto()  # `frac`, `sum`, `quad`
    WORD = auto()  # `\text{where}`
    MARK = auto()  # everything else: `(`, `||`, `\{`, `=`
    OPEN = auto()  # the begin of a matrix, a vector, cases
    CLOSE = auto()
    ROW = auto()  # a line break
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str


END = Token(Kind.END, "end of formula")


def misplaced(token: Token) -> Unread:
    """What to say of a token that cannot stand where it does."""
    if token == END:
        return Unread("the formula ends too early")
    if token.kind is Kind.COMMAND:
        return Unread(f"the command “\\{token.text}”")
    return Unread(f"“{token.text}” does not fit where it stands")


_LEX = re.compile(
    r"\\(?P<command>[a-zA-Z]+)\*?|(?P<row>\\\\(?:\*|\[[^\]\n]{0,40}+\])?)|(?P<escaped>\\[^a-zA-Z])"
    r"|(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<letter>[a-zA-Z])|(?P<mark>\S)",
    re.ASCII,
)
_FONTS = frozenset(
    (
        "mathbf boldsymbol bm vec mathrm mathit mathsf mathcal mathbb mathds underline pmb symbf textbf "
        "textit rm bf it mathscr mathfrak overrightarrow bold operatorname text tilde"
    ).split()
) - {"tilde", "text", "operatorname"}
_ACCENT_COMMANDS = {"hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde",
                    "widetilde": "tilde"}  # fmt: skip
_MATRICES = frozenset(
    ["bmatrix", "pmatrix", "vmatrix", "matrix", "array", "Bmatrix", "smallmatrix", "Vmatrix"]
)
_ENVIRONMENTS = frozenset(
    (
        "align aligned alignat equation gather gathered split multline eqnarray displaymath math center "
        "flalign"
    ).split()
)
_WORDS_IN_FONTS = FUNCTIONS | {
    "grad",
    "argmin",
    "mae",
    "loss",
    "cost",
    "opt",
    "mle",
    "lad",
    "ols",
    "diag",
    "error",
}


def tokenize(text: str) -> list[Token]:
    r"""Turn one formula (no dollar signs) into tokens, without `END`.

    Raises:
        Unread: a group that never closes, a number of more than 15 digits.
    """
    if _depth(text) > DEPTH:
        raise Unread("it is nested too deeply")
    return _Folder(_lex(spelled_out(text))).all()


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(character, 0)
        deepest = max(deepest, depth)
    return deepest


def _lex(text: str) -> list[Token]:
    return [_token(found) for found in _LEX.finditer(text)]


def _token(found: re.Match[str]) -> Token:
    text = found[0]
    match found.lastgroup:
        case "command":
            name = found["command"]
            return Token(Kind.NAME, name) if name in GREEK else Token(Kind.COMMAND, name)
        case "row":
            return Token(Kind.ROW, r"\\")
        case "number":
            if len(text) > 15:
                raise Unread(f"the number {text[:12]}… has too many digits")
            return Token(Kind.NUMBER, text)
        case "letter":
            return Token(Kind.NAME, text)
        case "escaped" if text == r"\|":
            return Token(Kind.MARK, "||")
        case _:
            return Token(Kind.MARK, text)


class _Folder:
    r"""Second pass: fonts vanish, accents join their letter, environments become brackets, `\text` one word."""

    def __init__(self, raw: list[Token]) -> None:
        self._raw = raw
        self._at = 0

    def all(self) -> list[Token]:
        out: list[Token] = []
        while self._at < len(self._raw):
            out += self._next()
        return out

    def _next(self) -> list[Token]:
        token = self._raw[self._at]
        self._at += 1
        if token.kind is not Kind.COMMAND:
            return [token]
        name = token.text
        if name in ("begin", "end"):
            return self._environment(opens=name == "begin")
        if name == "text":
            return self._words(self._argument())
        if name in _ACCENT_COMMANDS:
            return _accented(_ACCENT_COMMANDS[name], _Folder(self._argument()).all())
        if name in _FONTS:
            return self._font(name)
        return [token]

    def _argument(self) -> list[Token]:
        """The tokens of the group that follows, or the one token that stands for it."""
        if self._at >= len(self._raw):
            raise Unread("the formula ends where something should follow")
        first = self._raw[self._at]
        self._at += 1
        if first.text != "{":
            return [first]
        depth, start = 1, self._at
        while depth:
            if self._at >= len(self._raw):
                raise Unread("a brace { is never closed")
            depth += {"{": 1, "}": -1}.get(self._raw[self._at].text, 0)
            self._at += 1
        return self._raw[start : self._at - 1]

    def _environment(self, *, opens: bool) -> list[Token]:
        name = _spelled(self._argument()).strip("*")
        if name == "array" and opens:
            self._argument()
        if name in _MATRICES:
            return [Token(Kind.OPEN if opens else Kind.CLOSE, "matrix")]
        if name in ("cases", "dcases", "rcases"):
            return [Token(Kind.OPEN if opens else Kind.CLOSE, "cases")]
        if name in _ENVIRONMENTS:
            return [Token(Kind.ROW, r"\\")]
        raise Unread(f"the environment {name}")

    def _words(self, inside: list[Token]) -> list[Token]:
        if any(token.kind is Kind.COMMAND for token in inside):
            return _Folder(inside).all()
        if len(inside) == 1:
            return inside
        return [Token(Kind.WORD, _spelled(inside))]

    def _font(self, font: str) -> list[Token]:
        if self._at >= len(self._raw) or font in ("rm", "bf", "it", "bold"):
            return []
        inside = self._argument()
        spelled = _spelled(inside)
        if spelled == "1":
            return [Token(Kind.NAME, "ones")]
        if font == "mathbb" and spelled in ("R", "E"):
            return [Token(Kind.NAME, {"R": "reals", "E": "expectation"}[spelled])]
        if spelled.lower() in _WORDS_IN_FONTS:
            return [Token(Kind.WORD, spelled)]
        folded = _Folder(inside).all()
        return folded if len(folded) == 1 else [Token(Kind.MARK, "{"), *folded, Token(Kind.MARK, "}")]


def _spelled(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens)


def _accented(accent: str, inside: list[Token]) -> list[Token]:
    while len(inside) > 1 and inside[0].text == "{" and inside[-1].text == "}":
        inside = inside[1:-1]
    if not inside or inside[0].kind is not Kind.NAME or (len(inside) > 1 and inside[1].text != "_"):
        raise Unread(f"a {accent} over {_spelled(inside) or 'nothing'}")
    return [Token(Kind.NAME, f"{accent} {inside[0].text}"), *inside[1:]]
