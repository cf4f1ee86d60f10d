"""A page that can't be drawn is replaced by one that says so, with the points if these can be drawn."""

import contextlib
import os
import signal
from decimal import Decimal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.forks import Server, Service
from grader.limits import Limits
from grader.model import Ending, Execution, FoundBy, Grade, Outcome, QuestionGrade
from grader.publishing import pages

GRADE = Grade(
    student="ada",
    assignment="tiny",
    title="A tiny assignment",
    profile="full",
    ending=Ending.FINISHED,
    ending_detail="",
    total=Decimal("0.75"),
    max=Decimal(1),
    provisional=False,
    seconds=1.0,
    questions=(
        QuestionGrade(
            id="1",
            title="A number",
            points=Decimal("0.75"),
            max=Decimal(1),
            outcome=Outcome.PARTIAL,
            found_by=FoundBy.METADATA,
        ),
    ),
)


def spin():
    while True:
        pass


def run_out_of_memory():
    return "x" * (80 << 20)


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise KeyError("output_type")


# What runs in the server: importable there by this module's name.
@contextlib.contextmanager
def drawing(page, stand_in=None):
    def answer(wanted):
        act = stand_in if getattr(wanted, "problem", "") else page
        return pages._drawn(None, {}, wanted) if act is None else act()

    yield Service(answer=answer, doing="Drawing this page", seconds=1, wall=60, memory=64 << 20)


@pytest.mark.parametrize(
    ("act", "why", "lasting"),
    [
        (spin, "Drawing this page took longer than 1 s.", True),
        (run_out_of_memory, "Drawing this page took more than 64 MiB of memory.", True),
        (crash, "Drawing this page took more than 64 MiB of memory.", True),
        (fail, "KeyError: &#39;output_type&#39;", True),
        (be_killed, "Drawing this page ended without an answer.", False),
    ],
)
def test_a_page_that_fails_is_replaced_by_the_points_and_the_reason(act, why, lasting):
    with Server(drawing, act) as server:
        page, is_lasting = pages.drawn(server, pages.Page(grade=GRADE, execution=None))
    assert "This report could not be drawn in full." in page
    assert why in page
    assert "A number" in page
    assert "0.75" in page
    assert is_lasting is lasting


def test_if_the_points_fail_too_the_reason_is_left():
    with Server(drawing, fail, crash) as server:
        page, lasting = pages.drawn(server, pages.Page(grade=GRADE, execution=None))
    assert page.startswith("<!DOCTYPE html>")
    assert "The report of ada could not be drawn. KeyError: &#39;output_type&#39; See result.json." in page
    assert lasting


def test_a_notebook_that_fails_leaves_the_reason(tmp_path):
    run = Execution(student="ada", folder=tmp_path, ending=Ending.FINISHED)
    with Server(drawing, fail) as server:
        page, lasting = pages.drawn_notebook(server, pages.NotebookPage(grade=GRADE, execution=run))
    assert "The notebook of ada could not be drawn. KeyError: &#39;output_type&#39;" in page
    assert lasting


def test_a_page_is_drawn_beside_the_reference(tmp_path):
    runs = []
    for name in ("ada", "reference"):
        folder = tmp_path / name
        folder.mkdir()
        nbformat.write(new_notebook(cells=[new_code_cell(f"run_by = {name!r}")]), folder / "executed.ipynb")
        runs.append(Execution(student=name, folder=folder, ending=Ending.FINISHED))
    with Server(pages.drawing, runs[1], Limits()) as server:
        page, lasting = pages.drawn(server, pages.Page(grade=GRADE, execution=runs[0]))
        sheet, is_lasting = pages.drawn_notebook(server, pages.NotebookPage(grade=GRADE, execution=runs[0]))
    assert 'href="executed.html"' in page
    assert "run_by" in sheet
    assert "reference" not in sheet
    assert lasting
    assert is_lasting
