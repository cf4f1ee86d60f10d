"""Dates with a time of day, as course systems and people write them."""

from __future__ import annotations

import re
from datetime import datetime

_MONTHS = (
    ("january", "januar"), ("february", "februar"), ("march", "märz"), ("april",), ("may", "mai"), ("june", "juni"),
    ("july", "juli"), ("august",), ("september",), ("october", "oktober"), ("november",), ("december", "dezember"),
)  # fmt: skip
_DAYS = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag",
)  # fmt: skip
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d\d:?\d\d)?")
_POINTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),? (\d{1,2}):(\d\d)(?::\d\d)?")
_WORD = r"[^\W\d_]{3,}"
_IN_WORDS = re.compile(
    rf"(?:(?P<weekday>{_WORD})[.,]* )?"
    rf"(?:(?P<day>\d\d?)\.? (?P<month>{_WORD})|(?P<month_first>{_WORD})\.? (?P<day_last>\d\d?))[.,]* "
    r"(?P<year>\d{4}),? (?P<hour>\d\d?)(?:[: ]?(?P<minute>\d\d)(?:[: ](?P<second>\d\d))?)?"
    r"(?: ?(?P<half>[ap])(?:m|\. ?m\.))?(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d))?",
    re.IGNORECASE,
)


def read(text: str) -> datetime | None:
    """None for anything else, such as 3/4/2026, which two countries read in two ways.

    `2026-02-12 23:59`, also with seconds and a time zone; `12.02.2026 23:59`; with the English or German name of a
    month, `Feb 12, 2026 1159 PM` and `Donnerstag, 12. Februar 2026, 23:59`. Without a zone, it is in that of the
    course. A zone that is only named, such as EST, is not understood: several places use one name.
    """
    text = text.strip()
    try:
        if found := _ISO.fullmatch(text):
            zone = (found[3] or "").replace("UTC", "Z")
            return datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}")
        if found := _POINTS.fullmatch(text):
            day, month, year, hour, minute = map(int, found.groups())
            return datetime(year, month, day, hour, minute)  # noqa: DTZ001
        return _in_words(text)
    except (ValueError, OverflowError):
        return None


def _in_words(text: str) -> datetime | None:
    found = _IN_WORDS.fullmatch(" ".join(text.split()))
    if not found or (found["weekday"] and not _shortens(found["weekday"], _DAYS)):
        return None
    word, day = found["month"] or found["month_first"], found["day"] or found["day_last"]
    month = next((at for at, names in enumerate(_MONTHS, 1) if _shortens(word, names)), 0)
    hour, half = int(found["hour"]), found["half"]
    if not (half or found["minute"]) or (half and hour > 12):
        return None
    if half:
        hour = hour % 12 + 12 * (half in "Pp")
    clock = f"{hour:02}:{found['minute'] or '00'}:{found['second'] or '00'}"
    zone = (found["zone"] or "").upper()
    return datetime.fromisoformat(
        f"{found['year']}-{month:02}-{int(day):02}T{clock}{'Z' if zone in ('UTC', 'GMT') else zone}"
    )


def _shortens(word: str, names: tuple[str, ...]) -> bool:
    return any(name.startswith(word.lower()) for name in names)
