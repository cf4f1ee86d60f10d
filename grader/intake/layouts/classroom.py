"""GitHub Classroom: a repository of each student or team, `<assignment>-<user>`, cloned below one folder."""

from __future__ import annotations

from dataclasses import replace
from os.path import commonprefix
from typing import TYPE_CHECKING

from grader.intake.layouts.model import HandIn, Layout, Match, folders_of_students
from grader.model import Identity

if TYPE_CHECKING:
    from grader.intake.listing import Download

_CLONES = "-submissions"
"""How the folder's name ends that `gh classroom clone` makes; it begins with the assignment's."""
TESTS = frozenset({"test", "tests", "solution", "solutions"})
"""Folders of the assignment's repository whose notebooks are nobody's answers."""


def _recognise(download: Download) -> Match | None:
    folders = folders_of_students(download.entries)
    prefix = _prefix([folder.name for folder in folders], download)
    cloned = sum((*download.within, folder.name) in download.repositories for folder in folders)
    named = download.name == f"{prefix}{_CLONES}"
    if not folders or not prefix or not (named or 2 * cloned > len(folders)):
        return None
    hand_ins = tuple(_hand_in(folder, prefix) for folder in folders)
    answers = {entry.whole for one in hand_ins for entry in one.entries}
    records = {entry.whole for one in folders for entry in one.entries} - answers
    return Match(hand_ins=hand_ins, records=frozenset(records))


def _prefix(names: list[str], download: Download) -> str:
    """What comes before the users' names; `*` if all names share something, and nobody says how much of it."""
    certain = [download.name.removesuffix(_CLONES), download.assignment or ""]
    for prefix in certain:
        if prefix and all(name.startswith(f"{prefix}-") and len(name) > len(prefix) + 1 for name in names):
            return prefix
    return "*" if "-" in commonprefix(names) else ""  # noqa: RUF071 - names, not paths


def _hand_in(folder: HandIn, prefix: str) -> HandIn:
    user = None if prefix == "*" else folder.name.removeprefix(f"{prefix}-")
    answers = tuple(entry for entry in folder.entries if entry.parts[0].lower() not in TESTS)
    if not any(entry.claims_notebook for entry in answers):
        answers = folder.entries
    return replace(folder, name=user or folder.name, entries=answers, identity=Identity(id=user))


CLASSROOM = Layout(
    name="classroom",
    title="GitHub Classroom clones",
    looks_like="repositories in folders named like homework-jdoe",
    recognise=_recognise,
)
