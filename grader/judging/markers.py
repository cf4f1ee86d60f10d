"""The question that a text names: `Q4.5`, `**1a.**`, `# 4.5`, `Question 1 (a)`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_LINE = 200
HEADING = 8
"""A marker in a line of no more words than this, with no formula, is a heading for what comes below it."""
_ABROAD = (
    "aufgabe|frage|exercice|problème|ejercicio|pregunta|problema|esercizio|domanda|exercício|opgave|vraag"
)
"""What a question is called elsewhere; no word for a sheet of them, whose number is not a question's."""
WORD = rf"(?:question|problem|exercise|task|part|ex|q|answer(?: to)?|{_ABROAD})[\s.:#]*"
_STOP = re.compile(r"[ \t]*(?:[.:)\]*_]|$)")


def marker(text: str, ids: Iterable[str]) -> str | None:
    """The question that the first line of a cell names: `Q4.5`, `**1a.**`, `# 4.5`, `Question 1 (a)`."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")[:LONGEST_LINE]
    return next((name for name in ids if _pattern(name).match(line)), None)


def named(line: str, ids: Iterable[str], *, is_heading: bool) -> tuple[str, int] | None:
    """The question that a line of a file names, and where its marker ends.

    In running text what follows has to show that it is one, as in `1a)`, `(1a)` or `Problem 1 (a)`: "2a + b" is a
    formula.
    """
    for name in ids:
        if found := _pattern(name).match(line, 0, LONGEST_LINE):
            end = found.end()
            if is_heading or line[end - 1] == ")" or _STOP.match(line, end):
                return name, end
    return None


@cache
def _pattern(question: str) -> re.Pattern[str]:
    """A marker at the start of a line.

    What may as well number a list has to say more: a bare `3` needs a word, emphasis or a heading, and the
    letter of a spaced `1 a` needs parentheses or a stop behind it.
    """
    lead = rf"[#>*_\s(\[]*+(?:{WORD})?[*_(\[]*+"
    end = r"(?![^\W_]|\.\d)"
    if question.isdigit():
        stop = r"(?=\s*(?:[.:)\]*_]|$))"
        lead = rf"(?:##+\s*|[>\s]*\*\*|(?:[>\s#*_]*+{WORD}))[*_(\[]*+"
        return re.compile(rf"{lead}{question}{end}{stop}|#+\s*{question}[.:)]?\s*$", re.IGNORECASE)
    if match := re.fullmatch(r"(\d+)([a-z])", question):
        number, letter = match.groups()
        parted = rf"[.\s]*\(\s*{letter}\s*\)|\.?{letter}{end}|[.\s]+{letter}(?=\s*(?:[.:)\]*_]|$))"
        return re.compile(rf"{lead}{number}(?:{parted})", re.IGNORECASE)
    return re.compile(rf"{lead}{re.escape(question)}{end}", re.IGNORECASE)


def only_names_a_question(source: str) -> bool:
    """Is this cell, which begins with a marker, nothing but a heading: `### 2a`, `**1b.** The best vector`?"""
    return len(source[: 100 * HEADING].split()) <= HEADING and not re.search(r"\n|[$=\\]", source.strip())
