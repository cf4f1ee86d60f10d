"""What an assignment is: questions, points, the master notebook, and what its notebooks need."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from grader import datasets, notebook
from grader.assignment.cells import CellMarks
from grader.assignment.solutions import HINTS, strip_solutions
from grader.course import Rules
from grader.errors import NotebookError
from grader.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode

PROBES = "probes.py"
INPUTS = "inputs.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, and what it is worth."""

    id: str
    title: str
    points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DataNeeds:
    """The toml's ``[data]``: what notebooks read."""

    source: datasets.Source = datasets.NOTHING
    """A data set, or archives, that are looked for on this machine."""
    files: tuple[str, ...] = ()
    """In the assignment's folder: handed out, and laid beside every notebook that runs."""
    hidden: tuple[str, ...] = ()
    """In the assignment's folder: never handed out, and no notebook sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelNeeds:
    """The toml's ``[kernel]``: what must be installed where notebooks run."""

    packages: tuple[str, ...] = ()
    """Requirements as pip takes them: ``torch>=2``."""
    warm: tuple[str, ...] | None = None
    """Modules to import once, ahead of all notebooks; None: those of `packages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitTexts:
    """The toml's ``[kit]``: what the people read who solve the assignment."""

    title: str
    notebook: str
    """The file name of the blank notebook."""
    intro: str = ""
    steps: tuple[str, ...] = ()
    """How to work, step by step; none: the usual ones."""
    hints: Mapping[str, str] = field(default_factory=lambda: dict(HINTS))
    """What stands in place of a solution, by the type of its cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedOutputs:
    """The toml's ``[saved]``: whether outputs that a notebook was saved with are held against those of our run."""

    compare: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """The toml's ``[hand_in]``: what students are reminded of before they hand in. It costs no points."""

    collaborators: bool = False
    """They must be acknowledged."""
    latex: tuple[str, ...] = ()
    """The questions that are answered in LaTeX."""
    explanation: tuple[str, ...] = ()
    """The questions whose code is to be explained."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assignment:
    """Equal to itself only, so that what is made of it can be cached by it."""

    id: str
    title: str
    folder: Path
    """Where the rubric's tests are."""
    master: Path
    questions: tuple[Question, ...]
    seeds: tuple[int, ...]
    """The reference runs once with each; every student runs with the first."""
    kit: KitTexts
    limits: Limits = field(default_factory=Limits)
    inputs: tuple[str, ...] = ()
    """What `input()` gives a notebook, line by line; afterwards, empty lines."""
    given: tuple[str, ...] = ()
    """Code cells that other versions of the homework give, beside those of the master: no part of any answer."""
    objections: str = ""
    """What a student can do who disagrees with a grade; reports end with it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The toml's ``[settings]``: whatever the rubric's tests want to read."""
    data: DataNeeds = field(default_factory=DataNeeds)
    kernel: KernelNeeds = field(default_factory=KernelNeeds)
    saved: SavedOutputs = field(default_factory=SavedOutputs)
    hand_in: HandIn = field(default_factory=HandIn)
    rules: Rules = field(default_factory=Rules)

    @property
    def max(self) -> Decimal:
        """All the points there are."""
        return sum((question.points for question in self.questions), Decimal(0))

    @property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """What lies beside every notebook that runs: the name it is opened by, and where it is."""
        return tuple((name, self.folder / name) for name in self.data.files)

    @cached_property
    def solved(self) -> NotebookNode:
        """The master notebook, with its solutions."""
        solved = notebook.read(self.master, limits=self.limits)
        if reasons := notebook.unread(solved):
            raise NotebookError(f"{self.master.name}: {notebook.told(reasons)}")
        return solved

    @cached_property
    def template(self) -> NotebookNode:
        """The notebook as students get it: no solutions."""
        return self.blanked(self.solved)

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The names that the answer to each question has to define."""
        found: dict[str, tuple[str, ...]] = {question.id: () for question in self.questions}
        for marks in map(CellMarks.of, self.solved.cells):
            if marks.question is not None:
                found[marks.question] += marks.names
        return found

    @cached_property
    def watched(self) -> tuple[str, ...]:
        """Every name worth keeping: those of answers and those that the given cells define."""
        return tuple(dict.fromkeys(name for cell in self.solved.cells for name in CellMarks.of(cell).names))

    @cached_property
    def probes(self) -> str:
        """The source of the rubric's probes, which are called in the kernel; empty if it has none."""
        return self._source(PROBES)

    @cached_property
    def probe_inputs(self) -> str:
        """The source of what draws their inputs, outside the kernel; empty if there is none."""
        return self._source(INPUTS)

    def _source(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def blanked(self, solved: NotebookNode) -> NotebookNode:
        """A solved notebook without its solutions, with this assignment's hints in their place."""
        return strip_solutions(solved, self.kit.hints)
