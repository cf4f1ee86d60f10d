"""Brightspace: a folder of each attempt, `<user>-<folder> - <Name> - <Feb 12, 2021 1104 PM>`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from grader.intake.layouts.model import HandIn, Layout, Match, fits
from grader.intake.listing import Download, Entry, Kind, readable, top
from grader.model import Identity

_IDS = re.compile(r"(?P<id>\d{1,20})-\d{1,20}")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
INDEX = "index.html"


def _recognise(download: Download) -> Match | None:
    folders = [entry for entry in top(download.entries) if entry.kind is not Kind.FILE]
    attempts: dict[str, list[tuple[Entry, str, str, datetime | None]]] = {}
    for folder in folders:
        ids, *words = folder.name.split(" - ")
        if (found := _IDS.fullmatch(ids)) and words:
            at = _date(words[-1]) if len(words) > 1 else None
            name = " - ".join(words[: -1 if at else None])
            attempts.setdefault(f"{name}_{found['id']}", []).append((folder, name, found["id"], at))
    if not fits([folder for tried in attempts.values() for folder, *_ in tried], download):
        return None
    hand_ins = []
    for who, tried in attempts.items():
        dates = {folder.name: at for folder, _, _, at in tried}
        place, name, user, _ = tried[-1]
        entries = tuple(
            replace(entry, at=dates[entry.parts[0]])
            for entry in download.entries
            if entry.parts[0] in dates and len(entry.parts) > 1
        )
        hand_ins.append(
            HandIn(name=who, place=place, entries=entries, identity=Identity(name=readable(name), id=user))
        )
    return Match(hand_ins=tuple(hand_ins), records=frozenset({(*download.within, INDEX)}))


def _date(text: str) -> datetime | None:
    """`Feb 12, 2021 1104 PM` or `12 February, 2021 11 04 PM`, in the time zone of the course."""
    words, numbers = re.findall(r"[A-Za-z]+", text), re.findall(r"\d+", text)
    if not words or words[0][:3].lower() not in _MONTHS or len(numbers) < 3:
        return None
    clock = "".join(numbers[2:]).zfill(4)
    hour, afternoon = int(clock[:2]), words[-1].upper()
    if afternoon in ("AM", "PM"):
        hour = hour % 12 + 12 * (afternoon == "PM")
    month = _MONTHS.index(words[0][:3].lower()) + 1
    try:
        return datetime(int(numbers[1]), month, int(numbers[0]), hour, int(clock[2:4]))  # noqa: DTZ001
    except ValueError:
        return None


BRIGHTSPACE = Layout(
    name="brightspace",
    title="Brightspace download",
    looks_like="folders named like 12345-678901 - Jane Doe - Feb 12, 2021 1104 PM",
    recognise=_recognise,
)
