"""Brightspace: a folder of each attempt, `<user>-<folder> - <Name> - <Feb 12, 2021 1104 PM>`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.intake import dates
from grader.intake.layouts.model import HandIn, Layout, Match, fits
from grader.intake.listing import Download, Entry, Kind, readable, top
from grader.model import Identity

if TYPE_CHECKING:
    from datetime import datetime

_IDS = re.compile(r"(?P<id>\d{1,20})-\d{1,20}")
INDEX = "index.html"


def _recognise(download: Download) -> Match | None:
    folders = [entry for entry in top(download.entries) if entry.kind is not Kind.FILE]
    attempts: dict[str, list[tuple[Entry, str, str, datetime | None]]] = {}
    for folder in folders:
        ids, *words = folder.name.split(" - ")
        if (found := _IDS.fullmatch(ids)) and words:
            at = dates.read(words[-1]) if len(words) > 1 else None
            name = " - ".join(words[: -1 if at else None])
            attempts.setdefault(f"{name}_{found['id']}", []).append((folder, name, found["id"], at))
    if not fits([folder for tried in attempts.values() for folder, *_ in tried], download):
        return None
    hand_ins = []
    for who, tried in attempts.items():
        times = {folder.name: at for folder, _, _, at in tried}
        place, name, user, _ = tried[-1]
        entries = tuple(
            replace(entry, at=times[entry.parts[0]])
            for entry in download.entries
            if entry.parts[0] in times and len(entry.parts) > 1
        )
        hand_ins.append(
            HandIn(name=who, place=place, entries=entries, identity=Identity(name=readable(name), id=user))
        )
    return Match(hand_ins=tuple(hand_ins), records=frozenset({(*download.within, INDEX)}))


BRIGHTSPACE = Layout(
    name="brightspace",
    title="Brightspace download",
    looks_like="folders named like 12345-678901 - Jane Doe - Feb 12, 2021 1104 PM",
    recognise=_recognise,
)
