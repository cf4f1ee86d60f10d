"""What was downloaded, listed once: a folder without following its links, or a zip that is still packed."""

from __future__ import annotations

import itertools
import os
import re
import stat
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from grader import zips
from grader.errors import NO_ROOM, HarnessError, UsageError
from grader.notebook import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST = 10
MOST_ENTRIES = 100_000
"""More files than any class hands in, so the wrong folder must have been given."""
IGNORED = frozenset({"__MACOSX", "__pycache__", "expected.toml", "Thumbs.db", "desktop.ini"})
REPOSITORY = frozenset({".git", ".github"})
LONGEST_SHOWN = 200
_NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:txt|json))?$", re.IGNORECASE)
"""Some browsers add an ending of their own."""


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

    parts: tuple[str, ...]
    whole: tuple[str, ...]
    """The same from the root: how the instructor knows it."""
    kind: Kind
    size: int = 0
    modified: float = 0.0
    path: Path | None = None
    """Where it can be read; None while it is packed."""
    member: zips.Member | None = None
    why: str = ""
    """What forbids to open it, completing "it …"; empty if nothing does."""
    at: datetime | None = None
    """When it was handed in, if the layout records it."""
    order: int = 0
    """Of files that were handed in at one time, the highest came last, as far as the layout tells."""

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def origin(self) -> str:
        return readable("/".join(self.whole))

    @property
    def claims_notebook(self) -> bool:
        return self.kind is not Kind.FOLDER and names_notebook(self.name)

    def content(self, most: int) -> bytes:
        """What is in a small file.

        Raises:
            OSError: it can't be read, is damaged, or larger than `most` bytes.
        """
        if self.why:
            raise OSError(f"it {self.why}")
        if self.member is not None:
            try:
                return self.member.content(most)
            except zipfile.BadZipFile as error:
                raise OSError(str(error)) from error
        if self.path is None or self.size > most:
            raise OSError("it is too large")
        with self.path.open("rb") as file:
            return file.read(most)


Listing = tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A folder that may hold a class."""

    root: Path
    """What the instructor gave."""
    name: str
    entries: Listing
    within: tuple[str, ...] = ()
    """How this folder lies below the root."""
    repositories: frozenset[tuple[str, ...]] = frozenset()
    """The folders, from the root, that are git repositories."""
    assignment: str | None = None

    def inside(self, folder: str) -> Download:
        """The same for one of its folders."""
        return replace(self, name=folder, entries=below(folder, self.entries), within=(*self.within, folder))


class Scratch:
    """Where packed files are unpacked, one by one, under numbers: no name that a stranger chose becomes a path.

    A context manager; the files outlive it, the open zips do not.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def open_zip(
        self, entry: Entry | Path, *, most_entries: int | None = None, until: ExitStack | None = None
    ) -> tuple[zips.Member, ...]:
        """What a zip holds; it stays open until `until` closes, by default as long as this.

        Raises:
            BadZipFile: it can't be opened; the text completes "it …".
        """
        path = entry if isinstance(entry, Path) else self.unpacked(entry).path
        assert path is not None  # noqa: S101 - what is unpacked has a path
        archive = zips.opened(path, most_entries=most_entries)
        return zips.members((until or self._open).enter_context(archive))

    def unpacked(self, entry: Entry) -> Entry:
        """The entry with a path.

        Raises:
            BadZipFile: it is damaged; the text is a clause.
            UsageError: there is no room for it.
        """
        if entry.path is not None or entry.member is None:
            return entry
        if self._folder is None:
            raise HarnessError(f"there is no folder to unpack {entry.origin} into")
        path = self._folder / str(next(self._numbers))
        try:
            entry.member.unpack(path)
        except OSError as error:
            hint = "free some, or set TMPDIR" if error.errno in NO_ROOM else "check the permissions"
            raise UsageError(
                f"{self._folder}: no file can be unpacked there ({error.strerror}); {hint}"
            ) from error
        return replace(entry, path=path)


def download(root: Path, scratch: Scratch, assignment: str | None) -> Download:
    """List what the instructor gave: a folder, a zip, or a single notebook.

    Raises:
        UsageError: it is neither, empty, damaged, or far too large.
        OSError: it can't be read.
    """
    repositories: set[tuple[str, ...]] = set()
    if not root.exists():
        raise UsageError(f"{root}: no such file or folder; give the folder that contains the submissions")
    if root.is_dir():
        entries = _bounded(root, _walk(root, (), repositories))
    elif root.suffix.lower() == ".zip":
        entries = _of_zip(root, scratch, repositories)
    else:
        entries = (_entry(root, (root.name,), root.stat()),)
    if not entries:
        what = (
            "the folder is empty; put the students' notebooks there or give another folder"
            if root.is_dir()
            else "nothing is in it; download it again, or give the folder that contains the submissions"
        )
        raise UsageError(f"{root}: {what}")
    return Download(
        root=root,
        name=root.resolve().name if root.is_dir() else root.stem,
        entries=entries,
        repositories=frozenset(repositories),
        assignment=assignment,
    )


def zipped_twice(outer: Download, scratch: Scratch) -> Download:
    """What is in the one zip that was downloaded, if that is a class and not one student's hand-in."""
    if len(outer.entries) != 1 or not outer.entries[0].name.lower().endswith(".zip"):
        return outer
    (entry,) = outer.entries
    repositories: set[tuple[str, ...]] = set()
    try:
        entries = _packed(scratch.open_zip(entry), entry.whole, repositories)
    except zipfile.BadZipFile:
        return outer
    notebooks = sum(each.claims_notebook for each in entries)
    if notebooks < 2:
        return outer
    return replace(
        outer,
        name=entry.name[:-4],
        entries=_bounded(outer.root, entries),
        within=entry.parts,
        repositories=frozenset(repositories),
    )


def listed_zip(members: Iterable[zips.Member], at: Entry) -> Listing:
    """What a zip among the entries holds, as if it were a folder in its place."""
    return tuple(
        replace(each, parts=(*at.parts[:-1], *each.parts), at=at.at, order=at.order)
        for each in _packed(members, at.whole, set())
    )


def names_notebook(name: str) -> bool:
    return _NOTEBOOK.search(name) is not None


def top(entries: Listing) -> Listing:
    return tuple(entry for entry in entries if len(entry.parts) == 1)


def below(folder: str, entries: Iterable[Entry]) -> Listing:
    return tuple(replace(e, parts=e.parts[1:]) for e in entries if e.parts[0] == folder and len(e.parts) > 1)


def readable(name: str) -> str:
    """A name of a stranger on one line, not longer than anybody reads."""
    return shown(name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}…")


def _of_zip(root: Path, scratch: Scratch, repositories: set[tuple[str, ...]]) -> Listing:
    try:
        return _bounded(root, _packed(scratch.open_zip(root), (), repositories))
    except zipfile.BadZipFile as error:
        raise UsageError(
            f"{root}: it {error}; download it again, or unpack it and give the folder"
        ) from error


def _bounded(root: Path, found: Iterable[Entry]) -> Listing:
    entries = tuple(itertools.islice(found, MOST_ENTRIES + 1))
    if len(entries) > MOST_ENTRIES:
        raise UsageError(
            f"{root}: more than {MOST_ENTRIES:,} files; give a folder that contains only the submissions"
        )
    return entries


def _packed(
    members: Iterable[zips.Member], above: tuple[str, ...], repositories: set[tuple[str, ...]]
) -> list[Entry]:
    """The entries of a zip in the order of a folder's, with the folders that it names only in its files."""
    found: list[Entry] = []
    folders: set[tuple[str, ...]] = set()
    for member in members:
        hidden = next((i for i, part in enumerate(member.parts) if _is_hidden(part)), None)
        if hidden is not None:
            if member.parts[hidden] in REPOSITORY:
                repositories.add((*above, *member.parts[:hidden]))
            continue
        parts = member.parts[: DEEPEST + 1]
        folders.update(parts[:level] for level in range(1, len(parts) + member.is_folder))
        if len(member.parts) > DEEPEST + 1:
            folders.add(parts)
        elif not member.is_folder:
            found.append(
                Entry(
                    parts=parts,
                    whole=(*above, *parts),
                    kind=Kind.FILE,
                    size=member.size,
                    modified=_modified(member),
                    member=member,
                    why=member.problem,
                )
            )
    for parts in folders:
        kind = Kind.FOLDER if len(parts) <= DEEPEST else Kind.DEEP
        why = "" if kind is Kind.FOLDER else f"is {kind}"
        found.append(Entry(parts=parts, whole=(*above, *parts), kind=kind, why=why))
    return sorted(found, key=lambda entry: (entry.parts, entry.kind is Kind.FILE))


def _modified(member: zips.Member) -> float:
    try:
        return datetime(*member.date).timestamp()  # noqa: DTZ001 - a zip names no time zone
    except (ValueError, OverflowError):
        return 0.0


def _is_hidden(name: str) -> bool:
    return name in IGNORED or (name.startswith(".") and name != "..")


def _walk(folder: Path, above: tuple[str, ...], repositories: set[tuple[str, ...]]) -> Iterator[Entry]:
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names only, in the same order on every file system
        if name in REPOSITORY:
            repositories.add(above)
        if _is_hidden(name):
            continue
        entry = _entry(folder / name, (*above, name), (folder / name).lstat())
        yield entry
        if entry.kind is Kind.FOLDER:
            yield from _walk(folder / name, entry.parts, repositories)


def _entry(path: Path, parts: tuple[str, ...], status: os.stat_result) -> Entry:
    kind = _kind(path, len(parts), status.st_mode)
    return Entry(
        path=path,
        parts=parts,
        whole=parts,
        kind=kind,
        size=status.st_size,
        modified=status.st_mtime,
        why="" if kind in (Kind.FILE, Kind.FOLDER) else f"is {kind}",
    )


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
