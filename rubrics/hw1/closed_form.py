"""Question 2b, "is there a closed form?": whether an answer in free text says yes or no."""

import re
from enum import StrEnum

from grader.theory import plain_text


class YesNo(StrEnum):
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"  # both, neither, or hedged: a person reads it


_HEDGED = re.compile(
    r"\b(?:yes and no|not (?:sure|always|necessarily|exactly|really)|depends?|maybe|perhaps|sometimes|unless|"
    r"in some cases|except|special cases?|sort of|kind of|part(?:ly|ially)|i (?:guess|think)|probably|idk|wait|"
    r"sorry)\b|\?",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\W{0,9}(?:(?:q\w{0,9}\s{0,3})?\d\s?\(?[a-d]\)?[.):\s]{1,9}|answer|ans|a)?\W{0,9}"
    r"(?P<word>yes|yeah|yep|no|nope|sí|si|non|oui|nein|ja)\b"
    r"(?=\s*$|\s*[.,;:!)*\u2013\u2014-]|\s*\n|\s+(?:because|since|as|for|it|there|this|that|we|you|i|in|not|does|"
    r"closed|analytic|explicit|porque|car|weil|denn)\b)",
    re.IGNORECASE,
)
"""“No iteration is needed” does not answer the question, and “si es …” is an “if” in Spanish."""
_CONTRARY = re.compile(
    r"\b(?:no|not|non|never|none|nobody|neither|nor|cannot|without|lacks?|impossible)\b|n['\u2019]t\b|没|不",
    re.IGNORECASE,
)
_CANNOT = r"(?:cannot|can'?t|can not|could not|couldn'?t)"
_NEGATED = (
    r"(?:there (?:is|'s) (?:no|not (?:a|any))|there isn'?t (?:a|any)|"
    r"does(?: not|n'?t) (?:have|admit|exist|possess)|"
    r"do(?: not|n'?t) (?:have|think there is)|has no|have no|having no|no|without|lacks?|"
    rf"{_CANNOT} (?:be (?:solved|written|found|obtained) in|find|get|obtain|derive|have|write))"
)
_CLOSED_FORM = (
    r"(?:known |general |simple |exact |such |a |any ){0,6}+(?:closed[- ]?form|analytic(?:al)?|explicit)"
)
_DENIED = re.compile(
    rf"\b{_NEGATED}\s+{_CLOSED_FORM}|"
    rf"{_CLOSED_FORM}[\w ,-]{{0,40}}?(?:does(?: not|n'?t) exist|is(?: not|n'?t) (?:available|possible)|impossible)|"
    r"没有.{0,6}(?:闭式|解析)|no (?:tiene|existe)",
    re.IGNORECASE,
)
_AFFIRMED = re.compile(
    r"\b(?:there (?:is|exists)|has|have|admits|we (?:have|get|can (?:find|get|derive))|"
    r"it is possible to (?:find|get))"
    rf"\s+(?:a|an)\s+{_CLOSED_FORM}|{_CLOSED_FORM}[\w ,-]{{0,30}}?(?:exists|is (?:given by|available|possible))",
    re.IGNORECASE,
)
_FILLERS = re.compile(r"\A[\s*_>#-]*(?:(?:it|this|we|one|you|so|thus|in general)\b,?\s*)*", re.IGNORECASE)
_LEAST_SQUARES = re.compile(
    r"\b(?:unlike|l2|least squares|ols|squared|normal equations?|mse|ridge)\b", re.IGNORECASE
)
"""“Unlike least squares, which has a closed form” says nothing about the l1 loss."""
_YES_AFTER_ALL = re.compile(
    r"(?:[.!;\n]|\A)\s{0,9}(?:(?:so|hence|thus|therefore|then|but|actually)\b,?\s{1,9})?"
    r"(?:yes|the closed[- ]form is)\b",
    re.IGNORECASE,
)


def yes_no(text: str) -> YesNo:
    """Read whether an answer says yes or no to "is there a closed form?".

    Only its opening decides: the word "yes" or "no", or a first clause that denies a closed form. A hedge beside
    it, or anything later that says the opposite, leaves the answer to a person; so does every other way to say it.
    """
    plain = plain_text(text)
    opening = _OPENING.match(plain)
    if opening is None:
        said, rest = (YesNo.NO, plain) if _DENIED.match(_FILLERS.sub("", plain)) else (YesNo.UNCLEAR, "")
    else:
        said, rest = _meaning(opening["word"]), plain[opening.end() :]
    if said is YesNo.YES:
        return YesNo.UNCLEAR if _CONTRARY.search(rest) or _HEDGED.search(rest) else said
    affirmed = _AFFIRMED.search(_DENIED.sub(" ", rest)) and not _LEAST_SQUARES.search(rest)
    affirmed = affirmed or _YES_AFTER_ALL.search(rest)
    return YesNo.UNCLEAR if affirmed or _HEDGED.search(_first_sentence(rest)) else said


def _first_sentence(text: str) -> str:
    return re.split(r"[.!;](?:\s|$)|\n", text, maxsplit=1)[0]


def _meaning(word: str) -> YesNo:
    return YesNo.NO if word.lower() in ("no", "nope", "non", "nein") else YesNo.YES


_UNDECIDED = re.compile(
    r"\b(?:yes and no|not (?:sure|always|necessarily|exactly|really)|depends?|depende|maybe|perhaps|"
    r"sometimes|unless|in some cases|special cases?|sort of|kind of|part(?:ly|ially)|probably|idk)\b|\?",
    re.IGNORECASE,
)
_DENYING = re.compile(
    r"\W{0,9}(?:answer\W{1,3})?(?:no|nope|nah|false|never|impossible|unfortunately,? (?:not|no)|non|nein|"
    r"não|nao|nem|falso|faux|falsch|we (?:can(?:no|')t|cannot|can not|do(?:n't| not))|"
    r"i (?:do(?:n't| not)) (?:think|believe)|it (?:does(?:n't| not)) (?:have|admit|exist|possess)|"
    r"there (?:is|are|exists?)(?:n't| not| no)|it is (?:not possible|impossible)|"
    r"on ne peut pas|il n'y a pas|il n'existe pas|no (?:se puede|hay|existe|tiene)|es gibt kein\w*|"
    r"non (?:esiste|c'è|si può)|não (?:existe|há|tem))\b|\W{0,9}(?:нет\b|没|不)",
    re.IGNORECASE,
)
_NO_SOLUTION = re.compile(
    rf"\b{_NEGATED}\s+(?:such |a |an |any ){{0,6}}+(?:closed|analytic|explicit|exact formula|formula)|"
    r"\b(?:so|hence|thus|therefore),? (?:the answer is )?no\b|"
    r"(?:\bhere|\bthen|\bso|\bhence|\bthus|\btherefore|,|\band)\s+there (?:is|'s) (?:none|not)\b|"
    r"\b(?:no (?:tiene|existe|hay)|n'(?:existe|a|y a) pas de|kein\w*|nao (?:existe|ha|tem)|non (?:esiste|ha))\b",
    re.IGNORECASE,
)
_AFFIRMING = re.compile(
    r"\W{0,9}(?:answer\W{1,3})?(?:yes|yeah|yep|true|sure|of course|sí|oui|ja|sim|sì|是的|有|可以)(?!\w)",
    re.IGNORECASE,
)
_CONTRASTED = re.compile(
    r"\b(?:unlike|in contrast to|as (?:it (?:has|does) )?in|compared (?:to|with))\b"
    r"(?:[^.;]{0,200}?(?=\bhere\b)|[^.,;]{0,300}(?:,\s(?:which|where|that)\b[^.,;]{0,300})?[.,;])",
    re.IGNORECASE,
)


def leaning(text: str) -> YesNo:
    """What an answer seems to say, for sorting alone: as `yes_no`, but also where it is put in other words."""
    if (said := yes_no(text)) is not YesNo.UNCLEAR:
        return said
    plain = _CONTRASTED.sub(" ", plain_text(text))
    if _UNDECIDED.search(plain):
        return YesNo.UNCLEAR
    rest = _NO_SOLUTION.sub(" ", _DENIED.sub(" ", plain))
    denies = bool(_DENYING.match(plain)) or rest != plain
    affirms = bool(_AFFIRMING.match(plain) or _AFFIRMED.search(rest))
    if denies != affirms:
        return YesNo.NO if denies else YesNo.YES if not _CONTRARY.search(rest) else YesNo.UNCLEAR
    return YesNo.UNCLEAR


def claims_nothing(text: str) -> bool:
    """Does an answer say neither yes nor no, not even hedged, but only gives a reason?"""
    plain = _CONTRASTED.sub(" ", plain_text(text))
    looks = (
        _UNDECIDED.search,
        _DENYING.match,
        _NO_SOLUTION.search,
        _DENIED.search,
        _AFFIRMING.match,
        _AFFIRMED.search,
    )
    return not any(look(plain) for look in looks)
