"""Grades and findings as tables for a terminal."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from rich import markup
from rich.console import Group
from rich.padding import Padding
from rich.table import Table

from grader.handout.hand_in import State
from grader.legible import legible
from grader.model import Ending, FlagKind, Outcome, Profile, combine
from grader.reports.wording import Status, causes, details, place, points, status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from grader.handout.hand_in import Item
    from grader.model import Check, Grade, QuestionGrade
    from grader.reports.classroom import Classroom
    from grader.validation.validate import Finding

COLOURS = {
    Outcome.PASSED: "green",
    Outcome.PARTIAL: "yellow",
    Outcome.FAILED: "red",
    Outcome.SKIPPED: "dim",
    Outcome.REVIEW: "blue",
    Outcome.BROKEN: "magenta",
}

MOST_ROWS = 25
"""Students of a class whose table is printed whole."""
MOST_URGENT = 10
"""Students of a larger class who are printed."""
MOST_MISTAKES = 3


def escape(text: str) -> str:
    """Text from anywhere, shown as it is."""
    return markup.escape(legible(text))


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
        if grade.late:
            ending += f" [yellow]late{f', {-grade.late.points} points' if grade.late.points else ''}"
        shown.add_row(
            escape(grade.student), *cells, f"{grade.total}{'*' if grade.provisional else ''}", ending
        )
    return shown


def urgent(grades: Sequence[Grade]) -> Sequence[Grade]:
    """All of a small class; of a large one whom to look at first: failures of ours and of files, low totals."""
    if len(grades) <= MOST_ROWS:
        return grades
    return sorted(
        grades,
        key=lambda grade: (
            status(grade) is not Status.BROKEN,
            grade.ending is not Ending.UNREADABLE,
            grade.total,
        ),
    )[:MOST_URGENT]


def class_summary(room: Classroom) -> Iterator[RenderableType]:
    """The class in numbers, its most common mistakes, and what is left to do."""
    if room.mean is not None and room.median is not None:
        open_ones = f", so far: {room.provisional} of {len(room.rows)} totals are provisional"
        yield (
            f"Mean {points(room.mean)} and median {points(room.median)} of {points(room.max)} points"
            f"{open_ones if room.provisional else ''}."
        )
    if room.mistakes:
        yield "\n[bold]Most common mistakes[/]"
        rows = Table.grid(padding=(0, 2, 0, 0))
        for mistake in room.mistakes[:MOST_MISTAKES]:
            count = f"{len(mistake.students)} of {mistake.decided}"
            rows.add_row(count, escape(mistake.check.question), escape(mistake.check.title.replace("`", "")))
        yield Padding(rows, (0, 0, 0, 2), expand=False)
    if room.tasks:
        yield "\n[bold]What to do next[/]"
    for task in room.tasks:
        yield Padding(escape(task.what), (0, 0, 0, 2), expand=False)
        yield Padding(f"[dim]{escape(task.how)}", (0, 0, 0, 4), expand=False)


def next_step(grades: Sequence[Grade], results: Path) -> str:
    """The command to type next."""
    folder, sheet = shlex.quote(str(results)), shlex.quote(str(results / "review.csv"))
    if any(status(grade) is Status.BROKEN for grade in grades):
        return "the same command again; it tries once more what failed"
    if others := {grade.profile for grade in grades} - {Profile.FULL}:
        return f"the same command without `--profile {min(others)}`, for grades that count"
    if any(flag.kind is FlagKind.SUBSET for grade in grades for flag in grade.flags):
        return "grader data fetch"
    if any(status(grade) is Status.REVIEW for grade in grades):
        return f"grader regrade {folder} --rulings {sheet}"
    return f"grader release {folder} -o feedback"


def _part(question: str) -> str:
    """The part that `4.5` or `1a` belongs to."""
    number = re.match(r"\d+", question)
    return number[0] if number else question


def _points(questions: Sequence[QuestionGrade]) -> str:
    outcome = combine([question.outcome for question in questions])
    points = sum((question.points for question in questions), Decimal(0))
    return f"[{COLOURS[outcome]}]{points}{'?' if outcome.provisional else ''}"


def checks(grade: Grade) -> Group:
    """What cost most points, with its hints; then each check, explained if points were lost for another reason."""
    first = causes(grade.checks)
    explained = {check.id for cause in first for check in cause.checks}
    parts: list[RenderableType] = []
    if first:
        found = Table.grid(padding=(0, 1, 0, 0))
        for number, cause in enumerate(first, start=1):
            lines = (cause.text, place(cause, grade), *details(cause.checks[0]))
            found.add_row(f"{number}.", _lines(lines))
        parts = [f"[bold]Look at {'these' if first[1:] else 'this'} first[/]", found, "\n[bold]All checks[/]"]
    every = Table.grid(padding=(0, 1, 0, 0))
    every.add_column(min_width=8, no_wrap=True)
    every.add_column(min_width=4, no_wrap=True)
    for check in grade.checks:
        told = check.outcome in (Outcome.PASSED, Outcome.REVIEW) or check.id in explained
        lines = (check.title,) if told else (check.title, check.message, *details(check))
        every.add_row(f"[{COLOURS[check.outcome]}]{check.outcome}", escape(check.question), _lines(lines))
    parts.append(every)
    if grade.ending is not Ending.FINISHED:
        parts.append(f"[red]The notebook did not finish ({grade.ending})[/]: {escape(grade.ending_detail)}")
    return Group(*parts)


def causes_of(grade: Grade) -> list[dict[str, Any]]:
    """The same causes as plain data."""
    return [
        {
            "text": cause.text,
            "where": place(cause, grade),
            "expected": cause.checks[0].expected,
            "actual": cause.checks[0].actual,
            "hint": cause.checks[0].hint,
            "checks": [check.id for check in cause.checks],
        }
        for cause in causes(grade.checks)
    ]


def _lines(texts: Sequence[str]) -> str:
    """Lines of which the first matters most."""
    first, *more = (escape(text) for text in texts if text)
    return "\n".join([first, *(f"[dim]{text}[/]" for text in more)])


STATES = {State.DONE: ("green", "\u2713"), State.MISSING: ("red", "\u2717"), State.UNKNOWN: ("yellow", "?")}


def hand_in(items: Sequence[Item]) -> str:
    """What to look through before handing in, a line each."""
    lines = ["", "[bold]Before you hand in[/]"]
    for item in items:
        colour, sign = STATES[item.state]
        lines.append(f"[{colour}]{sign}[/] {escape(f'{item.text} {item.todo}'.rstrip())}")
    return "\n".join(lines)


def reasons(before: Grade | None, after: Grade) -> list[str]:
    """The checks whose outcome or points changed, and what being late costs."""
    old = {check.id: check for check in before.checks} if before else {}
    new = {check.id: check for check in after.checks}
    came_out = [
        (check, _came_out(old.get(name)) or "new", _came_out(new.get(name)) or "gone")
        for name, check in (old | new).items()
    ]
    found = [f"{check.question}: {check.title} {was} -> {now}" for check, was, now in came_out if was != now]
    was, now = (each.late.points if each and each.late else Decimal(0) for each in (before, after))
    return found + [f"Late: {-was:f} -> {-now:f}"] * (was != now)


def change_summary(
    changes: Sequence[tuple[Grade | None, Grade]], pairs: Sequence[tuple[Grade | None, Grade]]
) -> Iterator[str]:
    """Of those whose checks changed, how many gained, lost and neither; the mean of all who had a grade before."""
    both = [(old.total, new.total) for old, new in pairs if old]
    up, down = sum(new > old for old, new in both), sum(new < old for old, new in both)
    same = sum(old is not None and old.total == new.total for old, new in changes)
    means = [f"{sum(totals, Decimal(0)) / len(both):.2f}" for totals in zip(*both, strict=True)]
    mean = f"; mean {' before, '.join(means)} after" if means else ""
    yield f"{up} up, {down} down{mean}."
    if same:
        yield f"For {same} more, some checks came out differently, but the total is the same."


def _came_out(check: Check | None) -> str:
    if check is None:
        return ""
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
