"""Which cells answer which question.

A cell belongs to a question by what it says of itself: its metadata, else a marker in its own text, else
the names it defines, else the marker of the prompt above it. A question that has no cell yet takes the one
that is closest to the blank template's.
"""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.model import FoundBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nbformat import NotebookNode

    from grader.assignment import Assignment

CLOSE = 0.6
"""From this similarity on a cell counts as a reworked cell of the template."""
SAME = 0.95


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    cells: tuple[int, ...]
    found_by: FoundBy


def find(notebook: NotebookNode, assignment: Assignment) -> dict[str, Answer]:
    """The answer to each question; one without any cell is `FoundBy.NOT_FOUND`."""
    finder = _Finder(assignment)
    claims = finder.claims(notebook.cells)
    claims |= finder.closest(notebook.cells, claims)
    return {question.id: _collect(question.id, claims) for question in assignment.questions}


def defined_names(source: str) -> frozenset[str]:
    """The names that a code cell binds at its top level or below `for`, `if`, `with` and the like."""
    try:
        tree = ast.parse(_without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(re.findall(r"^(?:def\s+)?(\w+)\s*(?:=(?!=)|\()", source, re.MULTILINE))
    return frozenset(_bound(tree.body))


def marker(text: str, ids: Iterable[str]) -> str | None:
    """The question that the first line of a cell names: `Q4.5`, `**1a.**`, `# 4.5`, `Question 1 (a)`."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return next((name for name in ids if _pattern(name).match(line)), None)


Claim = tuple[str, FoundBy]


class _Finder:
    def __init__(self, assignment: Assignment) -> None:
        # The longest first: "1a" before "1".
        self._ids = sorted((question.id for question in assignment.questions), key=len, reverse=True)
        self._names = {name: question for question, names in assignment.names.items() for name in names}
        cells = assignment.template.cells
        self._prompts: dict[str, str] = {
            cell.metadata["grader"]["prompt"]: cell.source
            for cell in cells
            if "prompt" in cell.metadata.get("grader", {})
        }
        self._blanks = [
            (cell.metadata["grader"]["question"], cell)
            for cell in cells
            if "question" in cell.metadata.get("grader", {})
        ]
        self._given = [cell.source for cell in cells if not _question(cell)]

    def claims(self, cells: Sequence[NotebookNode]) -> dict[int, Claim]:
        found: dict[int, Claim] = {}
        section: str | None = None
        for index, cell in enumerate(cells):
            named = marker(cell.source, self._ids)
            prompted = self._prompt(cell, named)
            if prompted is not None:
                section = prompted
                if self._answers_below_its_prompt(cell, prompted):
                    found[index] = prompted, FoundBy.MARKER
                continue
            if cell.cell_type == "markdown" and _is_heading(cell.source):
                section = named
                continue
            claim = self._claim(cell, named, section)
            if claim is not None:
                found[index] = claim
        return found

    def closest(self, cells: Sequence[NotebookNode], taken: Mapping[int, Claim]) -> dict[int, Claim]:
        """For each question without a cell, the free cell most like its blank, if it is close at all."""
        answered = {question for question, _ in taken.values()}
        found: dict[int, Claim] = {}
        for question, blank in self._blanks:
            if question in answered:
                continue
            free = [
                (_likeness(cell.source, blank.source), -index)
                for index, cell in enumerate(cells)
                if index not in taken and index not in found and cell.cell_type == blank.cell_type
                if cell.source.strip() and not self._is_given(cell.source)
            ]
            likeness, index = max(free, default=(0.0, 0))
            if likeness >= CLOSE:
                found[-index] = question, FoundBy.CLOSENESS
                answered.add(question)
        return found

    def _prompt(self, cell: NotebookNode, named: str | None) -> str | None:
        """The question whose prompt this cell is, though it may have been moved or lost its metadata."""
        if cell.cell_type != "markdown":
            return None
        prompt = cell.metadata.get("grader", {}).get("prompt")
        if isinstance(prompt, str) and prompt in self._prompts:
            return prompt
        if _question(cell) in self._ids:
            return None
        for question, text in self._prompts.items():
            if str(cell.source).strip().startswith(text.strip()[:60]):
                return question
        # A bare marker line is a heading for what follows.
        return named if named and len(cell.source.split()) <= 8 else None

    def _answers_below_its_prompt(self, cell: NotebookNode, question: str) -> bool:
        """Did the student write the answer into the prompt's own cell?"""
        prompt = self._prompts.get(question, "").strip()
        added = cell.source.replace(prompt, "", 1) if prompt and prompt in cell.source else ""
        return bool(added.strip())

    def _claim(self, cell: NotebookNode, named: str | None, section: str | None) -> Claim | None:
        own = _question(cell)
        if own in self._ids:
            return str(own), FoundBy.METADATA
        if named is not None:
            return named, FoundBy.MARKER
        if cell.cell_type == "code":
            by_names = self._by_names(cell.source)
            if by_names is not None:
                return by_names, FoundBy.NAMES
        if section is not None and cell.source.strip() and not self._is_given(cell.source):
            return section, FoundBy.MARKER
        return None

    def _by_names(self, source: str) -> str | None:
        """The question most of whose names this cell defines, unless two are even."""
        votes: dict[str, int] = {}
        for name in defined_names(source) & self._names.keys():
            votes[self._names[name]] = votes.get(self._names[name], 0) + 1
        ranked = sorted(votes.items(), key=lambda vote: vote[1], reverse=True)
        if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
            return None
        return ranked[0][0]

    def _is_given(self, source: str) -> bool:
        return any(_likeness(source, given) >= SAME for given in self._given)


def _collect(question: str, claims: Mapping[int, Claim]) -> Answer:
    own = {index: rule for index, (claimed, rule) in sorted(claims.items()) if claimed == question}
    order = list(FoundBy)
    rule = min(own.values(), key=order.index, default=FoundBy.NOT_FOUND)
    return Answer(question, tuple(own), rule)


def _question(cell: NotebookNode) -> str | None:
    facts = cell.metadata.get("grader", {})
    question = facts.get("question") if isinstance(facts, dict) else None
    return question if isinstance(question, str) else None


def _pattern(question: str) -> re.Pattern[str]:
    """A marker at the start of a line. A bare number needs emphasis, a heading or a word: lists have some."""
    word = r"(?:q|question|problem|part|exercise|ex|task|answer(?: to)?)"
    lead = rf"(?:[#>*_\s(\[]*)(?P<word>{word}[\s.:#]*)?[*_(\[]*"
    match = re.fullmatch(r"(\d+)([a-z])", question)
    core = rf"{match[1]}[\s.]*\(?\s*{match[2]}" if match else re.escape(question)
    if question.isdigit():
        lead = rf"(?:#+\s*|[>\s]*\*\*|[>\s#*_]*{word}[\s.:#]*)[*_(\[]*"
    return re.compile(rf"{lead}{core}(?![\w]|\.\d)", re.IGNORECASE)


def _is_heading(source: str) -> bool:
    return source.lstrip().startswith("## ")


def _likeness(one: str, other: str) -> float:
    if len(one) > 20_000 or len(other) > 20_000:
        return 0.0
    return difflib.SequenceMatcher(None, one.strip(), other.strip(), autojunk=False).ratio()


def _without_magics(source: str) -> str:
    return "\n".join(
        "pass" if line.lstrip()[:1] in "!%" and line.strip() else line for line in source.splitlines()
    )


def _bound(body: Sequence[ast.stmt]) -> Iterable[str]:
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
