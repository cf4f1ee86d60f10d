"""A hand-in that is packed, or that holds a zip in place of a notebook, as files that can be read."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.intake.archives import listed_zip
from grader.intake.layouts import MOST_NOTEBOOKS
from grader.intake.layouts.plain import ARCHIVES
from grader.intake.listing import Kind, readable
from grader.limits import MIB
from grader.zips import DENSE, ENCRYPTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.intake.archives import Scratch
    from grader.intake.layouts.model import HandIn
    from grader.intake.listing import Entry, Listing

MOST_ENTRIES = 2_000
MOST_BYTES = 512 * MIB
"""Of one hand-in, unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The files of a hand-in, as far as they can be read."""

    entries: Listing
    problem: str = ""
    """Why none of it was unpacked; empty if it was."""


def unpacked(hand_in: HandIn, scratch: Scratch) -> Unpacked:
    """Unpack what is packed, and the zips of a hand-in that has no notebook beside them; not zips inside those.

    Raises:
        UsageError: there is no room to unpack anything.
    """
    entries = hand_in.entries
    if problem := _too_much(entries):
        return Unpacked(entries=(), problem=problem)
    entries = tuple(_on_disk(entries, scratch))
    if any(entry.claims_notebook and not entry.why for entry in entries):
        return Unpacked(entries=entries)
    with ExitStack() as stack:
        opened: list[Entry] = []
        for entry in entries:
            opened += _inside(entry, scratch, stack) if _is_archive(entry) else (entry,)
        if problem := _too_much(opened):
            return Unpacked(entries=(), problem=problem)
        return Unpacked(entries=tuple(_on_disk(opened, scratch)))


def _is_archive(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and not entry.why and entry.name.lower().endswith(ARCHIVES)


def _inside(entry: Entry, scratch: Scratch, until: ExitStack) -> Listing:
    """What a student's zip holds; the zip itself, with the reason, if it can't be opened or trusted."""
    if entry.size > MOST_BYTES:
        return (replace(entry, why=f"is larger than {MOST_BYTES // MIB} MiB"),)
    try:
        inside = listed_zip(scratch.open_zip(entry, most_entries=MOST_ENTRIES, until=until), entry)
    except zipfile.BadZipFile as error:
        return (replace(entry, why=str(error)),)
    why = _distrusted(inside)
    return (replace(entry, why=why),) if why else inside


def _distrusted(inside: Listing) -> str:
    """Why a zip is not opened although it could be, completing "it …"; empty if it is.

    Files are unpacked under numbers, so a name or a link does no harm, and costs only itself beside a notebook.
    """
    files = [each for each in inside if each.kind is Kind.FILE]
    notebooks = sum(each.claims_notebook for each in files)
    if len({each.parts for each in files}) < len(files):
        return "holds two files of one name"
    good = any(each.claims_notebook and not each.why for each in files)
    if bad := next((e for e in files if e.why in (ENCRYPTED, DENSE) or (e.why and not good)), None):
        return f"holds {readable('/'.join(bad.parts))}, which {bad.why}"
    if notebooks > MOST_NOTEBOOKS:
        return f"holds {notebooks} notebooks, as a class does"
    if not notebooks and (nested := next(filter(_is_archive, files), None)):
        return f"holds no notebook but {readable(nested.name)}, an archive of its own"
    return ""


def _too_much(entries: Listing | list[Entry]) -> str:
    packed = [entry for entry in entries if entry.member is not None and entry.path is None]
    if len(packed) > MOST_ENTRIES:
        return f"more than {MOST_ENTRIES:,} files were handed in"
    if sum(entry.size for entry in packed) > MOST_BYTES:
        return f"more than {MOST_BYTES // MIB} MiB were handed in"
    return ""


def _on_disk(entries: Listing | list[Entry], scratch: Scratch) -> Iterator[Entry]:
    for entry in entries:
        if entry.kind is not Kind.FILE or entry.why:
            yield entry
            continue
        try:
            yield scratch.unpacked(entry)
        except zipfile.BadZipFile as error:
            yield replace(entry, why=str(error).removeprefix("it "))
