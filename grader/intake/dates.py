"""Dates with a time of day, as course systems and people write them."""

from __future__ import annotations

import re
from datetime import datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d\d:?\d\d)?")
_POINTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),? (\d{1,2}):(\d\d)(?::\d\d)?")


def read(text: str) -> datetime | None:
    """None for anything else, such as 3/4/2026, which two countries read in two ways.

    `2026-02-12 23:59`, also with seconds and a time zone; `12.02.2026 23:59`; with the English name of a month,
    `Feb 12, 2026 1159 PM` and `Thursday, 12 February 2026, 23:59`. Without a zone, it is in that of the course.
    """
    text = text.strip()
    try:
        if found := _ISO.fullmatch(text):
            zone = (found[3] or "").replace("UTC", "Z")
            return datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}")
        if found := _POINTS.fullmatch(text):
            day, month, year, hour, minute = map(int, found.groups())
            return datetime(year, month, day, hour, minute)  # noqa: DTZ001
        return _with_month(text)
    except (ValueError, OverflowError):
        return None


def _with_month(text: str) -> datetime | None:
    words, numbers = re.findall(r"[A-Za-z]+", text), re.findall(r"\d+", text)
    if words and words[0][:3].lower() in _DAYS:
        del words[0]
    if not words or words[0][:3].lower() not in _MONTHS or len(numbers) < 3:
        return None
    clock = "".join(numbers[2:]).zfill(4)
    hour, half = int(clock[:2]), words[-1].upper()
    if half in ("AM", "PM"):
        hour = hour % 12 + 12 * (half == "PM")
    month = _MONTHS.index(words[0][:3].lower()) + 1
    return datetime(int(numbers[1]), month, int(numbers[0]), hour, int(clock[2:4]))  # noqa: DTZ001
