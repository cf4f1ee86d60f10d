"""A student's explanation of code, for the person who reads it: whether it is there, and what it mentions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.source import comments
from grader.theory.words import tags

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from nbformat import NotebookNode

WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
ENOUGH = 8
"""Words. Less is a heading, or a label, but explains nothing."""
SHOWN = 1500
"""Characters."""
LONGEST = 100_000
"""Characters of an answer that are read."""


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
            return "None was found."
        size = "1 word" if self.words == 1 else f"{self.words} words"
        short = "" if self.words >= ENOUGH else ", too short to explain anything"
        topics = f"; mentioned: {', '.join(self.mentions)}" if self.mentions else ""
        cut = self.text[:SHOWN] + (" […]" if len(self.text) > SHOWN else "")
        return f"{size}{short}{topics}.\n\n{cut}"


def read(
    cells: Iterable[NotebookNode], given: Container[str], topics: Mapping[str, Iterable[str]]
) -> Explanation:
    """Collect the explanation from the cells of an answer.

    Args:
        cells: a question's, of the student.
        given: the lines of the blank notebook, which explain nothing.
        topics: for each its words, as `grader.theory.tags` takes them.
    """
    text = "\n".join(line for line in lines(cells) if line not in given)
    return Explanation(text, tags(text, topics))


def lines(cells: Iterable[NotebookNode]) -> Iterator[str]:
    """The words in cells: text, and comments of code."""
    left = LONGEST
    for cell in cells:
        source = cell.source[:left]
        left -= len(source)
        lines = comments(source) if cell.cell_type == "code" else source.splitlines()
        yield from (line.strip() for line in lines if line.strip())
