"""Who took part: a column of a table, or a list of names or ids, one a line. Rubrics see it as `participated`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.intake import roster
from grader.intake.listing import readable
from grader.intake.matching import match, strangers
from grader.intake.naming import folded
from grader.intake.roster import KINDS, Row
from grader.legible import listing
from grader.model import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from grader.intake.enrolment import Enrolled

PARTICIPATION = "participation.csv"
PARTICIPATED = "participated"
_MARKS = frozenset({"x", "✓", "✔", "☑"})
_YES = _MARKS | {"yes", "y", "true", "ja", "oui", "si", "sí"}
_NO = frozenset({"no", "n", "false", "nein", "non"})
_NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """What a rubric is told of each student, by column, and what a person should know of the file."""

    rows: Mapping[str, Mapping[str, str]]
    notes: tuple[str, ...]


def read(path: Path, class_: Enrolled, column: str | None = None) -> Participation:
    """Say of each student whether they took part: `yes`, `no`, or nothing if the file does not say.

    Who is not in a list did not take part, unless the list names somebody whom nobody knows: that may be them,
    misspelled. Of a group it is said only if it is the same for all members.

    Args:
        path: a table with columns as of a roster and one that says who took part, or a list.
        class_: the students; what is known of each.
        column: which column says it; without it, `participated`, or the only one that says nothing else.

    Raises:
        UsageError: it is neither, says two things of one student, or lacks the column.
    """
    text = roster.text_of(path)
    table = csvs.read(text, name=str(path), columns=KINDS)
    _, header = csvs.header(table, KINDS)
    is_table = column is not None or (
        len(header) > 1 and any(KINDS.get(name) in roster.WHO for name in header)
    )
    rows = roster.read(path, times=False) if is_table else _lines(text)
    judge = _column(path, header, column) if is_table else ""
    matched = match(rows, class_.by_id, source=path.name, listed=class_.rows)
    unknown = strangers(matched.unmatched, class_.missing)
    absent = len(unknown) < len(matched.unmatched)
    notes = [*matched.notes, *_of_strangers(path, unknown, is_list=not judge)]
    if not judge and not matched.rows:
        raise UsageError(
            f"{path}: nobody in this list handed in anything. Give names or ids, one a line, or a table whose "
            "first row names its columns."
        )
    said = dict.fromkeys(matched.rows, "yes")
    if judge:
        said, unread = _read(matched.rows, judge)
        if unread:
            notes.append(
                f"{path.name}: `{judge}` can't be read as yes or no, so a person decides: {listing(unread)}"
            )
    told: dict[str, dict[str, str]] = {}
    for student, one in class_.by_id.items():
        # who is not on the roster may be one of those whom it knows and who are thought to be missing
        unlisted = absent and not any(whose == student for whose, _ in class_.rows)
        unsaid = "" if judge or unknown or unlisted or student in matched.unclear else "no"
        words = {said.get((student, place), unsaid) for place in range(len(one.people) or 1)}
        row = matched.rows.get((student, 0)) if column is None and not one.people else None
        told[student] = {name: cell for name, cell in (row.cells if row else {}).items() if name not in KINDS}
        told[student].pop(judge, None)
        if len(words) == 1 and (word := words.pop()):
            told[student][PARTICIPATED] = word
    return Participation(rows={student: row for student, row in told.items() if row}, notes=tuple(notes))


def _lines(text: str) -> list[Row]:
    """The rows of a list; its first line may say what it is a list of."""
    first: dict[str, int] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        first.setdefault(line.strip(' \t",;'), number)
    return [
        Row(
            number=number,
            cells={},
            identity=Identity(name=readable(line), email=line if "@" in line else None),
            alias=folded(line),
            ids=frozenset({roster.key(line)}),
            login=line.lstrip("#").casefold(),
        )
        for line, number in first.items()
        if line and line.lower() not in KINDS
    ]


def _column(path: Path, header: Sequence[str], column: str | None) -> str:
    """Which column says who took part; empty if the table only says who is in it.

    Raises:
        UsageError: nobody can tell.
    """
    others = [name for name in header if name and KINDS.get(name, "due") in roster.TIMES]
    if column is not None:
        if column.strip().lower() in header:
            return column.strip().lower()
        raise UsageError(
            f"{path} has no column {column!r}; it has: {listing([readable(n) for n in header if n])}."
        )
    if PARTICIPATED in header or len(others) < 2:
        return PARTICIPATED if PARTICIPATED in header else "".join(others)
    raise UsageError(
        f"{path} has several columns that may say who took part: {listing([readable(name) for name in others])}. "
        "Name one with --column."
    )


def _read(rows: Mapping[tuple[str, int], Row], column: str) -> tuple[dict[tuple[str, int], str], list[str]]:
    """Each person's `yes` or `no`, and what can't be read. Where only crosses stand, an empty cell is a no."""
    cells = {seat: row.cells.get(column, "").strip().casefold().strip("-") for seat, row in rows.items()}
    crosses = {cell for cell in cells.values() if cell}
    empty = "no" if crosses and crosses <= _MARKS else ""
    said = {seat: _word(cell) if cell else empty for seat, cell in cells.items()}
    unread = [
        f"{rows[seat]} {readable(cell[:40])!r}" for seat, cell in cells.items() if cell and not said[seat]
    ]
    return said, unread


def _word(cell: str) -> str:
    if _NUMBER.fullmatch(cell):
        return "yes" if Decimal(cell.replace(",", ".")) else "no"
    return "yes" if cell in _YES else "no" if cell in _NO else ""


def _of_strangers(path: Path, rows: Sequence[Row], *, is_list: bool) -> list[str]:
    if not rows:
        return []
    doubt = csvs.doubt(path.read_bytes(), name=path.name)
    fit = "fits nobody who handed in" if len(rows) == 1 else "fit nobody who handed in"
    until = "; until then, a person decides about students who are not in the list" * is_list
    return [
        f"{path.name}: {listing(list(map(str, rows)))} {fit}: check the spelling or the id{until}",
        *[doubt] * bool(doubt),
    ]
