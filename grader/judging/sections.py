"""The answers in files beside a notebook, found by their headings.

Only what is certain is read: what stands below a heading that may be of several questions, or of none, is left to a
person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from grader.judging import answers, latex, markers
from grader.judging.markers import LONGEST_LINE, WORD
from grader.model import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from grader.assignment import Assignment
    from grader.model import Document

MOST_LINES = 20_000
"""Nobody writes that many; a longer file is left to a person."""
LONGEST_TITLE = 60
"""Characters of a line that begins a problem."""
HIGH = 2
"""Up to this level a heading ends the problem before it: `\\section`, `##`."""
PLAIN = 9
"""The level of a marker that is no heading: every heading ends what it began."""
_LEVELS = {
    name: level
    for level, name in enumerate(
        ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
    )
}
_COMMANDS = "|".join(_LEVELS)
_BEFORE_HEADING = re.compile(rf"(?=\\(?:{_COMMANDS})\*?\s?[\[{{])")
_HEADING = re.compile(rf"\s*+\\({_COMMANDS})\*?\s?(?:\[[^\[\]]{{0,100}}\])?(?=\{{)")
_HASHES = re.compile(r" {0,3}(#{1,6})(?:[ \t]++|$)")
_UNDERLINE = re.compile(r" {0,3}(?:(={3,})|-{3,})[ \t]*+")
_FENCE = re.compile(r"\s*+(?:`{3}|~{3})")
_LISTING = re.compile(r"\\(begin|end)\s?\{(?:verbatim|lstlisting|minted)\*?\}")
_TEX = re.compile(r"(\\textbf\s?\{)|(\})|\\[a-zA-Z]++\*?|\\[,; ]|[{~]")
_FRAME = re.compile(r"\\(?:begin|end)\s?\{[a-zA-Z]{1,20}\*?\}|\\item\b")
"""What says nothing by itself."""
_NUMBER = re.compile(rf"[#>*_\s(\[]*+({WORD})?[*_(\[]*+(\d{{1,3}})(?![^\W_]|\.\d)", re.IGNORECASE)
_LETTER = re.compile(r"[\s*_\[]*+(?:part\s)?[\s*_\[]*+(\()?([a-z])(?![^\W_])[ \t]*+([.):\]])?", re.IGNORECASE)
_FOREIGN = re.compile(r"\s*+(?:[^\W\d_]{2,30}[\s.:]{1,5}){1,3}+")
_SOLUTION = re.compile(r"\\(begin|end)\s?\{(?:solution|answer)\*?\}")
_INCLUDES = re.compile(r"\\(?:input|include|subfile)\b")
SHORTEST_GIVEN = 12
"""Characters of a line that is recognised as the blank notebook's."""


def found(documents: Iterable[Document], assignment: Assignment) -> dict[str, tuple[Passage, ...]]:
    """For each question the answers to it, at most one a file."""
    passages: dict[str, list[Passage]] = {}
    for document in documents:
        if not document.is_pdf and PurePosixPath(document.name).stem.casefold() != "readme":
            for question, passage in _passages(document, assignment):
                passages.setdefault(question, []).append(passage)
    return {question: tuple(each) for question, each in passages.items()}


def includes_a_file(passage: Passage) -> bool:
    """Does it take in another file, which nobody reads?"""
    return _INCLUDES.search(passage.text) is not None


def _passages(document: Document, assignment: Assignment) -> Iterator[tuple[str, Passage]]:
    source = document.text
    if source.count("\n") + source.count("\r") > MOST_LINES:
        return
    is_tex = document.name.lower().endswith(".tex")
    ids = sorted((question.id for question in assignment.questions), key=len, reverse=True)
    reader = _Reader(ids, _titles(assignment))
    for number, line in _tex_lines(source) if is_tex else _lines(source):
        reader.read(number, line)
    known = latex.macros(source) if is_tex else {}
    given = _given_lines(assignment)
    for question, (number, lines) in reader.found.items():
        text = "\n".join(line for line in lines if line.strip() not in given).strip()
        text = _solutions(text)
        if re.search(r"\w", _FRAME.sub(" ", text)) and not answers.is_prompt(text, question, assignment):
            text = latex.with_macros(text, known) if known else text
            yield question, Passage(file=document.name, line=number, text=text)


@lru_cache(maxsize=8)
def _given_lines(assignment: Assignment) -> frozenset[str]:
    """The lines of the blank notebook."""
    sources = (cell.source for cell in assignment.template.cells)
    lines = (line.strip() for source in sources for line in source.splitlines())
    return frozenset(line for line in lines if len(line) >= SHORTEST_GIVEN)


def _titles(assignment: Assignment) -> dict[str, str]:
    """Questions by their titles, alone or behind the id; not by one that several have."""
    titles = [_words(question.title) for question in assignment.questions]
    alone = {
        _words(one.title): one.id for one in assignment.questions if titles.count(_words(one.title)) == 1
    }
    return alone | {_words(f"{one.id} {one.title}"): one.id for one in assignment.questions}


def _solutions(text: str) -> str:
    """What stands in the environments for answers, if there are any: the rest repeats the question."""
    parts = _SOLUTION.split(text)
    inside = [part for kind, part in zip(parts[1::2], parts[2::2], strict=True) if kind == "begin"]
    return "\n\n".join(map(str.strip, inside)) if inside else text


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    level: int | None = None
    """Of a heading, the lower the higher; None if it is none."""
    rest: str = ""
    """What stands behind a heading in the same line, or the line that underlines this one."""
    is_code: bool = False
    underlined: int = 0
    """The level that a line below gives it if it names a question; else both are text: a rule looks the same."""


def _lines(source: str) -> Iterator[tuple[int, _Line]]:
    """Markdown: a `#` in a block of code is a comment."""
    fenced, heads = False, False
    for number, (line, below) in enumerate(pairwise([*source.splitlines(), ""]), start=1):
        if heads:
            heads = False
            continue
        fence = _FENCE.match(line) is not None
        fenced ^= fence
        is_code = fenced or fence
        hashes = None if is_code else _HASHES.match(line)
        under = None if is_code or hashes else _UNDERLINE.fullmatch(below)
        if hashes:
            yield number, _Line(line[hashes.end() :], len(hashes[1]))
        elif under and line.strip() and len(line) < LONGEST_TITLE:
            heads = True
            yield number, _Line(line, rest=f"\n{below}", underlined=1 if under[1] else 2)
        else:
            yield number, _Line(line, is_code=is_code)


def _tex_lines(source: str) -> Iterator[tuple[int, _Line]]:
    listing = False
    for number, line in latex.body(source):
        for ends in _LISTING.finditer(line):
            listing = ends[1] == "begin"
        for part in [line] if listing else _BEFORE_HEADING.split(line):
            if not listing and (begun := _HEADING.match(part)):
                title, rest = latex.group(part, begun.end())
                yield number, _Line(title, _LEVELS[begun[1]], rest)
            else:
                yield number, _Line(part, is_code=listing)


@dataclass
class _Reader:
    """Reads a file line by line; `found` has for each question where its answer begins, and its lines."""

    ids: Sequence[str]
    titles: dict[str, str]
    found: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    _question: str | None = None
    _level: int = PLAIN
    _number: str = ""
    """Of a problem whose parts have letters, while its parts may follow."""

    def read(self, number: int, line: _Line) -> None:
        if line.is_code:
            self._keep(line)
            return
        is_heading = line.level is not None
        level = PLAIN if line.level is None else line.level
        plain = _TEX.sub(_blanked, line.text[: 2 * LONGEST_LINE])
        if named := self._named(plain, is_heading=is_heading or line.underlined > 0):
            question, end = named
            self._question, self._level = question, line.underlined or level
            behind = line.text[end:].lstrip(".:)]*_} \t")
            parts = ("" if _words(behind) in self.titles else behind, "" if line.underlined else line.rest)
            self.found.setdefault(question, (number, []))[1].extend(filter(str.strip, parts))
        elif self._begins_problem(plain, line.level) or (is_heading and level <= self._level):
            self._question = None
        else:
            self._keep(line)

    def _keep(self, line: _Line) -> None:
        if self._question is not None:
            self.found[self._question][1].extend((line.text + line.rest).split("\n"))

    def _named(self, plain: str, *, is_heading: bool) -> tuple[str, int] | None:
        """The question that a line names, and where that ends."""
        lead = "## " if is_heading else ""
        if direct := markers.named(lead + plain, self.ids, is_heading=is_heading):
            self._number = ""
            return direct[0], direct[1] - len(lead)
        if part := self._part(plain, is_heading=is_heading):
            return part
        if is_heading and (title := self.titles.get(_words(plain))):
            return title, len(plain)
        foreign = _FOREIGN.match(plain) if is_heading else None
        compound = [name for name in self.ids if not name.isdigit()]
        found = markers.named(plain[foreign.end() :], compound, is_heading=True) if foreign else None
        return (found[0], foreign.end() + found[1]) if foreign and found else None

    def _part(self, plain: str, *, is_heading: bool) -> tuple[str, int] | None:
        """A part by its letter alone, below the number of its problem."""
        part = _LETTER.match(plain) if self._number else None
        if part is None or not (part[3] or (is_heading and not plain[part.end() :].strip(" *"))):
            return None
        name = f"{self._number}{part[2].lower()}"
        return (name, part.end()) if name in self.ids else None

    def _begins_problem(self, plain: str, level: int | None) -> bool:
        """Does a problem begin here whose parts have letters? If this is no high heading, a word has to say so."""
        is_high = level is not None and level <= self._level
        number = _NUMBER.match(plain)
        if number is None or not (is_high or (number[1] and len(plain) < LONGEST_TITLE)):
            if level is not None and level <= HIGH:
                self._number = ""
            return False
        if not any(name[:-1] == number[2] and name[-1].isalpha() for name in self.ids):
            return False
        self._number = number[2]
        return True


def _blanked(command: re.Match[str]) -> str:
    """Commands without their names, as long as they were: bold is a marker, and so is its end."""
    return ("**" if command[1] else "*" if command[2] else "").rjust(len(command[0]))


def _words(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))
