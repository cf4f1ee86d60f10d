"""Reading the toml's ``[rules]``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from grader import course
from grader.assignment import tables
from grader.course import Attempt, Missing, Rules, Unit

if TYPE_CHECKING:
    from enum import StrEnum

    from grader.assignment.tables import Table
    from grader.course import Amount

    Word = TypeVar("Word", bound=StrEnum)

KEYS = ("due", "zone", "grace", "penalty", "per", "cap", "attempt", "missing")


def read(table: Table) -> Rules:
    """The rules of a course; none of the keys has to be there.

    Raises:
        RubricError: a key is unknown or of the wrong form, or one needs another.
    """
    table.only(KEYS)
    zone = _zone(table) if "zone" in table else ""
    due = _due(table, zone) if "due" in table else None
    for key in ("penalty", "grace", "cap"):
        needed = "penalty" if key == "cap" else "due"
        if key in table and needed not in table:
            table.refuse(key, f"{key} needs {needed} beside it.")
    return Rules(
        due=due,
        zone=zone,
        grace=_duration(table, "grace"),
        penalty=_amount(table, "penalty"),
        per=_word(table, "per", Unit.DAY),
        cap=_amount(table, "cap"),
        attempt=_word(table, "attempt", Attempt.LAST),
        missing=_word(table, "missing", Missing.BLANK),
    )


def _zone(table: Table) -> str:
    name = table.text_of("zone")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # KeyError: not installed here
        table.refuse(
            "zone", f"there is no time zone {name!r} here; write one such as 'Europe/Berlin' or 'UTC'."
        )
    return name


def _due(table: Table, zone: str) -> datetime:
    due = table.values["due"]
    if not isinstance(due, datetime):
        example = "2026-02-12T23:59:00+01:00"
        table.refuse("due", f"due must be a date with a time, such as {example}, not {tables.shown(due)}.")
    if not 1970 <= due.year <= 2999:
        table.refuse("due", f"due is in the year {due.year}; write one from 1970 to 2999.")
    if due.tzinfo is None and not zone:
        table.refuse("due", "due has no time zone; end it with one such as +01:00, or add zone.")
    return due if due.tzinfo else due.replace(tzinfo=ZoneInfo(zone))


def _duration(table: Table, key: str) -> timedelta:
    if key not in table:
        return timedelta()
    try:
        return course.duration(table.text_of(key))
    except ValueError as error:
        table.refuse(key, f"{key}: {error}.")


def _amount(table: Table, key: str) -> Amount | None:
    if key not in table:
        return None
    try:
        return course.amount(table.values[key])
    except ValueError as error:
        table.refuse(key, f"{key}: {error}.")


def _word(table: Table, key: str, default: Word) -> Word:
    words = type(default)
    text = table.text_of(key, str(default))
    if text not in list(words):
        table.refuse(key, f"{key} must be one of {', '.join(map(repr, map(str, words)))}, not {text!r}.")
    return words(text)
