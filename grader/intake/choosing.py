"""Which of a student's notebooks is graded, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from grader.intake.layouts import named_after

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from grader.intake.listing import Entry
    from grader.intake.reading import Found

_AGAIN = re.compile(r"(?P<name>.+?)(?:-(?P<number>\d{1,3}))?(?P<ending>\.[^.]*)", re.DOTALL)
Rule = tuple["Callable[[Entry, Found], float | str | tuple[float, ...]]", str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """All notebooks of a student, the one that counts first."""

    in_order: tuple[Entry, ...]
    why: str = ""
    """What sets the first apart from the next, as a clause; empty if there is no other."""


def choose(
    found: Mapping[Entry, Found],
    *,
    assignment: str | None,
    pick: str | None,
    is_late: Callable[[Entry], bool] = lambda _: False,
) -> Choice:
    """Put a student's notebooks in order.

    What `pick` matches comes first; then what can be read, and is not blank; then what is not late; then the last
    attempt, as the layout records it; then notebooks of the assignment's kit; then those named after the
    assignment; then the newest.
    """
    tries = _tries(found)
    rules: tuple[Rule, ...] = (
        (lambda entry, _: not matches(entry, pick), "it matches --pick"),
        (lambda _, read: bool(read.problem), "the other can't be read"),
        (lambda _, read: read.blank, "the other has no answers"),
        (lambda entry, _: is_late(entry), "it was handed in in time"),
        (lambda entry, _: tuple(-each for each in tries[entry]), "it was handed in last"),
        (lambda _, read: assignment is None or read.made_for != assignment, "it was made from the kit"),
        (lambda entry, _: not named_after(entry, assignment), "it is named after the assignment"),
        (lambda entry, _: -entry.order, "it was uploaded last"),
        (lambda entry, _: -entry.modified, "it is the newest file"),
        (lambda entry, _: "/".join(entry.parts), "its name comes first"),
    )
    keys = {entry: tuple(rule(entry, read) for rule, _ in rules) for entry, read in found.items()}
    in_order = tuple(sorted(found, key=keys.__getitem__))
    if len(in_order) < 2:
        return Choice(in_order=in_order)
    pairs = zip(keys[in_order[0]], keys[in_order[1]], rules, strict=True)
    return Choice(in_order=in_order, why=next((why for ours, next_, (_, why) in pairs if ours != next_), ""))


def attempts(found: Mapping[Entry, Found]) -> list[dict[Entry, Found]]:
    """The notebooks of each attempt, the last one first: by the layout's dates, or by what Canvas adds to names.

    Files of one date, and files of several names, are one attempt. What can't be read is none of its own.
    """
    tried: dict[tuple[float, int], dict[Entry, Found]] = {}
    for entry, which in _tries([entry for entry, read in found.items() if not read.problem]).items():
        tried.setdefault(which, {})[entry] = found[entry]
    last, *earlier = [tried[which] for which in sorted(tried, reverse=True)] or [{}]
    return [last | {entry: read for entry, read in found.items() if read.problem}, *earlier]


def matches(entry: Entry, pick: str | None) -> bool:
    """Is this the file that `pick` names, by its name or by its path in the hand-in?"""
    if pick is None:
        return False
    names = (entry.name, "/".join(entry.parts), "/".join(entry.whole))
    return any(fnmatchcase(name.casefold(), pick.casefold()) for name in names)


def _tries(entries: Collection[Entry]) -> dict[Entry, tuple[float, int]]:
    """Of which attempt each is, as far as the layout tells: its date, and the number that Canvas adds to names."""
    numbers = {entry: _AGAIN.fullmatch(entry.name) if entry.order else None for entry in entries}
    one_name = len({number["name"] + number["ending"] for number in numbers.values() if number}) == 1
    dated = any(entry.at for entry in entries)
    return {
        entry: (_date(entry) if dated else 0.0, int(number["number"] or 0) if number and one_name else 0)
        for entry, number in numbers.items()
    }


def _date(entry: Entry) -> float:
    at = entry.at
    if at and at.tzinfo is None:  # in the time zone of the course, as all of this hand-in are
        at = at.replace(tzinfo=UTC)
    return at.timestamp() if at else entry.modified
