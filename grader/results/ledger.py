"""What people decided, in a gradebook: rulings, and the items by which they are made. Rows are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from grader.model import Item, Ruling, Tally
from grader.results import gradebook

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

_COLUMNS = "number, decision, check_id, meaning, student, points, comment, by, at, assignment, machine, tally"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an item, and who made it."""

    check: str
    item: Item
    by: str
    """Empty: the rubric."""
    at: str
    replaces: int = 0
    """The number of the version before; 0: it is the first one."""

    @property
    def number(self) -> int:
        return self.item.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """That somebody undid a decision."""

    number: int
    decision: int
    by: str
    at: str


class Ledger:
    """Reads and writes; transactions are its caller's."""

    def __init__(self, database: sqlite3.Connection, root: Path) -> None:
        self._database = database
        self._root = root

    def rulings(self) -> list[Ruling]:
        """All that count, by decision in the order in which they were entered, revised ones in their place."""
        return self._rulings(
            "withdrawn = '' and decision not in (select decision from undone) order by decision, number"
        )

    def every_ruling(self) -> list[Ruling]:
        """Those as well that were undone, in the order in which they were entered."""
        return self._rulings("true order by number")

    def _rulings(self, which: str) -> list[Ruling]:
        rows = self._database.execute(f"select {_COLUMNS} from ruling where {which}")  # noqa: S608 - words of ours
        with gradebook.unchanged(self._root):
            return [_ruling(row) for row in rows]

    def withdrawn(self) -> dict[int, str]:
        """The numbers of the rulings that were withdrawn with their regrade, and when."""
        return dict(self._database.execute("select number, withdrawn from ruling where withdrawn != ''"))

    def decides(self, check: str) -> bool:
        """Has anybody ever decided an answer to this check?"""
        query = "select exists (select 1 from ruling where check_id = ? and meaning != '')"
        return bool(self._database.execute(query, (check,)).fetchone()[0])

    @property
    def last(self) -> int:
        """The number of the last row, whether it counts or not."""
        query = """
            select max(number) from (
                select number from ruling union all select number from item union all select number from undone
                union all select max(ruling, coalesce(last, 0)) from version
            )
        """
        number: int | None = self._database.execute(query).fetchone()[0]
        return number or 0

    def new(self, decisions: Sequence[Ruling]) -> list[Ruling]:
        """Those that change something."""
        own = {"", *(each.assignment for each in decisions)}
        latest = {
            (each.check, each.group, each.student): (each.points, each.comment)
            for each in self.rulings()
            if each.assignment in own
        }
        return [
            each
            for each in decisions
            if latest.get((each.check, each.group, each.student)) != (each.points, each.comment)
        ]

    def add(self, decisions: Sequence[Ruling], *, together: bool = False) -> int:
        """Enter rulings, each as a decision of its own unless they are made `together` or revise an earlier one.

        Returns the number of the first one.
        """
        first = self.last + 1
        rows = [
            (
                number,
                each.decision or (first if together else number),
                each.check,
                each.group,
                each.student,
                str(each.points),
                each.comment,
                each.by,
                each.at,
                each.assignment,
                each.machine,
                msgspec.json.encode(each.tally).decode() if each.tally else "",
            )
            for number, each in enumerate(decisions, start=first)
        ]
        places = ", ".join("?" * len(_COLUMNS.split()))
        insert = f"insert into ruling ({_COLUMNS}) values ({places})"  # noqa: S608 - words of ours
        self._database.executemany(insert, rows)
        return first

    def withdraw(self, *, after: int, last: int | None) -> int:
        """Withdraw those with a number above `after` and up to `last`; how many they are, without notes.

        If `last` is unknown, all notes stay: later runs may have added them.
        """
        update = (
            "update ruling set withdrawn = current_timestamp"
            " where withdrawn = '' and number > ? and number <= ?"
        )
        span = (after, self.last if last is None else last)
        if last is not None:
            self._database.execute(f"{update} and meaning = ''", span)
        return self._database.execute(f"{update} and meaning != ''", span).rowcount

    def undo(self, decision: int, *, by: str, at: str) -> None:
        self._database.execute("insert into undone values (?, ?, ?, ?)", (self.last + 1, decision, by, at))

    def undone(self) -> list[Undone]:
        rows = self._database.execute("select number, decision, by, at from undone order by number")
        return [Undone(number=number, decision=decision, by=by, at=at) for number, decision, by, at in rows]

    def versions(self) -> list[Version]:
        """All versions of all items, oldest first."""
        rows = self._database.execute(
            "select number, check_id, words, points, by, at, replaces from item order by number"
        )
        with gradebook.unchanged(self._root):
            return [
                Version(
                    check=check,
                    item=Item(words=words, points=Decimal(points or 0), number=number, withdrawn=not points),
                    by=by,
                    at=at,
                    replaces=replaces,
                )
                for number, check, words, points, by, at, replaces in rows
            ]

    def add_version(self, version: Version) -> int:
        """Enter a version of an item under the next number, which is returned; without `at`, made now."""
        item, number = version.item, self.last + 1
        points = "" if item.withdrawn else str(item.points)
        row = (number, version.check, item.words, points, version.by, version.at, version.replaces)
        self._database.execute(
            "insert into item values (?, ?, ?, ?, ?, coalesce(nullif(?, ''), strftime('%Y-%m-%dT%H:%M:%SZ')), ?)",
            row,
        )
        return number


def _ruling(row: Sequence[Any]) -> Ruling:
    number, decision, check, group, student, points, comment, by, at, assignment, machine, tally = row
    return Ruling(
        number=number,
        decision=decision,
        check=check,
        group=group,
        student=student,
        points=Decimal(points),
        comment=comment,
        by=by,
        at=at,
        assignment=assignment,
        machine=machine,
        tally=msgspec.json.decode(tally, type=Tally) if tally else None,
    )
