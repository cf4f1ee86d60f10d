"""Names and ids of people, compared as different systems write them."""

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(r"[^\W_]+")


def exactly(cell: str) -> frozenset[str]:
    """An id: the same but for case and surrounding space."""
    return frozenset({cell.strip().casefold()} - {""})


def in_any_order(cell: str) -> frozenset[str]:
    """A name such as `Doe, Jane`, `Jane Doe`, `doe-jane` or `doejane`: in any order, only letters and digits."""
    family, _, given = cell.partition(",")
    orders = words(cell), words(f"{given} {family}")
    return frozenset({"".join(orders[0]), "".join(orders[1]), " ".join(sorted(orders[0]))} - {""})


def words(name: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", name).casefold())
