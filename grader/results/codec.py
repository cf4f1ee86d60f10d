"""`result.json`: a `Grade` as text and back. Every key is explained in `result.md`, beside this file.

Points are written as the decimals they are and read as such, never by way of a binary float.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from grader.errors import HarnessError, UsageError
from grader.model import (
    SCHEMA,
    Check,
    Ending,
    Exhibit,
    Flag,
    FlagKind,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    ReviewItem,
    Ruling,
    Visibility,
)

T = TypeVar("T")

_quote = json.JSONEncoder(ensure_ascii=False).encode
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INDENT = "  "


def dumps(grade: Grade) -> str:
    return encode(as_dict(grade)) + "\n"


def dumps_all(grades: Iterable[Grade]) -> str:
    """`grades.json`: a list of what each `result.json` holds, in the order given."""
    return "[\n" + ",\n".join(dumps(grade).rstrip("\n") for grade in grades) + "\n]\n"


def loads(text: str, *, source: str = "result.json") -> Grade:
    """The grade that `dumps` wrote. Unknown keys are ignored: a later release may add some.

    Raises:
        UsageError: this is no result.json, or one of another schema. `source` names it.

    """
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source} is not JSON ({error}); run `grader regrade` to write it again") from error
    return from_dict(document, source=source)


def as_dict(grade: Grade) -> dict[str, Any]:
    """The grade as plain data; points are `Decimal`, so use `encode` to write it."""
    return {
        "schema": SCHEMA,
        "student": grade.student,
        "assignment": grade.assignment,
        "title": grade.title,
        "origin": grade.origin,
        "profile": grade.profile,
        "ending": grade.ending.value,
        "ending_detail": grade.ending_detail,
        "total": grade.total,
        "max": grade.max,
        "provisional": grade.provisional,
        "seconds": grade.seconds,
        "questions": [_question_dict(question) for question in grade.questions],
        "flags": [{"kind": flag.kind, "message": flag.message} for flag in grade.flags],
        "compat": [dict(change) for change in grade.compat],
        "sandbox": dict(grade.sandbox),
    }


def from_dict(document: Any, *, source: str = "result.json") -> Grade:
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise UsageError(
            f"{source} has schema {schema!r} and this release reads schema {SCHEMA}; "
            "run `grader regrade` with this release to write it again"
        )
    try:
        return _grade(document)
    except KeyError as error:
        problem = f"misses the key {error}"
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        problem = f"holds a value that does not fit ({error})"
    raise UsageError(f"{source} {problem}; run `grader regrade` to write it again")


def encode(value: Any, indent: str = "") -> str:
    """Plain data as JSON. The standard library's encoder would turn each `Decimal` into a float first.

    Numbers that JSON does not know (NaN, infinities) become null.
    """
    match value:
        case Decimal():
            return _number(value)
        case Mapping():
            return _object(value, indent)
        case list() | tuple():
            return _list(value, indent)
        case float() if not math.isfinite(value):
            return "null"
        case str():
            return _string(value)
    return json.dumps(value)


def _object(value: Mapping[str, Any], indent: str) -> str:
    lines = [f"{_string(str(key))}: {encode(item, indent + _INDENT)}" for key, item in value.items()]
    return _block("{}", lines, indent)


def _list(items: Sequence[Any], indent: str) -> str:
    """A list of numbers, as in a loss curve or a row of pixels, takes one line."""
    if all(type(item) in (int, float) for item in items):
        with contextlib.suppress(ValueError):  # of a number that JSON does not know
            return json.dumps(items, allow_nan=False)
    if any(isinstance(item, Mapping | list | tuple) for item in items):
        return _block("[]", [encode(item, indent + _INDENT) for item in items], indent)
    return "[" + ", ".join(encode(item) for item in items) + "]"


def _block(brackets: str, lines: list[str], indent: str) -> str:
    if not lines:
        return brackets
    inner = indent + _INDENT
    return f"{brackets[0]}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{brackets[1]}"


def _number(points: Decimal) -> str:
    if not points.is_finite():
        raise HarnessError(f"points must be finite, and these are {points}")
    return format(points, "f")


def _string(text: str) -> str:
    """Readable UTF-8; a lone surrogate, which UTF-8 cannot carry, stays an escape."""
    quoted = _quote(text)
    if quoted.isascii():
        return quoted
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _question_dict(question: QuestionGrade) -> dict[str, Any]:
    return {
        "id": question.id,
        "title": question.title,
        "points": question.points,
        "max": question.max,
        "outcome": question.outcome.value,
        "found_by": question.found_by.value,
        "cells": list(question.cells),
        "reference_cells": list(question.reference_cells),
        "checks": [_check_dict(check) for check in question.checks],
        "exhibits": [
            {"kind": exhibit.kind, "title": exhibit.title, "data": dict(exhibit.data)}
            for exhibit in question.exhibits
        ],
    }


def _check_dict(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": check.title,
        "outcome": check.outcome.value,
        "earned": check.earned,
        "max": check.max,
        "message": check.message,
        "expected": check.expected,
        "actual": check.actual,
        "hint": check.hint,
        "visibility": check.visibility,
        "review": _review_dict(check.review) if check.review else None,
        "ruling": _ruling_dict(check.ruling) if check.ruling else None,
    }


def _review_dict(item: ReviewItem) -> dict[str, Any]:
    return {"answer": item.answer, "group": item.group, "polarity": item.polarity, "tags": list(item.tags)}


def _ruling_dict(ruling: Ruling) -> dict[str, Any]:
    return {
        "student": ruling.student,
        "points": ruling.points,
        "comment": ruling.comment,
        "by": ruling.by,
        "at": ruling.at,
    }


def _grade(document: Mapping[str, Any]) -> Grade:
    return Grade(
        student=_text(document["student"]),
        assignment=_text(document["assignment"]),
        title=_text(document.get("title", "")),
        origin=_text(document.get("origin", "")),
        profile=_text(document["profile"]),
        ending=Ending(document["ending"]),
        ending_detail=_text(document["ending_detail"]),
        total=_points(document["total"]),
        max=_points(document["max"]),
        provisional=bool(document["provisional"]),
        seconds=float(document["seconds"]),
        questions=_each(_question, document["questions"]),
        flags=_each(_flag, document["flags"]),
        compat=tuple(dict(_floats(change)) for change in document["compat"]),
        sandbox=dict(_floats(document["sandbox"])),
    )


def _question(document: Mapping[str, Any]) -> QuestionGrade:
    question = _text(document["id"])
    return QuestionGrade(
        id=question,
        title=_text(document.get("title", "")),
        points=_points(document["points"]),
        max=_points(document["max"]),
        outcome=Outcome(document["outcome"]),
        found_by=FoundBy(document["found_by"]),
        cells=_each(int, document.get("cells", ())),
        reference_cells=_each(int, document.get("reference_cells", ())),
        checks=_each(lambda check: _check(question, check), document["checks"]),
        exhibits=_each(lambda exhibit: _exhibit(question, exhibit), document.get("exhibits", ())),
    )


def _check(question: str, document: Mapping[str, Any]) -> Check:
    review = _review(document["review"]) if document.get("review") else None
    return Check(
        id=_text(document["id"]),
        question=question,
        title=_text(document["title"]),
        outcome=Outcome(document["outcome"]),
        earned=_points(document["earned"]),
        max=_points(document["max"]),
        message=_text(document["message"]),
        expected=_text(document["expected"]),
        actual=_text(document["actual"]),
        hint=_text(document["hint"]),
        visibility=Visibility(document["visibility"]),
        review=review,
        ruling=_ruling(document, review) if document.get("ruling") else None,
    )


def _review(document: Mapping[str, Any]) -> ReviewItem:
    return ReviewItem(
        answer=_text(document["answer"]),
        group=_text(document["group"]),
        polarity=_text(document["polarity"]),
        tags=_each(_text, document["tags"]),
    )


def _ruling(check: Mapping[str, Any], review: ReviewItem | None) -> Ruling:
    document = check["ruling"]
    return Ruling(
        check=_text(check["id"]),
        group=review.group if review else "",
        student=_text(document["student"]),
        points=_points(document["points"]),
        comment=_text(document["comment"]),
        by=_text(document["by"]),
        at=_text(document["at"]),
    )


def _exhibit(question: str, document: Mapping[str, Any]) -> Exhibit:
    return Exhibit(
        question=question,
        kind=_text(document["kind"]),
        title=_text(document["title"]),
        data=dict(_floats(document["data"])),
    )


def _flag(document: Mapping[str, Any]) -> Flag:
    return Flag(kind=FlagKind(document["kind"]), message=_text(document["message"]))


def _each(read: Callable[[Any], T], items: Any) -> tuple[T, ...]:
    return tuple(read(item) for item in items)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _points(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise TypeError(f"{value!r} is no number of points")
    return Decimal(value)


def _floats(value: Any) -> Any:
    """Free-form data holds ordinary floats; only points are decimals."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: _floats(item) for key, item in value.items()}
        case list():
            return [_floats(item) for item in value]
        case _:
            return value
