import csv
import io
from dataclasses import replace

from grader.model import Ending
from grader.reports.table import grades_csv


def rows(grades):
    return list(csv.reader(io.StringIO(grades_csv(grades))))


def test_one_line_a_student_one_column_a_question(room):
    assert rows(room)[:3] == [
        ["student", "1a", "4.3", "4.5", "4.6", "total", "max", "status", "ending"],
        ["adams-ann", "0.75", "0.5", "1.25", "1", "3.50", "3.5", "graded", "finished"],
        ["byte-bob", "0", "0", "0", "0", "0", "3.5", "unreadable", "unreadable"],
    ]
    assert [row[-2] for row in rows(room)[1:]] == [
        "graded", "unreadable", "graded", "review", "broken", "graded", "broken",
    ]  # fmt: skip


def test_a_hand_in_that_can_not_be_read_differs_from_a_blank_one(ann):
    blank = replace(ann, provisional=True)
    unreadable = replace(blank, ending=Ending.UNREADABLE)
    assert [row[-1] for row in rows([blank, unreadable])[1:]] == ["finished", "unreadable"]


def test_a_question_that_a_student_has_not_is_empty(jane, ann):
    assert rows([jane, replace(ann, questions=ann.questions[:1])])[2][1:5] == ["0.75", "", "", ""]


def test_a_class_without_students_is_a_header():
    assert grades_csv([]) == "student,total,max,status,ending\n"


def test_a_name_that_is_a_formula_is_not_run(ann):
    assert rows([replace(ann, student='=cmd|" /C calc"!A0')])[1][0] == '\'=cmd|" /C calc"!A0'
