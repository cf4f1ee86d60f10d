"""Moodle: `<Full name>_<participant>_assignsubmission_<kind>`, a folder of each student, or in front of each file.

Until Moodle 4.0 the folder's name ends with an underscore. Blind marking has `Participant` in place of names.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.intake.layouts.model import HandIn, Layout, Match, fits, folders_of_students
from grader.intake.listing import Download, Entry, Kind, Listing, readable, top
from grader.model import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED = re.compile(
    r"(?P<name>.+?)_(?P<id>\d{1,20})_assign(?P<kind>(?:submission|feedback)_[a-z]+)(?:_+(?P<file>.*))?",
    re.DOTALL,
)
_FILE, _TEXT = "submission_file", "submission_onlinetext"
"""The kinds of what students hand in; the others are what the teacher gave back."""
_BLIND = re.compile(r"(?P<name>Participant)_(?P<id>\d{1,20})_(?P<file>.+)", re.DOTALL)


def _recognise(download: Download) -> Match | None:
    found = [
        (entry, name)
        for entry in top(download.entries)
        if (name := _NAMED.fullmatch(entry.name) or _BLIND.fullmatch(entry.name))
    ]
    if not fits([entry for entry, _ in found], download):
        return None
    students: dict[str, list[tuple[Entry, re.Match[str]]]] = {}
    for entry, name in found:
        students.setdefault(f"{name['name']}_{name['id']}", []).append((entry, name))
    inside = {folder.name: folder.entries for folder in folders_of_students(download.entries)}
    records = {
        each.whole
        for entry, name in found
        if _kind(name) != _FILE
        for each in (entry, *inside.get(entry.name, ()))
    }
    hand_ins = tuple(_hand_in(who, places, inside) for who, places in students.items())
    return Match(hand_ins=hand_ins, records=frozenset(records))


def _kind(name: re.Match[str]) -> str:
    return name.groupdict().get("kind") or _FILE


def _hand_in(who: str, places: list[tuple[Entry, re.Match[str]]], inside: Mapping[str, Listing]) -> HandIn:
    entries: list[Entry] = []
    for entry, name in places:
        if _kind(name) == _FILE:
            if entry.kind is Kind.FILE:
                entries.append(replace(entry, parts=(name["file"] or entry.name,)))
            else:
                entries += inside.get(entry.name, ())
    (place, name), *_ = sorted(places, key=lambda each: _kind(each[1]) != _FILE)
    blind = name["name"] == "Participant"
    return HandIn(
        name=who,
        place=place,
        entries=tuple(entries),
        identity=Identity(name=None if blind else readable(name["name"]), id=name["id"]),
        besides="online text" if any(_kind(each) == _TEXT for _, each in places) else "",
    )


MOODLE = Layout(
    name="moodle",
    title="Moodle download",
    looks_like="folders or files named like Jane Doe_12345_assignsubmission_file",
    recognise=_recognise,
)
