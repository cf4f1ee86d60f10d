"""A grade survives the way through result.json, an execution the way through execution.json."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from executions import EXECUTION

from grader.errors import HarnessError, UsageError
from grader.model import (
    Check,
    Ending,
    Exhibit,
    Flag,
    FlagKind,
    FoundBy,
    Grade,
    Identity,
    Item,
    Lateness,
    Outcome,
    QuestionGrade,
    ReviewItem,
    Ruling,
    Tally,
    Visibility,
)
from grader.results import codec

GRADE = Grade(
    student="doe-jane",
    assignment="hw1",
    title="Homework 1",
    profile="full",
    ending=Ending.ERROR,
    ending_detail="cell 17: NameError: name 'x' is not defined",
    total=Decimal("0.70"),
    max=Decimal(10),
    provisional=True,
    seconds=4.625,
    identity=Identity(name="Jane Doe", id="0123"),
    people=(Identity(name="Jane Doe", email="jane@example.edu"), Identity(name="Bo", section="2")),
    submitted_at=datetime(2026, 2, 13, 1, 30, tzinfo=UTC),
    late=Lateness(points=Decimal("0.50"), message="Handed in 1 hour after the due time."),
    questions=(
        QuestionGrade(
            id="4.5",
            title="Train for 20 epochs",
            points=Decimal("0.70"),
            max=Decimal("1.25"),
            outcome=Outcome.PARTIAL,
            found_by=FoundBy.MARKER,
            cells=(21, 22),
            reference_cells=(14,),
            checks=(
                Check(
                    id="test_training.py::test_histories",
                    question="4.5",
                    title="Both histories hold 20 values.",
                    outcome=Outcome.PARTIAL,
                    earned=Decimal("0.70"),
                    max=Decimal("1.25"),
                    message="Only the training losses were kept.",
                    expected="20 values",
                    actual="none",
                    hint="Append to test_loss_history as well.",
                    visibility=Visibility.AFTER_DUE_DATE,
                ),
                Check(
                    id="test_training.py::test_reason",
                    question="4.5",
                    title="The reason is right.",
                    outcome=Outcome.FAILED,
                    earned=Decimal(0),
                    max=Decimal("0.25"),
                    code="5f0c1d7a92",
                    review=ReviewItem(
                        answer="No.",
                        group="0964b78145",
                        polarity="no",
                        tags=("kink",),
                        items=(Item(words="names the kink", points=Decimal("0.25")),),
                    ),
                    ruling=Ruling(
                        check="test_training.py::test_reason",
                        group="0964b78145",
                        student="",
                        points=Decimal("0.00"),
                        comment="Why?",
                        by="Ada L.",
                        at="2026-01-02T03:04:05+00:00",
                        machine="Passed, 0.25 of 0.25 points.",
                        tally=Tally(
                            worth=Decimal("0.25"),
                            start=Decimal("0.25"),
                            adjustment=Decimal("-0.05"),
                            items=(Item(words="is copied", points=Decimal("-0.2")),),
                        ),
                    ),
                ),
            ),
            exhibits=(
                Exhibit(
                    question="4.5",
                    kind="curves",
                    title="Losses",
                    data={
                        "x": "epoch",
                        "y": "loss",
                        "series": [{"label": "train", "who": "student", "y": [0.1, 0.1 + 0.2, 1e-9]}],
                    },
                ),
            ),
        ),
    ),
    flags=(Flag(kind=FlagKind.SUBSET, message="a sample"),),
    compat=({"name": "Tensor.cuda", "count": 2, "ratio": 0.5},),
    sandbox={"network": True, "memory": 12.5, "how": ["bwrap", "seccomp"]},
    origin="section-1/doe-jane.ipynb",
    objections="Ask.",
)


KEYS = [
    "schema", "student", "assignment", "title", "origin", "objections", "profile", "ending", "ending_detail",
    "total", "max", "provisional", "seconds", "questions", "flags", "compat", "sandbox",
    "identity", "people", "submitted_at", "late",
]  # fmt: skip


def document():
    return json.loads(codec.dumps(GRADE), parse_float=Decimal)


def changed(**values):
    """GRADE as text, with other values, or without those that are given as None."""
    found = {key: value for key, value in (document() | values).items() if value is not None}
    return json.dumps(found, default=float)


def test_a_grade_comes_back_as_it_was():
    assert codec.loads(codec.dumps(GRADE)) == GRADE


def test_the_keys_come_in_their_order():
    assert list(document()) == KEYS
    assert list(document()["questions"][0]["checks"][1]["ruling"]) == [
        "student", "points", "comment", "by", "at", "machine", "tally",
    ]  # fmt: skip


def test_points_keep_every_digit():
    third = Decimal(1) / 3
    written = codec.dumps(replace(GRADE, total=third))
    assert f'"total": {third},' in written
    assert codec.loads(written).total == third


def test_points_are_numbers_and_end_in_their_own_zeros():
    assert '"total": 0.70,' in codec.dumps(GRADE)
    assert document()["total"].as_tuple() == Decimal("0.70").as_tuple()


def test_points_that_are_not_a_number_are_an_internal_error():
    with pytest.raises(HarnessError) as refused:
        codec.dumps(replace(GRADE, total=Decimal("NaN")))
    assert str(refused.value) == (
        "The grade of doe-jane can't be written: `total` must be a finite number of points, and it is NaN."
    )


def test_a_message_that_is_not_text_is_an_internal_error():
    question = GRADE.questions[0]
    check = replace(question.checks[0], message=7)
    with pytest.raises(
        HarnessError, match=r"grade of doe-jane .*Expected `str`, got `int` - at `\$\.questions"
    ):
        codec.dumps(replace(GRADE, questions=(replace(question, checks=(check,)),)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_a_number_becomes_null(value):
    exhibit = Exhibit(question="4.5", kind="curves", title="", data={"series": [{"y": [1.5, value]}]})
    written = codec.dumps(replace(GRADE, questions=(replace(GRADE.questions[0], exhibits=(exhibit,)),)))
    assert json.loads(written)["questions"][0]["exhibits"][0]["data"] == {"series": [{"y": [1.5, None]}]}


def test_whatever_an_exhibit_holds_the_grade_can_be_read():
    """Its values are a student's."""
    data = {"series": {"y": ["a", {"b": None}]}, "": 0, "x": 10**40}
    exhibit = Exhibit(question="4.5", kind="sculpture", title="", data=data)
    strange = replace(GRADE, questions=(replace(GRADE.questions[0], exhibits=(exhibit,)),))
    assert codec.loads(codec.dumps(strange)) == strange


def test_a_list_of_all_grades_holds_what_each_result_does():
    other = replace(GRADE, student="roe-rick")
    assert json.loads(codec.dumps_all([GRADE, other])) == [
        json.loads(codec.dumps(grade)) for grade in (GRADE, other)
    ]
    assert json.loads(codec.dumps_all([])) == []


def test_a_later_releases_extra_keys_are_ignored():
    questions = [{**document()["questions"][0], "weather": "rain"}]
    assert codec.loads(changed(mood="sunny", questions=questions)) == GRADE


def test_keys_that_came_later_may_be_missing():
    (question,) = document()["questions"]
    for key in ("title", "cells", "reference_cells", "exhibits"):
        del question[key]
    read = codec.loads(changed(title=None, origin=None, objections=None, questions=[question]))
    assert (read.title, read.origin, read.questions[0].cells, read.questions[0].exhibits) == ("", "", (), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{", "is not JSON (", id="truncated"),
        pytest.param(
            '{"schema": 1, "sandbox": ' + '{"a": ' * 100_000,
            "is nested too deeply;",
            id="too deep",
        ),
        pytest.param("[]", "has the wrong form (Expected `object`, got `array`)", id="no object"),
        pytest.param("{}", "has schema None, and this release reads schema 1", id="no schema"),
        pytest.param('{"schema": 2}', "has schema 2, and this release reads schema 1", id="newer"),
        pytest.param(
            changed(total=None), "has the wrong form (Object missing required field `total`)", id="missing"
        ),
        pytest.param(
            changed(total="ten"), "has the wrong form (Invalid decimal string - at `$.total`)", id="words"
        ),
        pytest.param(
            changed(total="NaN"), "has the wrong form (`total` must be a finite number", id="no number"
        ),
        pytest.param(
            changed(ending="happily"),
            "has the wrong form (Invalid enum value 'happily' - at `$.ending`)",
            id="enum",
        ),
        pytest.param(
            changed(student=7), "has the wrong form (Expected `str`, got `int` - at `$.student`)", id="type"
        ),
        pytest.param(
            changed(questions=["x"]),
            "has the wrong form (Expected `object`, got `str` - at `$.questions[0]`)",
            id="question",
        ),
    ],
)
def test_what_is_not_a_result_is_refused_in_one_line_with_a_next_step(text, problem):
    with pytest.raises(UsageError) as refused:
        codec.loads(text, source="students/a/result.json")
    message = str(refused.value)
    assert message.startswith(f"students/a/result.json {problem}")
    assert message.endswith("; run `grader regrade` to write it again.")


def test_an_execution_comes_back_as_it_was():
    assert codec.load_execution(codec.dump_execution(EXECUTION), EXECUTION.folder) == EXECUTION


def test_an_execution_is_in_the_folder_that_it_was_found_in():
    written = codec.dump_execution(EXECUTION)
    assert "elsewhere" not in written
    assert codec.load_execution(written, Path("moved")).folder == Path("moved")


def test_an_execution_from_before_there_were_gaps_is_read():
    record = json.loads(codec.dump_execution(EXECUTION))
    del record["gaps"]
    record |= {"cut_cells": [4], "stranded_cells": [2, 3]}
    gaps = codec.load_execution(json.dumps(record), EXECUTION.folder).gaps
    assert [(gap.cells, gap.ending) for gap in gaps] == [((4,), Ending.TIMEOUT), ((2, 3), Ending.ENVIRONMENT)]
    del record["cut_cells"], record["stranded_cells"]
    assert codec.load_execution(json.dumps(record), EXECUTION.folder) == replace(EXECUTION, gaps=())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{}", "has the wrong form (Object missing required field `student`)", id="missing"),
        pytest.param('{"sandbox": ' + '{"a": ' * 100_000, "is nested too deeply;", id="too deep"),
    ],
)
def test_what_is_not_an_execution_is_refused_in_one_line_with_a_next_step(text, problem):
    with pytest.raises(UsageError) as refused:
        codec.load_execution(text, Path("elsewhere"), source="reference/seed-1/execution.json")
    message = str(refused.value)
    assert message.startswith(f"reference/seed-1/execution.json {problem}")
    assert message.endswith("; run `grader run --force` to execute the notebooks again.")


def test_files_that_an_earlier_release_kept_are_read(tmp_path):
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "theory.tex").write_bytes(b"\\section{1a} $2x$ \xff")
    written = codec.dump_execution(replace(EXECUTION, documents=()))
    (document,) = codec.load_execution(written, tmp_path).documents
    assert (document.name, document.text) == ("theory.tex", "\\section{1a} $2x$ \ufffd")
    assert codec.load_execution(codec.dump_execution(EXECUTION), tmp_path).documents == EXECUTION.documents
