"""Sorts a download from a course system, or a folder from students, into one submission per student.

Nothing is dropped silently: what cannot be graded becomes a submission whose `problem` says why, or a note.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING

from grader.course import Attempt, Rules, is_late
from grader.errors import UsageError
from grader.intake import choosing, reading, unpacking
from grader.intake.archives import Scratch, download, zipped_twice
from grader.intake.documents import documents
from grader.intake.enrolment import Enrolled, enrolled
from grader.intake.layouts import recognised
from grader.intake.layouts.canvas import first_names
from grader.intake.listing import Kind, readable
from grader.intake.naming import folded, student_ids
from grader.intake.telling import ignored, summary, untimed
from grader.legible import listing
from grader.model import Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from nbformat import NotebookNode

    from grader.intake.layouts.model import HandIn, Layout
    from grader.intake.listing import Entry
    from grader.intake.reading import Found, Reading
    from grader.limits import Limits

NAMELESS = frozenset({"", ".json", ".txt"})
"""Endings of files that are tried as notebooks if a student has no other."""
MOST_TRIED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The submissions of a class."""

    layout: str
    submissions: tuple[Submission, ...]
    enrolled: Enrolled
    """The class as its roster knows it."""
    notes: tuple[str, ...] = ()
    """What was ignored and why, and which of several notebooks was taken; one sentence each."""
    summary: str = ""
    """What was recognised, with counts, as a sentence."""


def collect(
    root: Path,
    *,
    limits: Limits,
    only: Sequence[str] = (),
    assignment: str | None = None,
    blank: NotebookNode | None = None,
    read: Reading | None = None,
    layout: str | None = None,
    pick: str | None = None,
    roster: Path | None = None,
    rules: Rules | None = None,
    scratch: Path | None = None,
) -> Intake:
    """Sort the contents of `root` into one submission per student.

    Args:
        root: a download or a folder, in a layout of `grader.intake.layouts`, or a single notebook.
        limits: notebooks and support files beyond them are not accepted.
        only: ids or names of the students to include; all if empty.
        assignment: the assignment to choose if the layout separates several, or a student handed in notebooks of
            several.
        blank: the notebook as it was handed out: a copy of it never counts before one with answers.
        read: reads the notebooks; by default this process does, which a hostile file may end.
        layout: the name of the layout that `root` has; by default it is recognised.
        pick: of several notebooks of a student, the one whose name or path matches this pattern.
        roster: a table of the people in the class; see `roster.read`.
        rules: the course's, which say what is late and which of several attempts counts.
        scratch: an empty folder for the files of zips, to which the submissions then refer; needed for zips.

    Raises:
        UsageError: there is nothing to grade, the layout or roster is unclear, or `only` or `pick` fits nothing.
    """
    rules = rules or Rules()
    with Scratch(scratch) as unpack:
        try:
            given = zipped_twice(download(root, unpack, assignment), unpack)
        except OSError as error:
            raise UsageError(
                f"{root}: it cannot be read ({error.strerror}); check its permissions"
            ) from error
        chosen, match, place = recognised(given, layout)
        by_id, same = _by_id(match.hand_ins)
        known = enrolled(by_id, roster, rules) if roster else Enrolled(by_id=by_id)
        notes = [] if only else [*match.notes, *ignored(given, match), *same, *known.notes]
        context = _Context(
            layout=chosen,
            limits=limits,
            assignment=assignment,
            pick=pick,
            rules=rules,
            given=frozenset(reading.texts(blank)) if blank is not None else frozenset(),
            read=read or reading.Here(limits),
            scratch=unpack,
            records=match.records,
            note=notes.append,
        )
        submissions = tuple(
            _submission(student, hand_in, context=context)
            for student, hand_in in _only(known.by_id, only).items()
        )
    if pick is not None and not context.picked:
        raise UsageError(f"--pick {pick}: no notebook has such a name; quote the pattern, such as '*final*'")
    where = "/".join(place.within)
    return Intake(
        layout=chosen.name,
        submissions=submissions,
        notes=(*notes, *untimed(chosen, submissions, rules)),
        summary=summary(chosen, match, submissions, rules, len(known.missing))
        + (f" Found in {readable(where)}." if where else ""),
        enrolled=known,
    )


def _by_id(everyone: Sequence[HandIn]) -> tuple[dict[str, HandIn], list[str]]:
    """The hand-ins in order, and a note on each name that several have."""
    ids = student_ids([one.name for one in everyone])
    names: dict[str, list[str]] = {}
    for student, one in zip(ids, everyone, strict=True):
        names.setdefault(folded(one.name), []).append(student)
    notes = [
        f"{len(same)} hand-ins have the same name and are kept apart as {listing(sorted(same))}"
        for same in names.values()
        if len(same) > 1
    ]
    in_order = sorted(zip(ids, everyone, strict=True), key=lambda pair: (folded(pair[0]), pair[0]))
    return dict(in_order), notes


def _only(everyone: Mapping[str, HandIn], only: Sequence[str]) -> dict[str, HandIn]:
    for wanted in only:
        if not any(wanted in (student, one.name) for student, one in everyone.items()):
            near = difflib.get_close_matches(wanted, everyone, n=3)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"there are: {', '.join(list(everyone)[:5])}"
            )
            raise UsageError(f"no student is named {readable(wanted)}; {hint}")
    return {student: one for student, one in everyone.items() if not only or {student, one.name} & set(only)}


@dataclass(slots=True, kw_only=True)
class _Context:
    """What all submissions of one intake share."""

    layout: Layout
    limits: Limits
    assignment: str | None
    pick: str | None
    rules: Rules
    given: frozenset[str]
    """The texts of the blank notebook's cells."""
    read: Reading
    scratch: Scratch
    records: frozenset[tuple[str, ...]]
    note: Callable[[str], None]
    picked: bool = False
    """Did `pick` match anything?"""


def _submission(student: str, hand_in: HandIn, *, context: _Context) -> Submission:
    files = unpacking.unpacked(hand_in, context.scratch)
    hand_in = replace(hand_in, entries=files.entries)
    found = _notebooks(hand_in, context)
    picked = any(choosing.matches(entry, context.pick) for entry in found)
    context.picked |= picked
    for entry in hand_in.entries if found else ():
        if entry.why:
            context.note(f"{entry.origin} was ignored: it {entry.why}")
    nothing = _nothing(hand_in, files.problem) if not found else ""
    tried = choosing.attempts(found) if context.rules.attempt is Attempt.BEST and not picked else []
    if len(tried) < 2:
        return _attempt(student, hand_in, found, nothing, context)
    context.note(f"{student} handed in {len(tried)} attempts; all are run, and the best counts")
    last, *earlier = (_attempt(student, hand_in, each, nothing, context) for each in tried)
    return replace(last, attempts=tuple(earlier))


def _attempt(
    student: str, hand_in: HandIn, found: Mapping[Entry, Found], nothing: str, context: _Context
) -> Submission:
    """What is graded if only these notebooks of a student count; without any, `nothing` says why."""
    is_late = _late_for(hand_in, context.rules)
    choice = choosing.choose(found, assignment=context.assignment, pick=context.pick, is_late=is_late)
    chosen = choice.in_order[0] if choice.in_order else None
    others = tuple(entry.origin for entry in choice.in_order[1:])
    sentence = f"{chosen.origin} was taken, not {listing(others)}: {choice.why}" if chosen and others else ""
    if sentence:
        context.note(sentence)
    problem = _problem(chosen, found[chosen]) if chosen else nothing
    return Submission(
        student=student,
        notebook=chosen.path if chosen and not problem else None,
        content=found[chosen].content if chosen else "",
        layout=context.layout.name,
        origin=(chosen or hand_in.place).origin,
        support=_support(chosen, hand_in, context) if chosen and not problem else (),
        documents=tuple(documents(_beside(chosen, found, hand_in, context), context.read)),
        others=others,
        choice=sentence,
        identity=hand_in.identity,
        people=hand_in.people,
        arrival=replace(hand_in.arrival, at=_arrived(chosen, hand_in) or hand_in.arrival.at),
        problem=problem,
    )


def _late_for(hand_in: HandIn, rules: Rules) -> Callable[[Entry], bool]:
    if rules.attempt is not Attempt.LAST_IN_TIME:
        return lambda _: False
    return lambda entry: is_late(replace(hand_in.arrival, at=entry.at), rules)


def _arrived(chosen: Entry | None, hand_in: HandIn) -> datetime | None:
    return chosen.at if chosen else max((each.at for each in hand_in.entries if each.at), default=None)


def _own(hand_in: HandIn, context: _Context) -> Iterator[Entry]:
    """The student's files, without the course system's."""
    return (entry for entry in hand_in.entries if entry.whole not in context.records)


def _beside(
    chosen: Entry | None, found: Mapping[Entry, Found], hand_in: HandIn, context: _Context
) -> Iterator[Entry]:
    """The student's files that may hold an answer which the chosen notebook lacks: not those of other attempts."""
    attempt = next((each for each in choosing.attempts(found) if chosen in each), found)
    for entry in _own(hand_in, context):
        is_read = entry in found or (entry.claims_notebook and entry.path and not entry.why)
        if entry == chosen or (is_read and entry not in attempt):
            continue
        read = attempt.get(entry)
        if chosen and read and not read.problem:
            is_other = context.assignment and read.made_for not in (None, context.assignment)
            if is_other or read.blank or read.content == found[chosen].content:
                continue
        yield entry


def _notebooks(hand_in: HandIn, context: _Context) -> dict[Entry, Found]:
    """A student's notebooks, as read; without one, files that turn out to be notebooks under another name."""
    found = {e: context.read(e.path, context.given) for e in hand_in.notebooks if e.path and not e.why}
    if found:
        return found
    tried = [
        entry
        for entry in hand_in.entries
        if entry.path
        and not entry.why
        and PurePath(entry.name).suffix.lower() in NAMELESS
        and entry.kind is Kind.FILE
    ]
    read = {e: context.read(e.path, context.given) for e in tried[:MOST_TRIED] if e.path}
    return {entry: each for entry, each in read.items() if not each.problem}


def _problem(entry: Entry, found: Found) -> str | None:
    return f"{readable(entry.name)}: {found.problem}" if found.problem else None


def _nothing(hand_in: HandIn, problem: str) -> str:
    """Why there is no notebook."""
    who = readable(hand_in.name)
    if problem:
        return f"{who}: {problem}; ask for the .ipynb file alone"
    for entry in (hand_in.place, *hand_in.entries):
        if entry.why:
            ask = "ask for the .ipynb file" if entry.kind is Kind.FILE else "hand in a regular file"
            return f"{readable(entry.name)}: it was not opened because it {entry.why}; {ask}"
    names = [readable("/".join(entry.parts)) for entry in hand_in.entries if entry.kind is Kind.FILE]
    names += [hand_in.besides] * bool(hand_in.besides)
    if not names:
        return f"{who}: nothing was handed in; ask for the .ipynb file"
    files = ", ".join(names[:5]) + " …" * (len(names) > 5)
    return f"{who}: no notebook was handed in, only {files}; ask for the .ipynb file"


def _support(chosen: Entry, hand_in: HandIn, context: _Context) -> tuple[tuple[str, Path], ...]:
    """The files next to and below the notebook, smallest first, as far as the limits allow."""
    folder = chosen.parts[:-1]
    candidates = sorted(
        (
            entry
            for entry in _own(hand_in, context)
            if entry.kind is Kind.FILE
            and entry.path
            and not entry.why
            and not entry.claims_notebook
            and entry != chosen
            and entry.parts[: len(folder)] == folder
        ),
        key=lambda entry: (entry.size, entry.parts),
    )
    sizes = accumulate(entry.size for entry in candidates)
    fitting = sum(size <= context.limits.support_size for size in sizes)
    accepted = candidates[: min(fitting, context.limits.support_files)]
    if excess := [entry.origin for entry in candidates[len(accepted) :]]:
        were = f" and {len(excess) - 1} more were" if len(excess) > 1 else " was"
        limits = "support_files or support_size"
        context.note(f"{excess[0]}{were} ignored: the files next to the notebook exceed the limit {limits}")
    named = {"/".join(e.parts[len(folder) :]): e.path for e in accepted if e.path}
    if context.layout.name == "canvas":
        named |= {old: named[new] for new, old in first_names(list(named)).items()}
    folders = {above.as_posix() for name in named for above in PurePosixPath(name).parents}
    return tuple(sorted((name, path) for name, path in named.items() if name not in folders))
