"""Tables of grades, as wide as the terminal."""

import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from grader.cli import tables
from grader.model import Check, Ending, Flag, FlagKind, FoundBy, Grade, Outcome, QuestionGrade
from grader.reports.classroom import Classroom
from grader.results.store import Store

HOSTILE = "[red]eve[/]\x1b[31m"
"""A name that would colour what stands behind it."""


def check(outcome, name="1", **words):
    earned = Decimal(outcome == "passed")
    title = words.pop("title", f"What {name} asks for.")
    return Check(
        id=f"check {name}", question=name, title=title, outcome=Outcome(outcome), earned=earned,
        max=Decimal(words.pop("worth", 1)), **words,
    )  # fmt: skip


def grade(student, *checks, ending=Ending.FINISHED, profile="full", **more):
    questions = tuple(
        QuestionGrade(
            id=one.question, title="", points=one.earned, max=one.max, outcome=one.outcome, cells=(2, 3),
            found_by=FoundBy.MARKER, checks=(one,),
        )
        for one in checks
    )  # fmt: skip
    return Grade(
        student=student, assignment="a", title="", profile=profile, ending=ending, ending_detail="",
        total=sum(one.earned for one in checks), max=Decimal(len(checks)), questions=questions, seconds=1,
        provisional=any(one.outcome.provisional for one in checks), **more,
    )  # fmt: skip


def printed(*parts, width=80):
    """What a terminal of this width would show, without colours."""
    console = Console(width=width, file=io.StringIO())
    for part in parts:
        console.print(part, highlight=False)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


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


PASSED, FAILED, REVIEW, BROKEN = map(check, ("passed", "failed", "review", "broken"))


class TestALargeClass:
    def test_of_up_to_25_is_shown_whole_and_as_it_stands(self):
        students = [grade(f"s{number}", FAILED if number % 2 else PASSED) for number in range(25)]
        assert tables.urgent(students) == students

    def test_shows_ten_first_what_failed_by_itself_then_the_lowest_totals(self):
        students = [grade(f"s{number}", *[PASSED] * (number % 7), FAILED) for number in range(297)]
        students += [
            grade("well", *[PASSED] * 9, ending=Ending.ERROR),
            grade("file", *[REVIEW] * 9, ending=Ending.UNREADABLE),
            grade("ours", *[PASSED] * 8, BROKEN),
        ]
        assert [each.student for each in tables.urgent(students)] == [
            "ours", "file", *(f"s{number}" for number in range(0, 56, 7)),
        ]  # fmt: skip


def test_where_nobody_had_a_grade_before_there_is_no_mean():
    new = (None, grade("a", check("passed")))
    assert list(tables.change_summary([new], [new])) == ["0 up, 0 down."]


class TestTheEndOfARun:
    def test_fits_80_columns_and_prints_what_strangers_wrote_as_it_is(self):
        checks = [check("failed", str(number), title=f"[bold]{'long ' * 30}") for number in range(5)]
        lines = printed(
            *tables.class_summary(Classroom.of([grade(HOSTILE, *checks, check("review", "9"))])),
        )
        assert max(map(len, lines)) <= 80
        assert sum(line.startswith("  1 of 1  ") for line in lines) == 3
        assert lines[3].startswith("  1 of 1  0  [bold]long")
        assert "\x1b" not in "".join(lines)

    def test_names_the_mistakes_that_most_made_and_what_waits_for_a_person(self):
        students = [
            grade("a", check("failed", "1"), check("failed", "2"), check("review", "3")),
            grade("b", check("failed", "1"), check("passed", "2"), check("review", "3")),
            grade("c", check("passed", "1"), check("passed", "2"), check("passed", "3")),
        ]
        assert printed(*tables.class_summary(Classroom.of(students))) == [
            "Mean 1.333 and median 1 of 3 points, so far: 2 of 3 totals are provisional.",
            "",
            "Most common mistakes",
            "  2 of 3  1  What 1 asks for.",
            "  1 of 3  2  What 2 asks for.",
            "",
            "What to do next",
            "  2 answers wait for a person",
            "    Fill in the points in review.csv, and run `grader regrade . --rulings",
            "    review.csv` in its folder.",
        ]

    def test_of_a_class_without_a_fault_is_one_line(self):
        assert printed(*tables.class_summary(Classroom.of([grade("a", PASSED)]))) == [
            "Mean 1 and median 1 of 1 points."
        ]

    def test_of_nobody_is_nothing(self):
        assert printed(*tables.class_summary(Classroom.of([]))) == []

    @pytest.mark.parametrize(
        ("one", "says"),
        [
            pytest.param(grade("a", REVIEW, BROKEN), "the same command again; it tries", id="broken"),
            pytest.param(
                grade("a", ending=Ending.BROKEN), "the same command again; it tries", id="nothing was run"
            ),
            pytest.param(grade("a", PASSED, profile="quick"), "without `--profile quick`", id="quick"),
            pytest.param(
                grade("a", REVIEW, flags=(Flag(kind=FlagKind.SUBSET, message=""),)),
                "grader data fetch",
                id="a sample",
            ),
            pytest.param(
                grade("a", REVIEW),
                "grader regrade 'my results' --rulings 'my results/review.csv'",
                id="answers wait",
            ),
            pytest.param(grade("a", FAILED), "grader release 'my results' -o feedback", id="final"),
        ],
    )
    def test_names_the_next_command(self, one, says):
        assert says in tables.next_step(
            [grade("first", PASSED, profile=one.profile), one], Path("my results")
        )


class TestChecks:
    def test_start_with_three_causes_by_what_they_cost_and_explain_the_others_in_their_place(self):
        error = "Cell 2 ended with NameError: name 'x' is not defined"
        told = [
            check("failed", "1", message="A small loss.", worth="0.1", expected="1", actual=HOSTILE),
            check("failed", "2", message=f"{error}. No `net`.", cause=error, hint="Run cell 2."),
            check("failed", "3", message="After it: no `loss`.", cause=error),
            check("failed", "4", message="Wrong.", worth="1.5", expected="7", actual=HOSTILE, hint="Count."),
            check("failed", "5", message="Nearly."),
            check("passed", "6", message="It was 7.", expected="7", actual="7"),
            check("review", "7", message="A person reads this."),
        ]
        assert printed(tables.checks(grade("a", *told))) == [
            "Look at these first",
            "1. Cell 2 ended with NameError: name 'x' is not defined",
            "   Questions 2, 3, in 2 checks",
            "   Hint: Run cell 2.",
            "2. Wrong.",
            "   Question 4, cells 3, 4",
            "   Expected: 7",
            "   Found: [red]eve[/]\N{REPLACEMENT CHARACTER}[31m",
            "   Hint: Count.",
            "3. Nearly.",
            "   Question 5, cells 3, 4",
            "",
            "All checks",
            "failed   1    What 1 asks for.",
            "              A small loss.",
            "              Expected: 1",
            "              Found: [red]eve[/]\N{REPLACEMENT CHARACTER}[31m",
            "failed   2    What 2 asks for.",
            "failed   3    What 3 asks for.",
            "failed   4    What 4 asks for.",
            "failed   5    What 5 asks for.",
            "passed   6    What 6 asks for.",
            "review   7    What 7 asks for.",
        ]

    def test_that_cost_nothing_are_lines_alone(self):
        assert printed(tables.checks(grade("a", PASSED, REVIEW))) == [
            "passed   1    What 1 asks for.",
            "review   1    What 1 asks for.",
        ]
