"""Words that may take an answer back: “I first thought …, but”. They send it to a person.

It is a list, so it leaks; that is why formulas that disagree go to a person too.
"""

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(
    r"\b(?:not|isn'?t|aren'?t|wasn'?t|doesn'?t|don'?t|didn'?t|can'?t|cannot|never|neither|nor|no longer|wrong|"
    r"incorrect\w*|mistak\w*|false|untrue|instead|rather than|thought|tried|try|or|but|however|although|though|"
    r"unless|except|unsure|guess\w*|maybe|perhaps|probably|possibly|might|confus\w*|idk|actually|unlike|ignore|"
    r"if|only\s+(?:if|when|for|where|at|holds?|valid|true|works?)|(?:holds?|valid|true|right|correct|works?)\s+only|"
    r"subject to|provided that|scratch that|disregard|crossed|todo|fixme|"
    r"incorrecto|falso|equivocad\w*|pero|quizás?|creo|tal vez|faux|mais|peut-être|falsch|nicht|aber|vielleicht|"
    r"no es|no está|n'est pas|não|errado|sbagliat\w*|forse)\b"
    r"|[不没非错误]|[?\uff1f]|~~",
    re.IGNORECASE,
)
_READ_SCRIPTS = ("LATIN", "CJK", "GREEK", "FULLWIDTH", "IDEOGRAPHIC", "MICRO", "MODIFIER")


FORMULA = "\N{CURRENCY SIGN}"
"""Stands for a formula among words."""
_ARITHMETIC = re.compile(
    r"\b(?:two|twice|times|half|double|doubled|plus|minus|divided|over|squared?|transposed?|negative|opposite|third|"
    r"inverse|reciprocal|multipl\w+|without|where each)\b|[倍半负]",
    re.IGNORECASE,
)


def computes(words: str) -> str:
    """Return the first word that changes a bare formula beside it, as in “twice $x$”, or nothing."""
    found = _ARITHMETIC.search(words)
    return found[0] if found else ""


_BESIDE = re.compile(
    rf"{FORMULA}(?:[ \t]*+(?P<sign>[\^+/²³]|\*(?=[ \t]?[\d(])|-\s?\d)"
    r"|\s*+[,;:.)]{0,2}+\s*+(?:(?:and|then|all|is|are|which|now|finally)\s++){0,2}+"
    r"(?P<after>divided|times\b|multipl\w+|plus\b|minus\b|added|over\b|squared\b|cubed\b|transposed?\b|invert\w*|"
    r"raised|to the power|with an? [\w ]{0,30}penalty|smoothed))"
    r"|(?P<before>(?<=[\w)])[ \t]?[+*/^][ \t]*|\b(?:twice|double|half|negative|minus|plus|times|"
    r"(?:norm|sum|mean|average|square|root|log|logarithm|inverse|transpose|negative|opposite|trace|length|diagonal)\s+of)"
    rf"\s++(?:the\s++)?(?:vector\s++)?){FORMULA}",
    re.IGNORECASE,
)


def computes_beside(around: str) -> str:
    """Return the words or the sign that changes the formula it stands beside, as in “the norm of $2x$”, or nothing.

    `around` has `FORMULA` in place of each formula.
    """
    found = _BESIDE.search(around)
    return (found["sign"] or found["after"] or found["before"]).strip() if found else ""


def casts_doubt(words: str) -> str:
    """Return the first word that casts doubt, or the first letter of a script that we cannot read, or nothing."""
    if found := _WORDS.search(words.replace("\u2019", "'")):
        return found[0]
    return next((letter for letter in words if letter.isalpha() and not _is_readable(letter)), "")


def _is_readable(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(_READ_SCRIPTS)
