"""Zips of classes and of students: listed while they are packed, and unpacked one file at a time."""

from __future__ import annotations

import itertools
import zipfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from grader import zips
from grader.errors import NO_ROOM, HarnessError, UsageError
from grader.intake.layouts import MOST_VERSIONS, is_of_system
from grader.intake.listing import (
    DEEPEST,
    REPOSITORY,
    Download,
    Entry,
    Kind,
    Listing,
    bounded,
    is_hidden,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    is_zip = root.suffix.lower() == ".zip" and not root.is_dir()
    entries = _of_zip(root, scratch, repositories) if is_zip else listed(root, repositories)
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
    if len(outer.entries) != 1 or not outer.entries[0].name.lower().endswith(".zip") or is_of_system(outer):
        return outer
    (entry,) = outer.entries
    repositories: set[tuple[str, ...]] = set()
    try:
        entries = _packed(scratch.open_zip(entry), entry.whole, repositories)
    except zipfile.BadZipFile:
        return outer
    inner = replace(
        outer,
        name=entry.name[:-4],
        entries=bounded(outer.root, entries),
        within=entry.parts,
        repositories=frozenset(repositories),
    )
    notebooks = sum(each.claims_notebook for each in entries)
    return inner if notebooks > MOST_VERSIONS or is_of_system(inner) else outer


def listed_zip(members: Iterable[zips.Member], at: Entry) -> Listing:
    """What a zip among the entries holds, as if it were a folder in its place."""
    return tuple(
        replace(each, parts=(*at.parts[:-1], *each.parts), at=at.at, order=at.order)
        for each in _packed(members, at.whole, set())
    )


def _of_zip(root: Path, scratch: Scratch, repositories: set[tuple[str, ...]]) -> Listing:
    try:
        return bounded(root, _packed(scratch.open_zip(root), (), repositories))
    except zipfile.BadZipFile as error:
        raise UsageError(
            f"{root}: it {error}; download it again, or unpack it and give the folder"
        ) from error


def _packed(
    members: Iterable[zips.Member], above: tuple[str, ...], repositories: set[tuple[str, ...]]
) -> list[Entry]:
    """The entries of a zip in the order of a folder's, with the folders that it names only in its files."""
    found: list[Entry] = []
    folders: set[tuple[str, ...]] = set()
    for member in members:
        hidden = next((i for i, part in enumerate(member.parts) if is_hidden(part)), None)
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
