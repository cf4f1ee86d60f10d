"""Grades and findings as tables for a terminal."""

from __future__ import annotations

import re
from decimal import Decimal
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from grader.model import Ending, Outcome, combine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.model import Check, Grade, QuestionGrade
    from grader.validation.validate import Finding

COLOURS = {
    Outcome.PASSED: "green",
    Outcome.PARTIAL: "yellow",
    Outcome.FAILED: "red",
    Outcome.SKIPPED: "dim",
    Outcome.REVIEW: "blue",
    Outcome.BROKEN: "magenta",
}


def class_table(grades: Sequence[Grade], width: int | None = None) -> Table:
    """One row a student; where `width` (the terminal's) is small, the questions of a part share a column."""
    width = width or get_terminal_size().columns
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("student", overflow="fold")
    ids = [question.id for question in grades[0].questions] if grades else []
    wide = width >= 40 + 7 * len(ids)
    parts = {name: name if wide else _part(name) for name in ids}
    for part in dict.fromkeys(parts.values()):
        shown.add_column(part, justify="right", no_wrap=True)
    shown.add_column("total", justify="right", style="bold", no_wrap=True)
    shown.add_column("ending", no_wrap=True)
    for grade in grades:
        cells = [
            _points([question for question in grade.questions if parts[question.id] == part])
            for part in dict.fromkeys(parts.values())
        ]
        ending = str(grade.ending) if grade.ending is Ending.FINISHED else f"[red]{grade.ending}"
        shown.add_row(
            escape(grade.student), *cells, f"{grade.total}{'*' if grade.provisional else ''}", ending
        )
    return shown


def _part(question: str) -> str:
    """The part that `4.5` or `1a` belongs to."""
    number = re.match(r"\d+", question)
    return number[0] if number else question


def _points(questions: Sequence[QuestionGrade]) -> str:
    outcome = combine([question.outcome for question in questions])
    points = sum((question.points for question in questions), Decimal(0))
    return f"[{COLOURS[outcome]}]{points}{'?' if outcome.provisional else ''}"


def checks(grade: Grade) -> Group:
    """Each check with its outcome, and what was expected and found where points were lost."""
    lines = [line for check in grade.checks for line in _check(check)]
    if grade.ending is not Ending.FINISHED:
        lines.append(f"[red]The notebook did not finish ({grade.ending})[/]: {escape(grade.ending_detail)}")
    return Group(*lines)


def _check(check: Check) -> Iterator[str]:
    colour = COLOURS[check.outcome]
    yield f"[{colour}]{check.outcome:8}[/] [bold]{check.question:4}[/] {escape(check.title)}"
    if check.outcome in (Outcome.PASSED, Outcome.REVIEW):
        return
    explained = (
        ("", check.message),
        ("expected ", check.expected),
        ("found ", check.actual),
        ("hint ", check.hint),
    )
    for label, text in explained:
        if text:
            yield f"              [dim]{label}[/]{escape(text)}"


def reasons(before: Grade | None, after: Grade) -> list[str]:
    """The checks whose outcome or points changed."""
    old = {check.id: _came_out(check) for check in before.checks} if before else {}
    return [
        f"{check.question}: {check.title} {old.get(check.id, 'new')} -> {_came_out(check)}"
        for check in after.checks
        if old.get(check.id) != _came_out(check)
    ]


def _came_out(check: Check) -> str:
    return f"{check.outcome} {check.earned.normalize():f}"


def finding_table(findings: Sequence[Finding]) -> Table:
    shown = Table("mutant", "expected", "got", "result", box=None, pad_edge=False, header_style="bold")
    for finding in findings:
        outcome = (
            "[green]as expected" if finding.as_expected else f"[red]{escape('; '.join(finding.surprises))}"
        )
        shown.add_row(finding.mutant, finding.expected, finding.got, outcome)
    return shown


def change_table(changes: Sequence[tuple[Grade | None, Grade]]) -> Table:
    shown = Table(
        "student", "before", "after", "changed checks", box=None, pad_edge=False, header_style="bold"
    )
    for before, after in changes:
        was = str(before.total) if before else "-"
        shown.add_row(escape(after.student), was, str(after.total), escape("\n".join(reasons(before, after))))
    return shown
