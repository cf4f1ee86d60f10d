"""What public checks may say: nothing that stands neither in the homework nor in the student's own work."""

from decimal import Decimal

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grader.assignment import load
from grader.evidence import Evidence, Record
from grader.judging.disclosure import BROKEN, WITHHELD, Disclosure
from grader.judging.rubric import loaded
from grader.judging.work import Work
from grader.model import Check, Ending, Outcome

PRINTED = new_output("stream", text="loss 0.8312, of 60,000 points")


@pytest.fixture
def student(assignment):
    cell = new_code_cell("my_net = Layers(5)\nx = 17", outputs=[PRINTED])
    seen = Record({"kind": "cell", "cell": 0, "values": {"number": {"type": "number", "value": 12.5}}}, {})
    return Work(
        assignment=load(assignment), notebook=new_notebook(cells=[cell]), ending=Ending.FINISHED,
        evidence=Evidence((seen,)),
    )  # fmt: skip


def check(outcome=Outcome.FAILED, **texts):
    return Check(
        id="test_it",
        question="1",
        title="It has 3 rows.",
        outcome=outcome,
        earned=Decimal(0),
        max=Decimal(1),
        **texts,
    )


CLOSED = Disclosure(frozenset())


@pytest.mark.parametrize(
    "text",
    [
        "A number was found.", "17 of 60000", "the loss 0.83", "0.831", "-17", "12.5, from `number`",
        "`losses` and my_net", "Layers(5) gives 5x17", "has 3 rows", "print(`len`)", "e.g. nothing. Really",
        "I said so", "After the NameError in cell 35: cells 36, 37 and 38",
    ],
)  # fmt: skip
def test_what_a_student_knows_may_be_said(student, text):
    assert CLOSED.foreign(check(message=text), student) == []


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("It is 42.", ["42"]), ("41.6", ["41.6"]), ("0.8313", ["0.8313"]), ("use `Adam`", ["Adam"]),
        ("call solve(17)", ["solve"]), ("their_net is right", ["their_net"]),
        ("a CrossEntropyLoss", ["CrossEntropyLoss"]),
        ("as numpy.linalg does", ["linalg"]), ("17x42", ["42"]), ("1e-5", ["1e-5"]), (".5", [".5"]),
        ("weights W7", ["W7"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["message", "expected", "actual", "hint"])
def test_what_a_student_can_not_know_is_withheld(student, place, text, foreign):
    said = check(**{"message": "Wrong.", place: text})
    assert CLOSED.foreign(said, student) == foreign
    shown = CLOSED.shown(said, student)
    assert (shown.message, shown.expected, shown.actual, shown.hint) == (WITHHELD, "", "", "")
    assert (shown.title, shown.outcome) == (said.title, said.outcome)


def test_a_number_that_is_far_too_long_breaks_nothing(student):
    assert CLOSED.shown(check(message=f"1e{'9' * 5000}"), student).message == WITHHELD
    assert CLOSED.shown(check(message="7" * 400), student).message == WITHHELD


def test_a_check_that_may_reveal_it_says_it(student):
    said = check(message="It is 42.")
    assert Disclosure(frozenset({"test_it"})).shown(said, student) == said


def test_a_check_that_broke_does_not_say_at_what(student):
    assert CLOSED.shown(check(Outcome.BROKEN, message="KeyError: 42"), student).message == BROKEN


def test_the_mark_says_which_checks_may(assignment):
    with loaded(load(assignment)) as rubric:
        assert Disclosure.of(rubric).revealing == {"test_the_number"}
