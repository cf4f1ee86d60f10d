"""A results folder of version 0.1.0: its class is judged again, and nothing that a person decided is lost."""

import csv
import json
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from grader.cli.console import GRADED, WRONG_USE
from grader.errors import UsageError
from grader.model import Outcome
from grader.places import CHECKOUT
from grader.results.gradebook import DATABASE, VERSION
from grader.results.rulings import unfit
from grader.results.store import Store

STORED = Path(__file__).parent / "data" / "results-0.1.0.tar.xz"
"""Three students of homework 1, the quick profile, two rulings. Pages were removed to keep it small."""
RULINGS = [
    (
        "test_names_an_algorithm_with_pros_and_cons", "0964b78145", "ana-lima", Decimal("0.5"),
        "Subgradient descent, but its drawback is missing.", "Ada L.", "2026-11-27T06:01:30+00:00",
    ),
    (
        "test_l1_training_loss", "70bfae3e4c", "", Decimal("0.5"),
        "The bars are the 1-norm here.", "Ada L.", "2026-11-27T06:01:30+00:00",
    ),
]  # fmt: skip
TOTALS = {"ana-lima": Decimal("9.25"), "ivan-petrov": 0, "sofia-rossi": Decimal("6.25")}
JUDGED = {student: max(total - Decimal("0.75"), 0) for student, total in TOTALS.items()}
"""Since then, probes have been asked in another way: what they gave before is not believed, and open."""


@pytest.fixture
def results(tmp_path):
    with tarfile.open(STORED) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "results"


def grader(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "grader", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def rulings(store):
    return [
        (each.check, each.group, each.student, each.points, each.comment, each.by, each.at)
        for each in store.rulings()
    ]


def test_it_opens_with_everything_that_it_held(results):
    with closing(sqlite3.connect(results / DATABASE)) as database:
        assert database.execute("pragma user_version").fetchone() == (1,)
    before = {path.parent.name: path.read_text() for path in results.glob("students/*/result.json")}
    with Store.existing(results) as store:
        assert {grade.student: grade.total for grade in store.grades()} == TOTALS
        assert rulings(store) == RULINGS
        assert {ruling.assignment for ruling in store.rulings()} == {"hw1"}
        assert unfit(store.rulings(), store.grades()) == []
        with pytest.raises(UsageError, match="holds the grades of the assignment 'hw1'"):
            store.refuse_another("hw2")
        assert store.students() == [
            ("ana-lima", "ana-lima/hw1.ipynb", {"participated": "yes"}),
            ("ivan-petrov", "ivan-petrov/hw1.ipynb", {}),
            ("sofia-rossi", "sofia-rossi/hw1.ipynb", {"participated": "no"}),
        ]
        executions = [store.execution(student) for student in TOTALS]
        assert store.recall("assignment") == "/home/course/rubrics/hw1"
    assert [execution.ending for execution in executions] == ["finished", "unreadable", "error"]
    assert executions[0].cpu_seconds == 0, "it was not measured"
    assert sorted(before) == list(TOTALS)
    with closing(sqlite3.connect(results / DATABASE)) as database:
        assert database.execute("pragma user_version").fetchone() == (VERSION,)


@pytest.mark.system
def test_it_is_judged_again_and_its_reports_are_written(results):
    regraded = grader("regrade", results, "-a", CHECKOUT / "rubrics" / "hw1")
    assert regraded.returncode == GRADED, regraded.stderr
    # The two that can be read have got checks that are worth no points.
    assert regraded.stdout.splitlines()[-1] == "3 grades judged, 2 changed."
    with Store.existing(results) as store:
        grades = {grade.student: grade for grade in store.grades()}
        assert rulings(store) == RULINGS
    assert {student: grade.total for student, grade in grades.items()} == JUDGED
    assert {question.outcome for question in grades["ivan-petrov"].questions} == {Outcome.REVIEW}
    decided = {
        (student, check.id): (check.ruling.points, check.ruling.by)
        for student, grade in grades.items()
        for check in grade.checks
        if check.ruling
    }
    assert decided["ana-lima", "test_names_an_algorithm_with_pros_and_cons"] == (Decimal("0.5"), "Ada L.")
    assert {check for _, check in decided} == {ruling[0] for ruling in RULINGS}
    rows = list(csv.DictReader((results / "grades.csv").read_text().splitlines()))
    assert {row["student"]: Decimal(row["total"]) for row in rows} == JUDGED

    for page in (*results.glob("students/*/report.html"), results / "index.html"):
        page.unlink()
    reported = grader("report", results)
    assert (reported.returncode, reported.stdout) == (0, f"Wrote 3 reports: {results / 'index.html'}\n"), (
        reported.stderr
    )
    for student, total in JUDGED.items():
        assert "<html" in (results / "students" / student / "report.html").read_text()
        written = json.loads(
            (results / "students" / student / "result.json").read_text(), parse_float=Decimal
        )
        assert written["total"] == total


def test_its_rubric_is_asked_for_where_it_has_moved(results):
    regraded = grader("regrade", results)
    assert regraded.returncode == WRONG_USE
    assert regraded.stderr.strip().endswith(
        f"The rubric of {results} is no longer in /home/course/rubrics/hw1. Say with -a where it is now."
    )
