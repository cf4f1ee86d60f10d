"""Canvas: one folder of files, `name[_LATE]_<user id>_<attachment id>_<file>`.

The name is the sortable name in lower case without spaces. Names of groups may end with digits, and names of files
begin with some, so that `group_3_1004_90004_hw.ipynb` can be read in two ways. The names that can be read in only
one way decide, by the lengths of their ids: a server numbers all attachments in the order in which they arrive.
`LATE` in front of the first ids is Canvas's; after them, it may be part of a file's name like any other number.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.intake.layouts.model import HandIn, Layout, Match, fits
from grader.intake.listing import Download, Entry, Kind, readable, top
from grader.model import Arrival, Identity

_NUMBERS = re.compile(r"(?=_(?P<user>\d{1,20})_(?P<attachment>\d{1,20})_(?P<file>.+))", re.DOTALL)
_ANONYMOUS = re.compile(
    r"(?P<name>(?:LATE_)?anon)_(?P<user>[A-Za-z0-9]{1,20})_(?P<attachment>\d{1,20})_(?P<file>.+)", re.DOTALL
)
_ENTRY = re.compile(r"_(?P<user>\d{1,20}|(?<=anon_)[A-Za-z0-9]{1,20})_(?P<kind>text|link)\.html$")
_LATE, _LATE_ANONYMOUS = "_LATE", "LATE_anon"
_AGAIN = re.compile(r"-\d{1,3}(?=(?:\.[^.]*)?$)")
"""What Canvas adds to a file's name when it is handed in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One way to read a file's name."""

    name: str
    user: str
    late: bool
    attachment: str = ""
    file: str = ""
    kind: str = ""
    anonymous: bool = False

    @property
    def who(self) -> str:
        return f"{self.name}_{self.user}"

    @classmethod
    def of(
        cls,
        name: str,
        *,
        user: str,
        attachment: str = "",
        file: str = "",
        kind: str = "",
    ) -> _Reading:
        late = name.endswith(_LATE) or name == _LATE_ANONYMOUS
        name = "anon" if name == _LATE_ANONYMOUS else name.removesuffix(_LATE)
        anonymous = name == "anon"
        return cls(
            name=name, user=user, late=late, anonymous=anonymous, attachment=attachment, file=file, kind=kind
        )


def _readings(name: str) -> list[_Reading]:
    if found := _ANONYMOUS.fullmatch(name):
        return [_Reading.of(**found.groupdict())]
    if found := _ENTRY.search(name):
        return [_Reading.of(name[: found.start()], user=found["user"], kind=found["kind"])]
    ways = [
        _Reading.of(name[: found.start()], **found.groupdict())
        for found in _NUMBERS.finditer(name)
        if found.start()
    ]
    return ways[:1] if ways and ways[0].late else ways


def _recognise(download: Download) -> Match | None:
    files = [entry for entry in top(download.entries) if entry.kind is not Kind.FOLDER]
    ways = {entry: found for entry in files if (found := _readings(entry.name))}
    if not fits(ways, download):
        return None
    lengths = Counter(
        (len(one.attachment), len(one.user)) for one, *more in ways.values() if not more and one.attachment
    ).most_common(1)
    chosen: dict[str, list[tuple[Entry, _Reading]]] = {}
    attached: dict[str, str] = {}
    notes = []
    for entry, found in ways.items():
        best = min(found, key=lambda way: _distance(way, lengths[0][0] if lengths else None))
        if best.attachment and attached.setdefault(best.attachment, best.file) != best.file:
            return None  # a server gives each file an id of its own
        if len(found) > 1 and not lengths:
            ids = " or ".join(way.user for way in found)
            notes.append(f"{entry.origin} may be of the Canvas user {ids}; it was taken to be of {best.user}")
        chosen.setdefault(best.who, []).append((entry, best))
    records = {entry.whole for files in chosen.values() for entry, way in files if way.kind}
    return Match(
        hand_ins=tuple(map(_hand_in, chosen.values())), records=frozenset(records), notes=tuple(notes)
    )


def _distance(way: _Reading, usual: tuple[int, int] | None) -> tuple[int, int]:
    if usual is None:
        return -len(way.attachment), 0
    return abs(len(way.attachment) - usual[0]), abs(len(way.user) - usual[1])


def _hand_in(files: list[tuple[Entry, _Reading]]) -> HandIn:
    place, first = files[0]
    texts = {way.kind for _, way in files if way.kind}
    return HandIn(
        name=first.who,
        place=place,
        entries=tuple(
            replace(entry, parts=(way.file,), order=int(way.attachment)) for entry, way in files if way.file
        ),
        identity=Identity(name=None if first.anonymous else readable(first.name), id=first.user),
        arrival=Arrival(late=any(way.late for _, way in files)),
        besides=" and ".join(f"a {kind} entry" for kind in sorted(texts)),
    )


def first_names(names: list[str]) -> dict[str, str]:
    """The names that files had when they were first handed in, of those that say so and are unique."""
    before = {name: _AGAIN.sub("", PurePosixPath(name).name, count=1) for name in names}
    counted = Counter([*before.values(), *names])
    return {name: old for name, old in before.items() if old != name and counted[old] == 1}


CANVAS = Layout(
    name="canvas",
    title="Canvas download",
    looks_like="files named like doejane_12345_678901_homework.ipynb",
    recognise=_recognise,
)
