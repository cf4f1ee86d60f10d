"""Where things are in a gradebook: who its rows are for, and which column gets the grades.

Canvas, Brightspace and Blackboard give one file with a column for each assignment. A changed header would make a
new assignment there, so that only cells of students are ever written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.legible import listing
from grader.reports.gradebooks.sheet import LONGEST, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from grader.reports.gradebooks.sheet import Sheet

_TEST_STUDENT = "student, test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Rows and columns are counted from 0."""

    system: str
    people: Mapping[int, str]
    """The rows of students, and what the gradebook calls them."""
    grade: int
    """The column of the grades."""
    ids: Sequence[Mapping[int, str]]
    """Columns by which a student is known, the most reliable first: the id in each row."""
    maximum: Decimal | None
    """The most points that the gradebook takes; None if it does not say."""
    like: Sequence[int]
    """Columns whose numbers show how this file writes decimals."""
    comments: int | None = None
    """The column for a text to the student."""
    locked: frozenset[int] = frozenset()
    """Rows that the course system would refuse."""
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """How a course system writes its gradebooks. Columns are named in lower case, or counted where names vary."""

    name: str
    item: re.Pattern[str]
    """The header of an assignment: its `title`, and as far as it says them `id` and `max`."""
    ids: Sequence[str]
    names: Sequence[str]
    """Which together name a student."""
    source: str
    """Where to download it."""
    places: tuple[Sequence[int], Sequence[int]] = ((), ())
    """Where `ids` and `names` are, whatever their language."""


CANVAS = System(
    name="Canvas",
    item=re.compile(r"(?P<title>.*) \((?P<id>\d{1,20})\)"),
    ids=("id", "sis user id", "sis login id"),
    names=("student", "lastname", "firstname"),
    source="in Canvas: Gradebook, Export",
)
BRIGHTSPACE = System(
    name="Brightspace",
    item=re.compile(
        r"(?=.*(?: Points Grade| <Numeric ))(?P<title>.+?)(?: Points Grade)?"
        r"(?: <Numeric MaxPoints:(?P<max>\d+(?:[.,]\d+)?)[^<>]*>)?"
    ),
    ids=("orgdefinedid", "username", "email"),
    names=("last name", "first name"),
    source="in Brightspace: Grades, Enter Grades, Export, with points grades",
)
BLACKBOARD = System(
    name="Blackboard",
    item=re.compile(
        r"(?P<title>.+?) \[(?:Total Pts: (?P<max>\d+(?:[.,]\d+)?) Score|(?!Total Pts)[^\[\]]*)\]"
        r" ?\|(?P<id>\d{1,20})"
    ),
    ids=("username", "student id"),
    names=("last name", "first name"),
    source="in Blackboard: Grade Center, Work Offline, Download",
    places=((2, 3), (0, 1)),
)


def layout(sheet: Sheet, system: System, *, title: str, column: str | None) -> Layout:
    """Find the column of an assignment: `column`, its header, title or id; else `title`; else the only one.

    Raises:
        UsageError: this is not such a gradebook, or it is not clear which column is meant.
    """
    header = sheet.header()
    items = {place: found for place, cell in enumerate(header) if (found := system.item.fullmatch(cell))}
    lower = [cell.casefold() for cell in header]
    ids, names = (
        _columns(lower, wanted, places)
        for wanted, places in zip((system.ids, system.names), system.places, strict=True)
    )
    if not ids or not (items or lower[ids[0]] == system.ids[0]):
        raise UsageError(f"{sheet.name} is not a {system.name} gradebook; download it {system.source}.")
    rows = range(1, len(sheet.rows))
    known = [{row: _id(sheet.cell(row, place)) for row in rows} for place in ids]
    called = {
        row: ", ".join(filter(None, (sheet.short(row, place) for place in names))) or "?"
        for row in rows
        if any(column[row] for column in known)
    }
    people = {row: name for row, name in called.items() if name.casefold() != _TEST_STUDENT}
    above = [row for row in rows if row not in called]  # what Canvas says of its columns
    fillable = {
        place: item
        for place, item in items.items()
        if not any("read only" in sheet.cell(row, place).casefold() for row in above)
    }
    grade = _chosen(sheet, fillable, column or title, only=column is None)
    said = (items[grade].groupdict().get("max") or "", *(sheet.cell(row, grade) for row in above))
    chosen = items[grade]["title"].strip()
    alone = column is None and chosen.casefold() != title.strip().casefold()
    return Layout(
        system=system.name,
        people=people,
        grade=grade,
        ids=known,
        maximum=next((most for cell in said if (most := number(cell)) is not None), None),
        like=(grade,),
        notes=[f"“{chosen[:LONGEST]}” is the only assignment in {sheet.name}, so it was filled."]
        if alone
        else (),
    )


def _columns(header: Sequence[str], names: Sequence[str], places: Sequence[int]) -> Sequence[int]:
    named = [header.index(name) for name in names if name in header]
    return named or [place for place in places if place < len(header)]


def _id(cell: str) -> str:
    """Brightspace writes a mark before ids, so that no spreadsheet takes them for numbers."""
    return cell.removeprefix("#")


def _chosen(sheet: Sheet, items: Mapping[int, re.Match[str]], wanted: str, *, only: bool) -> int:
    header, sought = sheet.header(), wanted.strip().casefold()
    found = [
        place
        for place, item in items.items()
        if sought in (item["title"].strip().casefold(), header[place].casefold(), item.groupdict().get("id"))
    ]
    if not found and only and len(items) == 1:
        found = list(items)
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} columns" if found else "no column that takes grades"
    names = listing([sheet.short(0, place) for place in items]) or "none"
    raise UsageError(f"{sheet.name} has {problem} for “{wanted}”; name one with --column: {names}.")
