"""Names of students, made safe as folders."""

from __future__ import annotations

import hashlib
import unicodedata
from itertools import count, groupby
from typing import TYPE_CHECKING

from grader.zips import DEVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_ID = 100
RESERVED = frozenset({"reference"} | DEVICES)
"""The name that we use for the reference solution, and the names that Windows reserves for devices."""


def student_ids(names: Sequence[str]) -> tuple[str, ...]:
    """Turn each name into a folder name that is safe on every system and unique regardless of case.

    Of several names with the same result, the first in sorted order is kept and the others are numbered.
    """
    safe = [_safe(name) for name in names]
    keys = [folded(name) for name in safe]
    taken = set(keys)
    order = sorted(range(len(names)), key=lambda place: (keys[place], names[place]))
    for _, duplicates in groupby(order, keys.__getitem__):
        for place in list(duplicates)[1:]:
            safe[place] = next(new for n in count(2) if folded(new := f"{safe[place]}-{n}") not in taken)
            taken.add(folded(safe[place]))
    return tuple(safe)


def _safe(name: str) -> str:
    legible = unicodedata.normalize("NFC", name)
    kept = "".join(c if c.isprintable() and c not in '/\\<>:"|?*' else "_" for c in legible)
    kept = kept.lstrip("-. ").rstrip(". ") or "student"
    if kept.partition(".")[0].lower() in RESERVED:
        kept = f"{kept}_"
    if len(kept.encode()) <= LONGEST_ID:
        return kept
    head = kept.encode()[: LONGEST_ID - 9].decode(errors="ignore").rstrip(". ")
    return f"{head}-{hashlib.sha256(kept.encode()).hexdigest()[:8]}"


def folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
