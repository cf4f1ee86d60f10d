"""Grades into the rows of a gradebook. Of every grade and every row the result says what became of it."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from grader import csvs
from grader.course import to_cents
from grader.legible import legible
from grader.model import Ending, Moment
from grader.reports import feedback, wording
from grader.reports.gradebooks.people import everybody, rows_of
from grader.reports.gradebooks.sheet import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.model import Grade, Identity
    from grader.reports.gradebooks.layout import Layout
    from grader.reports.gradebooks.people import Person
    from grader.reports.gradebooks.sheet import Sheet

_EXCUSED = {"ex", "excused"}
_BLANK = ("", "-")
LONGEST_COMMENT = 2000
"""Characters."""


class Fate(StrEnum):
    """What became of a grade, or of a row."""

    FILLED = "filled"  # also if the gradebook had it already
    KEPT = "kept"  # what the gradebook has stays
    LEFT = "left"  # nothing to write, or nobody knows where


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What became of one grade, or of a row without one."""

    row: int | None
    """Counted from 0; None if it was not found."""
    student: str
    fate: Fate
    before: str = ""
    after: str = ""
    """What the cell holds now."""
    why: str = ""
    """Why it was not filled, or what else to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The gradebook to upload, and what a person should know first."""

    content: bytes
    entries: Sequence[Entry]
    notes: Sequence[str]

    def count(self, fate: Fate) -> int:
        return sum(entry.fate is fate for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user allows."""

    provisional: bool = False
    """Also write grades that can still change."""
    overwrite: bool = False
    """Replace what a gradebook holds already."""
    zero: bool = False
    """Who handed in nothing gets 0 points."""


def fill(
    sheet: Sheet,
    layout: Layout,
    grades: Sequence[Grade],
    missing: Sequence[Identity] = (),
    *,
    choices: Choices,
    given: Mapping[str, str] | None = None,
) -> Filled:
    """Write the points of each grade into its column, and a comment where there is a column for it.

    Args:
        sheet: the file.
        layout: where things are in it.
        grades: with what people decided.
        missing: who handed in nothing.
        choices: what may be written.
        given: the ids of students that nothing else tells, by what they are called.

    Raises:
        UsageError: `given` names a student or an id that is not there.
    """
    people = everybody(grades, missing)
    placed = list(zip(people, rows_of(people, layout, given or {}), strict=True))
    lost = sum(person.grade is not None and isinstance(row, str) for person, row in placed)
    doubt = missing and choices.zero and lost
    desk = _Desk(sheet, layout, replace(choices, zero=choices.zero and not doubt))
    entries = [desk.entry(person, row) for person, row in placed]
    known = {entry.row for entry in entries}
    entries += [
        Entry(
            row=row,
            student=name,
            fate=Fate.LEFT,
            before=desk.before(row),
            after=desk.before(row),
            why="no grade",
        )
        for row, name in layout.people.items()
        if row not in known
    ]
    return Filled(
        content=sheet.filled(desk.cells),
        entries=entries,
        notes=[*layout.notes, *_notes(layout, grades), *[_doubt(lost)] * bool(doubt)],
    )


class _Desk:
    """Decides row by row, and collects the cells to write."""

    def __init__(self, sheet: Sheet, layout: Layout, choices: Choices) -> None:
        self._sheet, self._layout, self._choices = sheet, layout, choices
        self._commas = sheet.has_commas(layout.like)
        self.cells: dict[int, dict[int, str]] = {}

    def before(self, row: int) -> str:
        return self._sheet.short(row, self._layout.grade)

    def entry(self, person: Person, row: int | str) -> Entry:
        if isinstance(row, str):
            return Entry(row=None, student=person.label, fate=Fate.LEFT, why=row)
        before, points = self.before(row), to_cents(person.grade.total if person.grade else Decimal(0))
        why = _unfit(person.grade, self._choices)
        if not why and self._layout.maximum is not None and points > self._layout.maximum:
            why = (
                f"{points:.2f} points are more than {self._layout.maximum}, the most that the gradebook takes"
            )
        fate = Fate.LEFT
        if not why and (why := self._kept(row, points)):
            fate = Fate.KEPT
        if why:
            return Entry(row=row, student=person.label, fate=fate, before=before, after=before, why=why)
        after = f"{points:.2f}".replace(".", "," if self._commas else ".")
        if number(before) == points:
            after = before
        else:
            self.cells.setdefault(row, {})[self._layout.grade] = after
        why = self._comment(row, person)
        return Entry(row=row, student=person.label, fate=Fate.FILLED, before=before, after=after, why=why)

    def _kept(self, row: int, points: Decimal) -> str:
        """Why a row stays as it is; empty if it does not."""
        before = self.before(row)
        if row in self._layout.locked:
            return "the gradebook locks its row"
        if before.casefold() in _EXCUSED:
            return f"{before} in the gradebook: excused; clear it there if it should count"
        if before in _BLANK or number(before) == points or self._choices.overwrite:
            return ""
        return f"{before} in the gradebook, {points:.2f} here; --overwrite replaces it"

    def _comment(self, row: int, person: Person) -> str:
        """Write the comment of a grade; why not, if an earlier one stays."""
        if (place := self._layout.comments) is None:
            return ""
        before, new = self._sheet.cell(row, place), _comment(person.grade)
        if before and before != new and not self._choices.overwrite:
            return "its comment was kept"
        if before != new:
            self.cells.setdefault(row, {})[place] = new
        return ""


def _unfit(grade: Grade | None, choices: Choices) -> str:
    """Why a grade is not to be written anywhere; empty if it is."""
    if grade is None:
        return "" if choices.zero else "handed in nothing"
    status = wording.status(grade)
    if status is wording.Status.BROKEN:
        return "an internal error of the grader, which must not count as zero"
    if grade.ending is Ending.UNREADABLE and not any(check.ruling for check in grade.checks):
        return "the hand-in can't be read, and nobody has decided what it is worth"
    if grade.provisional and not choices.provisional:
        return "the grade is provisional"
    return ""


def _comment(grade: Grade | None) -> str:
    """What a student reads beside the points: the total, the checks that lost some, and what being late took.

    Only checks that students may see at once are named. Moodle takes it as HTML.
    """
    if grade is None:
        return "Nothing was handed in."
    seen = [check for check in grade.checks if Moment.AT_ONCE.shows(check.visibility)]
    lost = [
        f"{check.question}: {check.title.rstrip('.')} (-{wording.points(check.max - check.earned)})."
        for check in seen
        if check.earned < check.max and not check.outcome.provisional
    ]
    text = " ".join(
        [
            f"{wording.points(grade.total)} of {wording.points(grade.max)} points.",
            *lost,
            *["Other checks are not shown."]
            * any(counts for _, counts in feedback.concealed(grade, Moment.AT_ONCE)),
            *wording.late(grade),
        ]
    )
    return csvs.escape_formula(html.escape(legible(text)[:LONGEST_COMMENT], quote=False))


def _doubt(lost: int) -> str:
    """Why nobody gets 0 points for handing in nothing: it may be somebody who did."""
    who = "somebody who handed in has" if lost == 1 else f"{lost} people who handed in have"
    return f"No 0 was written for those who handed in nothing, as {who} no row; settle that with --ids."


def _notes(layout: Layout, grades: Sequence[Grade]) -> list[str]:
    theirs, ours = layout.maximum, {grade.max for grade in grades}
    if theirs is None or not ours - {theirs}:
        return []
    ours_shown = wording.points(max(ours))
    return [
        f"{layout.system} gives up to {theirs} points, these grades up to {ours_shown}; they were not scaled."
    ]
