"""nbgrader: `submitted/<student>/<assignment>/*.ipynb`, with a `timestamp.txt` beside the notebooks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from grader.errors import UsageError
from grader.intake.layouts.model import HandIn, Layout, Match, folders_of_students
from grader.intake.listing import Download, Kind, Listing, below, readable, top
from grader.legible import listing
from grader.model import Identity

if TYPE_CHECKING:
    from grader.intake.listing import Entry

STAMP = "timestamp.txt"
SUBMITTED = "submitted"
MOST_STAMP = 100


def _recognise(download: Download) -> Match | None:
    folder = any(entry.parts == (SUBMITTED,) for entry in top(download.entries))
    submitted = below(SUBMITTED, download.entries) if folder else download.entries
    is_named = folder or download.name == SUBMITTED
    notebooks = any(len(entry.parts) == 3 and entry.claims_notebook for entry in submitted)
    stamps = [entry for entry in submitted if len(entry.parts) == 3 and entry.name == STAMP]
    if not stamps and not (is_named and notebooks):
        return None
    notes: list[str] = []
    everyone = folders_of_students(submitted)
    hand_ins = _of_assignment(everyone, download)
    chosen = {entry.whole for one in hand_ins for entry in one.entries}
    others = {entry.whole for one in everyone for entry in one.entries} - chosen
    return Match(
        hand_ins=tuple(_dated(one, notes) for one in hand_ins),
        records=frozenset(others | {stamp.whole for stamp in stamps}),
        notes=tuple(notes),
    )


def _of_assignment(everyone: tuple[HandIn, ...], download: Download) -> tuple[HandIn, ...]:
    """Narrow each hand-in to one assignment, unless there is only one, whatever its name.

    Raises:
        UsageError: there are several, and none is called like it.
    """
    if download.assignment is None:
        return everyone
    narrow = tuple(
        replace(one, entries=tuple(entry for entry in one.entries if entry.parts[0] == download.assignment))
        for one in everyone
    )
    if any(one.entries for one in narrow):
        return narrow
    names = sorted({entry.parts[0] for one in everyone for entry in one.notebooks if len(entry.parts) == 2})
    if len(names) > 1:
        raise UsageError(
            f"{download.root}: nobody has a folder for the assignment {download.assignment}; there are: "
            f"{listing([readable(name) for name in names])}. Name the assignment with -a, or rename its folders"
        )
    return everyone


def _dated(one: HandIn, notes: list[str]) -> HandIn:
    dates = {
        stamp.parts[0]: _date(one, stamp, notes)
        for stamp in one.entries
        if len(stamp.parts) == 2 and stamp.name == STAMP and stamp.kind is Kind.FILE
    }
    entries: Listing = tuple(replace(entry, at=dates.get(entry.parts[0])) for entry in one.entries)
    return replace(one, entries=entries, identity=Identity(id=one.name))


def _date(one: HandIn, stamp: Entry, notes: list[str]) -> datetime | None:
    """When nbgrader collected the assignment."""
    try:
        return _parsed(stamp.content(MOST_STAMP).decode("utf-8-sig").strip())
    except (ValueError, LookupError, OSError):
        where = readable("/".join((one.name, *stamp.parts)))
        notes.append(
            f"{where}: not a date with a known time zone; the notebook's modification time is used instead"
        )
        return None


def _parsed(stamp: str) -> datetime:
    """A date with an optional time zone, by default UTC."""
    date, _, zone = stamp.rpartition(" ")
    if not date or zone[:1].isdigit():
        date, zone = stamp, "UTC"
    when = datetime.fromisoformat(date)
    return when if when.tzinfo else when.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))


NBGRADER = Layout(
    name="nbgrader",
    title="nbgrader submissions",
    looks_like="submitted/<student>/<assignment>/*.ipynb, or a timestamp.txt next to a notebook",
    recognise=_recognise,
)
