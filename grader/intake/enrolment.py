"""What the roster adds to the hand-ins of a class: who it is, how much time they had, and who is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.intake import roster
from grader.intake.matching import match
from grader.legible import listing
from grader.model import Arrival, Identity
from grader.names import in_any_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from grader.course import Rules
    from grader.intake.layouts.model import HandIn
    from grader.intake.roster import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A class as its roster knows it."""

    by_id: Mapping[str, HandIn]
    rows: Mapping[tuple[str, int], Row] = field(default_factory=dict)
    """What the roster says of each person who handed in, by student, and place among the members of a group."""
    missing: tuple[Row, ...] = ()
    """Who handed in nothing."""
    notes: tuple[str, ...] = ()


def enrolled(by_id: Mapping[str, HandIn], path: Path, rules: Rules) -> Enrolled:
    """Fill in what the roster says of each hand-in. An id, an address and a time of the download are kept.

    A group has the time of that member who has most.

    Raises:
        UsageError: it is not a roster, or not of this class.
    """
    rows = roster.read(path)
    matched = match(rows, by_id, source=path.name)
    people = {
        student: [matched.rows.get((student, place)) for place in range(len(one.people) or 1)]
        for student, one in by_id.items()
    }
    teams = _teams([student for student, some in people.items() if some == [None]], by_id, rows)
    if not (matched.rows or matched.unclear or teams):
        raise UsageError(
            f"{path}: none of its {len(rows)} rows is of somebody who handed in something, by id, address, login "
            "or name. Give the roster of this class."
        )
    in_teams = {row.number for some in teams.values() for row in some if row}
    twice = [str(row) for row in matched.rows.values() if row.number in in_teams]
    strangers = [s for s in by_id if not any(people[s]) and s not in teams and s not in matched.unclear]
    known = people | teams
    return Enrolled(
        by_id={
            student: _filled(one, known[student], rules, team=student in teams)
            for student, one in by_id.items()
        },
        rows={
            (student, place): row for student, some in known.items() for place, row in enumerate(some) if row
        },
        missing=tuple(row for row in matched.unmatched if row.number not in in_teams),
        notes=(*matched.notes, *_notes(path, strangers, twice, matched.unmatched)),
    )


def _notes(
    path: Path, strangers: Sequence[str], twice: Sequence[str], unmatched: Sequence[Row]
) -> Iterator[str]:
    if strangers:
        yield f"{path.name} does not list {len(strangers)} of those who handed in: {listing(strangers)}"
    if twice:
        yield f"{path.name}: handed in alone and in a team, so graded twice: {listing(twice)}"
    if unmatched and (doubt := csvs.doubt(path.read_bytes(), name=path.name)):
        yield doubt


def _teams(
    students: Sequence[str], by_id: Mapping[str, HandIn], rows: Sequence[Row]
) -> dict[str, list[Row | None]]:
    """The rows of the people in whose group's name something was handed in, unless it may be several groups'."""
    rows = [row for row in rows if row.teams]
    names = {
        each: in_any_order(by_id[each].identity.name or by_id[each].identity.id or each) for each in students
    }
    owners = {student: [row for row in rows if row.teams & own] for student, own in names.items()}
    several = Counter(row.number for some in owners.values() for row in some)
    return {
        student: list(some)
        for student, some in owners.items()
        if some and all(several[row.number] == 1 for row in some)
    }


def _filled(one: HandIn, rows: Sequence[Row | None], rules: Rules, *, team: bool) -> HandIn:
    known = [row for row in rows if row is not None]
    if not known:
        return one
    most = max(known, key=lambda row: rules.due_for(row.arrival) or datetime.min.replace(tzinfo=UTC)).arrival
    arrival = Arrival(
        at=max((row.arrival.at for row in known if row.arrival.at), key=rules.aware, default=None),
        late=one.arrival.late,
        due=most.due,
        extension=most.extension,
    )
    if team:
        return replace(one, people=tuple(row.identity for row in known), arrival=arrival)
    people = tuple(_merged(who, row) for who, row in zip(one.people or (one.identity,), rows, strict=True))
    if one.people:
        return replace(one, people=people, arrival=arrival)
    return replace(one, identity=people[0], arrival=arrival)


def _merged(who: Identity, row: Row | None) -> Identity:
    if row is None:
        return who
    said = row.identity
    return Identity(
        name=said.name or who.name,
        id=who.id or said.id,
        email=who.email or said.email,
        section=who.section or said.section,
    )
