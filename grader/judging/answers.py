"""Which cells answer which question.

A cell belongs to a question by what it says of itself: its metadata, else a marker in its own text, else
the names it defines or uses, else the marker of the prompt above it. A question that has no cell yet takes
the one that is closest to the blank template's. What the homework gives belongs to none.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.assignment.cells import CellMarks
from grader.judging.given import Given
from grader.judging.likeness import Text
from grader.judging.markers import LONGEST_LINE, marker, only_names_a_question
from grader.model import FoundBy
from grader.source import Bindings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from nbformat import NotebookNode

    from grader.assignment import Assignment

CLOSE = 0.6
"""From this similarity on a cell counts as a reworked cell of the template."""


@dataclass(frozen=True, slots=True)
class Located:
    """The cells of a notebook that answer a question."""

    question: str
    cells: tuple[int, ...]
    found_by: FoundBy
    doubt: str = ""
    """Why an answer may be there that nobody judged: the type of its cell, or its tag."""
    blank: bool = False
    """All its cells are the template's, as they were handed out without a solution."""


def find(notebook: NotebookNode, assignment: Assignment) -> dict[str, Located]:
    """The answer to each question; one without any cell is `FoundBy.NOT_FOUND`."""
    finder = _finder(assignment)
    claims = finder.claims(notebook.cells)
    claims |= finder.closest(notebook.cells, claims)
    located = [_collect(question.id, claims) for question in assignment.questions]
    return {
        each.question: replace(
            each, doubt=finder.doubt(each, notebook.cells), blank=finder.is_unanswered(each, notebook.cells)
        )
        for each in located
    }


def from_kit(notebook: NotebookNode, assignment: Assignment) -> bool:
    """Was this notebook made from the assignment's, whose prompts or tags are still there?"""
    return _finder(assignment).from_kit(notebook.cells)


def is_given(cell: NotebookNode, assignment: Assignment) -> bool:
    """Does the homework give this cell as it is, or almost?"""
    return _finder(assignment).is_given(cell)


def asks_for_prose(question: str, assignment: Assignment) -> bool:
    """Is the assignment's own cell for the answer a Markdown cell, so that no code has to be run for it?"""
    return _finder(assignment).types(question) == {"markdown"}


def is_prompt(text: str, question: str, assignment: Assignment) -> bool:
    """Does a text only repeat what a question asks?"""
    return _finder(assignment).repeats_prompt(text, question)


Claim = tuple[str, FoundBy]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a cell says of its question, each None if it says nothing."""

    own: Claim | None
    """By its metadata or a marker in its text."""
    section: str | None
    """The question whose prompt stands above it."""
    named: str | None = None
    """The question whose names it defines."""
    names: tuple[AbstractSet[str], ...] = ()
    """What it defines: for the first time, at all, and in loops."""
    used: frozenset[str] = frozenset()
    """What it only uses."""
    given: bool = False
    """Empty, or a cell that the template gives as it is."""
    blank: bool = False
    """Given, or a place for an answer that was left as it was."""


@lru_cache(maxsize=8)
def _finder(assignment: Assignment) -> _Finder:
    return _Finder(assignment)


@lru_cache(maxsize=1_000)
def _is_given(finder: _Finder, source: str, *, is_code: bool) -> bool:
    """Kept, since each cell is asked about for several questions and by several checks."""
    return finder.gives(source, is_code=is_code)


class _Finder:
    def __init__(self, assignment: Assignment) -> None:
        self._order = [question.id for question in assignment.questions]
        # The longest first: "1a" before "1".
        self._ids = sorted(self._order, key=len, reverse=True)
        self._names = {name: question for question, names in assignment.names.items() for name in names}
        marked = [(CellMarks.of(cell), cell) for cell in assignment.template.cells]
        self._prompts = {
            marks.prompt: cell.source.strip() for marks, cell in marked if marks.prompt is not None
        }
        self._blanks = [(marks.question, cell) for marks, cell in marked if marks.question is not None]
        given = [cell for marks, cell in marked if marks.question is None]
        self._given = [Text.of(cell.source) for cell in given]
        self._unsolved = [
            Text.of(cell.source)
            for cell, solved in zip(assignment.template.cells, assignment.solved.cells, strict=True)
            if CellMarks.of(cell).question is not None and cell.source != solved.source
        ]
        self._types = {
            question: frozenset(cell.cell_type for own, cell in self._blanks if own == question)
            for question in self._order
        }
        self._blank = [Text.of(cell.source) for _, cell in self._blanks]
        self._statements = Given.of(
            [*assignment.given, *(cell.source for cell in given if cell.cell_type == "code")],
            [cell.source for _, cell in self._blanks if cell.cell_type == "code"],
            frozenset(assignment.watched),
        )

    def claims(self, cells: Sequence[NotebookNode]) -> dict[int, Claim]:
        readings = self._readings(cells)
        settled = {
            question for reading in readings.values() if (question := _settles(reading)) and not reading.blank
        }
        found: dict[int, Claim] = {}
        previous: str | None = None
        for index, reading in readings.items():
            claim = self._decide(reading, settled, previous)
            if claim is not None:
                found[index] = claim
            if cells[index].cell_type == "code" and cells[index].source.strip():
                previous = claim[0] if claim else None
        return found

    def types(self, question: str) -> frozenset[str]:
        """The types of the cells that the template has for an answer."""
        return self._types.get(question, frozenset())

    def repeats_prompt(self, text: str, question: str) -> bool:
        return Text.of(text).likeness(Text.of(self._prompts.get(question, "")), CLOSE) >= CLOSE

    def doubt(self, answer: Located, cells: Sequence[NotebookNode]) -> str:
        """Why the answer to a question may stand where it could not be judged; nothing if it does not."""
        types = self.types(answer.question)
        written = [index for index in answer.cells if not self.is_blank(cells[index])]
        others = [index for index in written if types and cells[index].cell_type not in types]
        for index in others:
            cell = cells[index]
            tagged = CellMarks.of(cell).question == answer.question
            if tagged or (len(others) == len(written) and self._may_answer(cell, answer.question)):
                return (
                    f"Cell {index + 1} is a {cell.cell_type} cell, not a {' or '.join(sorted(types))} cell, "
                    "so a person has to read it."
                )
        for index, cell in enumerate(cells) if not written else ():
            tag = CellMarks.of(cell).question
            other = tag in self._ids and tag != answer.question and not self.is_blank(cell)
            if other and self._claims(cell, answer.question):
                return f"Cell {index + 1} may answer this question, but it is tagged as an answer to {tag}."
        return ""

    def is_unanswered(self, answer: Located, cells: Sequence[NotebookNode]) -> bool:
        """Is there nothing in the cells of an answer but what was handed out?"""
        own = [cells[index] for index in answer.cells if cells[index].source.strip()]
        texts = [Text.of(cell.source) for cell in own if not self.is_given(cell)]
        return bool(answer.cells) and all(text in self._unsolved for text in texts)

    def from_kit(self, cells: Sequence[NotebookNode]) -> bool:
        return any(self._prompt(cell, None) or CellMarks.of(cell).question in self._ids for cell in cells)

    def is_blank(self, cell: NotebookNode) -> bool:
        """Is this cell as the template has it, or empty?"""
        return self.is_given(cell) or Text.of(cell.source).is_one_of(self._blank)

    def _may_answer(self, cell: NotebookNode, question: str) -> bool:
        """May this be an answer in a cell of the wrong type? Text beside code mostly is not."""
        return cell.cell_type != "markdown" or question in self._names_of(Bindings.of(cell.source).assigned)

    def _claims(self, cell: NotebookNode, question: str) -> bool:
        """Does a cell, whatever its tag, define names of a question or begin with its marker?"""
        if marker(cell.source, self._ids) == question:
            return True
        return cell.cell_type == "code" and question in self._names_of(Bindings.of(cell.source).assigned)

    def is_given(self, cell: NotebookNode) -> bool:
        """Is this a cell that the homework gives, or one that was hardly edited?"""
        return _is_given(self, str(cell.source), is_code=cell.cell_type == "code")

    def gives(self, source: str, *, is_code: bool) -> bool:
        text = Text.of(source)
        if not source.strip() or text.is_one_of(self._given):
            return True
        return is_code and not text.is_one_of(self._blank) and self._statements.has(source)

    def closest(self, cells: Sequence[NotebookNode], taken: Mapping[int, Claim]) -> dict[int, Claim]:
        """For each question without a cell, the free cell most like its blank, if it is close at all."""
        answered = {question for question, _ in taken.values()}
        found: dict[int, Claim] = {}
        free = {
            index: Text.of(cell.source)
            for index, cell in enumerate(cells)
            if index not in taken and cell.source.strip()
        }
        free = {index: text for index, text in free.items() if not self.is_given(cells[index])}
        for question, blank in self._blanks:
            if question in answered:
                continue
            wanted = Text.of(blank.source)
            likeness, index = max(
                (
                    (text.likeness(wanted, CLOSE), -index)
                    for index, text in free.items()
                    if index not in found and cells[index].cell_type == blank.cell_type
                ),
                default=(0.0, 0),
            )
            if likeness >= CLOSE:
                found[-index] = question, FoundBy.CLOSENESS
                answered.add(question)
        return found

    def _readings(self, cells: Sequence[NotebookNode]) -> dict[int, _Reading]:
        """What each cell that may be an answer says; prompts and headings are none."""
        found: dict[int, _Reading] = {}
        section: str | None = None
        known: set[str] = set()
        for index, cell in enumerate(cells):
            named = marker(cell.source, self._ids)
            prompted = self._prompt(cell, named)
            if prompted is not None:
                section = prompted
                if self._answers_below_its_prompt(cell, prompted):
                    found[index] = _Reading((prompted, FoundBy.MARKER), section)
            elif self._is_heading(cell, named):
                section = named
            else:
                found[index] = reading = self._reading(cell, named, section, known)
                if not reading.blank:
                    known.update(*reading.names)
                if reading.own is not None and reading.own[0] != section:
                    section = None  # the section above ended with this answer to another question
        return found

    def _reading(
        self, cell: NotebookNode, marked: str | None, section: str | None, known: AbstractSet[str]
    ) -> _Reading:
        own, question = None, CellMarks.of(cell).question
        if question in self._ids:
            own = str(question), FoundBy.METADATA
        elif marked is not None:
            own = marked, FoundBy.MARKER
        given, blank = self.is_given(cell), self.is_blank(cell)
        if cell.cell_type == "markdown" or (cell.cell_type == "raw" and section is not None):
            return _Reading(own, section, given=given, blank=blank)
        bindings = Bindings.of(cell.source)
        names = bindings.assigned - known, bindings.assigned, bindings.looped
        used = bindings.used - bindings.assigned - bindings.looped
        return _Reading(own, section, self._voted(names), names, used, given, blank)

    def _decide(self, reading: _Reading, settled: AbstractSet[str], previous: str | None) -> Claim | None:
        if reading.own is not None:
            return reading.own
        if reading.given:
            return None
        # A name of a question that is answered where it was asked is only used again here.
        elsewhere = settled - {reading.section}
        if named := self._voted(reading.names, elsewhere):
            return named, FoundBy.NAMES
        if reading.section is not None:
            return reading.section, FoundBy.MARKER
        if reading.named is None:
            elsewhere -= {previous}  # what shows the result of the cell right above belongs to it
        built_on = self._order[: self._order.index(reading.named) + 1] if reading.named else []
        used = set(self._names_of(reading.used)) - elsewhere - {*built_on}
        return (max(used, key=self._order.index), FoundBy.NAMES) if used else None

    def _prompt(self, cell: NotebookNode, named: str | None) -> str | None:
        """The question whose prompt this cell is, though it may have been moved or lost its metadata."""
        if cell.cell_type != "markdown":
            return None
        marks = CellMarks.of(cell)
        if marks.prompt in self._prompts:
            return marks.prompt
        if marks.question in self._ids:
            return None
        source = cell.source.strip()
        for question, text in self._prompts.items():
            if source.startswith(text[:60]):
                return question
        return named if named and only_names_a_question(source) else None

    def _is_heading(self, cell: NotebookNode, named: str | None) -> bool:
        """Does a new section begin here? An answer may well begin with a heading of its own."""
        source = cell.source.strip()
        if cell.cell_type != "markdown" or not source.startswith("## "):
            return False
        if CellMarks.of(cell).question in self._ids:
            return False
        has_text = "\n" in source or re.search(r"[$=\\]", source[:LONGEST_LINE])
        return not has_text or self.is_given(cell) or (named is None and bool(re.match(r"##\s+\d", source)))

    def _answers_below_its_prompt(self, cell: NotebookNode, question: str) -> bool:
        """Did the student write the answer into the prompt's own cell?"""
        source, prompt = str(cell.source).strip(), self._prompts.get(question, "")
        if not prompt or prompt in source:
            return bool(prompt) and source != prompt
        # The prompt was changed: by a few words, or by an answer?
        return source.startswith(prompt[:60]) and len(source) > 1.2 * len(prompt)

    def _voted(
        self, names: Iterable[AbstractSet[str]], without: AbstractSet[str] = frozenset()
    ) -> str | None:
        """The question most of whose names these are, by the first of `names` that has any of a question.

        Of two that are even it is the later one, which builds on the other.
        """
        for some in names:
            votes = Counter(question for question in self._names_of(some) if question not in without)
            if votes:
                return max(votes, key=lambda question: (votes[question], self._order.index(question)))
        return None

    def _names_of(self, names: AbstractSet[str]) -> list[str]:
        return [self._names[name] for name in names if name in self._names]


def _settles(reading: _Reading) -> str | None:
    """The question that a cell certainly answers: it says so, or its place and its names agree."""
    if reading.own is not None:
        return reading.own[0]
    return reading.named if reading.named == reading.section else None


def _collect(question: str, claims: Mapping[int, Claim]) -> Located:
    own = {index: rule for index, (claimed, rule) in sorted(claims.items()) if claimed == question}
    order = list(FoundBy)
    rule = min(own.values(), key=order.index, default=FoundBy.NOT_FOUND)
    return Located(question, tuple(own), rule)
