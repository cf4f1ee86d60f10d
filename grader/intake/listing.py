"""What was downloaded, listed once: a folder without following its links, or a zip that is still packed."""

from __future__ import annotations

import itertools
import os
import re
import stat
import zipfile
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.notebook import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from grader import zips

DEEPEST = 10
MOST_ENTRIES = 100_000
"""More files than any class hands in, so the wrong folder must have been given."""
IGNORED = frozenset({"__MACOSX", "__pycache__", "expected.toml", "Thumbs.db", "desktop.ini"})
REPOSITORY = frozenset({".git", ".github"})
_WRITTEN = (".md", ".tex", ".pdf", ".doc", ".docx", ".odt", ".txt", ".jpg", ".jpeg", ".png")
"""Files with these endings are seen even if their names hide them: somebody may have written an answer there."""
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


def names_notebook(name: str) -> bool:
    return _NOTEBOOK.search(name) is not None


def top(entries: Listing) -> Listing:
    return tuple(entry for entry in entries if len(entry.parts) == 1)


def below(folder: str, entries: Iterable[Entry]) -> Listing:
    return tuple(replace(e, parts=e.parts[1:]) for e in entries if e.parts[0] == folder and len(e.parts) > 1)


def readable(name: str) -> str:
    """A name of a stranger on one line, not longer than anybody reads."""
    return shown(name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}…")


def listed(root: Path, repositories: set[tuple[str, ...]]) -> Listing:
    """List a folder, or the single file given instead, and note which folders are repositories.

    Raises:
        UsageError: there are far too many files.
        OSError: it can't be read.
    """
    if root.is_dir():
        return bounded(root, _walk(root, (), repositories))
    return (_entry(root, (root.name,), root.stat()),)


def bounded(root: Path, found: Iterable[Entry]) -> Listing:
    entries = tuple(itertools.islice(found, MOST_ENTRIES + 1))
    if len(entries) > MOST_ENTRIES:
        raise UsageError(
            f"{root}: more than {MOST_ENTRIES:,} files; give a folder that contains only the submissions"
        )
    return entries


def is_hidden(name: str) -> bool:
    if name in IGNORED or name.startswith("._"):  # macOS puts such files beside others
        return True
    return name.startswith(".") and name != ".." and not name.lower().endswith(_WRITTEN)


def _walk(folder: Path, above: tuple[str, ...], repositories: set[tuple[str, ...]]) -> Iterator[Entry]:
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names only, in the same order on every file system
        if name in REPOSITORY:
            repositories.add(above)
        if is_hidden(name):
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
