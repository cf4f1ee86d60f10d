"""What a rubric's tests are given: a student's `Work`, the `Reference`, and `Exhibits` for the report.

All of it is read from what an execution left behind; nothing a student wrote runs here.
"""

from __future__ import annotations

import hashlib
import math
import re
import statistics
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import nbformat

from grader import evidence
from grader.analysis import collaborators, explanation
from grader.analysis.screen import shown
from grader.assignment.cells import CellMarks
from grader.errors import HarnessError
from grader.evidence import NOTHING, Evidence, Round, Value
from grader.judging import answers, sections
from grader.model import Document, Ending, Execution, FoundBy, Passage
from grader.source import displays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nbformat import NotebookNode

    from grader.analysis.explanation import Explanation
    from grader.assignment import Assignment


_SAME = re.compile(r"\\[()\[\]]|[\s$*`]")
"""What makes no difference between two answers."""


@dataclass(frozen=True)
class Answer:
    """A student's answer to one question: the cells, and what they showed when they ran."""

    found_by: FoundBy
    cells: tuple[int, ...]
    notebook: NotebookNode

    @property
    def found(self) -> bool:
        return bool(self.cells)

    @property
    def source(self) -> str:
        return "\n\n".join(self.notebook.cells[index].source for index in self.cells)

    @property
    def markdown(self) -> str:
        """The text of its markdown cells alone."""
        texts = (self.notebook.cells[index] for index in self.cells)
        return "\n\n".join(cell.source for cell in texts if cell.cell_type == "markdown")

    @property
    def text(self) -> str:
        """All text that it printed, returned or displayed, as read on the screen; no tracebacks or warnings."""
        return "\n".join(text for output in self._outputs() for text in shown(output))

    @property
    def error(self) -> str:
        """The first exception one of its cells ended with, as `Type: message`, or nothing."""
        raised = (output for output in self._outputs() if output.output_type == "error")
        return next((f"{output.ename}: {output.evalue}" for output in raised), "")

    @property
    def pictures(self) -> int:
        """How many pictures it displayed."""
        return sum("image/png" in output.get("data", {}) for output in self._outputs())

    def _outputs(self) -> Iterable[Any]:
        for index in self.cells:
            yield from self.notebook.cells[index].get("outputs", ())


@dataclass(frozen=True, eq=False)
class Work:
    """All that one run of one notebook showed: a student's, or the reference's with one seed.

    Equal to itself alone, so that a rubric may `functools.cache` what it computes from one.
    """

    assignment: Assignment
    notebook: NotebookNode
    ending: Ending
    detail: str = ""
    evidence: Evidence = NOTHING
    profile: str = "full"
    listed: Mapping[str, str] = field(default_factory=dict)
    consulted: set[str] = field(default_factory=set)
    """Holds ``"roster"`` once the running check has looked there."""
    probed: tuple[Round, ...] = ()
    """What the rubric's probes were given, and what came back."""
    documents: tuple[Document, ...] = ()
    """The files beside the notebook in which questions may be answered."""
    reading: int = 0
    """Which of several different answers to a question counts: the notebook's is the first."""

    @classmethod
    def of(
        cls,
        execution: Execution,
        assignment: Assignment,
        *,
        profile: str,
        roster: Mapping[str, str] | None = None,
    ) -> Work:
        """Read what an execution left behind.

        Raises:
            EvidenceError: the evidence is corrupt or forged.
            OSError: a file is gone.
        """
        stored = execution.evidence
        return cls(
            assignment=assignment,
            notebook=nbformat.read(execution.notebook, as_version=4),  # type: ignore[no-untyped-call]  # nbformat has no types
            ending=execution.ending,
            detail=execution.detail,
            evidence=evidence.load(stored) if stored.exists() else NOTHING,
            probed=evidence.rounds(execution.probed.read_bytes()) if execution.probed.exists() else (),
            profile=profile,
            listed=roster or {},
            documents=execution.documents,
        )

    @property
    def roster(self) -> Mapping[str, str]:
        """What the course knows of this student beyond the notebook, say ``{"participated": "yes"}``."""
        self.consulted.add("roster")
        return self.listed

    @cached_property
    def _answers(self) -> dict[str, answers.Located]:
        return answers.find(self.notebook, self.assignment)

    def answer(self, question: str) -> Answer:
        found = self._answers[question]
        return Answer(found.found_by, found.cells, self.notebook)

    def doubt(self, question: str) -> str:
        """Why an answer may stand where it could not be judged, in a sentence; nothing if it does not."""
        partial = [passage for passage in self.passages(question) if sections.includes_a_file(passage)]
        if partial and self.is_in_file(question):
            return f"The answer in {partial[0]} includes another file, so a person has to read it."
        return self._answers[question].doubt

    def is_in_file(self, question: str) -> bool:
        """Is a question answered in a file and not in the notebook?"""
        is_missing = self.is_blank(question) or not self._in_cells(question)
        return is_missing and bool(self.passages(question))

    def is_blank(self, question: str) -> bool:
        """Are the cells of this question as they were handed out, without a solution?"""
        return self._answers[question].blank

    def defines(self, question: str) -> bool:
        """Did any cell of the run define a name that this question asks for?"""
        return any(self.evidence.values(name) for name in self.assignment.names[question])

    @cached_property
    def from_kit(self) -> bool:
        """Was the notebook made from the assignment's?"""
        return answers.from_kit(self.notebook, self.assignment)

    def written(self, question: str) -> str:
        """What was written for a question: in its cells, code or not, else below its heading in a file.

        Empty if there is nothing but what the blank notebook already says.
        """
        versions = self.versions(question)
        return versions[min(self.reading, len(versions) - 1)] if versions else ""

    def versions(self, question: str) -> tuple[str, ...]:
        """All answers that were written, the notebook's first; those that say the same count once.

        Code in the notebook is the only one: what a file says of it is a report on it.
        """
        own = "" if self.is_in_file(question) else self._in_cells(question)
        if own and not answers.asks_for_prose(question, self.assignment):
            return (own,)
        found: dict[str, str] = {}
        for text in filter(None, (own, *(passage.text for passage in self.passages(question)))):
            found.setdefault(_SAME.sub("", text), text)
        return tuple(found.values())

    def passages(self, question: str) -> tuple[Passage, ...]:
        """The answers to a question in files beside the notebook."""
        return self._passages.get(question, ())

    @cached_property
    def _passages(self) -> dict[str, tuple[Passage, ...]]:
        return sections.found(self.documents, self.assignment)

    def _in_cells(self, question: str) -> str:
        given = {cell.source.strip() for cell in self.assignment.template.cells}
        cells = (self.notebook.cells[index] for index in self.answer(question).cells)
        return "\n\n".join(cell.source for cell in cells if cell.source.strip() not in given).strip()

    def code(self, question: str) -> str:
        """Which answer this is: the same for the same cells and passages of files; empty if there is none."""
        written = () if self.is_blank(question) else self.answer(question).cells
        parts = [
            (self.notebook.cells[index].cell_type, self.notebook.cells[index].source) for index in written
        ]
        parts += [("file", passage.text) for passage in self.passages(question)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:10] if parts else ""

    def own_source(self, question: str) -> str:
        """The source of a question's cells, without the lines that the blank notebook has in its cells for it.

        Where nothing is left of them, what was written in a file.
        """
        given = _lines_given_for(self.assignment, question)
        lines = self.answer(question).source.splitlines()
        own = "\n".join(line for line in lines if not line.strip() or line.strip() not in given).strip()
        return own or next((passage.text for passage in self.passages(question)), "")

    def explanation(self, question: str, topics: Mapping[str, Iterable[str]]) -> Explanation:
        """What was written beside the code of a question, and which `topics` it mentions."""
        cells = [self.notebook.cells[index] for index in self.answer(question).cells]
        return explanation.read(cells, _given_lines(self.assignment), topics)

    @cached_property
    def collaborators(self) -> str:
        """The line in which the student acknowledges collaborators, or says that there were none."""
        given = _given_lines(self.assignment)
        lines = explanation.lines(self.notebook.cells)
        return collaborators.acknowledged(line for line in lines if line not in given)

    def value(self, name: str, question: str | None = None) -> Value | None:
        """What `name` was bound to once `question` had been answered; without one, at the end.

        A name that the answer never had is taken from the whole run: it may stand in another cell.
        """
        values = self.values(name, question)
        return values[-1] if values else None

    def values(self, name: str, question: str | None = None) -> tuple[Value, ...]:
        """All that `name` was bound to while `question` was being answered, oldest first; see `value`."""
        cells = self.answer(question).cells if question else ()
        every = self.evidence.values(name)
        during = tuple(value for value in every if value.cell in cells)
        before = tuple(value for value in every if cells and value.cell <= max(cells))
        return during or before[-1:] or every[-1:]

    def text_with(self, name: str) -> str:
        """What the cells that use a name printed, wherever they stand; those that the homework gives aside."""
        uses = re.compile(rf"\b{re.escape(name)}\b")
        return self._text_where(lambda code: uses.search(code) is not None)

    def text_displaying(self, *names: str) -> str:
        """What the cells printed that display one of these names, a part of it, or its size."""
        return self._text_where(lambda code: displays(code, names))

    def _text_where(self, wanted: Callable[[str], bool]) -> str:
        own = tuple(
            index
            for index, cell in enumerate(self.notebook.cells)
            if cell.cell_type == "code"
            and wanted(cell.source)
            and not answers.is_given(cell, self.assignment)
        )
        return Answer(FoundBy.NAMES, own, self.notebook).text

    def figures(self, question: str) -> tuple[Value, ...]:
        return tuple(figure for cell in self.answer(question).cells for figure in self.evidence.figures(cell))

    def rounds(self, name: str) -> tuple[Round, ...]:
        """What the rubric's probe of `name` was given and what came back, for its last definition."""
        every = [each for each in self.probed if each.probe == name]
        return tuple(each for each in every if each.conversation == every[-1].conversation)

    def probe(self, name: str) -> Value | None:
        """What came back last from the rubric's probe of `name`."""
        rounds = self.rounds(name)
        return rounds[-1].outcome if rounds else None


@lru_cache(maxsize=8)
def _given_lines(assignment: Assignment) -> frozenset[str]:
    return frozenset(explanation.lines(assignment.template.cells))


@lru_cache(maxsize=64)
def _lines_given_for(assignment: Assignment, question: str) -> frozenset[str]:
    cells = [(CellMarks.of(cell), cell.source) for cell in assignment.template.cells]
    sources = (source for marks, source in cells if question in (marks.question, marks.prompt))
    return frozenset(line.strip() for source in sources for line in source.splitlines())


@dataclass(frozen=True, slots=True)
class Band:
    """What a figure of the reference does over its seeds, and how far a right answer may be from it."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g}"


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference solution, run once with each seed; `first` has the student's own seed."""

    runs: tuple[Work, ...]

    @property
    def first(self) -> Work:
        return self.runs[0]

    def band(self, measure: Callable[[Work], float], *, floor: float) -> Band:
        """The measured spread of a figure over the seeds, widened to six standard deviations each way.

        Three runs estimate a standard deviation within a factor of about two, hence six rather than three;
        `floor` is the least half-width, for figures that hardly vary.
        """
        values = [measure(run) for run in self.runs]
        if not all(map(math.isfinite, values)):
            raise HarnessError("The reference has no such figure.")
        centre = statistics.fmean(values)
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        half = max(floor, 6 * deviation)
        return Band(centre - half, centre + half)
