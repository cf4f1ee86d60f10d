"""Removes one student from a results folder, and says what is gone and what a person has to look at."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.execution.reference import REFERENCE
from grader.model import EVERYONE
from grader.publishing.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from grader.results.store import Store


_UNFINISHED = "forgetting"
"""Whom an interrupted call was removing, hashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed, each with its number, and the files that still mention the student."""

    removed: dict[str, int]
    left: tuple[Path, ...]


def forget(store: Store, student: str) -> Forgotten:
    """Remove all about a student, and write the files of the class anew.

    If this was interrupted, the next call for the same student finishes it.

    Raises:
        UsageError: there is nothing about that student.
    """
    mark = hashlib.sha256(student.encode()).hexdigest()  # the name would stay in the journal
    unfinished = store.recall(_UNFINISHED)
    store.remember(**{_UNFINISHED: mark})
    removed = store.forget(student) if student else {}  # a ruling for everyone names nobody
    folders = _folders(store.root, student)
    removed["file"] = sum(path.is_file() for place in folders for path in place.rglob("*"))
    is_known = unfinished == mark or folders or any(removed.values()) or any(_tables(store.root, student))
    if is_known:
        for place in folders:
            shutil.rmtree(place)
        Publisher(store, None).class_(store.recall("notices") or [])
        tables = list(_tables(store.root, student))
        for name, content, _ in tables:
            store.write(name, content)
        removed["table row"] = sum(count for _, _, count in tables)
    store.remember(**{_UNFINISHED: None if is_known else unfinished})
    if not is_known:
        raise UsageError(f"There is nothing about {student!r} in {store.root}. Give the id of a student.")
    removed = {what: number for what, number in removed.items() if number}
    return Forgotten(removed=removed, left=tuple(_mentions(store.root, student)))


def _folders(root: Path, student: str) -> list[Path]:
    """The student's own folders, below `students/` and whatever else has a folder for each student."""
    above = [path for path in (*root.iterdir(), *root.glob("attempts/*/*")) if _is_folder(path)]
    return [
        path
        for each in above
        if each.name != REFERENCE
        for path in each.iterdir()
        if path.name == student and _is_folder(path)
    ]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _tables(root: Path, student: str) -> Iterator[tuple[str, bytes, int]]:
    """Tables with rows about a student, such as a filled-in review: name, content without them, their number."""
    for path in sorted(root.glob("*.csv")):
        if student in ("", EVERYONE) or not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        try:
            rows = csvs.read(csvs.decoded(content, name=path.name), name=path.name)
        except UsageError:
            continue  # no table; if it mentions the student, that is said in the end
        at, header = csvs.header(rows, ["student"])
        if "student" in header:
            place = header.index("student")
            gone = [row for row in rows[at + 1 :] if _cell(row, place) == student]
            kept = [_anonymous(row, header, gone) for row in rows if row not in gone]
            if gone:
                yield path.name, csvs.rewrite(content, kept), len(gone)


def _cell(row: Sequence[str], place: int) -> str:
    return csvs.unescape_formula("".join(row[place : place + 1]).strip())


def _anonymous(row: list[str], header: Sequence[str], gone: Sequence[Sequence[str]]) -> list[str]:
    """A row of a review; one for all of a group shows an answer, which may be of a student whose row is gone."""
    groups = {dict(zip(header, each, strict=False)).get("group") for each in gone}
    cells = dict(zip(header, row, strict=False))
    if cells.get("student") != EVERYONE or cells.get("group") not in groups:
        return row
    return ["" if name == "answer" else cell for name, cell in zip_longest(header[: len(row)], row)]


def _mentions(root: Path, student: str) -> Iterator[Path]:
    spellings = {student.encode(), json.dumps(student)[1:-1].encode()}
    name = re.compile(b"|".join(rb"(?<![\w-])%s(?![\w-])" % re.escape(each) for each in spellings))
    for path in sorted(root.rglob("*")):
        if name.search(path.name.encode()) or (path.is_file() and name.search(path.read_bytes())):
            yield path
