"""What a person decides: rulings read from a filled-in `review.csv`, and a grade with them applied."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from grader import csvs
from grader.errors import UsageError
from grader.legible import listing
from grader.model import EVERYONE, Grade, Outcome, Ruling, is_provisional, outcome_of
from grader.theory.words import code_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from grader.model import Check

MOST_PROBLEMS = 10
"""Rows that do not fit of which each is named."""
_SHOWN = 60
"""Characters of a cell that a message shows."""
_POINTS = re.compile(r"[+-]?(?:\d{1,6}(?:[.,]\d{0,6})?|[.,]\d{1,6})")
_ONE = "="
"""Before the code of an answer: a ruling for it decides no group that happens to have the same code."""
_COLUMNS = ("check", "group", "student", "points", "comment")
"""What a ruling is made of; the other columns of the sheet are for the person who reads it."""


def read(sheets: Mapping[str, str], grades: Sequence[Grade], *, by: str, at: str) -> list[Ruling]:
    """The rulings of sheets that were filled in, by their names. Rows without points decide nothing.

    Each is for one answer, by its code: a row for all of a group reaches those whose answers its sheet shows, not
    one that joins the group later. `undecided` names rows with a comment alone.

    Raises:
        UsageError: rows that do not fit this class or each other; names each of them and what to do.
    """
    items = {
        (check.id, check.review.group, grade.student): (
            check,
            check.review.code or code_of(check.review.answer),
        )
        for grade in grades
        for check in grade.checks
        if check.review is not None
    }
    students = {grade.student for grade in grades}
    rows = [(source, number, row) for source, text in sheets.items() for number, row in _rows(text, source)]
    shown: dict[tuple[str, str, str], dict[str, str]] = {}
    for source, _, row in rows:
        if (key := _key(row)) in items and row["code"] in ("", code := items[key][1]):
            shown.setdefault((source, *key[:2]), {})[row["student"]] = code
    rulings: list[Ruling] = []
    problems: list[str] = []
    decided: dict[tuple[str, str, str], tuple[str, dict[str, str]]] = {}
    for source, number, row in rows:
        if not row["points"]:
            continue
        key, place = _key(row), f"{source}, row {number}{_of(row)}"
        first, earlier = decided.setdefault(key, (place, row))
        everyone = row["student"] == EVERYONE
        reached = {
            student: code
            for student, code in shown.get((source, *key[:2]), {}).items()
            if everyone or student == row["student"]
        }
        points = _number(row["points"])
        if any(earlier[column] != row[column] for column in ("points", "comment")):
            problem = f"this answer was decided in {first}, already; keep one of the two rows"
        elif not reached:
            problem = _unknown(row, items, students)
        else:
            problem = _unfit(row["points"], points, items[*key[:2], next(iter(reached))][0].max)
        if points is None or problem:
            problems.append(f"{place}: {problem}")
            continue
        rulings += [
            Ruling(
                check=row["check"],
                group=f"{_ONE}{code}",
                student="" if everyone else row["student"],
                points=points,
                comment=row["comment"],
                by=by,
                at=at,
                assignment=grades[0].assignment,
            )
            for code in dict.fromkeys(reached.values())
        ]
    if problems:
        more = [f"{len(problems) - MOST_PROBLEMS} more rows"] if len(problems) > MOST_PROBLEMS else []
        raise UsageError("; ".join([*problems[:MOST_PROBLEMS], *more]) + ". No ruling was applied.")
    return list(dict.fromkeys(rulings))


def undecided(text: str, *, source: str) -> list[str]:
    """Notes on the rows of a sheet that say something and decide nothing, since they have no points."""
    rows = [
        f"{number}{_of(row)}" for number, row in _rows(text, source) if row["comment"] and not row["points"]
    ]
    if not rows:
        return []
    which = f"row {rows[0]} has a comment" if len(rows) == 1 else f"rows {listing(rows)} have comments"
    return [f"{source}: {which} without points, so nothing was decided there."]


def _of(row: Mapping[str, str]) -> str:
    """Whose answer to which question a row is about, for a message."""
    return f" ({', '.join(row[each][:_SHOWN] for each in ('student', 'question') if row[each])})"


def _key(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row["check"], row["group"], row["student"]


def _unknown(row: Mapping[str, str], items: Iterable[tuple[str, str, str]], students: Container[str]) -> str:
    """Why a row reaches no answer."""
    if row["student"] not in students and row["student"] != EVERYONE:
        return f"there is no student {row['student']!r} in this class"
    if row["check"] not in {check for check, _, _ in items}:
        return f"there is no check {row['check']!r} with answers to review"
    whose = (
        "no student in this sheet has such an"
        if row["student"] == EVERYONE
        else f"{row['student']} has no such"
    )
    return f"{whose} answer to {row['check']}; it may have changed since then, so fill in a fresh review.csv"


def _rows(text: str, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The sheet's rows by column, with their numbers; what is missing at the end of a row is empty."""
    table = csvs.read(text, name=source)
    at, header = csvs.header(table, "check")
    for column in _COLUMNS:
        if header.count(column) != 1:
            problem = f"has several columns {column!r}" if column in header else f"has no column {column!r}"
            raise UsageError(f"{source} {problem}: fill in the review.csv of this results folder.")
    for number, row in enumerate(table[at + 1 :], start=at + 2):
        if any(cell.strip() for cell in row[len(header) :]):
            raise UsageError(
                f"{source}, row {number}: there are more cells than columns; put the comment in quotes."
            )
        cells = dict(zip(header, (csvs.unescape_formula(cell) for cell in row), strict=False))
        yield number, {column: cells.get(column, "").strip() for column in (*_COLUMNS, "code", "question")}


def _number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _POINTS.fullmatch(text) else None


def points(text: str, maximum: Decimal) -> Decimal:
    """Points as a person typed them.

    Raises:
        UsageError: they are not a number of points that the check may give.
    """
    number = _number(text.strip())
    if problem := _unfit(text.strip(), number, maximum):
        raise UsageError(f"{problem[0].upper()}{problem[1:]}.")
    assert number is not None  # noqa: S101 - for mypy
    return number


def _unfit(text: str, points: Decimal | None, maximum: Decimal) -> str:
    """What is wrong with the points of a row, if anything."""
    if points is None:
        return f"{text[:_SHOWN]!r} is not a number of points with at most 6 decimals"
    if not 0 <= points <= maximum:
        return f"{text} point{'s' * (points != 1)} given; 0 to {maximum} is allowed"
    return ""


def apply(grade: Grade, rulings: Iterable[Ruling]) -> Grade:
    """The grade with what a person decided: the latest ruling counts, one for the student before one for all."""
    by_key = _latest(ruling for ruling in rulings if ruling.assignment in ("", grade.assignment))
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


def answered_before(grade: Grade, before: Grade | None) -> Grade:
    """A grade whose broken checks show the answers that they had when the same run was judged `before`.

    So what a person decided about these answers still counts, and more can be decided.
    """
    known = {check.id: check.review for check in before.checks} if before else {}
    return replace(
        grade,
        questions=tuple(
            replace(
                question,
                checks=tuple(
                    replace(check, review=known.get(check.id)) if check.outcome is Outcome.BROKEN else check
                    for check in question.checks
                ),
            )
            for question in grade.questions
        ),
    )


def notes_of(before: Grade, now: Grade | None = None) -> list[Ruling]:
    """What was decided for all who gave the answers of a ruled grade, as notes about its student.

    A note decides nothing, since it names no answer; it is shown beside the student's next one. With `now`, the
    student's new grade, there are notes only of answers that changed.
    """
    kept = {(check.id, code) for check in now.checks for code in _codes(check)[:1]} if now else set()
    return [
        replace(check.ruling, group="", student=before.student)
        for check in before.checks
        if check.ruling
        and not check.ruling.student
        and kept.isdisjoint((check.id, code) for code in _codes(check)[:1])
    ]


def unfit(rulings: Iterable[Ruling], grades: Sequence[Grade]) -> list[tuple[Ruling, str]]:
    """The rulings that decide nothing in this class any more, each with the reason. They are kept."""
    checks = [(grade.student, check) for grade in grades for check in grade.checks]
    students = {grade.student for grade in grades}
    ids = {check.id for _, check in checks}
    unseen = {student for student, check in checks if check.outcome is Outcome.BROKEN and not check.review}
    open_to = {key: check for student, check in checks for key in _keys(check, student)}
    found = []
    for key, ruling in _latest(rulings).items():
        if not ruling.group:
            continue  # a note
        if ruling.assignment not in ("", *(grade.assignment for grade in grades[:1])):
            found.append((ruling, f"it is for the assignment {ruling.assignment!r}"))
        elif ruling.student and ruling.student not in students:
            found.append((ruling, "the student is not in this class"))
        elif (ruling.student in unseen) if ruling.student else unseen:
            continue  # our own failure hides the answer
        elif ruling.check not in ids:
            found.append((ruling, f'no check has this id; if it was renamed, give it id="{ruling.check}"'))
        elif key not in open_to:
            found.append((ruling, "the answer has changed, or the check no longer asks a person"))
        elif ruling.points > open_to[key].max:
            why = f"it gives {ruling.points} points, and the check is worth {open_to[key].max} now"
            found.append((ruling, why))
    return found


def _latest(rulings: Iterable[Ruling]) -> dict[tuple[str, str, str], Ruling]:
    """By what each is for, in the order in which they were made."""
    latest: dict[tuple[str, str, str], Ruling] = {}
    for ruling in rulings:
        key = ruling.check, ruling.group, ruling.student
        latest.pop(key, None)
        latest[key] = ruling
    return latest


def _codes(check: Check) -> tuple[str, ...]:
    """What may be ruled of a check: its answer alone; then, by earlier releases, its text or its group."""
    if check.review is None:
        return ()
    text = code_of(check.review.answer)
    return f"{_ONE}{check.review.code or text}", text, check.review.group


def _keys(check: Check, student: str) -> Iterator[tuple[str, str, str]]:
    """The rulings that may decide a check, the first to count first.

    Where we have no words of the student, those that an earlier release made for all are for nobody in particular.
    """
    for whose in (student, ""):
        ours = not whose and check.review is not None and check.review.code
        yield from ((check.id, code, whose) for code in _codes(check)[: 1 if ours else None])


def code(check: Check) -> str:
    """What a ruling names as its `group` that is for just this answer to a check."""
    return _codes(check)[0]


def history(rulings: Iterable[Ruling], check: Check, student: str) -> list[Ruling]:
    """Everything that was ever decided about an answer, oldest first."""
    keys = set(_keys(check, student))
    return [each for each in rulings if (each.check, each.group, each.student) in keys]


def answers(grade: Grade) -> Iterator[tuple[str, str]]:
    """What rulings for all who gave the same answer may be about: its check, and a code of it."""
    return ((check.id, code) for check in grade.checks for code in _codes(check))


def _decided(check: Check, student: str, rulings: Mapping[tuple[str, str, str], Ruling]) -> Check:
    if check.review is None or check.outcome not in (Outcome.REVIEW, Outcome.BROKEN):
        return check
    found = next((rulings[key] for key in _keys(check, student) if key in rulings), None)
    if found is None or found.points > check.max:
        return _with_earlier(check, student, rulings)
    ruling = replace(found, group=check.review.group)
    full, none = ruling.points == check.max, ruling.points == 0
    return replace(
        check,
        outcome=Outcome.PASSED if full else Outcome.FAILED if none else Outcome.PARTIAL,
        earned=ruling.points,
        message=ruling.comment or f"Decided by {ruling.by.removesuffix('.')}.",
        ruling=ruling,
    )


def _with_earlier(check: Check, student: str, rulings: Mapping[tuple[str, str, str], Ruling]) -> Check:
    """A check whose answer nobody has decided, with what was decided about the student's earlier answer to it."""
    earlier = [each for (name, _, whose), each in rulings.items() if (name, whose) == (check.id, student)]
    if not earlier:
        return check
    last = earlier[-1]
    said = f": {last.comment}" if last.comment else ""
    note = f"An earlier answer got {last.points} of {check.max} points from {last.by} on {last.at[:10]}{said}"
    return replace(check, message=f"{check.message} {note.rstrip('.')}.".strip())
