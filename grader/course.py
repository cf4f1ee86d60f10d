"""The course's own rules: when work is due, what it costs to be late, and which of several attempts counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from math import ceil
from zoneinfo import ZoneInfo

from grader.model import Arrival, Grade, Lateness

_UNITS = {"minute": 60, "min": 60, "hour": 3600, "h": 3600, "day": 86400, "d": 86400, "week": 604800}
_DURATION = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) ?([a-z]{1,7}?)s?")
_AMOUNT = re.compile(r"(\d{1,5}(?:\.\d{1,4})?) ?%")
LONGEST = timedelta(days=3660)
_CENT, _EXACT = Decimal("0.01"), Decimal("1e-9")


class Unit(StrEnum):
    """Lateness is counted in started units."""

    DAY = "day"
    HOUR = "hour"

    @property
    def length(self) -> timedelta:
        return timedelta(days=1) if self is Unit.DAY else timedelta(hours=1)


class Attempt(StrEnum):
    """Which of several attempts of a student counts."""

    LAST = "last"
    BEST = "best"
    LAST_IN_TIME = "last in time"  # the last one before the due time; if there is none, the last


class Missing(StrEnum):
    """What an export says of a student who handed in nothing."""

    ZERO = "0"
    BLANK = "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Points, or a share of those that the assignment gives."""

    number: Decimal
    percent: bool = False

    def of(self, maximum: Decimal) -> Decimal:
        """In points."""
        return self.number * maximum / 100 if self.percent else self.number

    def __str__(self) -> str:
        unit = " %" if self.percent else " point" if self.number == 1 else " points"
        return f"{self.number.normalize():f}{unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The toml's ``[rules]``. Without a due time, nothing is late."""

    due: datetime | None = None
    """With a time zone."""
    zone: str = ""
    """Of downloads that name none; empty: that of `due`."""
    grace: timedelta = timedelta()
    """Up to this much later costs nothing; beyond it, lateness counts from the due time."""
    penalty: Amount | None = None
    """For each started unit."""
    per: Unit = Unit.DAY
    cap: Amount | None = None
    """The most that being late costs; without it, all the points."""
    attempt: Attempt = Attempt.LAST
    missing: Missing = Missing.BLANK

    def aware(self, at: datetime) -> datetime:
        """A time with a zone: its own, or that of the course."""
        return at if at.tzinfo else at.replace(tzinfo=self._zone)

    def due_for(self, arrival: Arrival) -> datetime | None:
        """Until when this student has time; None if nothing is due."""
        due = arrival.due or self.due
        return self.aware(due) + arrival.extension if due else None

    @property
    def _zone(self) -> tzinfo | None:
        return ZoneInfo(self.zone) if self.zone else self.due.tzinfo if self.due else ZoneInfo("UTC")


def choice_changed(before: Rules, now: Rules) -> list[str]:
    """The keys whose change may make another attempt count, so that attempts must be chosen again."""
    keys = ["attempt"]
    if now.attempt is not Attempt.LAST:
        keys += ["due", "zone", "grace"]
    if now.attempt is Attempt.BEST:
        keys += ["penalty", "per", "cap"]
    return [key for key in keys if getattr(before, key) != getattr(now, key)]


def settled(grade: Grade, arrival: Arrival, rules: Rules) -> Grade:
    """A grade with what being late costs, beside the points of its questions."""
    late = _lateness(arrival, rules, grade.max)
    grade = replace(grade, submitted_at=arrival.at, late=late, total=to_cents(grade.total))
    if late is None or not late.points:
        return grade
    taken = min(late.points, max(grade.total, Decimal(0)))
    return replace(grade, late=replace(late, points=taken), total=grade.total - taken)


def to_cents(points: Decimal) -> Decimal:
    """Points as they count everywhere: to the cent, and never rounded up.

    Of thirds that add up to 0.9999999999999999999999999999 the missing digit is none of the student's.
    """
    cut = points.quantize(_EXACT).quantize(_CENT, rounding=ROUND_DOWN)
    return points if points == cut else cut


def is_late(arrival: Arrival, rules: Rules) -> bool:
    """Does a grade say that this came late, whatever that costs?"""
    return _lateness(arrival, rules, Decimal(0)) is not None


def duration(text: str) -> timedelta:
    """`15 min`, `36 hours`, `2 days`, `1 week`.

    Raises:
        ValueError: it is none of these, or longer than ten years.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if not found or found[2] not in _UNITS:
        raise ValueError("write a number and min, hours, days or weeks, as in '2 days'")
    length = timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    if length > LONGEST:
        raise ValueError("that is longer than ten years")
    return length


def amount(value: object) -> Amount:
    """`"10 %"`, or a number of points.

    Raises:
        ValueError: it is neither, or below 0, or more than 100 %.
    """
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and 0 <= number < 10**6:
            return Amount(number=number)
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or Decimal(found[1]) > 100:
        raise ValueError("write a number of points, or a share of all points, as in '10 %'")
    return Amount(number=Decimal(found[1]), percent=True)


def _lateness(arrival: Arrival, rules: Rules, maximum: Decimal) -> Lateness | None:
    """None if it came in time, or if nobody can tell."""
    due = rules.due_for(arrival)
    if arrival.at is None or due is None:
        said = (
            "The course system marked it as late, without saying by how much. This costs no points by itself."
        )
        return Lateness(points=Decimal(0), message=said) if arrival.late else None
    by = rules.aware(arrival.at).astimezone(UTC) - due.astimezone(UTC)  # clocks may change in between
    if by <= rules.grace:
        return None
    when = f"Handed in {_length(by)} after the due time, {due:%Y-%m-%d %H:%M %Z}".rstrip()
    if rules.penalty is None:
        return Lateness(points=Decimal(0), message=f"{when}. This costs no points by itself.")
    units = ceil(by / rules.per.length)
    cap = rules.cap.of(maximum) if rules.cap else maximum
    each = f"{rules.penalty} for each started {rules.per}"
    most = f", at most {rules.cap}" if rules.cap else ""
    return Lateness(
        points=to_cents(min(rules.penalty.of(maximum) * units, cap)), message=f"{when}: {each}{most}."
    )


def _length(by: timedelta) -> str:
    """`2 days 3 hours`, `5 minutes`: the two largest units, rounded down, but never nothing."""
    minutes = max(int(by.total_seconds()) // 60, 1)
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    named = [f"{number} {noun}{'s' * (number != 1)}" for number, noun in parts if number]
    return " ".join(named[:2])
