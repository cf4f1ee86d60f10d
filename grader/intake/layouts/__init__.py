"""The layouts in which the submissions of a class arrive, each recognised by the names of folders and files.

A course system's own layout may lie in other folders, or once in each of several sections. What fits none of them
is taken as plain files and folders, if it cannot be mistaken for something else.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.intake.layouts.blackboard import BLACKBOARD
from grader.intake.layouts.brightspace import BRIGHTSPACE
from grader.intake.layouts.canvas import CANVAS
from grader.intake.layouts.classroom import CLASSROOM
from grader.intake.layouts.gradescope import GRADESCOPE
from grader.intake.layouts.model import HandIn, Layout, Match
from grader.intake.layouts.moodle import MOODLE
from grader.intake.layouts.nbgrader import NBGRADER
from grader.intake.layouts.plain import PLAIN, SECTIONS, in_sections, is_archive
from grader.intake.listing import Kind, names_notebook, readable, top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.intake.listing import Download, Entry

SYSTEMS = (GRADESCOPE, CANVAS, MOODLE, BRIGHTSPACE, BLACKBOARD, NBGRADER, CLASSROOM)
LAYOUTS = (*SYSTEMS, PLAIN, SECTIONS)
MOST_NOTEBOOKS = 10
"""More are hardly one student's."""
MOST_OTHERS = 5
"""The same for notebooks that are not named after the assignment."""
MOST_VERSIONS = 3
"""More notebooks in the only folder are rather a class than one student's versions."""
_WRAPPER = re.compile(r"submission|hand.?in|download|export|assignment", re.IGNORECASE)
"""In the name of a folder that is nobody's."""
Found = tuple[Layout, Match, "Download"]


def recognised(download: Download, forced: str | None = None) -> Found:
    """The layout of a download, its hand-ins, and the folder in which they lie.

    Args:
        download: what the instructor gave.
        forced: the name of the layout that it has to be.

    Raises:
        UsageError: it has none, not that one, or may be read in two ways.
    """
    if forced is None:
        one = download.root.is_file() and names_notebook(download.root.name)
        found = _plain(download) if one else _search(download, SYSTEMS) or _plain(download)
        if found is None:
            looked_for = "; ".join(f"{layout.name} ({layout.looks_like})" for layout in LAYOUTS)
            raise UsageError(
                f"{download.root}: no submissions recognised. Looked for {looked_for}. "
                "Give the zip or the folder that contains the students' files"
            )
        _refuse_misfits(found)
        return found
    layout = next((each for each in LAYOUTS if each.name == forced), None)
    if layout is None:
        names = ", ".join(each.name for each in LAYOUTS)
        raise UsageError(f"--layout {forced}: there is no such layout; choose one of {names}")
    if layout in SYSTEMS:
        found = _search(download, (layout,), lenient=True)
    else:
        found = (layout, match, download) if (match := layout.recognise(download)) else None
    if found is None:
        raise UsageError(f"{download.root}: not the layout {forced}, which has {layout.looks_like}")
    return found


def is_of_system(download: Download) -> bool:
    """Has it the layout of a course system?"""
    return _search(download, SYSTEMS) is not None


def named_after(entry: Entry, assignment: str | None) -> bool:
    """Does a file's name, or the name of a folder above it, say which assignment it is?"""
    wanted = _words(assignment or "")
    return bool(wanted) and any(_holds(_words(part), wanted) for part in entry.parts)


def _holds(words: str, wanted: str) -> bool:
    """Is one in the other, and not as 1 is in 10?"""
    parts = words.split(wanted)
    return any(
        not (wanted[0].isdigit() and before[-1:].isdigit())
        and not (wanted[-1].isdigit() and after[:1].isdigit())
        for before, after in pairwise(parts)
    )


def _words(name: str) -> str:
    """Its letters and digits, with a blank only between two numbers."""
    return re.sub(
        r"(\d?)[\W_]+(?=(\d?))",
        lambda found: found[1] + " " * bool(found[1] and found[2]),
        name.casefold(),
    )


def _search(download: Download, layouts: Sequence[Layout], *, lenient: bool = False) -> Found | None:
    """A system's layout here, in the only folder, or in each of several that hold work; with `lenient`, in some.

    Raises:
        UsageError: some folders are classes of a system, and others hold notebooks.
    """
    for layout in layouts:
        if match := layout.recognise(download):
            return layout, match, download
    folders = [entry.name for entry in top(download.entries) if entry.kind is Kind.FOLDER]
    if not folders or any(entry.claims_notebook for entry in top(download.entries)):
        return None
    if len(folders) == 1:
        return _search(download.inside(folders[0]), layouts, lenient=lenient)
    return _search_sections(download, folders, layouts, lenient=lenient)


def _search_sections(
    download: Download, folders: Sequence[str], layouts: Sequence[Layout], *, lenient: bool
) -> Found | None:
    sections: list[tuple[str, Match]] = []
    others: list[str] = []
    for name in folders:
        inside = download.inside(name)
        if found := _search(inside, layouts, lenient=lenient):
            layouts = found[:1]  # all sections come from one system
            sections.append((name, found[1]))
        elif any(entry.claims_notebook or is_archive(entry) for entry in inside.entries):
            others.append(name)
    is_class = any(len(match.hand_ins) > 1 for _, match in sections)
    if others and is_class and not lenient:
        raise _mixed(download, layouts[0], sections[0][0], others[0])
    if not lenient and not is_class and (others or len(sections) == 1):
        return None  # so that each folder is one student's
    match = in_sections(sections)
    return (layouts[0], match, download) if match else None


def _plain(download: Download) -> Found | None:
    match = PLAIN.recognise(download)
    if match is None:
        return None
    folders = [one for one in match.hand_ins if one.place.kind is Kind.FOLDER]
    if len(folders) == len(match.hand_ins) == 1:
        inner = _plain(download.inside(folders[0].name))
        if inner and _is_wrapper(folders[0], inner, download):
            return inner
    elif _are_sections(folders, match) and (in_them := SECTIONS.recognise(download)):
        return SECTIONS, in_them, download
    return PLAIN, match, download


def _is_wrapper(only: HandIn, inner: Found, download: Download) -> bool:
    """Is the only folder no student's, but the class itself?

    Raises:
        UsageError: nobody can tell.
    """
    loose = [entry for entry in only.notebooks if len(entry.parts) == 1]
    if len(inner[1].hand_ins) < 2:
        return False
    if not loose:
        return True
    after = sum(named_after(entry, download.assignment) for entry in loose)
    if len(loose) < 2 or 2 * after > len(loose):
        return False
    folders = {entry.parts[0] for entry in only.notebooks if len(entry.parts) > 1}
    if only.name == download.name or _WRAPPER.search(only.name) or len(folders) > 1:
        return True
    if len(loose) > MOST_VERSIONS:
        raise _unclear(only, download)
    return False


def _are_sections(folders: Sequence[HandIn], match: Match) -> bool:
    """Does each folder hold folders with notebooks, as no other does, as students' folders are?"""
    groups = [{entry.parts[0] for entry in one.notebooks if len(entry.parts) > 1} for one in folders]
    loose = any(len(entry.parts) == 1 for one in folders for entry in one.notebooks)
    names = Counter(name for group in groups for name in group)
    return (
        len(folders) == len(match.hand_ins)
        and not loose
        and any(len(group) > 1 for group in groups)
        and max(names.values(), default=0) == 1
        and len(names) > len(folders)
    )


def _refuse_misfits(found: Found) -> None:
    """See that no student has a class's notebooks.

    Raises:
        UsageError: one has.
    """
    layout, match, download = found
    for one in match.hand_ins:
        others = [entry for entry in one.notebooks if not named_after(entry, download.assignment)]
        if layout is not CLASSROOM and (
            len(one.notebooks) > MOST_NOTEBOOKS or (download.assignment and len(others) > MOST_OTHERS)
        ):
            raise _unclear(one, download, layout)


def _mixed(download: Download, layout: Layout, section: str, other: str) -> UsageError:
    section, other = (readable("/".join((*download.within, name))) for name in (section, other))
    return UsageError(
        f"{download.root}: {section} is a {layout.title}, and {other} is not, but holds notebooks or archives. "
        f"Give the folder of the class alone; to grade only what is a {layout.title}, add --layout {layout.name}; "
        "if each folder is one student's, add --layout plain"
    )


def _unclear(one: HandIn, download: Download, layout: Layout = PLAIN) -> UsageError:
    right = "it is one student's" if layout is PLAIN else f"this is a {layout.title}"
    wrong = "" if layout is PLAIN else ", if not, --layout plain"
    return UsageError(
        f"{download.root}: {readable(one.name)} would be one student with {len(one.notebooks)} notebooks. If "
        f"{one.place.origin} is a class, give that folder alone; if the folders are sections, add "
        f"--layout sections; if {right}, add --layout {layout.name}{wrong}"
    )
