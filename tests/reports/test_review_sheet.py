"""The sheet for people who grade by hand: what belongs together is adjacent, and nothing in it runs."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from grader.model import Outcome, ReviewItem, Ruling
from grader.reports.review_sheet import COLUMNS, MOST_CELL, review_csv
from grader.theory.words import code_of


@pytest.fixture
def answering(ann):
    """The grade of a student whose answer to the first question is left to a person."""

    def answering(student, answer, *, polarity="", tags=(), ruling=None):
        first, *others = ann.questions
        check = replace(
            first.checks[0],
            outcome=Outcome.REVIEW if ruling is None else Outcome.PASSED,
            review=ReviewItem(answer=answer, group=code_of(answer), polarity=polarity, tags=tags),
            ruling=ruling,
        )
        return replace(ann, student=student, questions=(replace(first, checks=(check,)), *others))

    return answering


def rows(*grades):
    return list(csv.DictReader(io.StringIO(review_csv(grades))))


def students(*grades):
    return [row["student"] for row in rows(*grades)]


def ruling(answer, *, student=""):
    return Ruling(
        check="test_hw1.py::test_gradient", group=code_of(answer), student=student,
        points=Decimal("0.50"), comment="=so be it", by="ada", at="2026-01-02T03:04:05+00:00",
    )  # fmt: skip


def test_a_row_holds_all_that_a_person_needs(answering):
    (row,) = rows(answering("ana", "It is 2x.", polarity="yes", tags=("gradient", "norm")))
    assert row == {
        "question": "1a",
        "check": "test_hw1.py::test_gradient",
        "group": code_of("It is 2x."),
        "code": code_of("It is 2x."),
        "student": "ana",
        "polarity": "yes",
        "tags": "gradient, norm",
        "answer": "It is 2x.",
        "why": "A person reads this answer.",
        "max": "0.75",
        "points": "",
        "comment": "",
    }


def test_a_class_without_open_answers_is_a_header(ann):
    assert review_csv([ann]) == ",".join(COLUMNS) + "\n"


def test_answers_that_mean_the_same_are_adjacent_below_a_row_for_all(answering):
    found = rows(answering("ana", "It is 2x."), answering("bo", "No."), answering("cy", "it is  2X."))
    assert [row["student"] for row in found] in (["*", "ana", "cy", "bo"], ["bo", "*", "ana", "cy"])
    together = [row for row in found if row["student"] != "bo"]
    assert len({row["group"] for row in together}) == 1
    assert together[0]["answer"] == "(2 answers) It is 2x."


def test_yes_and_no_are_kept_apart(answering):
    words = ("no", "yes", "no", "yes", "no")
    found = rows(*(answering(f"s{n}", f"{word}, as {n}", polarity=word) for n, word in enumerate(words)))
    assert [row["polarity"] for row in found] == sorted(words)


def test_similar_answers_are_adjacent(answering):
    answers = (
        "the gradient is twice x",
        "a norm has a kink",
        "the gradient is twice x, I think",
        "a norm has kinks",
    )
    order = students(*(answering(str(n), answer) for n, answer in enumerate(answers)))
    assert abs(order.index("0") - order.index("2")) == abs(order.index("1") - order.index("3")) == 1


def test_answers_that_share_a_topic_are_adjacent_in_any_language(answering):
    answers = {"a": ("kink", "It has a kink"), "b": ("sign", "the sign of it"), "c": ("kink", "Hay un pico")}
    order = students(*(answering(name, text, tags=(tag,)) for name, (tag, text) in answers.items()))
    assert abs(order.index("a") - order.index("c")) == 1


def test_open_answers_come_before_decided_ones(answering):
    decided = answering("ana", "Mine.", ruling=ruling("Mine.", student="ana"))
    assert students(decided, answering("bo", "Another one.")) == ["bo", "ana"]


def test_a_decision_for_one_student_is_in_that_students_row(answering):
    (row,) = rows(answering("ana", "Mine.", ruling=ruling("Mine.", student="ana")))
    assert (row["points"], row["comment"]) == ("0.50", "'=so be it")


def test_a_decision_for_all_is_in_the_row_for_all_alone(answering):
    found = rows(*(answering(name, "Ours.", ruling=ruling("Ours.")) for name in ("ana", "bo")))
    assert [(row["student"], row["points"]) for row in found] == [("*", "0.50"), ("ana", ""), ("bo", "")]


def test_a_formula_in_an_answer_is_not_one_in_the_sheet(answering):
    (row,) = rows(answering("=cmd|x", '=HYPERLINK("http://example.org")'))
    assert (row["student"], row["answer"]) == ("'=cmd|x", '\'=HYPERLINK("http://example.org")')


def test_an_answer_longer_than_a_spreadsheets_cell_is_cut(answering):
    (row,) = rows(answering("ana", "x" * 200_000))
    assert len(row["answer"]) == MOST_CELL < 32_767


def test_what_steers_a_terminal_or_ends_a_cell_is_shown_as_unknown(answering):
    (row,) = rows(answering("ana", "a\x1b[31m\0\u009b\ud800\n\tb"))
    assert row["answer"] == "a\ufffd[31m\ufffd\ufffd\ufffd\n\tb"


def test_a_code_that_a_spreadsheet_would_read_as_a_number_is_protected(answering):
    ann = answering("007", "x")
    question = ann.questions[0]
    check = replace(question.checks[0], review=replace(question.checks[0].review, group="123456e789"))
    (row,) = rows(replace(ann, questions=(replace(question, checks=(check,)),)))
    assert (row["student"], row["group"]) == ("'007", "'123456e789")
