"""Reading and checking `assignment.toml` and its master notebook.

Points and titles live in the toml; prompts, and the names that each answer must define, in the master
notebook's cell metadata. Whatever contradicts itself is refused here, before any student is graded.
"""

from __future__ import annotations

import dataclasses
import math
import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from grader import datasets
from grader.assignment import cells, rules, tables
from grader.assignment.locating import TOML
from grader.assignment.model import (
    Assignment,
    DataNeeds,
    HandIn,
    KernelNeeds,
    KitTexts,
    Question,
    SavedOutputs,
)
from grader.assignment.solutions import HINTS
from grader.errors import DatasetError, RubricError
from grader.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from grader.assignment.tables import Table

MOST = 10**15
"""No limit, in seconds or bytes, is larger."""
MOST_OBJECTIONS = 500
KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "id", "title", "reference", "seeds", "inputs", "given", "objections",
        "question", "data", "kernel", "kit", "saved", "hand_in", "rules", "limits", "settings",
    ),
    "question": ("id", "title", "points"),
    "data": ("name", "archive", "files", "hidden"),
    "data.archive": ("file", "sha256"),
    "kernel": ("packages", "warm"),
    "kit": ("title", "notebook", "intro", "steps", "hints"),
    "kit.hints": tuple(HINTS),
    "saved": ("compare",),
    "hand_in": ("collaborators", "latex", "explanation"),
    "rules": rules.KEYS,
}  # fmt: skip
"""Every key of assignment.toml, by its table. `[settings]` is the rubric's own, and has any."""


def load(folder: Path) -> Assignment:
    """Read and check an assignment.

    Raises:
        RubricError: a key is missing, unknown or of the wrong form, or toml and master notebook disagree.
        NotebookError: the master notebook can't be read.
    """
    table = tables.read(folder / TOML)
    assignment = _from_table(table, folder)
    _check_questions(assignment, table)
    _check_master(assignment, table)
    return assignment


def with_limits(limits: Limits, changes: Mapping[str, Any]) -> Limits:
    """`limits` with some of them changed.

    Raises:
        RubricError: there is no such limit, or its value is not a positive number.
    """
    known = {entry.name: type(getattr(limits, entry.name)) for entry in dataclasses.fields(limits)}
    for name, value in changes.items():
        if name not in known:
            raise RubricError(f"There is no limit {name!r}; {tables.nearest(name, known)}")
        is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
        if not is_number or not 0 < value < math.inf:
            raise RubricError(f"The limit {name!r} must be a positive number, not {value}.")
        if value > MOST:
            raise RubricError(f"The limit {name!r} is too large: {value}.")
        if known[name] is int and int(value) != value:
            raise RubricError(f"The limit {name!r} must be a whole number, not {value}.")
    return dataclasses.replace(limits, **{name: known[name](value) for name, value in changes.items()})


def _from_table(table: Table, folder: Path) -> Assignment:
    table.only(KEYS[""])
    name, title = table.text_of("id"), table.text_of("title")
    if not re.fullmatch(r"\w[\w.-]*", name):
        table.refuse("id", f"the id {name!r} names files: write letters, digits, '-', '_' and '.' only.")
    seeds = table.whole_numbers("seeds")
    if not seeds:
        table.refuse("seeds", "seeds is empty; the reference needs at least one run.")
    master = _master(table, folder)
    return Assignment(
        id=name,
        title=title,
        folder=folder,
        master=master,
        questions=tuple(map(_question, table.tables("question"))),
        seeds=seeds,
        inputs=table.texts("inputs"),
        given=table.texts("given"),
        objections=_objections(table) if "objections" in table else "",
        settings=dict(table.table("settings").values),
        limits=_limits(table.table("limits")),
        data=_data(table.table("data"), folder, master),
        kernel=_kernel(table.table("kernel")),
        kit=_kit(table.table("kit"), name, title),
        saved=_saved(table.table("saved")),
        hand_in=_hand_in(table.table("hand_in")),
        rules=rules.read(table.table("rules")),
    )


def _master(table: Table, folder: Path) -> Path:
    path = table.text_of("reference")
    try:
        return (folder / path).resolve()
    except (OSError, ValueError):
        table.refuse("reference", f"reference must be the path of a notebook, not {path!r}.")


def _objections(table: Table) -> str:
    text = table.text_of("objections")
    if len(text) > MOST_OBJECTIONS:
        table.refuse("objections", f"objections is longer than {MOST_OBJECTIONS} characters; shorten it.")
    for word in text.split():
        if "://" in word and not word.lstrip("(<[\"'").startswith("https://"):
            table.refuse("objections", f"objections may name e-mail and https addresses, not {word!r}.")
    return text


def _question(row: Table) -> Question:
    row.only(KEYS["question"])
    return Question(id=row.text_of("id"), title=row.text_of("title"), points=row.points("points"))


def _limits(table: Table) -> Limits:
    limits = Limits()
    for name, value in table.values.items():
        try:
            limits = with_limits(limits, {name: value})
        except (RubricError, ArithmeticError) as error:  # a comparison with nan is such an error
            table.refuse(name, str(error) if isinstance(error, RubricError) else f"{name} must be a number.")
    return limits


def _data(table: Table, folder: Path, master: Path) -> DataNeeds:
    table.only(KEYS["data"])
    files, hidden = _files(table, "files", folder), _files(table, "hidden", folder)
    for name in files:
        if name in hidden:
            table.refuse("files", f"files names {name!r}, which is hidden; hand it out or hide it.")
        if (folder / name).resolve() == master or name == TOML or name.endswith(".py"):
            table.refuse("files", f"files names {name!r}, which holds solutions or checks; take it out.")
        if (folder / name).is_symlink():
            table.refuse("files", f"files names {name!r}, which is a link; copy the file here.")
    return DataNeeds(source=_source(table, folder), files=files, hidden=hidden)


def _source(table: Table, folder: Path) -> datasets.Source:
    if "archive" in table:
        if "name" in table:
            table.refuse("name", "give a data set by its name, or archives, not both.")
        return datasets.archives(map(_archive, table.tables("archive")), beside=folder)
    if "name" not in table or table.values["name"] == datasets.NOTHING.name:
        return datasets.NOTHING
    name = table.text_of("name")
    try:
        return datasets.named(name)
    except DatasetError:
        known = [*datasets.NAMES, datasets.NOTHING.name]
        table.refuse("name", f"there is no data set {name!r}; {tables.nearest(name, known)}")


def _archive(row: Table) -> datasets.Archive:
    row.only(KEYS["data.archive"])
    file, digest = row.text_of("file"), row.text_of("sha256").lower()
    if PurePosixPath(file).name != file:
        row.refuse("file", f"file must be a plain file name, not {file!r}: archives are never downloaded.")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        row.refuse("sha256", "sha256 must be 64 hexadecimal digits, as `sha256sum` prints them.")
    return datasets.Archive(file=file, sha256=digest)


def _files(table: Table, key: str, folder: Path) -> tuple[str, ...]:
    names = table.texts(key)
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or str(path) != name:
            table.refuse(key, f"{key} must name files below the assignment's folder, not {name!r}.")
        if not _is_file(folder / name):
            table.refuse(key, f"{key} names {name!r}, which is not a file in {folder}.")
    return names


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _kernel(table: Table) -> KernelNeeds:
    table.only(KEYS["kernel"])
    packages = table.texts("packages")
    for package in packages:
        try:
            Requirement(package)
        except InvalidRequirement:
            table.refuse("packages", f"{package!r} is not a requirement; write it as for pip: 'torch>=2'.")
    warm = table.texts("warm") if "warm" in table else None
    for name in warm or ():
        if not all(part.isidentifier() for part in name.split(".")):
            table.refuse("warm", f"{name!r} is not the name of a module.")
    return KernelNeeds(packages=packages, warm=warm)


def _kit(table: Table, name: str, title: str) -> KitTexts:
    table.only(KEYS["kit"])
    hints = table.table("hints")
    hints.only(KEYS["kit.hints"])
    file = table.text_of("notebook", f"{name}.ipynb")
    if PurePosixPath(file).name != file or not file.endswith(".ipynb"):
        table.refuse("notebook", f"notebook must be a file name that ends with .ipynb, not {file!r}.")
    return KitTexts(
        title=table.text_of("title", title),
        notebook=file,
        intro=table.text_of("intro") if "intro" in table else "",
        steps=table.texts("steps"),
        hints={kind: hints.text_of(kind, hint) for kind, hint in HINTS.items()},
    )


def _saved(table: Table) -> SavedOutputs:
    table.only(KEYS["saved"])
    return SavedOutputs(compare=table.switch("compare", default=True))


def _hand_in(table: Table) -> HandIn:
    table.only(KEYS["hand_in"])
    return HandIn(
        collaborators=table.switch("collaborators", default=False),
        latex=table.texts("latex"),
        explanation=table.texts("explanation"),
    )


def _check_questions(assignment: Assignment, table: Table) -> None:
    seen: set[str] = set()
    rows = table.tables("question")
    if not rows:
        table.refuse(None, "there is no question; list each below [[question]].")
    for question, row in zip(assignment.questions, rows, strict=True):
        if question.id in seen:
            row.refuse("id", f"question {question.id} is listed twice.")
        seen.add(question.id)
    known = [question.id for question in assignment.questions]
    for key in ("latex", "explanation"):
        for name in getattr(assignment.hand_in, key):
            if name not in known:
                nearest = tables.nearest(name, known)
                table.table("hand_in").refuse(key, f"there is no question {name!r}; {nearest}")


def _check_master(assignment: Assignment, table: Table) -> None:
    master = assignment.master
    if not master.is_file():
        table.refuse("reference", f"the reference notebook {master} does not exist.")
    answered = _answered(assignment)
    for question, row in zip(assignment.questions, table.tables("question"), strict=True):
        if question.id not in answered:
            row.refuse("id", f"no cell of {master.name} answers question {question.id}.")
    if unknown := sorted(answered - {question.id for question in assignment.questions}):
        raise RubricError(f"{master}: question {unknown[0]} has no entry in {table.path}.")
    try:
        assignment.template  # noqa: B018 - made now, so that a marker without its partner is refused now
    except RubricError as error:
        raise RubricError(f"{master}: {error}") from None


def _answered(assignment: Assignment) -> set[str]:
    """The questions that cells of the master answer by their metadata, all of which is checked."""
    answered = set()
    for number, cell in enumerate(assignment.solved.cells, start=1):
        if problem := cells.problem(cell):
            raise RubricError(f"{assignment.master}: cell {number}: the metadata `{cells.KEY}` {problem}.")
        question = cells.CellMarks.of(cell).question
        if question is not None:
            answered.add(question)
    return answered
