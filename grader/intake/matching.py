"""Whose hand-in a row of a table is about: by id, else by address, by login, or by a name that nobody else has.

Nobody gets another's row: what fits two is left alone, and said.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from grader.intake.naming import folded
from grader.intake.roster import key
from grader.legible import MOST_NAMED, listing
from grader.names import exactly, in_any_order, may_be_one, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from grader.intake.roster import Row
    from grader.model import Identity

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class HandedIn(Protocol):
    @property
    def identity(self) -> Identity: ...
    @property
    def people(self) -> tuple[Identity, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The row of each person who has one, and the rows of nobody."""

    rows: Mapping[tuple[str, int], Row]
    """By student, and place among the members of a group; 0 of who is in no group."""
    unclear: frozenset[str]
    """Students who fit a row that was not used."""
    unmatched: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seat:
    """A person who handed in something."""

    student: str
    place: int
    who: Identity
    alone: bool
    known: frozenset[str] = frozenset()
    """What the roster calls this person: ids, logins and addresses."""

    @property
    def alias(self) -> str:
        """What the folder is called, if that is all that is known."""
        return self.student if self.alone and not (self.who.name or self.who.id or self.who.email) else ""

    @property
    def ids(self) -> frozenset[str]:
        return self.known | {key(self.who.id or self.alias)} - {""}


_Tier = tuple["Callable[[Row], frozenset[str]]", "Callable[[_Seat], frozenset[str]]"]
_TIERS: tuple[_Tier, ...] = (
    (
        lambda row: exactly(row.alias),
        lambda seat: exactly(folded(seat.student)) if seat.alone else frozenset(),
    ),
    (lambda row: row.ids, lambda seat: seat.ids),
    (
        lambda row: exactly(row.identity.email or ""),
        lambda seat: exactly(seat.who.email or seat.alias) | seat.known,
    ),
    (
        lambda row: exactly(row.login) | {key(row.login)} - {""},
        lambda seat: exactly(seat.who.id or seat.alias) | seat.known,
    ),
    (
        lambda row: _spellings(row.identity.name or ""),
        lambda seat: in_any_order(seat.who.name or seat.who.id or seat.alias),
    ),
)
_IDS, _NAMES = _TIERS[1], _TIERS[-1]


def match(
    rows: Sequence[Row],
    everyone: Mapping[str, HandedIn],
    *,
    source: str,
    listed: Mapping[tuple[str, int], Row] = MappingProxyType({}),
) -> Matched:
    """Find the row of each person, or say why nobody can.

    Args:
        rows: those of the table.
        everyone: who handed in.
        source: the name of the table.
        listed: the roster's rows of these people, as `Matched.rows`; what it calls them counts too.
    """
    seats = [
        _Seat(
            student,
            place,
            who,
            not one.people,
            listed[student, place].known if (student, place) in listed else frozenset(),
        )
        for student, one in everyone.items()
        for place, who in enumerate(one.people or (one.identity,))
    ]
    left, free = {row.number: row for row in rows}, seats
    found: dict[tuple[str, int], Row] = {}
    unclear: set[str] = set()
    doubts: list[str] = []
    ids_agree = False
    for tier in _TIERS:
        fits = _fits(tier, left.values(), free)
        claims = Counter(seat for some in fits.values() for seat in some)
        for number, some in fits.items():
            row, seat = left.pop(number), some[0]
            if len(some) > 1:
                doubt = f"{row} fits {listing(sorted(each.student for each in some))}"
            elif claims[seat] > 1:
                doubt = f"{row} and another row fit {seat.student}"
            elif tier is _NAMES and ids_agree and row.ids and seat.ids and not row.ids & seat.ids:
                doubt = f"{row} has the name of {seat.student}, but another id"
            else:
                found[seat.student, seat.place] = row
                ids_agree |= tier is _IDS
                continue
            doubts.append(doubt)
            unclear.update(each.student for each in some)
        free = [seat for seat in free if seat not in claims]
    are = (
        f"{len(doubts)} rows were not used because they are"
        if doubts[1:]
        else "1 row was not used because it is"
    )
    note = f"{source}: {are} ambiguous: {'; '.join(doubts[:MOST_NAMED])}"
    more = f"; and {len(doubts) - MOST_NAMED} more" if len(doubts) > MOST_NAMED else ""
    return Matched(
        rows=found,
        unclear=frozenset(unclear),
        unmatched=tuple(left.values()),
        notes=(note + more,) if doubts else (),
    )


def strangers(rows: Sequence[Row], missing: Sequence[Row]) -> list[Row]:
    """Those of `rows` that are of nobody in these rows of the roster."""
    seats = [
        _Seat("", place, row.identity, alone=False, known=row.known) for place, row in enumerate(missing)
    ]
    fit = {number for tier in _TIERS for number in _fits(tier, rows, seats)}
    return [row for row in rows if row.number not in fit]


def _fits(tier: _Tier, rows: Iterable[Row], seats: Sequence[_Seat]) -> dict[int, list[_Seat]]:
    """Which people share a key with each row, of those rows that share one with anybody."""
    of_row, of_seat = tier
    known: dict[str, list[_Seat]] = {}
    for seat in seats:
        for each in of_seat(seat):
            known.setdefault(each, []).append(seat)
    fits = {
        row.number: list(
            dict.fromkeys(
                s
                for k in of_row(row)
                for s in known.get(k, ())
                if tier is not _IDS or may_be_one(row.identity.name or "", s.who.name or "")
            )
        )
        for row in rows
    }
    return {number: some for number, some in fits.items() if some}


def _spellings(name: str) -> frozenset[str]:
    """A name in any order, and as Canvas writes it: one word, the family name first, without accented letters."""
    parts = words(name)
    turned = ["".join(parts[at:] + parts[:at]) for at in range(len(parts))]
    plain = (_NOT_ASCII.sub("", each) for each in turned)
    return in_any_order(name).union(turned, filter(None, plain))
