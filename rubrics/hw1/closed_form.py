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
    r"(?:known |general |simple |exact |such |a |any )*(?:closed[- ]?form|analytic(?:al)?|explicit)"
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
    return YesNo.UNCLEAR if affirmed or _HEDGED.search(_first_sentence(rest)) else said


def _first_sentence(text: str) -> str:
    return re.split(r"[.!;](?:\s|$)|\n", text, maxsplit=1)[0]


def _meaning(word: str) -> YesNo:
    return YesNo.NO if word.lower() in ("no", "nope", "non", "nein") else YesNo.YES
