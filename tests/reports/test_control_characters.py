"""No file that people open holds a character that a terminal obeys, or half of one that no file can hold."""

import io
from dataclasses import replace

import pytest
from nbformat import v4
from rich.console import Console

from grader.cli import tables
from grader.model import Exhibit, Flag, FlagKind, Outcome, ReviewItem
from grader.reports import html, junit, review_sheet, table

from .conftest import code, displayed, notebook, printed

WORST = "a\x1b[31mb\x9b2Jc\x00d\x07e\ud800f\x7fg"


@pytest.fixture
def nasty(jane):
    """A grade all of whose texts are hostile, each check of it open."""
    texts = dict.fromkeys(("message", "expected", "actual", "hint", "title", "cause"), WORST)
    item = ReviewItem(answer=WORST, group="group", tags=(WORST,))
    questions = tuple(
        replace(
            question,
            title=WORST,
            exhibits=(Exhibit(question=question.id, kind="text", title=WORST, data={"text": WORST}),),
            checks=tuple(
                replace(check, **texts, outcome=Outcome.REVIEW, review=item) for check in question.checks
            ),
        )
        for question in jane.questions
    )
    flags = (Flag(kind=FlagKind.TAMPERED, message=WORST),)
    return replace(
        jane, questions=questions, ending_detail=WORST, origin=WORST, flags=flags, compat=({"x": WORST},)
    )


def shown_on_a_terminal(grade):
    told = replace(grade, questions=tuple(_failed(question) for question in grade.questions))
    with io.StringIO() as file:
        Console(file=file, color_system=None, width=500).print(tables.checks(told))
        return file.getvalue()


def _failed(question):
    checks = tuple(replace(check, outcome=Outcome.FAILED) for check in question.checks)
    return replace(question, checks=checks)


@pytest.mark.parametrize(
    "written",
    [
        lambda grade, executed: html.student_page(grade, executed, None),
        lambda grade, _: html.stand_in_page(grade, WORST),
        lambda grade, _: html.class_page([grade], notices=[WORST]),
        lambda grade, _: junit.junit_xml([grade]),
        lambda grade, _: review_sheet.review_csv([grade]),
        lambda grade, _: table.grades_csv([replace(grade, student=WORST)]),
        lambda grade, _: shown_on_a_terminal(grade),
    ],
    ids=["report", "stand-in", "class page", "junit.xml", "review.csv", "grades.csv", "terminal"],
)
def test_control_characters_reach_no_reader(nasty, written):
    executed = notebook(
        v4.new_markdown_cell(f"# {WORST}"),
        code(WORST, printed(WORST), displayed(text_html=f"<p>{WORST}</p>")),
        v4.new_raw_cell(WORST),
    )
    text = written(nasty, executed)
    text = text.removeprefix("\ufeff")  # by which Excel knows that a table is UTF-8
    text.encode()
    assert not {char for char in text if not char.isprintable()} - set("\n\r\t")
    assert "a" in text
