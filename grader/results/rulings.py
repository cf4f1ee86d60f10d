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
ONE = "="
"""Before the code of an answer: a ruling for it decides no group that happens to have the same code."""
_COLUMNS = ("check", "group", "student", "points", "comment")
"""What a ruling is made of; the other columns of the sheet are for the person who reads it."""


def read(sheets: Mapping[str, str], grades: Sequence[Grade], *, by: str, at: str) -> list[Ruling]:
    """The rulings of sheets that were filled in, by their names. Rows without points decide nothing.

    Each is for one answer, by its code: a row for all of a group reaches those whose answers its sheet shows, not
    one that joins the group later. A row without a group may overrule a check that the machine decided, for one
    student and with a comment. `undecided` names rows with a comment alone.

    Raises:
        UsageError: rows that do not fit this class or each other; names each of them and what to do.
    """
    items = {
        (check.id, check.review.group if check.review else "", grade.student): (check, code)
        for grade in grades
        for check in grade.checks
        if (code := answer_code(check))
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
        everyone = row["student"] == EVERYONE and bool(row["group"])
        reached = {
            student: code
            for student, code in shown.get((source, *key[:2]), {}).items()
            if everyone or student == row["student"]
        }
        points = _number(row["points"])
        check = items[*key[:2], next(iter(reached))][0] if reached else None
        if any(earlier[column] != row[column] for column in ("points", "comment")):
            problem = f"this answer was decided in {first}, already; keep one of the two rows"
        elif check is None:
            problem = _unknown(row, items, students)
        else:
            problem = _unfit(row, points, check)
        if points is None or check is None or problem:
            problems.append(f"{place}: {problem}")
            continue
        rulings += [
            Ruling(
                check=row["check"],
                group=f"{ONE}{code}",
                student="" if everyone else row["student"],
                points=points,
                comment=row["comment"],
                by=by,
                at=at,
                assignment=grades[0].assignment,
                machine=said_by_machine(check),
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
        return f"there is no check {row['check']!r} in this class"
    if row["student"] == EVERYONE and not row["group"]:
        return f"only one student at a time can get other points for {row['check']}; name the student"
    whose = (
        "no student in this sheet has such an"
        if row["student"] == EVERYONE
        else f"{row['student']} has no such"
    )
    return f"{whose} answer to {row['check']}; it may have changed since then, so fill in a fresh review.csv"


def _rows(text: str, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The sheet's rows by column, with their numbers; what is missing at the end of a row is empty."""
    table = csvs.read(text, name=source)
    at, header = csvs.header(table, ["check"])
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


def points(text: str, comment: str, check: Check) -> Decimal:
    """Points as a person typed them.

    Raises:
        UsageError: they are not a number of points that the check may give, or lack a comment that it needs.
    """
    number = _number(text.strip())
    if problem := _unfit({"points": text.strip(), "comment": comment}, number, check):
        raise UsageError(f"{problem[0].upper()}{problem[1:]}.")
    assert number is not None  # noqa: S101 - for mypy
    return number


def _unfit(row: Mapping[str, str], points: Decimal | None, check: Check) -> str:
    """What is wrong with what a row says of a check, if anything."""
    text = row["points"]
    if points is None:
        return f"{text[:_SHOWN]!r} is not a number of points with at most 6 decimals"
    return unfit_points(points, row["comment"], check)


def unfit_points(points: Decimal, comment: str, check: Check) -> str:
    """Why a person can't decide a check like this, for a message; empty if that is possible."""
    if not 0 <= points <= check.max:
        return f"{points} point{'s' * (points != 1)} given; 0 to {check.max} is allowed"
    if check.review is None and not comment:
        return "say in a comment why this check is decided otherwise"
    return ""


def answer_code(check: Check) -> str:
    """Which answer a decision of this check is about; empty for one that an earlier release judged."""
    if check.review is None:
        return check.code
    return check.review.code or code_of(check.review.answer)


def said_by_machine(check: Check) -> str:
    """How a check came out before any person decided it, as a sentence; empty if it was left to one."""
    if check.review is not None:
        return ""
    said = f": {check.message}" if check.message else ""
    return f"{check.outcome.capitalize()}, {check.earned} of {check.max} points{said}".rstrip(".") + "."


def apply(grade: Grade, rulings: Iterable[Ruling]) -> Grade:
    """The grade with what a person decided: the latest ruling counts, one for the student before one for all."""
    by_key = latest(ruling for ruling in rulings if ruling.assignment in ("", grade.assignment))
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
    open_to = {key: check for student, check in checks for key in keys(check, student)}
    found = []
    for key, ruling in latest(rulings).items():
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


def latest(rulings: Iterable[Ruling]) -> dict[tuple[str, str, str], Ruling]:
    """By what each is for, in the order in which they were made."""
    found: dict[tuple[str, str, str], Ruling] = {}
    for ruling in rulings:
        key = ruling.check, ruling.group, ruling.student
        found.pop(key, None)
        found[key] = ruling
    return found


def _codes(check: Check) -> tuple[str, ...]:
    """What may be ruled of an open check: its answer alone; then, by earlier releases, its text or its group."""
    if check.review is None:
        return ()
    return code(check), code_of(check.review.answer), check.review.group


def keys(check: Check, student: str) -> Iterator[tuple[str, str, str]]:
    """The rulings that may decide a check, those for this student first.

    Where we have no words of the student, those that an earlier release made for all are for nobody in particular.
    """
    yield from ((check.id, code, student) for code in _codes(check))
    if check.code:
        yield check.id, f"{ONE}{check.code}", student
    ours = check.review is not None and check.review.code
    yield from ((check.id, code, "") for code in _codes(check)[: 1 if ours else None])


def code(check: Check) -> str:
    """What a ruling names as its `group` that is for just this answer to a check."""
    return f"{ONE}{answer_code(check)}"


def history(rulings: Iterable[Ruling], check: Check, student: str) -> list[Ruling]:
    """Everything that was ever decided about an answer, oldest first."""
    own = set(keys(check, student))
    return [each for each in rulings if (each.check, each.group, each.student) in own]


def answers(grade: Grade) -> Iterator[tuple[str, str]]:
    """What rulings for all who gave the same answer may be about: its check, and a code of it."""
    return ((check.id, code) for check in grade.checks for code in _codes(check))


def _decided(check: Check, student: str, rulings: Mapping[tuple[str, str, str], Ruling]) -> Check:
    found = [rulings[key] for key in keys(check, student) if key in rulings]
    own = [ruling for ruling in found if ruling.student] or found[:1]
    last = max(own, key=list(rulings.values()).index) if len(own) > 1 else next(iter(own), None)
    if last is None or last.points > check.max:
        return _with_earlier(check, student, rulings)
    items = last.tally.in_force if last.tally else ()
    ruling = replace(
        last,
        group=check.review.group if check.review else "",
        tally=replace(last.tally, items=items) if last.tally and items else None,
    )
    full, none = ruling.points == check.max, ruling.points == 0
    if ruling.machine:  # what it advised is no longer to the point
        check = replace(check, hint="", cause="")
    return replace(
        check,
        outcome=Outcome.PASSED if full else Outcome.FAILED if none else Outcome.PARTIAL,
        earned=ruling.points,
        message=reason(ruling) or f"Decided by {ruling.by.removesuffix('.')}.",
        ruling=ruling,
    )


def reason(ruling: Ruling) -> str:
    """Why it gives its points, as far as it says: the items that apply, then the comment."""
    if ruling.tally is None or not ruling.tally.in_force:
        return ruling.comment
    parts = [item.label for item in ruling.tally.in_force]
    if ruling.tally.adjustment:
        parts.append(f"adjusted ({ruling.tally.adjustment:+f})")
    return f"{'; '.join(parts)}. {ruling.comment}".rstrip()


def _with_earlier(check: Check, student: str, rulings: Mapping[tuple[str, str, str], Ruling]) -> Check:
    """A check whose answer nobody has decided, with what was decided about the student's earlier answer to it.

    Where the machine decides, only what overruled it then is worth a note.
    """
    earlier = [
        each
        for (name, _, whose), each in rulings.items()
        if (name, whose) == (check.id, student) and (check.review is not None or each.machine)
    ]
    if not earlier:
        return check
    last = earlier[-1]
    said = f": {reason(last)}" if reason(last) else ""
    note = f"An earlier answer got {last.points} of {check.max} points from {last.by} on {last.at[:10]}{said}"
    return replace(check, message=f"{check.message} {note.rstrip('.')}.".strip())
