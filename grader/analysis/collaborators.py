"""Whom a student worked with, in the student's own words."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMED = re.compile(r"\b(?:collaborat|colabora|collabora|contribut)\w*", re.IGNORECASE)
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
    for pattern in (NAMED, TOLD):
        for line, following in pairwise(chain(told, [""])):
            found = pattern.search(line)
            if found and (said := line if line[found.end() :].strip(" :*_`#") else following):
                return " ".join(said.split()).lstrip("# ")[:LONGEST]
    return ""
