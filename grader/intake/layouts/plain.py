"""Files and folders without a system: `*.ipynb` named after students, or a folder of each, perhaps in sections.

A folder of notebooks may be one student's or a class's. What does not show which is refused rather than guessed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from grader.intake.layouts.model import HandIn, Layout, Match, folders_of_students
from grader.intake.listing import Download, Entry, Kind, readable, top

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")


def _plain(download: Download) -> Match | None:
    files = [entry for entry in top(download.entries) if entry.kind is not Kind.FOLDER]
    notebooks = any(entry.claims_notebook for entry in files)
    loose = [_loose(entry) for entry in files if entry.claims_notebook or is_archive(entry)]
    names = {hand_in.name.casefold() for hand_in in loose}
    printed = [
        _loose(entry)
        for entry in files
        if notebooks and entry.name.lower().endswith(".pdf") and stem(entry.name).casefold() not in names
    ]
    folders = folders_of_students(download.entries)
    if not any(one.notebooks or any(map(is_archive, one.entries)) for one in folders):
        folders = ()
    found = (*loose, *printed, *folders)
    return Match(hand_ins=found) if found else None


def _loose(entry: Entry) -> HandIn:
    return HandIn(name=stem(entry.name), place=entry, entries=(entry,))


def is_archive(entry: Entry) -> bool:
    return entry.name.lower().endswith(ARCHIVES)


def stem(name: str) -> str:
    """A file's name without what says which kind of file it is."""
    endings = (*ARCHIVES, ".ipynb.txt", ".ipynb.json", PurePath(name).suffix)
    ending = next(each for each in endings if name.lower().endswith(each.lower()))
    return name[: -len(ending) or None]


def _sections(download: Download) -> Match | None:
    """One folder level more: each folder at the top is a section, and holds what a plain class holds."""
    sections = [
        (folder.name, match)
        for folder in folders_of_students(download.entries)
        if (match := _plain(download.inside(folder.name)))
    ]
    return in_sections(sections)


def in_sections(sections: list[tuple[str, Match]]) -> Match | None:
    """The classes of several sections as one. Names that occur in two of them begin with their section."""
    if not sections:
        return None
    names = [one.name.casefold() for _, match in sections for one in match.hand_ins]
    hand_ins, notes = [], [note for _, match in sections for note in match.notes]
    for section, match in sections:
        for one in match.hand_ins:
            name = f"{section}-{one.name}" if names.count(one.name.casefold()) > 1 else one.name
            people = tuple(replace(each, section=readable(section)) for each in one.people)
            identity = replace(one.identity, section=readable(section))
            hand_ins.append(replace(one, name=name, identity=identity, people=people))
    records = frozenset().union(*(match.records for _, match in sections))
    return Match(hand_ins=tuple(hand_ins), records=records, notes=tuple(notes), sections=len(sections))


PLAIN = Layout(
    name="plain",
    title="Plain files and folders",
    looks_like="*.ipynb files named after students, or one folder per student",
    recognise=_plain,
)
SECTIONS = Layout(
    name="sections",
    title="Folders in sections",
    looks_like="one folder per section, with one folder per student in each",
    recognise=_sections,
)
