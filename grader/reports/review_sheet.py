"""`review.csv`: the answers that people grade, for a spreadsheet.

One row for each answer that the machine left open, and one (student `*`) above each group of answers that mean
the same. `code` says which answer a student's row shows. Points and comments are filled in by hand;
`results.rulings` reads them back.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader import csvs
from grader.legible import legible
from grader.model import EVERYONE, Outcome
from grader.theory.words import code_of, order_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from grader.model import Check, Grade, ReviewItem, Ruling

MOST_CELL = 30_000
"""Characters of an answer that are written: a cell of a spreadsheet holds 32,767."""
MOST_COMPARED = 5
"""Answers of a group that are compared with those of others."""
COLUMNS = (
    "question", "check", "group", "code", "student", "polarity", "tags", "answer", "why", "max", "points",
    "comment",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One student's answer to a check that a person decides, or has decided."""

    student: str
    check: Check
    item: ReviewItem

    @property
    def is_open(self) -> bool:
        return self.check.outcome is Outcome.REVIEW


def review_csv(grades: Iterable[Grade]) -> str:
    """By check and meaning: open answers first, yes and no kept apart, similar ones adjacent."""
    by_check: dict[str, list[_Entry]] = defaultdict(list)
    for grade in grades:
        for check in grade.checks:
            if check.review is not None:
                entry = _Entry(student=grade.student, check=check, item=check.review)
                by_check[check.id].append(entry)
    groups = (group for entries in by_check.values() for group in _in_order(_by_meaning(entries)))
    return csvs.write([COLUMNS, *(row for group in groups for row in _rows(group))])


def _by_meaning(entries: Iterable[_Entry]) -> list[list[_Entry]]:
    groups: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.item.group].append(entry)
    return list(groups.values())


def _in_order(groups: Sequence[list[_Entry]]) -> list[list[_Entry]]:
    """Open groups before decided ones, then by polarity, then each after the one that it resembles most."""
    alike = [groups[index] for index in order_alike([_words(group) for group in groups])]
    return sorted(
        alike,
        key=lambda group: (not any(entry.is_open for entry in group), group[0].item.polarity),
    )


def _words(group: Sequence[_Entry]) -> str:
    """What a group is compared by: its tags say what its answers share in any language."""
    return "\n".join([*group[0].item.tags, *(entry.item.answer for entry in group[:MOST_COMPARED])])


def _rows(group: Sequence[_Entry]) -> Iterator[list[str]]:
    common = _common(group) if len(group) > 1 else None
    if len(group) > 1:
        yield _row(group[0], EVERYONE, common, prefix=f"({len(group)} answers) ")
    for entry in group:
        ruling = entry.check.ruling
        is_common = ruling is not None and not ruling.student and common is not None
        yield _row(entry, entry.student, None if is_common else ruling)


def _common(group: Sequence[_Entry]) -> Ruling | None:
    """The decision for all of a group; none while an answer is open, which nobody has decided yet."""
    rulings = {
        entry.check.ruling for entry in group if not (entry.check.ruling and entry.check.ruling.student)
    }
    return rulings.pop() if len(rulings) == 1 else None


def _row(entry: _Entry, student: str, ruling: Ruling | None, *, prefix: str = "") -> list[str]:
    check, item = entry.check, entry.item
    points, comment = (str(ruling.points), ruling.comment) if ruling else ("", "")
    answer = (
        item.polarity,
        ", ".join(item.tags),
        (prefix + item.answer)[:MOST_CELL],
        check.message[:MOST_CELL],
    )
    code = "" if student == EVERYONE else item.code or code_of(item.answer)
    names = [csvs.escape_formula(name, digits=True) for name in (check.id, item.group, code, student)]
    words = [csvs.escape_formula(legible(cell)) for cell in (check.question, *answer, comment)]
    return [words[0], *names, *words[1:-1], str(check.max), points, words[-1]]
