"""A LaTeX file as lines of text: its comments, preamble and layout left out, its macros set aside."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from grader.theory.latex.fuel import Unread
from grader.theory.latex.macros import expanded

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_MACRO = 500
MOST_MACROS = 200
_COMMENT = re.compile(r"(?<!\\)(?:\\\\)*+%.*")
_LEFT_OUT = re.compile(r"\\(?:begin\{(comment)\}|(iffalse)\b)")
_MACRO = re.compile(
    r"\\(?:(?:re|provide)?newcommand|DeclareMathOperator|def)\*?\s{0,9}\{?\s{0,9}\\([a-zA-Z]{1,50})(?![a-zA-Z])\s{0,9}\}?"
)
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_LAYOUT = re.compile(
    r"\\(?:maketitle|tableofcontents|newpage|clearpage|pagebreak|bigskip|medskip|smallskip|noindent|centering)\b"
    r"|\\(?:label|vspace|hspace)\*?\{[^{}\n]{0,100}\}"
    r"|\\(?:begin|end)\{(?:enumerate|itemize)\}(?:\[[^\[\]\n]{0,100}\])?"
)
_ENDS = {"comment": "\\end{comment}", "iffalse": "\\fi"}


def body(source: str) -> Iterator[tuple[int, str]]:
    """The lines between the beginning and the end of the document, with their numbers from 1."""
    is_document = "\\begin{document}" in source
    inside, hidden = not is_document, ""
    for number, line in enumerate(source.splitlines(), start=1):
        text = _COMMENT.sub("", line)
        if hidden:
            _, end, text = text.partition(hidden)
            hidden = "" if end else hidden
        elif found := _LEFT_OUT.search(text):
            ending = _ENDS[found[1] or found[2]]
            _, end, rest = text[found.end() :].partition(ending)
            hidden, text = "" if end else ending, text[: found.start()] + rest
        if not inside:
            _, begun, text = text.partition("\\begin{document}")
            inside = bool(begun)
        if inside:
            text, end, _ = text.partition("\\end{document}") if is_document else (text, "", "")
            yield number, _LAYOUT.sub(" ", text)
            if end:
                return


def macros(source: str) -> dict[str, str]:
    """The definitions of a file by the names that they define; what is too long for one is none."""
    found: dict[str, str] = {}
    for match in islice(_MACRO.finditer(source), MOST_MACROS):
        if end := _end_of_group(source, match.end()):
            found[match[1]] = source[match.start() : end]
    return found


def with_macros(text: str, known: dict[str, str]) -> str:
    """A text with the macros of its file carried out; where that fails, the ones that it uses stand before it."""
    used: dict[str, str] = {}
    left = [text]
    while left:
        for name in _COMMAND.findall(left.pop()):
            if name in known and name not in used:
                used[name] = known[name]
                left.append(known[name].split(name, 1)[1])
    if not used:
        return text
    whole = "\n".join([*used.values(), text])
    try:
        return expanded(whole).strip()
    except Unread:
        return whole


def group(text: str, begin: int) -> tuple[str, str]:
    """What stands between the brace at a place and the one that closes it in this line, and what follows."""
    end = _end_of_group(text, begin, len(text))
    return (text[begin + 1 : end - 1], text[end:]) if end else (text[begin + 1 :], "")


def _end_of_group(text: str, at: int, most: int = LONGEST_MACRO) -> int:
    """Where the first group from a place on ends; 0 if it is not closed within `most` characters."""
    depth = 0
    for place in range(at, min(at + most, len(text))):
        if text[place] == "{" and text[place - 1] != "\\":
            depth += 1
        elif text[place] == "}" and text[place - 1] != "\\":
            depth -= 1
            if depth == 0:
                return place + 1
    return 0
