"""The layouts in which the submissions of a class arrive, each recognised by the contents of the folder.

The folder is listed once, without following links. Each layout in `LAYOUTS` examines the listing and, if it
recognises itself, returns the entries that each student handed in.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable  # noqa: TC003 - part of a dataclass
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from pathlib import Path  # noqa: TC003 - part of a dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from grader.errors import UsageError
from grader.notebook import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 10
MOST_ENTRIES = 100_000
"""More files than any class hands in, so the wrong folder must have been given."""
IGNORED = frozenset({"__MACOSX", "__pycache__", "expected.toml", "Thumbs.db", "desktop.ini"})
STAMP = "timestamp.txt"


class Kind(StrEnum):
    """What is at a path, without following links. The value completes the phrase "it is …"."""

    FILE = "a file"
    FOLDER = "a folder"
    CLOSED = "a folder without read permission"
    DEEP = f"a folder more than {DEEPEST} levels deep"
    LINK = "a symbolic link"
    SPECIAL = "a device, pipe or socket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path of the listing. `parts` leads to it from the folder under examination."""

    path: Path
    parts: tuple[str, ...]
    kind: Kind
    size: int
    modified: float

    @property
    def claims_notebook(self) -> bool:
        return self.path.suffix.lower() == ".ipynb" and self.kind is not Kind.FOLDER

    @property
    def refused(self) -> bool:
        return self.kind not in (Kind.FILE, Kind.FOLDER)


Listing = tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What one student handed in, before a notebook is chosen. `name` is not yet a safe folder name."""

    name: str
    place: Entry
    entries: Listing
    """Their `parts` start below the student's folder. A notebook outside any folder is its own only entry."""

    @property
    def notebooks(self) -> Listing:
        return tuple(entry for entry in self.entries if entry.claims_notebook)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One layout of a folder of submissions."""

    name: str
    looks_like: str
    recognise: Callable[[Path, Listing], tuple[HandIn, ...]]
    """From the folder and its listing, the hand-ins; empty if the folder has another layout."""
    date: Callable[[HandIn, Entry], datetime | None] = lambda _hand_in, _notebook: None
    """When the notebook was handed in, if the layout records it. Raises UsageError if the record is invalid."""
    records: frozenset[str] = frozenset()
    """Files that the layout itself puts next to a notebook."""
    by_assignment: bool = False
    """Whether a student's folder holds one folder for each assignment."""


def listed(root: Path) -> Listing:
    """List a folder, or the single file given instead."""
    if root.is_file():
        return (_entry(root, (root.name,), root.stat()),)
    if not root.is_dir():
        raise UsageError(f"{root}: no such file or folder; give the folder that contains the submissions")
    entries: list[Entry] = []
    for entry in _walk(root, ()):
        entries.append(entry)
        if len(entries) > MOST_ENTRIES:
            raise UsageError(
                f"{root}: more than {MOST_ENTRIES:,} files; give a folder that contains only the submissions"
            )
    if not entries:
        raise UsageError(
            f"{root}: the folder is empty; put the students' notebooks there or give another folder"
        )
    return tuple(entries)


def recognised(root: Path, entries: Listing) -> tuple[Layout, tuple[HandIn, ...]]:
    """The first layout that recognises the folder, and its hand-ins."""
    for layout in LAYOUTS:
        if hand_ins := layout.recognise(root, entries):
            return layout, hand_ins
    looked_for = "; ".join(f"{layout.name} ({layout.looks_like})" for layout in LAYOUTS)
    raise UsageError(
        f"{root}: no submissions recognised. Looked for {looked_for}. "
        "Unpack archives and give the folder that contains the students' files"
    )


def _walk(folder: Path, above: tuple[str, ...]) -> Iterator[Entry]:
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names only, in the same order on every file system
        if name.startswith(".") or name in IGNORED:
            continue
        entry = _entry(folder / name, (*above, name), (folder / name).lstat())
        yield entry
        if entry.kind is Kind.FOLDER:
            yield from _walk(entry.path, entry.parts)


def _entry(path: Path, parts: tuple[str, ...], status: os.stat_result) -> Entry:
    kind = _kind(path, len(parts), status.st_mode)
    return Entry(path=path, parts=parts, kind=kind, size=status.st_size, modified=status.st_mtime)


def _kind(path: Path, level: int, mode: int) -> Kind:
    if stat.S_ISLNK(mode):
        return Kind.LINK
    if stat.S_ISREG(mode):
        return Kind.FILE
    if not stat.S_ISDIR(mode):
        return Kind.SPECIAL
    if level > DEEPEST:
        return Kind.DEEP
    return Kind.FOLDER if os.access(path, os.R_OK | os.X_OK) else Kind.CLOSED


def _top(entries: Listing) -> Listing:
    return tuple(entry for entry in entries if len(entry.parts) == 1)


def _below(folder: str, entries: Listing) -> Listing:
    return tuple(replace(e, parts=e.parts[1:]) for e in entries if e.parts[0] == folder and len(e.parts) > 1)


def _folders_of_students(entries: Listing) -> tuple[HandIn, ...]:
    """Each folder belongs to a student. So does a link in its place, but it is not followed."""
    return tuple(
        HandIn(name=name, place=place, entries=_below(name, tuple(below)))
        for name, (place, *below) in ((name, tuple(group)) for name, group in groupby(entries, _first_part))
        if place.kind in (Kind.FOLDER, Kind.CLOSED, Kind.LINK) and not place.claims_notebook
    )


def _first_part(entry: Entry) -> str:
    return entry.parts[0]


def _plain(_root: Path, entries: Listing) -> tuple[HandIn, ...]:
    loose = tuple(
        HandIn(name=entry.path.stem, place=entry, entries=(entry,))
        for entry in _top(entries)
        if entry.claims_notebook
    )
    folders = _folders_of_students(entries)
    if any(hand_in.notebooks for hand_in in folders):
        return (*loose, *folders)
    return loose


def _nbgrader(root: Path, entries: Listing) -> tuple[HandIn, ...]:
    folder = next((entry for entry in _top(entries) if entry.parts == ("submitted",)), None)
    submitted = _below("submitted", entries) if folder else entries
    is_named = folder is not None or root.resolve().name == "submitted"
    notebooks = any(len(entry.parts) == 3 and entry.claims_notebook for entry in submitted)
    stamps = any(len(entry.parts) == 3 and entry.parts[2] == STAMP for entry in submitted)
    return _folders_of_students(submitted) if stamps or (is_named and notebooks) else ()


def _stamped(hand_in: HandIn, notebook: Entry) -> datetime | None:
    """When nbgrader collected the assignment: a date with an optional time zone, by default UTC."""
    record = (notebook.parts[0], STAMP)
    stamp = next(
        (entry for entry in hand_in.entries if entry.parts == record and entry.kind is Kind.FILE), None
    )
    if stamp is None:
        return None
    try:
        with stamp.path.open(encoding="utf-8-sig") as file:
            return _parsed(file.read(100).strip())
    except (ValueError, LookupError, OSError) as error:
        where = shown("/".join((hand_in.name, *record)))
        raise UsageError(
            f"{where}: not a date with a known time zone; the notebook's modification time is used instead"
        ) from error


def _parsed(stamp: str) -> datetime:
    date, _, zone = stamp.rpartition(" ")
    if not date or zone[:1].isdigit():
        date, zone = stamp, "UTC"
    when = datetime.fromisoformat(date)
    return when if when.tzinfo else when.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))


LAYOUTS = (
    Layout(
        name="nbgrader",
        looks_like="submitted/<student>/<assignment>/*.ipynb, or a timestamp.txt next to a notebook",
        recognise=_nbgrader,
        date=_stamped,
        records=frozenset({STAMP}),
        by_assignment=True,
    ),
    Layout(
        name="plain",
        looks_like="*.ipynb files named after students, or one folder per student",
        recognise=_plain,
    ),
)
