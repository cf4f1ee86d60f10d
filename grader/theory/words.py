"""Free text: what can be read of it, and how to lay it out for the person who reads the rest.

Nothing here grades. An answer is only sorted: by the topics it touches, next to answers like it.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 12_000

# Topics


def tags(text: str, table: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Name the topics that a text touches, in the table's order.

    Args:
        text: an answer.
        table: for each tag its words or phrases; each matches as a whole word, with any ending after a `*`
            (`differentiab*`), letter case and spacing ignored.
    """
    plain = normal_text(text)
    return tuple(
        tag for tag, phrases in table.items() if any(_phrase(phrase).search(plain) for phrase in phrases)
    )


def _phrase(phrase: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in normal_text(phrase.replace("*", "\0")).split(" ")]
    joined = r"\s+".join(parts).replace(re.escape("\0"), r"\w*").replace("\0", r"\w*")
    return re.compile(rf"(?<!\w){joined}(?!\w)")


# Likeness

_TYPOGRAPHY = {0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-", 0x2212: "-"}


def normal_text(text: str) -> str:
    """Write a text so that what differs only in case, spacing, punctuation, markup or typography is equal."""
    plain = unicodedata.normalize("NFKC", plain_text(text)).casefold()
    plain = plain.translate(_TYPOGRAPHY)
    plain = re.sub(r"[*`_~#>$]|\\(?:text\w*|left|right|[,;:! ])", " ", plain)
    plain = re.sub(r"(?<!\w)['\"]|['\"](?!\w)|[.,;:!?()](?=\s|$)|(?<!\w)\(", " ", plain)
    return " ".join(plain.split())


def plain_text(text: str) -> str:
    """Undo markup and entities of HTML, and write every apostrophe alike."""
    text = re.sub(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", " ", text[:_LONGEST], flags=re.DOTALL)
    return html.unescape(text).replace("\u2019", "'").strip()


def order_alike(texts: Sequence[str]) -> list[int]:
    """Order answers so that like follows like.

    A walk from each answer to the nearest one that is left, by the cosine of TF-IDF vectors of words and word
    pairs; it starts at the answer that is most like the others. Ties go to the earlier answer: the order is stable.

    Returns:
        Positions in `texts`, each once. Cost: n² sparse products, 300 short answers in about 0.2 s.
    """
    vectors = _vectors(texts)
    left = list(range(len(texts)))
    total: Counter[str] = Counter()
    for vector in vectors:
        total.update(vector)
    order: list[int] = []
    here: Mapping[str, float] = total
    while left:
        nearest = max(left, key=lambda at: (_product(here, vectors[at]), -at))
        order.append(nearest)
        left.remove(nearest)
        here = vectors[nearest]
    return order


def _vectors(texts: Sequence[str]) -> list[dict[str, float]]:
    counts = [Counter(_terms(text)) for text in texts]
    seen_in = Counter(term for count in counts for term in count)
    rarity = {term: math.log((1 + len(texts)) / (1 + documents)) + 1 for term, documents in seen_in.items()}
    return [_unit({term: (1 + math.log(n)) * rarity[term] for term, n in count.items()}) for count in counts]


def _terms(text: str) -> list[str]:
    words = re.findall(r"\w+(?:'\w+)?", normal_text(text))
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def _unit(vector: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {term: weight / length for term, weight in vector.items()}


def _product(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(weight * b[term] for term, weight in a.items() if term in b)
