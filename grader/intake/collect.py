"""Sorts a folder from students or a course system into one submission per student.

Nothing is dropped silently: what cannot be graded becomes a submission whose `problem` says why, or a note.
"""

from __future__ import annotations

import difflib
import hashlib
import unicodedata
from dataclasses import dataclass, replace
from itertools import accumulate, count, groupby
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.intake import reading
from grader.intake.layouts import Entry, HandIn, Kind, Layout, Listing, listed, recognised
from grader.model import Submission
from grader.notebook import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from nbformat import NotebookNode

    from grader.intake.reading import Found, Reading
    from grader.limits import Limits

LONGEST_ID = 100
DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
RESERVED = frozenset({"reference"} | DEVICES)
"""The name that we use for the reference solution, and the names that Windows reserves for devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The submissions of a class."""

    layout: str
    submissions: tuple[Submission, ...]
    notes: tuple[str, ...] = ()
    """What was ignored and why, one sentence each."""


def collect(
    root: Path,
    *,
    limits: Limits,
    only: Sequence[str] = (),
    assignment: str | None = None,
    blank: NotebookNode | None = None,
    read: Reading | None = None,
) -> Intake:
    """Sort the contents of `root` into one submission per student.

    Args:
        root: the folder of a class, in a layout of `grader.intake.layouts`, or a single notebook.
        limits: notebooks and support files beyond them are not accepted.
        only: ids or names of the students to include; all if empty.
        assignment: the assignment to choose if the layout separates several, or a student handed in notebooks of
            several.
        blank: the notebook as it was handed out: a copy of it never counts before one with answers.
        read: reads the notebooks; by default this process does, which a hostile file may end.

    Raises:
        UsageError: there is nothing to grade, or `only` names an unknown student.
    """
    try:
        entries = listed(root)
    except OSError as error:
        raise UsageError(f"{root}: it cannot be read ({error.strerror}); check its permissions") from error
    layout, everyone = recognised(root, entries)
    notes = [] if only else _ignored(root, entries, everyone)
    if assignment and layout.by_assignment:
        everyone = _of_assignment(everyone, assignment)
    submissions = tuple(
        _submission(
            student,
            hand_in,
            context=_Context(
                layout=layout,
                root=root,
                limits=limits,
                assignment=assignment,
                given=frozenset(reading.texts(blank)) if blank is not None else frozenset(),
                read=read or reading.here(limits),
                note=notes.append,
            ),
        )
        for student, hand_in in _only(_by_id(everyone), only).items()
    )
    return Intake(layout=layout.name, submissions=submissions, notes=tuple(notes))


def student_ids(names: Sequence[str]) -> tuple[str, ...]:
    """Turn each name into a folder name that is safe on every system and unique regardless of case.

    Of several names with the same result, the first in sorted order is kept and the others are numbered.
    """
    safe = [_safe(name) for name in names]
    keys = [_folded(name) for name in safe]
    taken = set(keys)
    order = sorted(range(len(names)), key=lambda place: (keys[place], names[place]))
    for _, duplicates in groupby(order, keys.__getitem__):
        for place in list(duplicates)[1:]:
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
    """Narrow each hand-in to one assignment, unless nobody has a folder of that name."""
    narrow = tuple(
        replace(one, entries=tuple(entry for entry in one.entries if entry.parts[0] == assignment))
        for one in everyone
    )
    return narrow if any(one.entries for one in narrow) else everyone


def _ignored(root: Path, entries: Listing, everyone: tuple[HandIn, ...]) -> list[str]:
    """A note for each file or folder that belongs to no student; of a folder, only for the folder itself."""
    claimed = {entry.path for one in everyone for entry in (one.place, *one.entries)}
    known = {root, *claimed, *(above for path in claimed for above in path.parents)}
    return [
        f"{_origin(root, entry)} was ignored: it belongs to no submission"
        for entry in entries
        if entry.path not in known and entry.path.parent in known
    ]


def _by_id(everyone: tuple[HandIn, ...]) -> dict[str, HandIn]:
    ids = student_ids([one.name for one in everyone])
    return dict(sorted(zip(ids, everyone, strict=True), key=lambda pair: (_folded(pair[0]), pair[0])))


def _only(everyone: Mapping[str, HandIn], only: Sequence[str]) -> dict[str, HandIn]:
    for wanted in only:
        if not any(wanted in (student, one.name) for student, one in everyone.items()):
            near = difflib.get_close_matches(wanted, everyone, n=3)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"there are: {', '.join(list(everyone)[:5])}"
            )
            raise UsageError(f"no student is named {shown(wanted)}; {hint}")
    return {student: one for student, one in everyone.items() if not only or {student, one.name} & set(only)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What all submissions of one intake share."""

    layout: Layout
    root: Path
    limits: Limits
    assignment: str | None
    given: frozenset[str]
    """The texts of the blank notebook's cells."""
    read: Reading
    note: Callable[[str], None]


def _submission(student: str, hand_in: HandIn, *, context: _Context) -> Submission:
    for entry in hand_in.entries:
        if entry.refused:
            context.note(f"{_origin(context.root, entry)} was ignored: it is {entry.kind}")
    dates = {entry: _date(hand_in, entry, context) for entry in hand_in.notebooks if not entry.refused}
    found = {entry: context.read(entry.path, context.given) for entry in dates}
    in_order = sorted(dates, key=lambda entry: _age(entry, dates[entry]))
    if len(in_order) > 1:
        # Stable: of one rank, the newest is first.
        in_order.sort(key=lambda entry: _rank(found[entry], context))
        others = ", ".join(_origin(context.root, entry) for entry in in_order[1:])
        context.note(f"{_origin(context.root, in_order[0])} was taken, not {others}")
    chosen = in_order[0] if in_order else None
    problem = _problem(chosen, found[chosen]) if chosen else _nothing(hand_in)
    return Submission(
        student=student,
        notebook=chosen.path if chosen and not problem else None,
        content=found[chosen].content if chosen else "",
        layout=context.layout.name,
        origin=_origin(context.root, chosen or hand_in.place),
        support=_support(chosen, hand_in, context) if chosen and not problem else (),
        others=tuple(_origin(context.root, entry) for entry in in_order[1:]),
        submitted_at=dates[chosen] if chosen else None,
        problem=problem,
    )


def _date(hand_in: HandIn, entry: Entry, context: _Context) -> datetime | None:
    try:
        return context.layout.date(hand_in, entry)
    except UsageError as error:
        context.note(str(error))
        return None


def _age(entry: Entry, recorded: datetime | None) -> tuple[float, str]:
    """A sort key that puts the newest first, by the layout's record if there is one."""
    return -(recorded.timestamp() if recorded else entry.modified), entry.path.name


def _rank(found: Found, context: _Context) -> int:
    """Which of a student's notebooks counts, lowest first: one with answers, made for this assignment."""
    if found.problem:
        return 3
    if found.blank:
        return 2
    return int(context.assignment is None or found.made_for != context.assignment)


def _problem(entry: Entry, found: Found) -> str | None:
    return f"{shown(entry.path.name)}: {found.problem}" if found.problem else None


def _nothing(hand_in: HandIn) -> str:
    for entry in (hand_in.place, *hand_in.notebooks):
        if entry.refused:
            return f"{shown(entry.path.name)}: it is {entry.kind} and was not opened; hand in a regular file"
    names = [shown("/".join(entry.parts)) for entry in hand_in.entries if entry.kind is Kind.FILE]
    if not names:
        return f"{shown(hand_in.name)}: nothing was handed in; ask for the .ipynb file"
    files = ", ".join(names[:5]) + " …" * (len(names) > 5)
    return f"{shown(hand_in.name)}: no notebook was handed in, only {files}; ask for the .ipynb file"


def _support(chosen: Entry, hand_in: HandIn, context: _Context) -> tuple[Path, ...]:
    """The files next to and below the notebook, smallest first, as far as the limits allow."""
    candidates = sorted(
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
    sizes = accumulate(entry.size for entry in candidates)
    fitting = sum(size <= context.limits.support_size for size in sizes)
    accepted = candidates[: min(fitting, context.limits.support_files)]
    if excess := [_origin(context.root, entry) for entry in candidates[len(accepted) :]]:
        were = f" and {len(excess) - 1} more were" if len(excess) > 1 else " was"
        limits = "support_files or support_size"
        context.note(f"{excess[0]}{were} ignored: the files next to the notebook exceed the limit {limits}")
    return tuple(sorted(entry.path for entry in accepted))


def _origin(root: Path, entry: Entry) -> str:
    below = entry.path.relative_to(root) if entry.path != root else entry.path.name
    return shown(str(below))
