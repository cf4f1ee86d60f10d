"""A folder as it came from students or a course system, sorted into one submission a student.

What cannot be graded is still there: as a submission whose `problem` says why, or as a note.
"""

from __future__ import annotations

import difflib
import hashlib
import unicodedata
from dataclasses import dataclass, replace
from itertools import accumulate, count, groupby
from typing import TYPE_CHECKING

from grader import notebook
from grader.errors import NotebookError, UsageError
from grader.intake.layouts import Entry, HandIn, Kind, Layout, Listing, listed, recognised
from grader.model import Submission
from grader.notebook import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from grader.limits import Limits

LONGEST_ID = 100
DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
RESERVED = frozenset({"reference"} | DEVICES)
"""Our own reference solution's name, and the names that Windows keeps for devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A class as it was handed in."""

    layout: str
    submissions: tuple[Submission, ...]
    notes: tuple[str, ...] = ()
    """What was left alone and why, one sentence each."""


def collect(root: Path, *, limits: Limits, only: Sequence[str] = (), assignment: str | None = None) -> Intake:
    """Sort what lies in `root` into submissions, one a student.

    Args:
        root: the folder of a class, in a layout of `grader.layouts`, or a single notebook.
        limits: a notebook or support files beyond them are not taken.
        only: ids or names of the students to take; all if empty.
        assignment: which one to take where a layout keeps several apart.

    Raises:
        UsageError: there is nothing to grade, or `only` names a student who is not there.
    """
    try:
        entries = listed(root)
    except OSError as error:
        raise UsageError(f"{root}: it cannot be read ({error.strerror}); check its permissions") from error
    layout, everyone = recognised(root, entries)
    notes = [] if only else _left_alone(root, entries, everyone)
    if assignment and layout.by_assignment:
        everyone = _of_assignment(everyone, assignment)
    submissions = tuple(
        _submission(
            student, hand_in, context=_Context(layout=layout, root=root, limits=limits, note=notes.append)
        )
        for student, hand_in in _only(_by_id(everyone), only).items()
    )
    return Intake(layout=layout.name, submissions=submissions, notes=tuple(notes))


def student_ids(names: Sequence[str]) -> tuple[str, ...]:
    """Make each name a folder name that is safe on every system, and unique whatever its case.

    Of names that fall together, the first in sorted order stays as it is and the others are numbered.
    """
    safe = [_safe(name) for name in names]
    keys = [_folded(name) for name in safe]
    taken = set(keys)
    order = sorted(range(len(names)), key=lambda place: (keys[place], names[place]))
    for _, together in groupby(order, keys.__getitem__):
        for place in list(together)[1:]:
            safe[place] = next(new for n in count(2) if _folded(new := f"{safe[place]}-{n}") not in taken)
            taken.add(_folded(safe[place]))
    return tuple(safe)


def _safe(name: str) -> str:
    legible = unicodedata.normalize("NFC", name)
    kept = "".join(c if c.isprintable() and c not in '/\\<>:"|?*' else "_" for c in legible)
    kept = kept.lstrip("-. ").rstrip(". ") or "student"
    if kept.partition(".")[0].lower() in RESERVED:
        kept = f"{kept}_"
    if len(kept.encode()) <= LONGEST_ID:
        return kept
    head = kept.encode()[: LONGEST_ID - 9].decode(errors="ignore").rstrip(". ")
    return f"{head}-{hashlib.sha256(kept.encode()).hexdigest()[:8]}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _of_assignment(everyone: tuple[HandIn, ...], assignment: str) -> tuple[HandIn, ...]:
    """Narrow each hand-in to one assignment, unless nobody handed that one in under this name."""
    narrow = tuple(
        replace(one, entries=tuple(entry for entry in one.entries if entry.parts[0] == assignment))
        for one in everyone
    )
    return narrow if any(one.entries for one in narrow) else everyone


def _left_alone(root: Path, entries: Listing, everyone: tuple[HandIn, ...]) -> list[str]:
    """Name what belongs to no student; of a folder, only the folder."""
    claimed = {entry.path for one in everyone for entry in (one.place, *one.entries)}
    held = {root, *claimed, *(above for path in claimed for above in path.parents)}
    return [
        f"{_origin(root, entry)}: left alone; it is {entry.kind} that belongs to no submission"
        for entry in entries
        if entry.path not in held and entry.path.parent in held
    ]


def _by_id(everyone: tuple[HandIn, ...]) -> dict[str, HandIn]:
    ids = student_ids([one.name for one in everyone])
    return dict(sorted(zip(ids, everyone, strict=True), key=lambda pair: (_folded(pair[0]), pair[0])))


def _only(everyone: Mapping[str, HandIn], only: Sequence[str]) -> dict[str, HandIn]:
    for wanted in only:
        if not any(wanted in (student, one.name) for student, one in everyone.items()):
            near = difflib.get_close_matches(wanted, everyone, n=3) or list(everyone)[:5]
            raise UsageError(f"no student is called {shown(wanted)}; some who are: {', '.join(near)}")
    return {student: one for student, one in everyone.items() if not only or {student, one.name} & set(only)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What is the same for every submission of one intake."""

    layout: Layout
    root: Path
    limits: Limits
    note: Callable[[str], None]


def _submission(student: str, hand_in: HandIn, *, context: _Context) -> Submission:
    for entry in hand_in.entries:
        if entry.refused:
            context.note(f"{_origin(context.root, entry)}: left alone, since it is {entry.kind}")
    dates = {entry: _date(hand_in, entry, context) for entry in hand_in.notebooks if not entry.refused}
    by_age = sorted(dates, key=lambda entry: _age(entry, dates[entry]))
    newest = by_age[0] if by_age else None
    problem = _problem(newest, context.limits) if newest else _nothing(hand_in)
    return Submission(
        student=student,
        notebook=newest.path if newest and not problem else None,
        layout=context.layout.name,
        origin=_origin(context.root, newest or hand_in.place),
        support=_support(newest, hand_in, context) if newest and not problem else (),
        others=tuple(_origin(context.root, entry) for entry in by_age[1:]),
        submitted_at=dates[newest] if newest else None,
        problem=problem,
    )


def _date(hand_in: HandIn, entry: Entry, context: _Context) -> datetime | None:
    try:
        return context.layout.date(hand_in, entry)
    except UsageError as error:
        context.note(str(error))
        return None


def _age(entry: Entry, recorded: datetime | None) -> tuple[float, str]:
    """Order from the newest, by the layout's own record if it has one."""
    return -(recorded.timestamp() if recorded else entry.modified), entry.path.name


def _problem(entry: Entry, limits: Limits) -> str | None:
    try:
        notebook.read(entry.path, limits=limits)
    except NotebookError as error:
        return str(error)
    return None


def _nothing(hand_in: HandIn) -> str:
    for entry in (hand_in.place, *hand_in.notebooks):
        if entry.refused:
            return f"{shown(entry.path.name)}: it is {entry.kind}, not to be followed; hand in a real file"
    names = [shown("/".join(entry.parts)) for entry in hand_in.entries if entry.kind is Kind.FILE]
    held = f"only {', '.join(names[:5])}{' …' * (len(names) > 5)}" if names else "nothing at all"
    return f"{shown(hand_in.name)}: no notebook was handed in, {held}; ask for the .ipynb file"


def _support(chosen: Entry, hand_in: HandIn, context: _Context) -> tuple[Path, ...]:
    """Take the files beside and below the notebook, small ones first while they fit."""
    beside = sorted(
        (
            entry
            for entry in hand_in.entries
            if entry.kind is Kind.FILE
            and not entry.claims_notebook
            and chosen.path.parent in entry.path.parents
            and entry.path.name not in context.layout.records
        ),
        key=lambda entry: (entry.size, entry.parts),
    )
    sizes = accumulate(entry.size for entry in beside)
    fitting = sum(size <= context.limits.support_size for size in sizes)
    taken = beside[: min(fitting, context.limits.support_files)]
    if left := [_origin(context.root, entry) for entry in beside[len(taken) :]]:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        context.note(f"{left[0]}{more}: left alone, since it is too much beside a notebook")
    return tuple(sorted(entry.path for entry in taken))


def _origin(root: Path, entry: Entry) -> str:
    below = entry.path.relative_to(root) if entry.path != root else entry.path.name
    return shown(str(below))
