"""`rubrics/<name>/assignment.toml` and the master notebook, as one checked `Assignment`.

Points and titles live in the toml; prompts, and the names that each answer must define, in the master
notebook's cell metadata. Whatever contradicts itself is refused here, before any student is graded.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import notebook
from grader.errors import RubricError, UsageError
from grader.handout import kit
from grader.limits import Limits
from grader.places import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbformat import NotebookNode

PROBES = "probes.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    id: str
    title: str
    points: Decimal


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
    limits: Limits = field(default_factory=Limits)
    inputs: tuple[str, ...] = ()
    """What `input()` gives a notebook, line by line; afterwards, empty lines."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The toml's ``[settings]``: whatever the rubric's tests want to read."""

    @property
    def max(self) -> Decimal:
        return sum((question.points for question in self.questions), Decimal(0))

    @cached_property
    def reference(self) -> NotebookNode:
        return notebook.read(self.master, limits=self.limits)

    @cached_property
    def template(self) -> NotebookNode:
        """The notebook as students get it: no solutions."""
        return kit.strip_solutions(self.reference)

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The names that the answer to each question has to define."""
        found: dict[str, tuple[str, ...]] = {question.id: () for question in self.questions}
        for cell in self.reference.cells:
            facts = _facts(cell)
            if "question" in facts:
                found[facts["question"]] += tuple(facts.get("names", ()))
        return found

    @cached_property
    def watched(self) -> tuple[str, ...]:
        """Every name worth keeping: those of answers and those that the given cells define."""
        named = (_facts(cell).get("names", ()) for cell in self.reference.cells)
        return tuple(dict.fromkeys(name for names in named for name in names))

    @cached_property
    def probes(self) -> str:
        path = self.folder / PROBES
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @cached_property
    def rubric_key(self) -> str:
        """Changes whenever judging may come out differently."""
        return _digest(sorted(path for path in self.folder.rglob("*") if path.suffix in (".py", ".toml")))


def locate(name: str | None, *, near: Path | None = None) -> Path:
    """The folder of an assignment, given as a path or by its folder's name; without a name, the only one found.

    Raises:
        UsageError: there is none, or `name` is None and there are several.
    """
    home = near or Path.cwd()
    named = [Path(entry) for entry in os.environ.get("GRADER_RUBRICS", "").split(os.pathsep) if entry]
    places = [home / "rubrics", *named, *([CHECKOUT / "rubrics"] if CHECKOUT else [])]
    if name is None:
        return _only_assignment(places)
    tried = [Path(name), *(place / name for place in places)]
    for folder in tried:
        if (folder / "assignment.toml").is_file():
            return folder.resolve()
    known = sorted(path.parent.name for path in (home / "rubrics").glob("*/assignment.toml"))
    raise UsageError(
        f"There is no assignment {name!r}: no assignment.toml in "
        + ", ".join(str(folder) for folder in dict.fromkeys(tried))
        + (f". Known here: {', '.join(known)}." if known else ". Name its folder with -a.")
    )


def _only_assignment(places: Iterable[Path]) -> Path:
    found = {path.parent.resolve() for place in places for path in place.glob("*/assignment.toml")}
    if len(found) == 1:
        return found.pop()
    if found:
        names = ", ".join(sorted(folder.name for folder in found))
        raise UsageError(f"There are several assignments: {names}. Choose one with -a.")
    raise UsageError(
        f"No assignment was found in {', '.join(map(str, dict.fromkeys(places)))}. Give its folder with -a."
    )


def load(folder: Path) -> Assignment:
    """Read and check an assignment.

    Raises:
        RubricError: a key is missing or of the wrong form, or toml and master notebook disagree.
    """
    path = folder / "assignment.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RubricError(f"{path}: {error}") from None
    assignment = _from_table(table, folder)
    _check(assignment, path)
    return assignment


def _from_table(table: Mapping[str, Any], folder: Path) -> Assignment:
    path = folder / "assignment.toml"
    try:
        return Assignment(
            id=str(table["id"]),
            title=str(table["title"]),
            folder=folder,
            master=(folder / table["reference"]).resolve(),
            questions=tuple(
                Question(id=str(row["id"]), title=str(row["title"]), points=_points(row["points"]))
                for row in table["question"]
            ),
            seeds=tuple(int(seed) for seed in table["seeds"]),
            limits=with_limits(Limits(), dict(table.get("limits", {}))),
            inputs=_texts(table.get("inputs", [])),
            settings=dict(table.get("settings", {})),
        )
    except KeyError as error:
        raise RubricError(f"{path}: the key {error} is missing.") from None
    except (TypeError, ValueError, ArithmeticError, RubricError) as error:
        raise RubricError(f"{path}: {error}") from None


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise TypeError(f"inputs must be a list of texts, not {value!r}.")
    return tuple(value)


def _points(value: Any) -> Decimal:
    # A bool is an int in Python, and TOML has nan.
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not 0 <= value < math.inf:
        raise ValueError(f"points must be a number from 0 on, not {value!r}.")
    return Decimal(value)


def with_limits(limits: Limits, changes: Mapping[str, Any]) -> Limits:
    """`limits` with some of them changed.

    Raises:
        RubricError: there is no such limit, or its value is no positive number.
    """
    known = {entry.name: type(getattr(limits, entry.name)) for entry in dataclasses.fields(limits)}
    for name, value in changes.items():
        if name not in known:
            raise RubricError(f"There is no limit {name!r}. The limits are: {', '.join(known)}.")
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float, Decimal))
            or not 0 < value < math.inf
        ):
            raise RubricError(f"The limit {name!r} must be a positive number, not {value}.")
        if known[name](value) != value:
            raise RubricError(f"The limit {name!r} must be a whole number, not {value}.")
    return dataclasses.replace(limits, **{name: known[name](value) for name, value in changes.items()})


def _check(assignment: Assignment, path: Path) -> None:
    ids = [question.id for question in assignment.questions]
    for name in ids:
        if ids.count(name) > 1:
            raise RubricError(f"{path}: question {name} is listed twice.")
    if not assignment.seeds:
        raise RubricError(f"{path}: seeds is empty; the reference needs at least one run.")
    if not assignment.master.is_file():
        raise RubricError(f"{path}: the reference notebook {assignment.master} does not exist.")
    answered = _checked_marks(assignment)
    for name in ids:
        if name not in answered:
            raise RubricError(f"{assignment.master.name}: no cell answers question {name} of {path}.")
    for name in answered - set(ids):
        raise RubricError(f"{assignment.master.name}: question {name} has no entry in {path}.")
    try:
        assignment.template  # noqa: B018 - made now, so that a marker without its partner is refused now
    except RubricError as error:
        raise RubricError(f"{assignment.master.name}: {error}") from None


def _checked_marks(assignment: Assignment) -> set[str]:
    """The questions that cells of the master answer by their metadata, all of which is checked."""
    answered = set()
    for index, cell in enumerate(assignment.reference.cells):
        facts = cell.metadata.get("grader", {})
        where = f"{assignment.master.name}: cell {index + 1}: the metadata `grader`"
        if not isinstance(facts, dict):
            raise RubricError(f"{where} must be an object, not {facts!r}.")
        for key in {"question", "prompt"} & facts.keys():
            if not isinstance(facts[key], str):
                raise RubricError(f"{where} must name the {key} by a text, not {facts[key]!r}.")
        names = facts.get("names", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RubricError(f"{where} must have a list of texts as names, not {names!r}.")
        if "question" in facts:
            answered.add(facts["question"])
    return answered


def _facts(cell: NotebookNode) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = cell.metadata.get("grader", {})
    return facts


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
