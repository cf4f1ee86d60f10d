"""Tables of grades, as wide as the terminal."""

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from grader.cli import tables
from grader.model import Outcome
from grader.results.store import Store


def homework(graded_once, ids):
    """A grade with these questions, each worth a quarter of a point."""
    with Store.existing(graded_once.results) as store:
        grade = store.grade("ada")
    questions = tuple(
        replace(grade.questions[0], id=name, points=Decimal("0.25"), max=Decimal(1), outcome=Outcome.PARTIAL)
        for name in ids
    )
    return replace(grade, questions=questions, student="a-student-of-some-length")


HOMEWORK = ("0", "1a", "1b", "2a", "2b", "2c", "3", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "10")
PARTS = ("0", "1", "2", "3", "4", "10")


@pytest.mark.parametrize(("width", "columns"), [(200, HOMEWORK), (80, PARTS), (60, PARTS)], ids=[200, 80, 60])
def test_the_table_fits_the_terminal(graded_once, width, columns):
    console = Console(width=width, file=io.StringIO())
    console.print(tables.class_table([homework(graded_once, HOMEWORK)], width))
    header, row, *more = console.file.getvalue().splitlines()
    assert header.split() == ["student", *columns, "total", "ending"]
    assert "".join(line.split()[0] for line in [row, *more]) == "a-student-of-some-length"
    assert row.split()[-1] == "finished"
    assert ("1.50" in row) == (width < 200)
    assert len(row) <= width


def test_a_table_of_nobody_is_empty():
    console = Console(width=80, file=io.StringIO())
    console.print(tables.class_table([], 80))
    assert console.file.getvalue().split() == ["student", "total", "ending"]
