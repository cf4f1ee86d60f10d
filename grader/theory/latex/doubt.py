"""Words that may take an answer back: “I first thought …, but”. They send it to a person.

It is a list, so it leaks; that is why formulas that disagree go to a person too.
"""
# ruff: noqa: SIM905  lines of words read better than columns of strings

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(
    r"\b(?:not|isn'?t|aren'?t|wasn'?t|doesn'?t|don'?t|didn'?t|can'?t|cannot|never|neither|nor|no longer|wrong|"
    r"incorrect\w*|mistak\w*|false|untrue|instead|rather than|thought|tried|try|or|but|however|although|though|"
    r"unless|except|unsure|guess\w*|maybe|perhaps|probably|possibly|might|confus\w*|idk|actually|unlike|ignore|"
    r"copied|looked\s+(?:it\s+)?up|"
    r"if|only\s+(?:if|when|for|where|at|holds?|valid|true|works?)|(?:holds?|valid|true|right|correct|works?)\s+only|"
    r"subject to|provided that|scratch that|disregard|crossed|todo|fixme|"
    r"incorrecto|falso|equivocad\w*|pero|quizás?|creo|tal vez|faux|mais|peut-être|falsch|nicht|aber|vielleicht|"
    r"no es|no está|n'est pas|não|errado|sbagliat\w*|forse|"
    r"не|нет|но|если|или|наверно\w*|возможно|может|неправильн\w*|неверн\w*|ошиб\w*|вместо|кроме|однако|думал\w*)\b"
    r"|[不没非错误否若违違]|ない|なく|ません|間違|しかし|ただし|もし|かも|たぶん|아니|않|틀[리렸]|하지만|그러나|아마|만약|대신|잘못"
    r"|[?\uff1f]|~~",
    re.IGNORECASE,
)
_READ_SCRIPTS = (
    *("LATIN", "CJK", "GREEK", "FULLWIDTH", "IDEOGRAPHIC", "MICRO", "MODIFIER"),
    *(
        "CYRILLIC",
        "HIRAGANA",
        "KATAKANA",
        "KATAKANA-HIRAGANA",
        "HANGUL",
        "MATHEMATICAL",
        "DOUBLE-STRUCK",
        "SCRIPT",
    ),
)
_PROPERTY = (
    r"(?:(?:everywhere|always|an?|the|necessarily|strictly|strongly|twice|continuously|be|being|have|any|in|at)"
    r"\s++){0,3}+"
    r"(?:differentia\w++|smooth|unique\w*+|needed|necessary|required|convex|linear|quadratic|squared?|squaring|"
    r"euclidean|l_?2|median|depend(?:s|ing)?+|matter|change|affect|sensitive|invertible|closed[ -]form|penali[sz]e|"
    r"solved|negative|maxim(?:um|al))\b"
)
_SQUARES = (
    r"(?:(?:an?|the|its|their|using|taking|by|in|ordinary|usual|standard|as)\s++){0,3}+"
    r"(?:squar(?:e|es|ed|ing)|euclidean|l_?2|mse|rmse|ols|least[ -]squares|mean[ -]squared|quadratic|ridge)\b"
)
_FILLING = (
    r"(?:it|this|that|they|the|we|there|loss|function|norm|which|is|are|has|have|still|also|always|everywhere|"
    r"more|less|very|an?|remains?|stays?|at|does|do|can|be)"
)
HARMLESS = re.compile(
    r"\bif and only if\b|\biff\b|\b(?:zero|minimal|smallest|vanishes)\s++only\s++(?:for|at|if|when)\b"
    r"|\bor,?+\s++(?:equivalently|simply|i\.e|in\s++(?:matrix|vector|component|coordinate|index|sum)\w*+|written|componentwise)\b"
    rf"|\b(?:instead\s++of|rather\s++than|unlike)\s++(?:(?:in|with|for)\s++)?+{_SQUARES}"
    rf"|(?:\b(?:but|however|although|though),?+\s++(?:{_FILLING}[\s,]++){{0,6}}+)?+"
    r"\b(?:not|cannot|non|never|nor|(?:is|are|was|were|does|do|need|has|have|ca)n't)[\s-]++"
    rf"{_PROPERTY}"
    rf"|\b(?:but|however|although|though),?+\s++(?:{_FILLING}[\s,]++){{0,6}}+"
    r"(?:convex|robust\w*+|continuous|non-?differentia\w++|non-?smooth|sub-?differentia\w++|subgradients?|piecewise|"
    r"no\s++(?:simple\s++)?+closed)\b",
    re.IGNORECASE,
)
"""Phrases that hold a word of doubt, but say something about the formula that leaves it as it is."""
_SETTING = frozenset(
    (
        "we you one the this that its it an a gradient derivative derivatives partial each every coordinate "
        "component entry set take differentiate write denote denotes by rows row of in to zero equal are is "
        "be as data points point design matrix vector weights labels targets outputs predictions loss "
        "function objective expand norm sum squares with respect use using rule solve let samples sample "
        "stacked stored stands has have contains holds for and i y expanding stack them observations features "
        "number column first all "
    ).split()
)
_CONDITION = re.compile(
    r"\bif\s++(?P<what>(?:[A-Za-z]++[ \t\n]*+|\$[^$]{1,120}+\$[ \t\n]*+){1,20}?)"
    r"(?=,|then\b|we\s+(?:get|have|obtain|find)\b|the\s+(?:gradient|loss|answer|mean)\b)"
    r"|\bif\s?\$\s?(?P<indices>[i-r]\s?(?:\\neq?|=|\\not=)\s?[i-r])\s?\$",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"\$\s?(?:[A-Za-z]\s?\([^()$]{1,40}+\)\s?=[^$]*+|\\?[A-Za-z]++(?:_\{?\w\}?)?+(?:\^\\?[A-Za-z]++)?+|[^$]*?\\in\b[^$]*+)\$"
)
"""A definition of a function, a symbol, or a membership."""


def without_conditions(text: str) -> str:
    """Drop the “if” of what the question gives anyway: “if we set the gradient to zero”, “if $f(x) = x^Tx$”."""
    return _CONDITION.sub(lambda found: " " if _is_given(found) else found[0], text)


def _is_given(condition: re.Match[str]) -> bool:
    if condition["indices"]:
        return True
    words = _GIVEN.sub(" ", condition["what"])
    return "$" not in words and _SETTING.issuperset(words.lower().split())


FORMULA = "\N{CURRENCY SIGN}"
"""Stands for a formula among words."""
_ARITHMETIC = re.compile(
    r"\b(?:two|twice|times|half|double|doubled|plus|minus|divided|over|squared?(?!\s+(?:euclidean|norm|l_?2|2-norm))|transposed?|negative|opposite|third|"
    r"inverse|reciprocal|multipl\w+|without|where each|doppelte?|halbe?|deux fois|moitié|doble|mitad|"
    r"вдвое|дважды|удво\w*|половин\w*|минус|плюс|квадрат\w*|корень)\b|[倍半负乗根]|제곱|절반|두 ?배",
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
    r"geteilt|durch|quadriert|divis[ée]\w*|dividid[oa]|дел[её]нн\w*|разделить|"
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
    if found := _WORDS.search(HARMLESS.sub(" ", words.replace("\u2019", "'"))):
        return found[0]
    return next((letter for letter in words if letter.isalpha() and not _is_readable(letter)), "")


def _is_readable(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(_READ_SCRIPTS)
