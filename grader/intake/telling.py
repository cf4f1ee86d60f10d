"""What an instructor is told of a download: what it was taken for, and what of it was ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.course import is_late
from grader.intake.listing import names_notebook
from grader.intake.participation import PARTICIPATION
from grader.legible import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.course import Rules
    from grader.intake.layouts.model import Layout, Match
    from grader.intake.listing import Download
    from grader.model import Submission

MOST_NAMED = 5
"""Ignored files that have a line of their own."""


def summary(
    layout: Layout, match: Match, submissions: Sequence[Submission], rules: Rules, missing: int = 0
) -> str:
    """What was recognised, with counts, as a sentence."""
    groups = sum(bool(one.people) for one in submissions)
    counts = {
        "student": sum(len(one.people) or 1 for one in submissions),
        "group": groups,
        "section": match.sections,
    }
    parts = [f"{n} {noun}{'s' * (n != 1)}" for noun, n in counts.items() if n or noun == "student"]
    late = sum(is_late(one.arrival, rules) for one in submissions)
    unread = [one for one in submissions if one.notebook is None]
    without = sum(not names_notebook(one.origin) for one in unread)
    parts += [f"{late} late"] * bool(late) + [f"{without} without a notebook"] * bool(without)
    parts += [f"{len(unread) - without} whose notebook can't be read"] * (len(unread) > without)
    parts += [f"{missing} of the roster handed in nothing"] * bool(missing)
    return f"{layout.title}: {', '.join(parts)}."


def untimed(layout: Layout, submissions: Sequence[Submission], rules: Rules) -> list[str]:
    """Notes on hand-ins that cost nothing because nobody knows when they came."""
    timeless = [one for one in submissions if one.arrival.at is None and rules.due_for(one.arrival)]
    late = [one.student for one in timeless if is_late(one.arrival, rules)]
    number = len(timeless) - len(late)
    many = "hand-ins have no recorded time and so count as in time"
    one = "hand-in has no recorded time and so counts as in time"
    notes = [f"{number} {many if number > 1 else one}"] * bool(number)
    if late and rules.penalty is not None:
        are, system = "are" if len(late) > 1 else "is", layout.title.split()[0]
        notes.append(
            f"{len(late)} {are} late, but {system} does not say by how much, so nothing is taken: {listing(late)}. "
            "Give the times in the roster's column `submitted`"
        )
    return notes


def ignored(given: Download, match: Match) -> list[str]:
    """A note for each file or folder that belongs to no student; of a folder, only for the folder itself."""
    claimed = {entry.whole for one in match.hand_ins for entry in (one.place, *one.entries)} | match.records
    known = claimed | {path[:level] for path in claimed for level in range(len(path))} | {given.within}
    if given.root.is_dir():
        known |= {(PARTICIPATION,)}  # the command reads it
    strangers = [e for e in given.entries if e.whole not in known and e.whole[:-1] in known]
    notes = [
        f"{each.origin} was not read; to use this list, {'unpack it and ' * (each.member is not None)}"
        "name it with --participation"
        for each in strangers
        if each.name == PARTICIPATION
    ]
    strangers = [entry for entry in strangers if entry.name != PARTICIPATION]
    if len(strangers) > MOST_NAMED:
        names = listing([entry.origin for entry in strangers])
        belong = "files and folders were ignored, as they belong to no submission"
        return [*notes, f"{len(strangers)} {belong}: {names}"]
    return notes + [
        f"{entry.origin} was ignored: it {entry.why or 'belongs to no submission'}" for entry in strangers
    ]
