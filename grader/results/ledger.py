"""The rulings in a gradebook: rows are only ever added, and withdrawn when a regrade is undone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from grader.model import Ruling
from grader.results import gradebook

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path


class Ledger:
    """Reads and writes; transactions are its caller's."""

    def __init__(self, database: sqlite3.Connection, root: Path) -> None:
        self._database = database
        self._root = root

    def rulings(self) -> list[Ruling]:
        """All that count, in the order in which they were entered."""
        rows = self._database.execute(
            "select check_id, meaning, student, points, comment, by, at, assignment, machine from ruling"
            " where withdrawn = '' order by number"
        )
        with gradebook.unchanged(self._root):
            return [
                Ruling(
                    check=check,
                    group=group,
                    student=student,
                    points=Decimal(points),
                    comment=comment,
                    by=by,
                    at=at,
                    assignment=assignment,
                    machine=machine,
                )
                for check, group, student, points, comment, by, at, assignment, machine in rows
            ]

    @property
    def last(self) -> int:
        """The number of the last one, withdrawn or not."""
        number: int = self._database.execute("select coalesce(max(number), 0) from ruling").fetchone()[0]
        return number

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

    def add(self, decisions: Sequence[Ruling]) -> None:
        self._database.executemany(
            "insert into ruling (check_id, meaning, student, points, comment, by, at, assignment, machine)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    each.check,
                    each.group,
                    each.student,
                    str(each.points),
                    each.comment,
                    each.by,
                    each.at,
                    each.assignment,
                    each.machine,
                )
                for each in decisions
            ],
        )

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
