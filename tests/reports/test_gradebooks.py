"""Canvas and Moodle gradebooks come back with one column filled and nothing else changed."""

import csv
import io
from dataclasses import replace

import pytest

from grader.errors import UsageError
from grader.reports import canvas, moodle

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (777),Homework 2 (778),Final Score\r\n"
    "    Points Possible,,,,,3.5,10,(read only)\r\n"
    '"Adams, Ann",101,N101,aa1,DL,,,7\r\n'
    '"Chan, Cy",102,N102,chan-cy,DL,1.00,,\r\n'
    '"Doe, Jane",103,N103,jd3,DL,,9,\r\n'
    '"Zed, Zoe",109,N109,zz9,DL,,,\r\n'
    '"Student, Test",110,,x,DL,,,\r\n'
)
MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 201,Ann Adams,aa1@x.edu,Submitted,,3.50,Yes,"Friday, 12 February 2021",-,"a ""b"""\n'
    "Participant 202,Cy Chan,cc2@x.edu,Submitted,1.00,3.50,Yes,-,-,\n"
    "Participant 203,Jane Doe,jd3@x.edu,Submitted,,3.50,No,-,-,\n"
    "Participant 209,Zoe Zed,zz9@x.edu,No submission,,3.50,Yes,-,-,\n"
)


def cells(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def changed(before, after):
    return [
        (row, column, new)
        for row, (old_row, new_row) in enumerate(zip(cells(before), cells(after), strict=True))
        for column, (old, new) in enumerate(zip(old_row, new_row, strict=True))
        if old != new
    ]


# --- Canvas ---


def test_canvas_changes_grades_and_nothing_else(room):
    filled = canvas.fill(CANVAS, room)
    assert changed(CANVAS, filled.text) == [(2, 5, "3.50"), (3, 5, "2.00")]
    assert filled.text.splitlines(keepends=True)[:2] == CANVAS.splitlines(keepends=True)[:2]


def test_canvas_names_everyone_once(room):
    filled = canvas.fill(CANVAS, room)
    assert filled.filled == ("adams-ann", "chan-cy")
    assert filled.left_out == (
        "byte-bob: no matching row",
        "doe-jane: the grade is provisional",
        "evil-eve: no matching row",
        "fox-finn: no matching row",
        "gray-gus: no matching row",
    )
    assert filled.without_grade == ("Zed, Zoe",)
    assert filled.notes == ()


def test_provisional_grades_are_written_when_asked_for_but_never_internal_errors(room):
    filled = canvas.fill(CANVAS, room, provisional=True, ids={"evil-eve": "109"})
    assert changed(CANVAS, filled.text)[2:] == [(4, 5, "1.50")]
    assert "evil-eve: an internal error of the grader, which must not count as zero" in filled.left_out


@pytest.mark.parametrize(
    ("student", "origin", "ids", "row"),
    [
        pytest.param("103", "", {}, 4, id="ID"),
        pytest.param("n103", "", {}, 4, id="SIS User ID, whatever its case"),
        pytest.param("jd3", "", {}, 4, id="SIS Login ID"),
        pytest.param("doejane", "", {}, 4, id="name as Canvas writes it in file names"),
        pytest.param("Jane_Doe", "", {}, 4, id="name in the other order"),
        pytest.param(
            "anybody", "zedzoe_LATE_103_678901_hw1.ipynb", {}, 4, id="id in the downloaded file's name"
        ),
        pytest.param("zz9", "", {"zz9": "103"}, 4, id="id given"),
    ],
)
def test_canvas_finds_a_student(ann, student, origin, ids, row):
    filled = canvas.fill(CANVAS, [replace(ann, student=student, origin=origin)], ids=ids)
    assert changed(CANVAS, filled.text) == [(row, 5, "3.50")]


def test_points_are_never_rounded_up(ann):
    filled = canvas.fill(CANVAS, [replace(ann, total=ann.total.copy_abs() - ann.total / 700)])
    assert changed(CANVAS, filled.text) == [(2, 5, "3.49")]


@pytest.mark.parametrize(
    ("gradebook", "options", "message"),
    [
        pytest.param("", {}, "the gradebook is empty; download it again", id="empty"),
        pytest.param(
            "a,b\n1,2\n", {}, "has no columns Student and ID; export it in Canvas", id="another file"
        ),
        pytest.param('Student,ID\n"x', {}, "is not a CSV file .*download it again", id="not CSV"),
        pytest.param(
            CANVAS,
            {"column": "Homework 9"},
            r"no column for “Homework 9”; name one of: Homework 1 \(777\), Homework 2 \(778\)",
            id="no such column",
        ),
        pytest.param(
            CANVAS.replace("Homework 2 (", "Homework 1 ("),
            {},
            "has 2 columns for “Homework 1”",
            id="two such columns",
        ),
        pytest.param(
            CANVAS.replace(",3.5,10", ",(read only),10"),
            {},
            "accepts no grades for “Homework 1 .*the column is read only",
            id="read only",
        ),
        pytest.param(
            CANVAS.replace("Zed, Zoe", "Adams, Ann"),
            {},
            "not clear who is who: adams-ann matches 2 rows",
            id="two rows",
        ),
        pytest.param(
            CANVAS,
            {"ids": {"chan-cy": "101"}},
            "adams-ann and chan-cy match the same row. Give the ids of these students.",
            id="two students",
        ),
    ],
)
def test_canvas_refuses_what_is_not_clear(room, gradebook, options, message):
    with pytest.raises(UsageError, match=message):
        canvas.fill(gradebook, room, **options)


def test_a_column_can_be_named_with_its_id(ann):
    filled = canvas.fill(CANVAS, [ann], column="homework 2 (778)")
    assert changed(CANVAS, filled.text) == [(2, 6, "3.50")]
    assert filled.notes == ("This assignment has 10 points in Canvas, but these grades are out of 3.5.",)


def test_semicolons_and_decimal_commas_stay(ann):
    header, points, *_ = CANVAS.replace(",", ";").replace(";3.5;", ";3,5;").splitlines(keepends=True)
    filled = canvas.fill(f"\ufeff{header}{points}Adams, Ann;101;;;;;;7\r\n", [ann])
    assert filled.text == f"\ufeff{header}{points}Adams, Ann;101;;;;3,50;;7\r\n"
    assert filled.notes == ()


def test_a_short_row_grows_to_its_grade(ann):
    short = "Student,ID,Section,Homework 1 (777)\nAnn Adams,101\n"
    assert canvas.fill(short, [ann]).text.splitlines()[1] == "Ann Adams,101,,3.50"


# --- Moodle ---


def test_moodle_changes_grades_and_nothing_else(room):
    filled = moodle.fill(MOODLE, room, provisional=True)
    assert changed(MOODLE, filled.text) == [(1, 4, "3.50"), (2, 4, "2.00")]
    assert filled.text.startswith("\ufeffIdentifier,")
    assert "doe-jane: its row is locked in the gradebook" in filled.left_out
    assert filled.without_grade == ("Zoe Zed",)
    assert filled.notes == ()


@pytest.mark.parametrize(
    ("student", "origin", "ids"),
    [
        pytest.param("x", "Zoe Zed_201_assignsubmission_file/hw1.ipynb", {}, id="folder"),
        pytest.param("x", "Zoe Zed_201_assignsubmission_file_/hw1.ipynb", {}, id="folder before 4.1"),
        pytest.param("x", "Zoe Zed_201_assignsubmission_file_hw1.ipynb", {}, id="flat"),
        pytest.param("x", "Participant_201_assignsubmission_file_hw1.ipynb", {}, id="blind"),
        pytest.param("AA1@X.EDU", "", {}, id="email address"),
        pytest.param("adams-ann", "", {}, id="full name"),
        pytest.param("zoe-zed", "", {"zoe-zed": "201"}, id="number given"),
        pytest.param("zoe-zed", "", {"zoe-zed": "Participant 201"}, id="identifier given"),
    ],
)
def test_moodle_finds_a_student(ann, student, origin, ids):
    filled = moodle.fill(MOODLE, [replace(ann, student=student, origin=origin)], ids=ids)
    assert changed(MOODLE, filled.text) == [(1, 4, "3.50")]


@pytest.mark.parametrize(
    ("worksheet", "message"),
    [
        pytest.param(
            MOODLE.replace("Identifier", "Id"), "the grading worksheet has no column Identifier", id="column"
        ),
        pytest.param(
            MOODLE.replace("Zoe Zed", "Ann Adams"),
            "not clear who is who: adams-ann matches 2 rows",
            id="two rows",
        ),
    ],
)
def test_moodle_refuses_what_is_not_clear(room, worksheet, message):
    with pytest.raises(UsageError, match=message):
        moodle.fill(worksheet, room)


def test_a_different_maximum_in_moodle_is_noted(ann):
    (note,) = moodle.fill(MOODLE.replace("3.50", "100.00"), [ann]).notes
    assert note == "This assignment has 100.00 points in Moodle, but these grades are out of 3.5."
