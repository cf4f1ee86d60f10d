"""`regrade` and `report`: what is stored is judged or written again; no notebook runs."""

from __future__ import annotations

import getpass
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import track

from grader import run
from grader.cli import tables as terminal
from grader.cli import wiring as setting
from grader.cli.console import GRADED, Talk, end, read_text, show, show_json, show_line
from grader.cli.options import JsonOption, ResultsArgument
from grader.datasets import fashion_mnist as datasets
from grader.errors import UsageError
from grader.execution import reference
from grader.judging.court import Bench
from grader.publishing import publish
from grader.results.rulings import apply
from grader.results.rulings import read as read_rulings
from grader.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model import Grade, Ruling


def regrade(
    results: ResultsArgument,
    assignment: Annotated[
        str | None, typer.Option("-a", "--assignment", help="Another rubric than before.")
    ] = None,
    rulings: Annotated[
        Path | None, typer.Option(help="A review.csv with points and comments filled in.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decided; by default the user's name.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would change; write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Judge stored evidence again, without running any notebook: who changes, by how much, and why.

    What a person decided comes in through `--rulings`: fill in points and comments in results/review.csv, for a
    single answer or for all that mean the same (student `*`). Rulings are kept for good; later ones win.

    **Examples**

        grader regrade results/ --dry-run

        grader regrade results/ --rulings review.csv --by "Ada L."
    """
    talk = Talk(quiet=as_json)
    with Store.existing(results) as store:
        bench = _bench(store, assignment)
        publisher = publish.Publisher(store, bench.reference[0])
        before = {grade.student: grade for grade in store.readable_grades()}
        judging = track(
            run.regrade_all(store, bench),
            "judging",
            total=len(before),
            console=talk.console,
            transient=True,
            disable=not talk.console.is_terminal,
        )
        judged = list(judging)
        decided = _rulings(rulings, [grade for grade, _ in judged], by)
        held = [*store.rulings(), *decided]
        grades = [apply(grade, held) for grade, _ in judged]
        if not dry_run:
            for grade, key in judged:
                store.record(grade, key)
            store.rule(decided)
            for grade in grades:
                publisher.student(grade)
            publisher.class_(store.recall("notices") or [])
    changes = [
        (old, grade)
        for grade in grades
        if (old := before.get(grade.student)) is None
        or terminal.reasons(old, grade)
        or old.total != grade.total
    ]
    if as_json:
        show_json(json.dumps([_change(before, after) for before, after in changes]))
    else:
        show(terminal.change_table(changes) if changes else "No grade changes.")
        show("Nothing was written." if dry_run else f"{len(grades)} grades judged again.")
    raise typer.Exit(GRADED) if dry_run else end(grades)


def report(results: ResultsArgument) -> None:
    """Write the HTML reports and the tables again from what is stored.

    **Example**

        grader report results/
    """
    with Store.existing(results) as store:
        publisher = publish.Publisher(store, reference.stored(store)[0])
        count = 0
        for count, grade in enumerate(store.each_grade(), start=1):  # noqa: B007 - told below
            publisher.student(grade)
        index = publisher.class_(store.recall("notices") or [])
    show_line(f"{count} reports: [bold]{escape(str(index))}")


def _rulings(path: Path | None, grades: Sequence[Grade], by: str | None) -> list[Ruling]:
    if path is None:
        return []
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return read_rulings(read_text(path), grades, source=path.name, by=by or getpass.getuser(), at=at)


def _bench(store: Store, assignment: str | None) -> Bench:
    """What an earlier run judged against, with its own rubric or another one."""
    runs = reference.stored(store)
    rubric = assignment or store.recall("assignment")
    if assignment is None and not Path(rubric).is_dir():
        raise UsageError(f"The rubric of {store.root} is no longer in {rubric}; name its folder with -a.")
    return Bench(
        assignment=setting.assignment_of(rubric).folder,
        profile=store.recall("profile"),
        reference=runs,
        dataset=_same_data(complete=store.recall("complete")),
    )


def _same_data(*, complete: bool) -> datasets.Dataset:
    """The data that an earlier run trained on.

    Raises:
        UsageError: that was the full set, and it is not here.
    """
    cache = datasets.user_cache()
    found = datasets.find(env=os.environ, cache=cache) if complete else datasets.subset(cache)
    if found is None:
        raise UsageError(
            "This class trained on the full data set, which is not here; `grader data fetch` gets it."
        )
    return found


def _change(before: Grade | None, after: Grade) -> dict[str, Any]:
    return {
        "student": after.student,
        "before": float(before.total) if before else None,
        "after": float(after.total),
        "why": terminal.reasons(before, after),
    }
