"""The error behind several lost checks: said once, first, and referred to by the others."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grader.judging.causes import traced
from grader.model import Check, Outcome

TYPO = ("NameError", "name 'tset_loss' is not defined")


def cell(source, error=None):
    outputs = [new_output("error", ename=error[0], evalue=error[1], traceback=[])] if error else []
    return new_code_cell(source, outputs=outputs)


def work(*cells, answers, blank=()):
    """Stands for a student's `Work`: which cells answer which question."""
    return SimpleNamespace(
        notebook=new_notebook(cells=list(cells)),
        answer=lambda question: SimpleNamespace(cells=answers[question]),
        is_blank=lambda question: question in blank,
    )


def check(question="1", *, outcome=Outcome.FAILED, message="It did not learn.", earned=0):
    return Check(
        id="test", question=question, title="", outcome=outcome, earned=Decimal(earned), max=Decimal(1),
        message=message, hint="Look at the learning rate.",
    )  # fmt: skip


def test_the_first_check_says_what_happened_and_the_others_refer_to_it():
    student = work(cell("x = 1"), cell("print(tset_loss)", TYPO), answers={"1": (0, 1)})
    passed = check(outcome=Outcome.PASSED, earned=1, message="")
    first, other, second = traced(
        [check(), passed, check(message="Nothing is printed.", earned=0.5)], student
    )
    assert first.message == "Cell 2 ended with NameError: name 'tset_loss' is not defined. It did not learn."
    assert first.hint == (
        "Look for where `tset_loss` is defined: check its spelling, and that its cell runs before cell 2."
    )
    assert (second.message, second.hint) == ("After the NameError in cell 2: Nothing is printed.", "")
    assert first.cause == second.cause
    assert other == passed


def test_a_name_is_missing_because_the_cell_that_binds_it_failed():
    cells = (
        cell("import tensorflow as tf\nbase = tf", ("ModuleNotFoundError", "No module named 'tensorflow'")),
        cell("net = base.Net()", ("NameError", "name 'base' is not defined")),
        cell("other = gone()", ("NameError", "name 'gone' is not defined")),
        cell("print(net)", ("NameError", "name 'net' is not defined")),
    )
    student = work(*cells, answers={"1": (1,), "2": (3,), "3": (2,)})
    one, two, three = traced([check("1"), check("2"), check("3")], student)
    assert one.cause == two.cause == "Cell 1 ended with ModuleNotFoundError: No module named 'tensorflow'"
    assert three.cause == "Cell 3 ended with NameError: name 'gone' is not defined"


@pytest.mark.parametrize(
    "one",
    [check(outcome=Outcome.REVIEW), check(outcome=Outcome.BROKEN), check(outcome=Outcome.PASSED, earned=1)],
    ids=lambda one: one.outcome,
)
def test_what_lost_nothing_has_no_cause(one):
    assert traced([one], work(cell("1 / 0", TYPO), answers={"1": (0,)})) == [one]


def test_an_error_about_no_name_is_reproduced_from_the_first_cell_on():
    student = work(cell("f()", ("ValueError", "bad")), answers={"1": (0,)})
    assert traced([check()], student)[0].hint == (
        "Restart the kernel, run the cells up to and including cell 1, and read the last lines of its traceback."
    )


def test_a_blank_cell_explains_nothing():
    student = work(
        cell("def f():\n    # ...", ("IndentationError", "expected")), answers={"1": (0,)}, blank="1"
    )
    assert traced([check()], student) == [check()]


def test_only_the_first_line_of_a_long_error_is_repeated():
    student = work(cell("f()", ("ValueError", "bad\n" + "x" * 999)), answers={"1": (0,)})
    assert traced([check()], student)[0].cause == "Cell 1 ended with ValueError: bad"
