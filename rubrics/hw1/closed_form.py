"""Question 2b, "is there a closed form?": whether an answer in free text says yes or no."""

import re
from enum import StrEnum

from grader.theory import plain_text


class YesNo(StrEnum):
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"  # both, neither, or hedged: a person reads it


_HEDGED = re.compile(
    r"\b(?:yes and no|not (?:sure|always|necessarily|in general|exactly|really)|depends?|it depends|maybe|perhaps|"
    r"sometimes|unless|in some cases|except|special cases?|generally|usually|i (?:guess|think)|probably|idk)\b|\?",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\W{0,9}(?:(?:q\w{0,9}\s{0,3})?\d\s?\(?[a-d]\)?[.):\s]{1,9}|answer|ans|a)?\W{0,9}"
    r"(?P<word>yes|yeah|yep|no|nope|sí|si|non|oui|nein|ja)\b(?! (?:one|matter|doubt))",
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
_LEAST_SQUARES = re.compile(
    r"\b(?:unlike|l2|least squares|ols|squared|normal equations?|mse|ridge)\b", re.IGNORECASE
)
"""“Unlike least squares, which has a closed form” says nothing about the l1 loss."""


def yes_no(text: str) -> YesNo:
    """Read whether an answer says yes or no to "is there a closed form?".

    The first word counts, and any clause that affirms or denies a closed form. Hedges, questions and contradictions
    (`Yes, … there is no closed form`) are unclear.
    """
    plain = plain_text(text)
    opening = _OPENING.match(plain)
    said = {_meaning(opening["word"])} if opening else set()
    if _DENIED.search(plain):
        said.add(YesNo.NO)
    if _AFFIRMED.search(_DENIED.sub(" ", plain)) and not _LEAST_SQUARES.search(plain):
        said.add(YesNo.YES)
    if len(said) != 1 or _HEDGED.search(plain):
        return YesNo.UNCLEAR
    return said.pop()


def _meaning(word: str) -> YesNo:
    return YesNo.NO if word.lower() in ("no", "nope", "non", "nein") else YesNo.YES
