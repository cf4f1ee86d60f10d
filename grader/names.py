"""Names and ids of people, compared as different systems write them."""

from __future__ import annotations

import re
import unicodedata

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_WORDS = re.compile(r"[^\W_]+")


def exactly(cell: str) -> frozenset[str]:
    """An id: the same but for case and surrounding space."""
    return frozenset({cell.strip().casefold()} - {""})


def in_any_order(cell: str) -> frozenset[str]:
    """A name such as `Doe, Jane`, `Jane Doe`, `doe-jane` or `doejane`: in any order, only letters and digits."""
    family, _, given = cell.partition(",")
    orders = words(cell), words(f"{given} {family}")
    return frozenset({"".join(orders[0]), "".join(orders[1]), " ".join(sorted(orders[0]))} - {""})


def may_be_one(one: str, other: str) -> bool:
    """Could two names be one person's? Not if they share no word, whatever number they have in common.

    Canvas writes one word, the family name first, without accented letters. Other scripts can't be compared.
    """
    ours, theirs = _plain(one), _plain(other)
    if not ours or not theirs or in_any_order(" ".join(ours)) & in_any_order(" ".join(theirs)):
        return True
    return (
        any(len(word) > 1 and word in theirs for word in ours) or _joins(ours, theirs) or _joins(theirs, ours)
    )


def _joins(one: list[str], parts: list[str]) -> bool:
    """Is a name of one word made of others, at least one of which says something?"""
    return len(one) == 1 and any(
        len(part) > 2 and (one[0].startswith(part) or one[0].endswith(part)) for part in parts
    )


def _plain(name: str) -> list[str]:
    return [part for word in words(name) if (part := _NOT_ASCII.sub("", word))]


def words(name: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", name).casefold())
