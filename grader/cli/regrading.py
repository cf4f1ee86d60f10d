"""`regrade` and `report`: what is stored is judged or written again; no notebook runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.cli.console import GRADED, Talk, counted, end, read_text, show, show_json, show_line
from grader.cli.options import JsonOption, ResultsArgument
from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from grader.assignment import Assignment
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
        Path | None,
        typer.Option(metavar="FILE", help="A review.csv in which you filled in points and comments."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who reviewed the answers.", show_default="your user name"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which grades would change, and write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply a changed rubric or a manual review; no notebook runs.

    Shows whose grade changes, by how much and why. For a manual review, fill in points and comments in
    results/review.csv, for one answer or (student `*`) for a whole group of answers, and pass the file with
    --rulings. Every decision is kept; the latest one counts.

    Examples:
        grader regrade results/ --dry-run
        grader regrade results/ --rulings review.csv --by "Ada L."
    """
    from grader import run
    from grader.cli import tables
    from grader.execution import worker
    from grader.publishing.publisher import Publisher
    from grader.results.rulings import apply
    from grader.results.store import Store

    worker.prepare()
    talk = Talk(quiet=as_json)
    with Store.existing(results) as store:
        bench = _bench(store, assignment)
        publisher = Publisher(store, bench.reference[0])
        before = {grade.student: grade for grade in store.readable_grades()}
        judged = list(_shown(run.regrade_all(store, bench), len(before), talk.console))
        new_rulings = _rulings(rulings, [grade for grade, _ in judged], by)
        all_rulings = [*store.rulings(), *new_rulings]
        grades = [apply(grade, all_rulings) for grade, _ in judged]
        if not dry_run:
            for grade, key in judged:
                store.record(grade, key)
            store.rule(new_rulings)
            for grade in grades:
                publisher.student(grade)
            publisher.class_(store.recall("notices") or [])
    changes = [
        (old, grade)
        for grade in grades
        if (old := before.get(grade.student)) is None
        or tables.reasons(old, grade)
        or old.total != grade.total
    ]
    if as_json:
        show_json(json.dumps([_change(old, new) for old, new in changes]))
    else:
        if changes:
            show(tables.change_table(changes))
        show_line(_outcome(len(changes), len(grades), dry_run=dry_run))
    raise typer.Exit(GRADED) if dry_run else end(grades)


def report(results: ResultsArgument) -> None:
    """Write the reports and tables again from the stored grades.

    Examples:
        grader report results/
    """
    from grader.execution import reference
    from grader.publishing.publisher import Publisher
    from grader.results.store import Store

    with Store.existing(results) as store:
        publisher = Publisher(store, reference.stored(store)[0])
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


def _outcome(changed: int, judged: int, *, dry_run: bool) -> str:
    """How it ended, in one line."""
    counts = f"{counted(judged, 'grade')} judged, {changed or 'none'} changed"
    return f"{counts}; nothing was written (--dry-run)." if dry_run else f"{counts}."


def _rulings(path: Path | None, grades: Sequence[Grade], by: str | None) -> list[Ruling]:
    if path is None:
        return []
    import getpass
    from datetime import UTC, datetime

    from grader.results import rulings

    at = datetime.now(UTC).isoformat(timespec="seconds")
    return rulings.read(read_text(path), grades, source=path.name, by=by or getpass.getuser(), at=at)


def _bench(store: Store, assignment: str | None) -> Bench:
    """What an earlier run was judged against, with its own rubric or another one."""
    from grader.cli import wiring
    from grader.execution import reference
    from grader.judging.court import Bench

    runs = reference.stored(store)
    rubric = assignment or store.recall("assignment")
    if assignment is None and not Path(rubric).is_dir():
        raise UsageError(f"The rubric of {store.root} is no longer in {rubric}. Say with -a where it is now.")
    chosen = wiring.assignment_of(rubric)
    return Bench(
        assignment=chosen.folder,
        profile=store.recall("profile"),
        reference=runs,
        dataset=_same_data(chosen, complete=store.recall("complete")),
    )


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


def _change(before: Grade | None, after: Grade) -> dict[str, Any]:
    from grader.cli import tables

    return {
        "student": after.student,
        "before": float(before.total) if before else None,
        "after": float(after.total),
        "why": tables.reasons(before, after),
    }
