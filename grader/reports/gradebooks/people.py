"""Who is who: people who get grades, and the rows of a gradebook. Ids come before names; doubts go to a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.legible import listing
from grader.names import in_any_order, may_be_one
from grader.reports.wording import called

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from grader.model import Grade, Identity
    from grader.reports.gradebooks.layout import Layout

_GIVEN, _ID, _NAME = range(3)
"""What a match rests on, the most reliable first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who gets a grade, or who handed in nothing."""

    grade: Grade | None
    who: Identity
    member: bool = False
    """Is the grade a group's?"""

    @property
    def label(self) -> str:
        """What messages call them."""
        if self.grade is None:
            return called(self.who)
        return f"{called(self.who)} of {self.grade.student}" if self.member else self.grade.student

    @property
    def name(self) -> str:
        own = self.grade.student if self.grade is not None and not self.member else ""
        return self.who.name or own

    @property
    def ids(self) -> list[str]:
        """What a gradebook may know them by, the most reliable first."""
        own = self.grade.student if self.grade is not None and not self.member else None
        return [each for each in (self.who.id, self.who.email, own) if each]


def everybody(grades: Sequence[Grade], missing: Sequence[Identity]) -> list[Person]:
    return [
        *(
            Person(grade=grade, who=who, member=bool(grade.people))
            for grade in grades
            for who in grade.people or (grade.identity,)
        ),
        *(Person(grade=None, who=who) for who in missing),
    ]


def read_ids(content: bytes, *, name: str) -> dict[str, str]:
    """The ids that a person gave for students: a CSV with the columns `student` and `id`.

    Raises:
        UsageError: it is no such table, or gives a student two ids, or two students one.
    """
    table = csvs.read(csvs.decoded(content, name=name), name=name, columns=("student",))
    top, header = csvs.header(table, ("student",))
    if header.count("id") > 1 or header.count("student") > 1:
        raise UsageError(f"{name} has two columns `student` or two columns `id`; keep one of each.")
    if not {"student", "id"} <= set(header):
        raise UsageError(f"{name} needs the columns `student` and `id`; it has: {listing(header) or 'none'}.")
    given: dict[str, str] = {}
    owners: dict[str, str] = {}
    for number, row in enumerate(table[top + 1 :], start=top + 2):
        cells = dict(zip(header, (csvs.unescape_formula(cell.strip()) for cell in row), strict=False))
        student, own = cells.get("student", ""), cells.get("id", "")
        if not student and not own:
            continue
        if not student or not own:
            raise UsageError(f"{name}, row {number}: the student or the id is missing; fill it in.")
        if given.setdefault(student, own) != own:
            raise UsageError(f"{name}, row {number}: a second id for {student}; keep one of them.")
        if owners.setdefault(own, student) != student:
            raise UsageError(
                f"{name}, row {number}: another student has the id {own}, too; correct one of them."
            )
    return given


def rows_of(people: Sequence[Person], layout: Layout, given: Mapping[str, str]) -> list[int | str]:
    """The row of each person, or why there is none.

    Raises:
        UsageError: `given` names a student or an id that is not there.
    """
    book = _Book(layout, people)
    chosen = _given(people, given, book)
    found = [
        (_GIVEN, chosen[place]) if place in chosen else book.find(person)
        for place, person in enumerate(people)
    ]
    claims: dict[int, list[int]] = {}
    for basis, row in found:
        if isinstance(row, int):
            claims.setdefault(row, []).append(basis)
    return [
        f"row {row + 1} is also that of another student"
        if isinstance(row, int) and (basis > min(claims[row]) or claims[row].count(basis) > 1)
        else row
        for basis, row in found
    ]


def _given(people: Sequence[Person], given: Mapping[str, str], book: _Book) -> dict[int, int]:
    """The rows of people, by their places, whose ids a person gave."""
    chosen: dict[int, int] = {}
    for student, own in given.items():
        places = [place for place, person in enumerate(people) if student in _calls(person)]
        rows = book.by_id(own)
        if not places:
            raise UsageError(f"--ids: {student} is not in the class. Correct that row.")
        if len(places) > 1:
            raise UsageError(
                f"--ids: {student} is {len(places)} people. Name them by their own names or ids."
            )
        if places[0] in chosen:
            raise UsageError(
                f"--ids: {student} has a second id, {own}, under another name. Keep one of them."
            )
        if len(rows) != 1:
            where = f"in {_listed(rows)}" if rows else "not"
            raise UsageError(
                f"--ids: the id {own} of {student} is {where} in the gradebook. Correct that row."
            )
        chosen[places[0]] = next(iter(rows))
    return chosen


def _calls(person: Person) -> set[str | None]:
    own = person.grade.student if person.grade is not None else None
    return {own, person.who.name, person.who.id, person.who.email}


class _Book:
    """The rows of a gradebook by ids and by names, and the names of the class."""

    def __init__(self, layout: Layout, people: Sequence[Person]) -> None:
        self._layout = layout
        self._ids = [_register({row: {_id(ids.get(row, ""))} for row in layout.people}) for ids in layout.ids]
        self._names = _register({row: in_any_order(name) for row, name in layout.people.items()})
        self._in_class = Counter(key for person in people for key in in_any_order(person.name))
        self._counts_alike = any(
            person.who.id and len(rows := self.by_id(person.who.id)) == 1 and rows == self._named(person)
            for person in people
        )
        """Has the gradebook the ids of the class, so that one which is not there is nobody's here?"""

    def by_id(self, own: str) -> frozenset[int]:
        """The rows that have an id, in any column."""
        return frozenset[int]().union(*(known.get(_id(own), ()) for known in self._ids))

    def _named(self, person: Person) -> frozenset[int]:
        return frozenset[int]().union(
            *(self._names.get(key, frozenset()) for key in in_any_order(person.name))
        )

    def find(self, person: Person) -> tuple[int, int | str]:
        """On what a match rests, and the row, or why there is none."""
        named, rows = self._named(person), next(filter(None, map(self.by_id, person.ids)), frozenset())
        if rows:
            fits = frozenset(
                row for row in rows if may_be_one(person.who.name or "", self._layout.people[row])
            )
            if not fits:
                return _ID, f"its id is in {_listed(rows)}, under another name"
            rows = fits
            another = person.who.name and len(named) == 1 and named != rows
            doubt = f" and its name in {_listed(named)}" if another else ""
            return _ID, f"its id is in {_listed(rows)}{doubt}" if doubt or len(rows) > 1 else next(iter(rows))
        if named and person.who.id and self._counts_alike:
            return _NAME, f"no row has its id, only its name ({_listed(named)})"
        if len(named) > 1:
            return _NAME, f"its name is in {_listed(named)}"
        if named and any(self._in_class[key] > 1 for key in in_any_order(person.name)):
            return _NAME, "another student has the same name"
        return _NAME, next(iter(named), "no row has its id or name")


def _register(keys: Mapping[int, Collection[str]]) -> dict[str, frozenset[int]]:
    rows: dict[str, frozenset[int]] = {}
    for row, own in keys.items():
        for key in own:
            rows[key] = rows.get(key, frozenset()) | {row}
    rows.pop("", None)
    return rows


def _id(cell: str) -> str:
    """An id: the same but for case and surrounding space."""
    return cell.strip().casefold()


def _listed(rows: Collection[int]) -> str:
    return f"row{'s' * (len(rows) > 1)} {listing([str(row + 1) for row in sorted(rows)])}"
