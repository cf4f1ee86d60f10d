"""The check pack: what a student's own check needs of an assignment, and nothing that is not public.

It is an assignment's folder as a zip: a smaller assignment.toml, the blank notebook in place of the reference, the
public checks with their helpers, the probes if those ask any, and of the reference's runs only the values that
public checks compare with.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import zipfile
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from grader import assignment as assignments
from grader import evidence, jsons, zips
from grader.assignment import tables
from grader.assignment.locating import TOML
from grader.assignment.model import INPUTS, PROBES
from grader.errors import GraderError, RubricError, UsageError
from grader.handout import blank
from grader.handout.excerpt import excerpt
from grader.handout.measured import Known, Measured
from grader.judging.rubric import loaded
from grader.judging.work import Reference, Work
from grader.model import Outcome, Profile, Visibility
from grader.results.codec import dump_execution, load_execution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from grader.assignment import Assignment
    from grader.datasets import Dataset
    from grader.evidence import Evidence, Record
    from grader.handout.excerpt import Excerpt
    from grader.model import Execution

SUFFIX = ".pack"
FORMAT = 1
ABOUT = "pack.json"
MASTER = "blank.ipynb"
RUNS = "reference"
RECORD = "execution.json"
MOST_BYTES = 64 << 20
"""Of a pack, unpacked."""
MOST_RUNS = 100
"""Of the reference: the seeds of an assignment are few."""
CATALOGUE = "mutants.py"
AGAIN = "download the kit again"


class About(msgspec.Struct, kw_only=True, frozen=True):
    """What a pack says of itself."""

    format: int
    assignment: str
    version: str
    """Of its contents: two packs of the same version check the same."""
    program: str
    """The version of this program that made it."""
    profile: str
    runs: int
    """How many of the reference's are in it."""
    names: list[str]
    """Whose values it holds of each run."""
    probes: list[str]
    """What they gave it holds of each run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack, unpacked into a folder."""

    about: About
    assignment: Assignment
    runs: tuple[Execution, ...]
    """The reference's, without anything but the values that public checks compare with."""

    @property
    def reference(self) -> Reference:
        """The reference as public checks may know it."""
        known = Known(names=set(self.about.names), probes=set(self.about.probes), complete=True)
        works = (Work.of(run, self.assignment, profile=self.about.profile) for run in self.runs)
        measured: Any = tuple(Measured(work, known) for work in works)
        return Reference(measured)


def excerpt_of(assignment: Assignment) -> Excerpt:
    """The part of the rubric's source that its public checks need.

    Raises:
        RubricError: it can't be told apart from the rest.
    """
    paths = [path for path in assignment.folder.rglob("*.py") if path.name != CATALOGUE]
    modules = {
        _dotted(path, assignment.folder): path.read_text(encoding="utf-8")
        for path in sorted(paths)
        if path.name not in (PROBES, INPUTS)
    }
    with loaded(assignment) as rubric:
        public = [
            (_dotted(path, assignment.folder), name)
            for path, name, mark in rubric.checks()
            if mark.visibility == Visibility.VISIBLE
        ]
    return excerpt(modules, public, package=assignment.folder.name)


def members(
    assignment: Assignment,
    kept: Excerpt,
    runs: Sequence[Execution],
    dataset: Dataset,
    *,
    profile: Profile,
    folder: Path,
) -> dict[str, bytes]:
    """The files of a pack, by name. `folder` is an empty one to work in.

    Raises:
        RubricError: a public check needs more of the reference than named values.
    """
    files = {f"{name.replace('.', '/')}.py": source.encode() for name, source in kept.kept.items()}
    if kept.asks_probes:
        sources = {PROBES: assignment.probes, INPUTS: assignment.probe_inputs}
        files |= {name: source.encode() for name, source in sources.items() if source}
    files[TOML] = _toml(_table(assignment, kept)).encode()
    files[MASTER] = blank.written(blank.notebook(assignment))
    files |= {name: path.read_bytes() for name, path in assignment.files}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    packed = assignments.load(folder)
    known, reduced = _reduced(packed, runs, dataset, profile=profile.value)
    for number, run in enumerate(reduced):
        files |= {f"{RUNS}/{number}/{name}": content for name, content in run.items()}
    said = About(
        format=FORMAT,
        assignment=assignment.id,
        version="",
        program=importlib.metadata.version("grader"),
        profile=profile.value,
        runs=len(runs),
        names=sorted(known.names),
        probes=sorted(known.probes),
    )
    said = msgspec.structs.replace(said, version=_version(files, said))
    return {ABOUT: msgspec.json.format(msgspec.json.encode(said)), **files}


def about(files: Mapping[str, bytes], *, source: str = ABOUT) -> About:
    """What a pack says of itself.

    Raises:
        UsageError: it says nothing that this program understands. `source` names it.
    """
    return jsons.read(files[ABOUT].decode(errors="replace"), About, source=source, remedy=AGAIN)


def unpacked(path: Path, folder: Path) -> Pack:
    """Unpack a pack into an empty folder.

    Raises:
        UsageError: it is not a pack, was changed, or needs another version of this program.
    """

    def refuse(why: str) -> NoReturn:
        raise UsageError(f"{path} {why}.")

    try:
        files = zips.read(path, most=MOST_BYTES)
    except OSError as error:
        refuse(f"can't be read ({error.strerror}); {AGAIN}")
    except zipfile.BadZipFile:
        refuse(f"is not a check pack, or it is damaged; {AGAIN}")
    if ABOUT not in files:
        refuse(f"is not a check pack; name the file that ends with {SUFFIX}, or {AGAIN}")
    said = about(files, source=f"{path}: {ABOUT}")
    del files[ABOUT]
    if said.format != FORMAT:
        refuse(
            f"was made by grader {said.program}, and this is another version; install the wheel of its kit"
        )
    if said.version != _version(files, said):
        refuse(f"was changed after it was made; {AGAIN}")
    try:
        return _written(files, said, folder)
    except (GraderError, OSError, ValueError):
        refuse(f"does not hold what a check pack holds; {AGAIN}")


def _written(files: Mapping[str, bytes], said: About, folder: Path) -> Pack:
    """The pack with these files.

    Raises:
        GraderError, OSError, ValueError: they are not what it says.
    """
    if not 0 < said.runs <= MOST_RUNS:
        raise ValueError(said.runs)
    runs = [folder / RUNS / str(number) for number in range(said.runs)]
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    assignment = assignments.load(folder)
    if assignment.id != said.assignment:
        raise ValueError(said.assignment)
    Profile(said.profile)
    records = (load_execution((run / RECORD).read_text(encoding="utf-8"), run) for run in runs)
    return Pack(about=said, assignment=assignment, runs=tuple(records))


def _version(files: Mapping[str, bytes], said: About) -> str:
    """A digest of all that a pack holds and says, but for its version itself."""
    about = msgspec.json.encode(msgspec.structs.replace(said, version=""))
    digests = {
        name: hashlib.sha256(content).hexdigest() for name, content in sorted({**files, ABOUT: about}.items())
    }
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()[:12]


def _dotted(path: Path, folder: Path) -> str:
    return ".".join(path.relative_to(folder).with_suffix("").parts)


# ---- assignment.toml


def _table(assignment: Assignment, kept: Excerpt) -> dict[str, Any]:
    """What assignment.toml says, without what only hidden checks need."""
    table = dict(tables.read(assignment.folder / TOML).values)
    points: dict[str, Decimal] = {}
    with loaded(assignment) as rubric:
        for _, _, mark in rubric.checks():
            if mark.visibility == Visibility.VISIBLE:
                points[mark.question] = points.get(mark.question, Decimal(0)) + mark.points
    data = {key: value for key, value in table.get("data", {}).items() if key != "hidden"}
    settings = {key: value for key, value in table.get("settings", {}).items() if key in kept.texts}
    table |= {
        "reference": MASTER,
        "question": [
            {"id": each.id, "title": each.title, "points": points.get(each.id, 0)}
            for each in assignment.questions
        ],
        "data": data,
        "settings": settings,
    }
    return {key: value for key, value in table.items() if key not in ("saved", "objections")}


def _toml(table: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    """A value as TOML writes it on one line; JSON's strings are TOML's."""
    match value:
        case bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            return f"{{ {', '.join(f'{json.dumps(key)} = {_value(each)}' for key, each in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return str(value)


# ---- the reference's runs


def _reduced(
    assignment: Assignment, runs: Sequence[Execution], dataset: Dataset, *, profile: str
) -> tuple[Known, list[dict[str, bytes]]]:
    """What public checks asked of the reference while they judged it, and the files of each run with just that."""
    whole = [Work.of(run, assignment, profile=profile) for run in runs]
    known = Known()
    measured: Any = tuple(Measured(work, known) for work in whole)
    with loaded(assignment) as rubric:
        judged = rubric.judge(whole[0], Reference(measured), dataset)
    fine = (Outcome.PASSED, Outcome.REVIEW, Outcome.SKIPPED)
    if wrong := [check for check in judged.checks if check.outcome not in fine]:
        raise RubricError(
            f"In the check pack, {wrong[0].id} takes points from the reference: {wrong[0].message}"
        )
    return known, [_files(run, work, known) for run, work in zip(runs, whole, strict=True)]


def _files(run: Execution, work: Work, known: Known) -> dict[str, bytes]:
    bare = replace(run, flags=(), compat=(), sandbox={}, gaps=(), beside=())
    probed = list(evidence.records(run.probed.read_bytes())) if run.probed.exists() else []
    rounds = zip(probed[::2], probed[1::2], strict=True)  # what was asked, and what came back
    kept = {
        run.notebook: blank.written(work.assignment.template),
        run.evidence: evidence.written(_only(work.evidence, known.names)),
        run.probed: evidence.written(
            each
            for asked, answer in rounds
            if asked.fields["probe"] in known.probes
            for each in (asked, answer)
        ),
    }
    return {
        RECORD: dump_execution(bare).encode(),
        **{path.relative_to(run.folder).as_posix(): content for path, content in kept.items()},
    }


def _only(whole: Evidence, names: set[str]) -> Iterator[Record]:
    """The records of cells with the values of these names alone."""
    for record in whole.cells:
        values = record.fields.get("values")
        kept = (
            {name: value for name, value in values.items() if name in names}
            if isinstance(values, dict)
            else {}
        )
        if kept:
            mentioned = set(_arrays(kept))
            arrays = {name: array for name, array in record.arrays.items() if name in mentioned}
            yield evidence.Record({"kind": "cell", "cell": record.cell, "values": kept}, arrays)


def _arrays(fields: Any) -> Iterator[str]:
    """The names of all arrays that a value refers to."""
    match fields:
        case dict():
            if isinstance(name := fields.get("array"), str):
                yield name
            for each in fields.values():
                yield from _arrays(each)
        case list():
            for each in fields:
                yield from _arrays(each)
