"""Everything that people decided, in the order in which they did, with what it changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from grader import csvs
from grader.legible import legible
from grader.model import Ruling
from grader.results.ledger import Undone, Version
from grader.results.rulings import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from grader.model import Item
    from grader.results.ledger import Ledger

_Key = tuple[str, str, str]
"""A check, a group and a student."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that somebody decided; of a decision for several students, one for each of them."""

    number: int
    """Its place in the gradebook. What `Decisions.undo` takes, of a ruling, or `Decisions.back`, of an item."""
    at: str
    by: str
    """Empty: the rubric's own items."""
    what: str
    """`decided`, `undone` or `item`."""
    check: str
    student: str
    """Empty: all who gave the same answer, or an item."""
    before: str
    """Points, or what the machine had said, or the item; empty if there was nothing."""
    after: str
    """The same; empty if nothing is decided any more."""
    why: str


def entries(ledger: Ledger) -> list[Entry]:
    """All of it, oldest first."""
    rows: list[Ruling | Version | Undone] = [*ledger.every_ruling(), *ledger.versions(), *ledger.undone()]
    withdrawn = ledger.withdrawn()
    history: dict[_Key, list[Ruling]] = defaultdict(list)
    items: dict[int, Item] = {}
    found: list[Entry] = []
    for row in sorted(rows, key=lambda row: row.number):
        match row:
            case Version():
                items[row.number] = row.item
                found.append(_of_item(row, items.get(row.replaces)))
            case Undone():
                found += _of_undone(row, history)
            case Ruling() if row.group:  # others are notes
                earlier = history[row.check, row.group, row.student]
                found.append(_of_ruling(row, earlier, withdrawn.get(row.number, "")))
                if row.number not in withdrawn:
                    earlier.append(row)
    return found


def as_csv(found: Iterable[Entry]) -> str:
    """For a spreadsheet, one row an entry."""
    columns = [field.name for field in fields(Entry)]
    rows = ([csvs.escape_formula(legible(str(cell))) for cell in astuple(entry)] for entry in found)
    return csvs.write([columns, *rows])


def _of_item(version: Version, before: Item | None) -> Entry:
    return Entry(
        number=version.number, at=version.at, by=version.by, what="item", check=version.check, student="",
        before=before.label if before else "", after=version.item.label, why="",
    )  # fmt: skip


def _of_ruling(ruling: Ruling, earlier: Sequence[Ruling], withdrawn: str) -> Entry:
    """`withdrawn`: when its regrade was undone, UTC; empty if it was not."""
    note = f"(withdrawn with its regrade on {withdrawn})" if withdrawn else ""
    return Entry(
        number=ruling.number, at=ruling.at, by=ruling.by, what="decided", check=ruling.check,
        student=ruling.student, before=str(earlier[-1].points) if earlier else ruling.machine,
        after=str(ruling.points), why=f"{reason(ruling)} {note}".strip(),
    )  # fmt: skip


def _of_undone(undone: Undone, history: dict[_Key, list[Ruling]]) -> Iterator[Entry]:
    for (check, _, student), rulings in history.items():
        left = [ruling for ruling in rulings if ruling.decision != undone.decision]
        if len(left) < len(rulings):
            yield Entry(
                number=undone.number, at=undone.at, by=undone.by, what="undone", check=check, student=student,
                before=str(rulings[-1].points), after=str(left[-1].points) if left else "",
                why=f"decision {undone.decision}",
            )  # fmt: skip
            rulings[:] = left
