r"""Chapter 1, before anything else: macros are expanded.

`\newcommand`, `\renewcommand`, `\providecommand`, `\def` and `\DeclareMathOperator` hold from where they stand to
the end. A few names that nearly everybody defines alike, such as `\norm`, are known without a definition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.theory.latex.fuel import LENGTH, Unread

_COMMAND = re.compile(r"\\([a-zA-Z]+)\*?")
_HEAD = re.compile(r"\s*+\{?+\s*+\\([a-zA-Z]++)\s*+\}?+\s*+")
_COUNT = re.compile(r"\[(\d)\]\s*+")
_DEFAULT = re.compile(r"\[([^\[\]]*+)\]\s*+")
_PARAMETERS = re.compile(r"((?:#\d)*+)\s*+")
_NOTHING = re.compile(r"\{\s*+\}")
_TOKEN = re.compile(r"\s*+(\\[a-zA-Z]++|\S)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_DEFINING = frozenset({"newcommand", "renewcommand", "providecommand", "DeclareMathOperator", "def"})
_DEEPEST = 10
_MOST_WORK = 10 * LENGTH
"""Characters that all expansions together may have: macros that call macros grow exponentially."""


@dataclass(frozen=True, slots=True)
class _Macro:
    body: str
    arguments: int = 0
    default: str | None = None


_USUAL = {
    "norm": _Macro(r"\|#1\|", 1),
    "abs": _Macro("|#1|", 1),
    "inner": _Macro(r"\langle #1, #2 \rangle", 2),
    "R": _Macro(r"\mathbb{R}"),
    "E": _Macro(r"\mathbb{E}"),
    "T": _Macro(r"\top "),
}


def expanded(text: str) -> str:
    """Carry out the macros that a text defines, and drop their definitions.

    Raises:
        Unread: a macro that calls itself, grows too much, or is not closed.
    """
    return _Expansion().of(text, 0)


class _Expansion:
    def __init__(self) -> None:
        self._macros = dict(_USUAL)
        self._work = 0

    def of(self, text: str, depth: int) -> str:
        self._work += len(text) if depth else 0
        if depth > _DEEPEST or self._work > _MOST_WORK:
            raise Unread("a macro that calls itself, or grows too much")
        out: list[str] = []
        at = 0
        while found := _COMMAND.search(text, at):
            out.append(text[at : found.start()])
            name = found[1]
            if name in _DEFINING and _HEAD.match(text, found.end()):
                at = self._define(name, text, found.end())
                out.append(" ")
            elif (macro := self._macros.get(name)) and not _is_escaped(text, found.start()):
                filled, at = _filled(macro, text, found.end())
                out.append(self.of(filled, depth + 1))
            else:
                out.append(found[0])
                at = found.end()
        out.append(text[at:])
        whole = "".join(out)
        if len(whole) > LENGTH:
            raise Unread("a macro that calls itself, or grows too much")
        return whole

    def _define(self, how: str, text: str, at: int) -> int:
        head = _HEAD.match(text, at)
        assert head is not None  # noqa: S101  of() has looked
        at = head.end()
        count, default = 0, None
        if how == "def":
            parameters = _PARAMETERS.match(text, at)
            if parameters:
                count, at = parameters[1].count("#"), parameters.end()
        elif number := _COUNT.match(text, at):
            count, at = int(number[1]), number.end()
            if given := _DEFAULT.match(text, at):
                default, at = given[1], given.end()
        body, at = _argument(text, at)
        if how == "DeclareMathOperator":
            body = rf"\operatorname{{{body}}}"
        if how != "providecommand" or head[1] not in self._macros.keys() - _USUAL.keys():
            self._macros[head[1]] = _Macro(body, count, default)
        return at


def _is_escaped(text: str, at: int) -> bool:
    r"""Whether the backslash belongs to a line break, `\\R`."""
    return at > 0 and text[at - 1] == "\\"


def _filled(macro: _Macro, text: str, at: int) -> tuple[str, int]:
    """The body with the arguments that follow, and where they end."""
    arguments = []
    if macro.default is not None:
        given = _DEFAULT.match(text, at)
        arguments.append(given[1] if given else macro.default)
        at = given.end() if given else at
    while len(arguments) < macro.arguments:
        argument, at = _argument(text, at)
        arguments.append(argument)
    ended = None if macro.arguments else _NOTHING.match(text, at)  # `\name{} x` keeps the space
    at = ended.end() if ended else at
    body = macro.body
    if body.count("#") * max(map(len, arguments), default=0) > LENGTH:
        raise Unread("a macro that calls itself, or grows too much")

    def put(found: re.Match[str]) -> str:
        number = int(found[1])
        # A command must not swallow the letter that follows.
        return f" {arguments[number - 1]} " if 0 < number <= len(arguments) else found[0]

    return re.sub(r"#(\d)", put, body) + " ", at


def _argument(text: str, at: int) -> tuple[str, int]:
    """The group or the one token that stands at a place, and where it ends."""
    first = _TOKEN.match(text, at)
    if first is None:
        raise Unread("a macro without its argument")
    if first[1] != "{":
        return first[1], first.end()
    depth, here = 1, first.end()
    while brace := _BRACE.search(text, here):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        here = brace.end()
        if not depth:
            return text[first.end() : brace.start()], here
    raise Unread("a brace { is never closed")
