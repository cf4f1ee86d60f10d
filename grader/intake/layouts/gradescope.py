"""Gradescope's export: `submission_<number>/` beside a `submission_metadata.yml` that says who handed it in.

A file of a stranger's names: it is bounded, and read without its types, so that no tag makes an object and the
student number 0123 stays one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from grader.errors import UsageError
from grader.intake import dates
from grader.intake.layouts.model import HandIn, Layout, Match, folders_of_students, known
from grader.intake.listing import Download, Entry, readable, top
from grader.model import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA = "submission_metadata.yml"
MOST_METADATA = 32 << 20
MOST_MEMBERS = 50
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def _recognise(download: Download) -> Match | None:
    metadata = next((entry for entry in top(download.entries) if entry.name == METADATA), None)
    if metadata is None:
        return None
    said = _read(metadata, download)
    folders = {folder.name: folder for folder in folders_of_students(download.entries)}
    hand_ins = [
        _hand_in(number, said.get(number), folders.get(number), metadata)
        for number in (*said, *(name for name in folders if name not in said))
    ]
    strangers = [readable(name) for name in folders if name not in said]
    notes = [f"{METADATA} does not say whose {each} is" for each in strangers]
    return Match(hand_ins=tuple(hand_ins), records=frozenset({metadata.whole}), notes=tuple(notes))


def _read(metadata: Entry, download: Download) -> Mapping[str, Any]:
    """What is said of each submission, by its folder.

    Raises:
        UsageError: it can't be read, so that nobody knows whose the submissions are.
    """
    try:
        text = metadata.content(MOST_METADATA).decode("utf-8-sig")
        said = yaml.load(text, Loader=_Loader)  # noqa: S506 - it makes nothing but text, lists and dictionaries
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        why = str(error).partition("\n")[0]
    else:
        if isinstance(said, dict):
            return said
        why = "it is not a table of submissions"
    raise UsageError(
        f"{download.root}: {metadata.origin} can't be read ({readable(why)}), and it says whose the submissions "
        "are; export them again"
    )


def _hand_in(number: str, said: Any, folder: HandIn | None, metadata: Entry) -> HandIn:
    said = said if isinstance(said, dict) else {}
    listed = said.get(":submitters")
    people = (
        [_identity(each) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    people = sorted(people, key=lambda one: (one.name or "", one.id or "", one.email or ""))[:MOST_MEMBERS]
    at = dates.read(str(said.get(":created_at")))
    entries = folder.entries if folder else ()
    return HandIn(
        name=" + ".join(filter(None, map(_called, people))) or number,
        place=folder.place if folder else metadata,
        entries=tuple(replace(entry, at=at) for entry in entries),
        identity=people[0] if len(people) == 1 else Identity(),
        people=tuple(people) if len(people) > 1 else (),
    )


def _identity(said: Mapping[str, Any]) -> Identity:
    return Identity(
        name=known(said.get(":name")), id=known(said.get(":sid")), email=known(said.get(":email"))
    )


def _called(one: Identity) -> str:
    """A name that stays the person's, and that no other has."""
    return "_".join(filter(None, (one.name, one.id or one.email)))


GRADESCOPE = Layout(
    name="gradescope",
    title="Gradescope export",
    looks_like=f"{METADATA} beside folders named like submission_409194023",
    recognise=_recognise,
)
