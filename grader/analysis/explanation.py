"""What a student wrote beside code, for the person who reads it: whether it is there, and what it mentions."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.theory.words import tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbformat import NotebookNode

WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
ENOUGH = 8
"""Words. Less is a heading, or a label, but explains nothing."""
SHOWN = 1500
"""Characters."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Text cells and comments, without those that the blank notebook has."""

    text: str
    mentions: tuple[str, ...] = ()
    """Which topics it touches."""

    @property
    def words(self) -> int:
        return len(WORD.findall(self.text))

    def __str__(self) -> str:
        if not self.words:
            return "None was found. The assignment asks for a brief one."
        size = "1 word" if self.words == 1 else f"{self.words} words"
        short = "" if self.words >= ENOUGH else ", too short to explain anything"
        topics = f"; mentioned: {', '.join(self.mentions)}" if self.mentions else ""
        cut = self.text[:SHOWN] + (" […]" if len(self.text) > SHOWN else "")
        return f"{size}{short}{topics}.\n\n{cut}"


def read(
    cells: Iterable[NotebookNode], given: Iterable[NotebookNode], topics: Mapping[str, Iterable[str]]
) -> Explanation:
    """Collect the explanation from the cells of an answer.

    Args:
        cells: a question's, of the student.
        given: those of the blank notebook; what stands there explains nothing.
        topics: for each its words, as `grader.theory.tags` takes them.
    """
    known = {line for cell in given for line in _lines(cell)}
    text = "\n".join(line for cell in cells for line in _lines(cell) if line not in known)
    return Explanation(text, tags(text, topics))


def _lines(cell: NotebookNode) -> Iterator[str]:
    lines = _comments(cell.source) if cell.cell_type == "code" else cell.source.splitlines()
    return (line.strip() for line in lines if line.strip())


def _comments(source: str) -> Iterator[str]:
    """The comments of code; those before the first error, if it is none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    try:
        for token in tokens:
            if token.type == tokenize.COMMENT:
                yield token.string.lstrip("#!% ")
    except (tokenize.TokenError, SyntaxError):
        return
