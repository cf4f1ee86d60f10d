"""Whom a student worked with, in the student's own words."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMED = re.compile(r"\b(?:colabora|collabora|contribut)\w*", re.IGNORECASE)
TOLD = re.compile(
    r"\b(?:(?:worked|working|discussed|talked|studied)\b[^.]{0,80}\bwith|helped (?:me|us|by)"
    r"|(?:help|ideas?) (?:from|of|by)|thanks to|study group|on my own|by myself"
    r"|(?:worked|wrote|did|solved)\b[^.]{0,40}\balone)\b",
    re.IGNORECASE,
)
LONGEST = 300
"""Characters that are shown."""


def acknowledged(lines: Iterable[str]) -> str:
    """The line that names a student's collaborators or says that there were none; empty if no line does.

    `lines` are the student's own, without those of the blank notebook.
    """
    told = list(lines)
    for line, following in pairwise(chain(told, [""])):
        found = NAMED.search(line)
        if found and (said := line if line[found.end() :].strip(" :*_`#") else following):
            return _shown(said)
    return next((_shown(line) for line in told if TOLD.search(line)), "")


def _shown(line: str) -> str:
    return " ".join(line.split()).lstrip("# ")[:LONGEST]
