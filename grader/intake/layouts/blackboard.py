"""Blackboard: `<Assignment>_<user>_attempt_<date>[_<file>]`; the `.txt` without a file's name records the attempt.

Both the assignment and the user may have underscores: the record says which user it is, else what all names share
is taken for the assignment. Nobody can tell whether all users begin alike, so then such a user is no id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from os.path import commonprefix

from grader.intake.layouts.model import HandIn, Layout, Match, fits, known
from grader.intake.listing import Download, Entry, Kind, readable, top
from grader.model import Identity

_ATTEMPT = re.compile(r"(?P<head>.+?)_attempt_(?P<date>\d{4}(?:-\d{2}){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL)
_NAME = re.compile(r"^Name:[ \t]*(?P<name>[^\r\n(]{1,200})\((?P<user>[^\r\n()]{1,200})\)", re.MULTILINE)
_TEXT = re.compile(r"^Submission Field:\s*^(?!There is no )\S", re.MULTILINE)
MOST_RECORD = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What Blackboard wrote about an attempt."""

    name: str | None = None
    user: str | None = None
    text: bool = False


def _recognise(download: Download) -> Match | None:
    files = [entry for entry in top(download.entries) if entry.kind is not Kind.FOLDER]
    found = [
        (entry, name) for entry in files if (name := _ATTEMPT.fullmatch(entry.name)) and "_" in name["head"]
    ]
    if not fits([entry for entry, _ in found], download):
        return None
    students: dict[str, list[tuple[Entry, re.Match[str]]]] = {}
    for entry, name in found:
        students.setdefault(name["head"], []).append((entry, name))
    shared = commonprefix(list(students)).rpartition("_")[0] if len(students) > 1 else ""  # noqa: RUF071 - names, not paths
    titles = [f"_{_words(each)}_" for each in (download.name, download.assignment or "")]
    hand_ins = [_hand_in(head, files, shared, titles) for head, files in students.items()]
    records = {entry.whole for entry, name in found if not name["file"]}
    return Match(hand_ins=tuple(hand_ins), records=frozenset(records))


def _words(title: str) -> str:
    return "_".join(re.findall(r"[^\W_]+", title.casefold()))


def _hand_in(head: str, files: list[tuple[Entry, re.Match[str]]], shared: str, titles: list[str]) -> HandIn:
    """`titles` are the words by which the assignment is known."""
    entries = tuple(
        replace(entry, parts=(name["date"], name["file"]), at=_date(name["date"]))
        for entry, name in files
        if name["file"]
    )
    records = [_record(entry) for entry, name in files if not name["file"]]
    named = next((one for one in records if one.user and head.endswith(f"_{one.user}")), _Record())
    user = named.user or (head.removeprefix(f"{shared}_") if shared else head.rpartition("_")[2])
    title = head.removesuffix(f"_{user}")
    is_sure = named.user or "_" not in title or any(f"_{_words(title)}_" in each for each in titles)
    return HandIn(
        name=user,
        place=files[-1][0],
        entries=entries,
        # Under the whole name, nobody is taken for another whose username ends alike.
        identity=Identity(name=named.name, id=readable(user)) if is_sure else Identity(name=readable(head)),
        besides="text" if any(one.text for one in records) else "",
    )


def _record(entry: Entry) -> _Record:
    try:
        text = entry.content(MOST_RECORD).decode("utf-8-sig", errors="replace")
    except OSError:
        return _Record()
    name = _NAME.search(text)
    return _Record(
        name=known(name["name"]) if name else None,
        user=known(name["user"]) if name else None,
        text=_TEXT.search(text) is not None,
    )


def _date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S")  # noqa: DTZ007 - in the time zone of the course
    except ValueError:
        return None


BLACKBOARD = Layout(
    name="blackboard",
    title="Blackboard download",
    looks_like="files named like Homework_jdoe_attempt_2021-02-12-23-04-05_homework.ipynb",
    recognise=_recognise,
)
