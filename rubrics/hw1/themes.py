"""What free answers to 2b and 2c are about, so that a person reads like beside like.

An answer joins a group only where it names one theme, or for 2b two reasons in the same order; in doubt it stands
alone.
"""

import re

from grader.theory import plain_text, themes

from .closed_form import YesNo, claims_nothing, leaning

ASIDE = (
    "unlike", "like", "than", "instead of", "rather than", "in contrast to", "in contrast with", "compared to",
    "compared with", "similar to", "similarly to", "variant of", "version of", "extension of", "generali*ation of",
    "as in", "contrary to", "a diferencia de", "más lent* que", "más rápid* que", "mejor que", "contrairement à",
    "plus lent* que", "plus rapide* que", "im gegensatz zu", "als", "ao contrário d*", "mais lent* que",
    "mais rápid* que", "a differenza d*", "più lent* d*", "più veloc* d*", "比", "不像", "不同于",
)  # fmt: skip
"""What follows these is not what an answer is about."""
BESIDE = frozenset(
    {
        "least squares",
        "not linear",
        "not unique",
        "iterative",
        "absolute value",
        "piecewise",
        "linear program",
    }
)
"""Reasons for 2b that count only where there is no other."""
ABSORBED = {
    "huber smoothing": {"gradient descent", "stochastic gradient descent", "quasi-newton", "adam", "newton"},
    "reweighted least squares": {"least squares"},
    "coordinate descent": {"median"},
}
"""Algorithms for 2c that are a part of another one."""
_REFUSED = re.compile(
    r"\b(?:can(?:no|')t|cannot|can not|could not|should not|do(?:es)? ?n[o']t|not) "
    r"(?:directly |simply |just )?(?:be )?"
    r"(?:use|used|apply|applied|work|applicable|suitable|possible)\b|\bfails?\b|\binstead\b",
    re.IGNORECASE,
)
"""Words beside an algorithm that may say that it is not the one."""
_MOST_REASONS = 2


def of_reason(answer, vocabulary):
    """The meaning of an answer to 2b: what it says, and why; nothing if that is in doubt."""
    found = themes(answer, vocabulary, aside=ASIDE)
    named = [theme for theme in found if theme not in BESIDE] or found[:1]
    said = leaning(answer)
    if not named or len(named) > _MOST_REASONS or (said is YesNo.UNCLEAR and not claims_nothing(answer)):
        return ""
    return f"theme of 2b, {said}: {' + '.join(named)}"


def of_algorithm(answer, vocabulary):
    """The meaning of an answer to 2c: its algorithm; nothing if it names none, several, or one that it refuses."""
    found = themes(answer, vocabulary, aside=ASIDE)
    parts = {part for theme in found for part in ABSORBED.get(theme, ())}
    named = [theme for theme in found if theme not in parts]
    if len(named) != 1 or _REFUSED.search(plain_text(answer)):
        return ""
    return f"theme of 2c: {named[0]}"
