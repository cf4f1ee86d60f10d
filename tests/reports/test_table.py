import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from grader.model import Ending, Identity, Lateness
from grader.reports.table import grades_csv

WHO = ["late", "submitted", "name", "id", "email", "section"]


def rows(grades):
    return list(csv.reader(io.StringIO(grades_csv(grades))))


def test_one_line_a_student_one_column_a_question(room):
    assert rows(room)[:3] == [
        ["student", "1a", "4.3", "4.5", "4.6", "total", "max", "status", "ending", *WHO],
        ["adams-ann", "0.75", "0.5", "1.25", "1", "3.50", "3.5", "graded", "finished", *[""] * 6],
        ["byte-bob", "0", "0", "0", "0", "0", "3.5", "unreadable", "unreadable", *[""] * 6],
    ]
    assert [row[7] for row in rows(room)[1:]] == [
        "graded", "unreadable", "graded", "review", "broken", "graded", "broken",
    ]  # fmt: skip


def test_a_hand_in_that_can_not_be_read_differs_from_a_blank_one(ann):
    blank = replace(ann, provisional=True)
    unreadable = replace(blank, ending=Ending.UNREADABLE)
    assert [row[8] for row in rows([blank, unreadable])[1:]] == ["finished", "unreadable"]


def test_a_question_that_a_student_has_not_is_empty(jane, ann):
    assert rows([jane, replace(ann, questions=ann.questions[:1])])[2][1:5] == ["0.75", "", "", ""]


def test_a_class_without_students_is_a_header():
    assert grades_csv([]) == f"student,total,max,status,ending,{','.join(WHO)}\n"


def test_each_member_of_a_group_has_a_line(ann):
    people = (Identity(name="Ann A.", id="0123"), Identity(email="bo@example.edu", section="2"))
    assert [row[5:6] + row[9:] for row in rows([replace(ann, people=people)])[1:]] == [
        ["3.50", "", "", "Ann A.", "0123", "", ""],
        ["3.50", "", "", "", "", "bo@example.edu", "2"],
    ]


def test_what_being_late_took_is_said(ann):
    late = Lateness(points=Decimal("0.50"), message="Late.")
    (row,) = rows([replace(ann, late=late, submitted_at=datetime(2026, 2, 13, 1, 30, tzinfo=UTC))])[1:]
    assert row[9:11] == ["0.50", "2026-02-13 01:30+00:00"]


@pytest.mark.parametrize(("zero", "total"), [(True, "0"), (False, "")])
def test_who_handed_in_nothing_comes_last(ann, zero, total):
    written = grades_csv([ann], [Identity(name="=Zoe", id="77")], zero=zero)
    (row,) = list(csv.reader(io.StringIO(written)))[2:]
    assert row == ["", "", "", "", "", total, "", "missing", "", "", "", "'=Zoe", "77", "", ""]


def test_a_name_that_is_a_formula_is_not_run(ann):
    assert rows([replace(ann, student='=cmd|" /C calc"!A0')])[1][0] == '\'=cmd|" /C calc"!A0'
