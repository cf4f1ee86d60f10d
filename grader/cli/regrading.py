"""`regrade` and `report`: what is stored is judged or written again; no notebook runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.cli.console import (
    GRADED,
    Talk,
    counted,
    end,
    read_text,
    show,
    show_json,
    show_line,
    user,
)
from grader.cli.options import JsonOption, ResultsArgument
from grader.errors import UsageError
from grader.legible import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from grader.assignment import Assignment
    from grader.course import Rules
    from grader.datasets import Dataset
    from grader.judging.court import Bench
    from grader.model import Grade, Ruling
    from grader.results.store import Store


def regrade(
    results: ResultsArgument,
    assignment: Annotated[
        str | None,
        typer.Option(
            "-a",
            "--assignment",
            metavar="NAME",
            help="Assignment: a name under rubrics/, or a path.",
            show_default="the one of the last run",
        ),
    ] = None,
    rulings: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A review.csv in which you filled in points and comments; may be given several times.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who reviewed the answers.", show_default="your user name"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which grades would change, and write nothing.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Go back to the grades and rulings before the last regrade.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply a changed rubric or a manual review; no notebook runs.

    Shows whose grade changes, by how much and why. The grades before are kept: --undo goes back to them. For a
    manual review, fill in points and comments in results/review.csv, for one answer or (student `*`) for a whole
    group of answers, and pass the file with --rulings. Every decision is kept; the latest one counts.

    Examples:
        grader regrade results/ --dry-run
        grader regrade results/ --rulings review.csv --by "Ada L."
        grader regrade results/ --undo
    """
    if undo:
        if assignment or rulings or dry_run:
            raise UsageError("--undo takes no other option than --json.")
        raise _undo(results, as_json=as_json)
    from grader.execution import worker

    worker.prepare_ahead()  # of the long imports here
    from grader import course, run
    from grader.publishing.publisher import Publisher
    from grader.results.rulings import notes_of, unfit
    from grader.results.store import Store

    talk = Talk(quiet=as_json)
    with Store.existing(results) as store:
        bench, outdated, rules = _bench(store, assignment)
        chosen_again = _of_attempts(course.choice_changed(store.chosen_by(), rules))
        before = {grade.student: grade for grade in store.readable_grades()}
        judged = list(_shown(run.regrade_all(store, bench, outdated), len(before), talk.console))
        new_rulings = _rulings(rulings or (), [grade for grade, _ in judged], by, talk)
        new_rulings += [
            note
            for grade, _ in judged
            if grade.student in before
            for note in notes_of(before[grade.student], grade)
        ]
        all_rulings = [*store.rulings(), *new_rulings]
        grades = [store.settled(grade, all_rulings, rules) for grade, _ in judged]
        if not dry_run:
            store.regrade(judged, new_rulings, rules)
            with Publisher(store, bench.reference[0]) as publisher:
                for grade in grades:
                    publisher.student(grade)
                publisher.class_(store.recall("notices") or [])
    _show_changes(before, grades, outdated, as_json=as_json)
    if not as_json:
        for line in (
            *_of_outdated(outdated, len(grades)),
            *chosen_again,
            *_of_unfit(unfit(all_rulings, grades)),
        ):
            show_line(line)
        show_line(_outcome(len(_changes(before, grades)), len(grades), len(outdated), dry_run=dry_run))
    raise typer.Exit(GRADED) if dry_run else end(grades)


def _undo(results: Path, *, as_json: bool) -> typer.Exit:
    from grader.execution import reference
    from grader.publishing.publisher import Publisher
    from grader.results.store import Store

    with (
        Store.existing(results) as store,
        Publisher(store, reference.stored(store)[0]) as publisher,
    ):
        before = {grade.student: grade for grade in store.readable_grades()}
        at, withdrawn, restored, kept = store.undo()
        for grade in store.each_grade():
            publisher.student(grade)
        publisher.class_(store.recall("notices") or [])
        grades = store.grades()
    _show_changes(before, grades, {}, as_json=as_json)
    if not as_json:
        if kept:
            show_line(f"Run again since then, with the newer grade kept: {counted(kept, 'student')}.")
        show_line(
            f"These are the grades before the regrade of {at} UTC; {counted(withdrawn, 'ruling')} of it withdrawn."
        )
        if restored:
            show_line(
                "The rubric's files are not changed back: the next `grader regrade` or `grader run` judges by them."
            )
    return end(grades)


def _changes(before: Mapping[str, Grade], grades: Sequence[Grade]) -> list[tuple[Grade | None, Grade]]:
    from grader.cli import tables

    pairs = [(before.get(grade.student), grade) for grade in grades]
    return [
        (old, new) for old, new in pairs if old is None or tables.reasons(old, new) or old.total != new.total
    ]


def _show_changes(
    before: Mapping[str, Grade],
    grades: Sequence[Grade],
    outdated: Mapping[str, Sequence[str]],
    *,
    as_json: bool,
) -> None:
    """Who got more or less, check by check; whoever keeps the total is only counted."""
    from grader.cli import tables
    from grader.reports import classroom

    changes = _changes(before, grades)
    if as_json:
        rows = [_change(old, new, needs_run=new.student in outdated) for old, new in changes]
        listed = {new.student for _, new in changes}
        rest = [grade for grade in grades if grade.student in outdated and grade.student not in listed]
        rows += [_change(before.get(grade.student), grade, needs_run=True) for grade in rest]
        show_json(json.dumps(rows))
        return
    moved = [(old, new) for old, new in changes if old is None or old.total != new.total]
    if moved:
        show(tables.change_table(moved))
    if changes:
        counted_ones = [new for new in grades if not classroom.is_empty(new)]  # as on the class page
        for line in tables.change_summary(changes, [(before.get(new.student), new) for new in counted_ones]):
            show_line(line)


def _of_outdated(outdated: Mapping[str, Sequence[str]], total: int) -> Iterator[str]:
    """Whose notebooks must run again before a changed assignment can be judged."""
    if outdated:
        parts = dict.fromkeys(part for parts in outdated.values() for part in parts)
        yield (
            f"Changed since the notebooks ran: {', '.join(parts)}. {len(outdated)} of {counted(total, 'student')} "
            f"need a new run, and keep their grades until then: {listing(list(outdated))}. Repeat `grader run`."
        )


def _of_attempts(changed: Sequence[str]) -> list[str]:
    keys = ", ".join(f"`{key}`" for key in changed)
    again = (
        f"Changed in [rules] since the last run: {keys}. Run `grader run` so that attempts are chosen again."
    )
    return [again] * bool(changed)


def _of_unfit(found: Sequence[tuple[Ruling, str]]) -> Iterator[str]:
    if found:
        yield f"Rulings that no longer apply to any answer: {len(found)}. They are kept:"
    for ruling, why in found:
        whose = ruling.student or "all who gave this answer"
        yield f"  {ruling.check}, {whose}: {ruling.points} points from {ruling.by} on {ruling.at[:10]}; {why}"


def report(results: ResultsArgument) -> None:
    """Write the reports and tables again from the stored grades.

    Examples:
        grader report results/
    """
    from grader.execution import reference
    from grader.publishing.publisher import Publisher
    from grader.results.store import Store

    with (
        Store.existing(results) as store,
        Publisher(store, reference.stored(store)[0]) as publisher,
    ):
        count = 0
        for grade in store.each_grade():
            publisher.student(grade)
            count += 1
        index = publisher.class_(store.recall("notices") or [])
    show_line(f"Wrote {counted(count, 'report')}: {typer.style(str(index), bold=True)}")


def _shown(judged: Iterator[tuple[Grade, str]], total: int, console: Console) -> Iterator[tuple[Grade, str]]:
    """The same, with a progress bar on a terminal."""
    from rich.progress import track

    return iter(
        track(
            judged,
            "judging",
            total=total,
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
    )


def _outcome(changed: int, judged: int, outdated: int, *, dry_run: bool) -> str:
    """How it ended, in one line."""
    counts = f"{counted(judged - outdated, 'grade')} judged, {changed or 'none'} changed"
    if outdated:
        counts += f", {outdated} not judged without a new run"
    return f"{counts}; nothing was written (--dry-run)." if dry_run else f"{counts}."


def _rulings(paths: Sequence[Path], grades: Sequence[Grade], by: str | None, talk: Talk) -> list[Ruling]:
    if not paths:
        return []
    from datetime import UTC, datetime

    from grader.results import rulings

    at = datetime.now(UTC).isoformat(timespec="seconds")
    sheets = {str(path): read_text(path, talk) for path in paths}
    found = rulings.read(sheets, grades, by=by or user("--by"), at=at)
    for source, text in sheets.items():
        for note in rulings.undecided(text, source=source):
            talk.warn(f"Note: {note}")
    return found


def _bench(store: Store, assignment: str | None) -> tuple[Bench, dict[str, list[str]], Rules]:
    """What an earlier run was judged against, with its own rubric or another; whose run is outdated; the rules."""
    from grader import keys
    from grader.cli.conditions import assignment_of
    from grader.execution import reference
    from grader.judging.court import Bench
    from grader.session import plan_of

    runs = reference.stored(store)
    rubric = assignment or store.recall("assignment")
    if assignment is None and not Path(rubric).is_dir():
        raise UsageError(f"The rubric of {store.root} is no longer in {rubric}. Say with -a where it is now.")
    chosen = assignment_of(rubric)
    store.refuse_another(chosen.id)
    dataset = _same_data(chosen, complete=store.recall("complete"))
    conditions = keys.of_conditions(plan_of(chosen, dataset, chosen.seeds[0]))
    bench = Bench(assignment=chosen.folder, profile=store.recall("profile"), reference=runs, dataset=dataset)
    return bench, store.outdated(conditions, keys.of_reference(chosen)), chosen.rules


def _same_data(assignment: Assignment, *, complete: bool) -> Dataset:
    """The data that an earlier run trained on.

    Raises:
        UsageError: that was the full data set, and it was not found.
    """
    import os

    from grader.datasets import user_cache

    source, cache = assignment.data.source, user_cache()
    found = source.find(env=os.environ, cache=cache) if complete else source.subset(cache)
    if found is None:
        raise UsageError(
            "These notebooks trained on the full data set, which was not found. Get it with `grader data fetch`."
        )
    return found


def _change(before: Grade | None, after: Grade, *, needs_run: bool) -> dict[str, Any]:
    from grader.cli import tables

    return {
        "student": after.student,
        "before": float(before.total) if before else None,
        "after": float(after.total),
        "why": tables.reasons(before, after),
        "needs_run": needs_run,
    }
