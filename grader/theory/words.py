"""Free text: what can be read of it, and how to lay it out for the person who reads the rest.

Nothing here grades. An answer is only sorted: by the topics it touches, next to answers like it.
"""

from __future__ import annotations

import hashlib
import html
import math
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 12_000
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|(?P<comment><!--)(?:(?!-->).)*+(?:(?P<closed>-->)|\Z)", re.DOTALL)

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


# Themes

_ASIDE = r"(?:{})[^.,;:!?()\n]*"
_WITHOUT_SPACES = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts whose words stand next to each other, or end in any way."""
_GAP = r"(?:\s+[^\s.,;:!?]+){0,3}?\s+"


def themes(
    text: str, vocabulary: Mapping[str, Iterable[str]], *, aside: Iterable[str] = ()
) -> tuple[str, ...]:
    """Name the themes of an answer, in the order in which it first names them.

    Case, accents, spacing, markup and hyphens do not matter, and `n't` is read as `not`.

    Args:
        text: an answer, in any language.
        vocabulary: for each theme its phrases. Each matches as whole words, with any ending after a `*` and up to
            three words at `...` (`not ... differentiable`). Where several phrases match, the longest counts:
            `proximal gradient descent` is not `gradient descent`.
        aside: words that set aside what follows, up to the next punctuation mark: `unlike`, `than`.
    """
    folded = _folded(text)
    if phrases := tuple(aside):
        folded = re.sub(_ASIDE.format("|".join(map(_theme_pattern, phrases))), " ", folded)
    found = sorted(
        (match.start(), -match.end(), theme)
        for theme, pattern in _compiled(tuple((name, tuple(each)) for name, each in vocabulary.items()))
        for match in pattern.finditer(folded)
    )
    named: dict[str, None] = {}
    end = 0
    for start, negative_end, theme in found:
        if start >= end:
            named[theme] = None
            end = -negative_end
    return tuple(named)


@lru_cache(maxsize=16)
def _compiled(
    vocabulary: tuple[tuple[str, tuple[str, ...]], ...],
) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (theme, re.compile("|".join(sorted(map(_theme_pattern, phrases), key=len, reverse=True))))
        for theme, phrases in vocabulary
    )


def _theme_pattern(phrase: str) -> str:
    folded = _folded(phrase.replace(" ... ", "\0").replace("*", "\1"))
    pattern = re.escape(folded).replace(r"\ ", r"\s+").replace("\0", _GAP).replace("\1", r"\w*")
    if _WITHOUT_SPACES.search(folded):
        return pattern
    first, last = (folded[at : at + 1 or None] for at in (0, -1))
    return ("" if not first.isalnum() else r"(?<!\w)") + pattern + ("" if not last.isalnum() else r"(?!\w)")


def _folded(text: str) -> str:
    """A text without what makes no difference to its themes; punctuation stays."""
    plain = unicodedata.normalize("NFKD", plain_text(text)).casefold().translate(_TYPOGRAPHY)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"[`~#>$]|(?<!\w)[*_]+|[*_]+(?!\w)|\\(?:text\w*|left|right|[,;:! ])", " ", plain)
    plain = plain.replace("can't", "can not").replace("cannot", "can not").replace("n't", " not")
    return re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", plain)


# Likeness

_TYPOGRAPHY = {0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-", 0x2212: "-"}


def normal_text(text: str) -> str:
    """Write a text so that what differs only in case, spacing, punctuation, markup or typography is equal."""
    plain = unicodedata.normalize("NFKC", plain_text(text)).casefold()
    plain = plain.translate(_TYPOGRAPHY)
    plain = re.sub(r"[*`_~#>$]|\\(?:text\w*|left|right|[,;:! ])", " ", plain)
    plain = re.sub(r"(?<!\w)['\"]|['\"](?!\w)|[.,;:!?()](?=\s|$)|(?<!\w)\(", " ", plain)
    return " ".join(plain.split())


def code_of(text: str) -> str:
    """A short code for a text, the same whatever its spacing, case and punctuation."""
    return hashlib.sha256(normal_text(text).encode(errors="surrogatepass")).hexdigest()[:10]


def plain_text(text: str) -> str:
    """Undo markup and entities of HTML, and write every apostrophe alike."""
    return html.unescape(without_tags(text[:_LONGEST])).replace("\u2019", "'").strip()


def without_tags(text: str) -> str:
    """Without the tags and comments of HTML; a comment that is never closed stays."""
    return _TAG.sub(lambda found: " " if found["comment"] is None or found["closed"] else found[0], text)


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
