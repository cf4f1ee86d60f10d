"""What a layout is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable  # noqa: TC003 - part of a dataclass
from dataclasses import dataclass, field
from itertools import groupby

from grader.intake.listing import Download, Entry, Kind, Listing, below, top
from grader.model import Arrival, Identity

MOST_NAME = 200
"""Characters of a name, an id or an address that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What one student or group handed in, before a notebook is chosen. `name` is not yet a safe folder name."""

    name: str
    place: Entry
    """Its folder, or one of its files."""
    entries: Listing
    """Their `parts` start below the student's folder. A notebook outside any folder is its own only entry."""
    identity: Identity = field(default_factory=Identity)
    people: tuple[Identity, ...] = ()
    """The members of a group."""
    arrival: Arrival = field(default_factory=Arrival)
    """What is known of it besides the times of `entries`."""
    besides: str = ""
    """What was handed in that is not a file of the student's, such as a text entry."""

    @property
    def notebooks(self) -> Listing:
        return tuple(entry for entry in self.entries if entry.claims_notebook)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A class, as a layout finds it."""

    hand_ins: tuple[HandIn, ...]
    records: frozenset[tuple[str, ...]] = frozenset()
    """Files of the course system, from the root: they belong to no student, and are not ignored either."""
    notes: tuple[str, ...] = ()
    sections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One form in which the submissions of a class arrive."""

    name: str
    title: str
    looks_like: str
    recognise: Callable[[Download], Match | None]
    """None if the folder has another layout.

    Raises UsageError if the folder is of this layout, but something that tells students apart can't be read."""


def known(text: object) -> str | None:
    """A fact that a course system may have left out."""
    return text.strip()[:MOST_NAME] or None if isinstance(text, str) else None


def folders_of_students(entries: Listing) -> tuple[HandIn, ...]:
    """Each folder belongs to a student. So does a link in its place, but it is not followed."""
    return tuple(
        HandIn(name=name, place=place, entries=below(name, rest))
        for name, (place, *rest) in ((name, tuple(group)) for name, group in groupby(entries, first_part))
        if place.kind in (Kind.FOLDER, Kind.CLOSED, Kind.LINK) and not place.claims_notebook
    )


def first_part(entry: Entry) -> str:
    return entry.parts[0]


def fits(matched: Iterable[Entry], download: Download) -> bool:
    """Have most names at the top the layout's form, and hardly a notebook another one?"""
    found, everything = set(matched), top(download.entries)
    strangers = sum(entry.claims_notebook for entry in everything if entry not in found)
    return bool(found) and 2 * len(found) >= len(everything) and 5 * strangers <= len(found)
