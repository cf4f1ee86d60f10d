"""What a person decides: rulings read from a filled-in `review.csv`, and a grade with them applied."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.model import EVERYONE, Grade, Outcome, Ruling, is_provisional, outcome_of
from grader.theory.words import code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from grader.model import Check

_COLUMNS = ("check", "group", "student", "points", "comment")
"""What a ruling is made of; the other columns of the sheet are for the person who reads it."""


def read(text: str, grades: Sequence[Grade], *, source: str, by: str, at: str) -> list[Ruling]:
    """The rulings of a sheet that was filled in. Rows without points say nothing.

    Each is for one answer, by its code: a row for all of a group reaches those whose answers the sheet shows, not
    one that joins the group later.

    Raises:
        UsageError: a row that does not fit this class; names the row and what to do. Then none of them counts.
    """
    items = {
        (check.id, check.review.group, grade.student): (check, code_of(check.review.answer))
        for grade in grades
        for check in grade.checks
        if check.review is not None
    }
    rows = list(_rows(text, source))
    shown = {
        key: code
        for _, row in rows
        if (key := (row["check"], row["group"], row["student"])) in items
        and row["code"] in ("", code := items[key][1])
    }
    rulings: list[Ruling] = []
    for number, row in rows:
        if not row["points"].strip():
            continue
        everyone = row["student"] == EVERYONE
        reached = {
            key: code
            for key, code in shown.items()
            if key[:2] == (row["check"], row["group"]) and (everyone or key[2] == row["student"])
        }
        if not reached:
            whose = "no student in this sheet" if everyone else row["student"]
            raise UsageError(
                f"{source}, row {number}: {whose} has {'such an' if everyone else 'no such'} answer to "
                f"{row['check']}. It may have changed since then; fill in a fresh review.csv."
            )
        check, _ = items[next(iter(reached))]
        points = _points(row["points"].strip(), check.max, f"{source}, row {number}")
        rulings += [
            Ruling(
                check=row["check"],
                group=code,
                student="" if everyone else row["student"],
                points=points,
                comment=row["comment"].strip(),
                by=by,
                at=at,
            )
            for code in dict.fromkeys(reached.values())
        ]
    return rulings


def _rows(text: str, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The sheet's rows by column, with their numbers; what is missing at the end of a row is empty."""
    header, *rows = csvs.read(text, name=source) or [[]]
    for column in _COLUMNS:
        if column not in header:
            raise UsageError(
                f"{source} has no column {column!r}: fill in the review.csv of this results folder."
            )
    for number, row in enumerate(rows, start=2):
        cells = dict(zip(header, map(csvs.unescape_formula, row), strict=False))
        yield number, {column: cells.get(column, "") for column in (*_COLUMNS, "code")}


def _points(text: str, maximum: Decimal, where: str) -> Decimal:
    try:
        points = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise UsageError(f"{where}: {text!r} is not a number of points.") from None
    if not points.is_finite() or not 0 <= points <= maximum:
        raise UsageError(f"{where}: {text} points were given, but this check allows 0 to {maximum}.")
    return points


def apply(grade: Grade, rulings: Iterable[Ruling]) -> Grade:
    """The grade with what a person decided: the latest ruling counts, one for the student before one for all."""
    by_key = {(ruling.check, ruling.group, ruling.student): ruling for ruling in rulings}
    questions = []
    for question in grade.questions:
        checks = tuple(_decided(check, grade.student, by_key) for check in question.checks)
        questions.append(
            replace(
                question,
                checks=checks,
                points=sum((check.earned for check in checks), Decimal(0)),
                outcome=outcome_of(checks),
            )
        )
    return replace(
        grade,
        questions=tuple(questions),
        total=sum((question.points for question in questions), Decimal(0)),
        provisional=is_provisional(questions, grade.flags),
    )


def _decided(check: Check, student: str, rulings: Mapping[tuple[str, str, str], Ruling]) -> Check:
    if check.review is None or check.outcome is not Outcome.REVIEW:
        return check
    # Rulings of earlier versions are for a group.
    codes = (code_of(check.review.answer), check.review.group)
    keys = [(check.id, code, whose) for whose in (student, "") for code in codes]
    found = next((rulings[key] for key in keys if key in rulings), None)
    if found is None:
        return check
    ruling = replace(found, group=check.review.group)
    full, none = ruling.points == check.max, ruling.points == 0
    return replace(
        check,
        outcome=Outcome.PASSED if full else Outcome.FAILED if none else Outcome.PARTIAL,
        earned=ruling.points,
        message=ruling.comment or f"Decided by {ruling.by}.",
        ruling=ruling,
    )
