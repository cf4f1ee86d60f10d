"""What a person decides: the sheet that is filled in, the rulings read from it, and a grade with them applied.

`review.csv` has a row for each answer that the machine left open, and one (student `*`) above each group of
answers that mean the same. Points and a comment written into either come back as rulings.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.model import Grade, Outcome, Ruling, combine, is_provisional
from grader.reports.table import harmless
from grader.theory.words import order_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from grader.model import Check

COLUMNS = (
    "question", "check", "group", "student", "polarity", "tags", "answer", "why", "max", "points", "comment",
)  # fmt: skip
EVERYONE = "*"


@dataclass(frozen=True, slots=True)
class Open:
    """One student's answer to one check that a person decides, or has decided."""

    student: str
    check: Check

    @property
    def group(self) -> str:
        return self.check.review.group if self.check.review else ""


def sheet(grades: Sequence[Grade]) -> str:
    """`review.csv`: by question and check, yes and no apart, like beside like, open ones before decided ones."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    by_check: dict[str, list[Open]] = defaultdict(list)
    for grade in grades:
        for check in grade.checks:
            if check.review is not None:
                by_check[check.id].append(Open(grade.student, check))
    for entries in by_check.values():
        for group in _groups(entries):
            if len(group) > 1:
                writer.writerow(_group_row(group))
            writer.writerows(_row(entry) for entry in group)
    return out.getvalue()


def _groups(entries: Sequence[Open]) -> list[list[Open]]:
    """Answers of one meaning together; undecided groups first, then by polarity, then like after like."""
    found: dict[str, list[Open]] = defaultdict(list)
    for entry in entries:
        found[entry.group].append(entry)
    groups = list(found.values())
    likeness = order_alike([_item(group[0])[0] for group in groups])
    place = {index: rank for rank, index in enumerate(likeness)}

    def order(index: int) -> tuple[bool, str, int]:
        decided = all(entry.check.outcome is not Outcome.REVIEW for entry in groups[index])
        return decided, _item(groups[index][0])[1], place[index]

    return [groups[index] for index in sorted(range(len(groups)), key=order)]


def _item(entry: Open) -> tuple[str, str, str]:
    """An answer's words, polarity and tags."""
    item = entry.check.review
    return (item.answer, item.polarity, ", ".join(item.tags)) if item else ("", "", "")


def _group_row(group: Sequence[Open]) -> list[str]:
    rulings = {entry.check.ruling for entry in group if entry.check.ruling and not entry.check.ruling.student}
    ruling = rulings.pop() if len(rulings) == 1 else None
    return _cells(group[0], EVERYONE, ruling, prefix=f"({len(group)} answers) ")


def _row(entry: Open) -> list[str]:
    ruling = entry.check.ruling
    return _cells(entry, entry.student, ruling if ruling is not None and ruling.student else None)


def _cells(entry: Open, student: str, ruling: Ruling | None, *, prefix: str = "") -> list[str]:
    check = entry.check
    answer, polarity, tags = _item(entry)
    points, comment = (str(ruling.points), ruling.comment) if ruling else ("", "")
    text = (check.question, check.id, entry.group, student, polarity, tags, prefix + answer, check.message)
    return [*map(harmless, text), str(check.max), points, harmless(comment)]


def read(text: str, grades: Sequence[Grade], *, source: str, by: str, at: str) -> list[Ruling]:
    """The rulings of a sheet that was filled in. Rows without points say nothing.

    Raises:
        UsageError: a row that does not fit this class; names the row and what to do. Then none of them counts.
    """
    known = {
        (check.id, check.review.group, student): check
        for grade in grades
        for check in grade.checks
        if check.review is not None
        for student in (grade.student, EVERYONE)
    }
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [
        name
        for name in ("check", "group", "student", "points", "comment")
        if name not in (rows.fieldnames or ())
    ]
    if missing:
        raise UsageError(
            f"{source} has no column {missing[0]!r}: fill in the review.csv of this results folder."
        )
    rulings = []
    for number, row in enumerate(rows, start=2):
        points = (row["points"] or "").strip()
        if not points:
            continue
        cells = {
            name: (row[name] or "").removeprefix("'") for name in ("check", "group", "student", "comment")
        }
        check = known.get((cells["check"], cells["group"], cells["student"]))
        if check is None:
            raise UsageError(
                f"{source}, row {number}: {cells['student']} has no such answer to {cells['check']}. "
                "It may have changed since; take a fresh review.csv."
            )
        student = "" if cells["student"] == EVERYONE else cells["student"]
        rulings.append(
            Ruling(
                check=check.id,
                group=cells["group"],
                student=student,
                points=_points(points, check.max, f"{source}, row {number}"),
                comment=cells["comment"].strip(),
                by=by,
                at=at,
            )
        )
    return rulings


def _points(text: str, most: Decimal, where: str) -> Decimal:
    try:
        points = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise UsageError(f"{where}: {text!r} is no number of points.") from None
    if not points.is_finite() or not 0 <= points <= most:
        raise UsageError(f"{where}: {text} points, but this check has 0 to {most}.")
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
                outcome=combine([check.outcome for check in checks]),
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
    keys = ((check.id, check.review.group, student), (check.id, check.review.group, ""))
    ruling = next((rulings[key] for key in keys if key in rulings), None)
    if ruling is None:
        return check
    full, none = ruling.points == check.max, ruling.points == 0
    return replace(
        check,
        outcome=Outcome.PASSED if full else Outcome.FAILED if none else Outcome.PARTIAL,
        earned=ruling.points,
        message=ruling.comment or f"Decided by {ruling.by}.",
        ruling=ruling,
    )
