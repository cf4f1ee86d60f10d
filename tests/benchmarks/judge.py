"""Judging a stored execution, and writing its page."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import nbformat

from grader.execution import reference
from grader.judging.court import Bench, Case
from grader.judging.server import Judge
from grader.reports import html
from grader.results.store import Store

from . import notebooks, ours
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader import datasets

    from .setting import Setting

Result = TypeVar("Result")
AT_LEAST = 10
"""Runs: they are short."""


def rows(setting: Setting) -> list[Row]:
    setting.say("judge: running the reference, as a student's")
    with TemporaryDirectory() as name:
        room = Path(name)
        nb = notebooks.solved(setting.master, first=notebooks.seeded(1))
        hand_ins = notebooks.write_class(room / "class", [nb], "hw1.ipynb")
        ours.grade(setting, hand_ins, room / "results")
        return measured(room / "results", setting.dataset, max(setting.runs, AT_LEAST))


def measured(results: Path, dataset: datasets.Dataset, runs: int) -> list[Row]:
    """Judge the first student of a results folder again and again, and write the page again and again."""
    with Store.existing(results) as store:
        bench = Bench(
            assignment=Path(store.recall("assignment")),
            profile=store.recall("profile"),
            reference=reference.stored(store),
            dataset=dataset,
        )
        student, origin, roster = store.students()[0]
        execution = store.execution(student)
    case = Case(execution=execution, origin=origin, roster=roster)
    executed, model = (
        nbformat.read(each.folder / "executed.ipynb", as_version=4)
        for each in (execution, bench.reference[0])
    )
    cold = [timed(lambda: _cold(bench, case)) for _ in range(runs)]
    with Judge(bench) as judge:
        grade = judge.judge(case)
        warm = [timed(lambda: judge.judge(case)) for _ in range(runs)]
    pages = [timed(lambda: html.student_page(grade, executed, model)) for _ in range(runs)]
    return [
        Row(
            what="judge: one stored execution",
            before=tuple(cold),
            after=tuple(warm),
            at_most=0.15,
            note=f"before: a judge of its own; {len(grade.checks)} checks, {grade.total} of {grade.max} points",
        ),
        Row(what="judge: one student's page", after=tuple(pages), at_most=0.05),
    ]


def _cold(bench: Bench, case: Case) -> None:
    with Judge(bench) as judge:
        judge.judge(case)


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
