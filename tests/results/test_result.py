"""A grade survives the trip through result.json, and every key of it is documented."""

import json
import math
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import HarnessError, UsageError
from grader.model import (
    Check,
    Ending,
    Exhibit,
    Flag,
    FlagKind,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    Visibility,
)
from grader.places import RESULT_PAGE
from grader.results import codec as result

DOCUMENTATION = RESULT_PAGE.read_text(encoding="utf-8")

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
)


def test_a_grade_comes_back_as_it_was():
    assert result.loads(result.dumps(GRADE)) == GRADE


def test_points_keep_every_digit():
    third = Decimal(1) / 3
    written = result.dumps(replace(GRADE, total=third))
    assert f'"total": {third},' in written
    assert result.loads(written).total == third


def test_points_are_numbers_and_not_strings():
    assert json.loads(result.dumps(GRADE))["questions"][0]["max"] == 1.25


@pytest.mark.parametrize(
    ("points", "written"),
    [
        pytest.param(Decimal("0.30"), "0.30", id="as it was"),
        pytest.param(Decimal("1E+1"), "10", id="no exponent"),
        pytest.param(Decimal("0.1") + Decimal("0.2"), "0.3", id="no binary tail"),
        pytest.param(Decimal(0), "0", id="zero"),
    ],
)
def test_points_as_text(points, written):
    assert result.encode(points) == written


def test_points_that_are_no_number_are_our_fault():
    with pytest.raises(HarnessError, match="points must be finite, and these are NaN"):
        result.dumps(replace(GRADE, total=Decimal("NaN")))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_becomes_null(value):
    exhibit = Exhibit(question="4.5", kind="curves", title="", data={"series": [{"y": [1.5, value]}]})
    written = result.dumps(replace(GRADE, questions=(replace(GRADE.questions[0], exhibits=(exhibit,)),)))
    assert json.loads(written)["questions"][0]["exhibits"][0]["data"] == {"series": [{"y": [1.5, None]}]}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=JSON_VALUES)
def test_what_is_written_reads_back_by_any_json_parser(value):
    assert json.loads(result.encode(value)) == value


@given(text=st.text(st.characters(codec=None, categories=None)))
def test_any_message_can_be_written_to_a_file(text):
    written = result.dumps(replace(GRADE, ending_detail=text)).encode("utf-8")
    assert isinstance(result.loads(written.decode("utf-8")).ending_detail, str)


def test_a_lone_surrogate_survives():
    assert result.loads(result.dumps(replace(GRADE, student="a\ud800b"))).student == "a\ud800b"


def test_letters_stay_readable():
    assert '"José 日本"' in result.dumps(replace(GRADE, student="José 日本"))


def test_a_later_releases_extra_keys_are_ignored():
    document = result.as_dict(GRADE) | {"mood": "sunny"}
    document["questions"][0]["weather"] = "rain"
    assert result.loads(result.encode(document)) == GRADE


def test_keys_that_came_later_may_be_missing():
    document = result.as_dict(GRADE)
    for key in ("title", "origin"):
        del document[key]
    for key in ("title", "cells", "reference_cells", "exhibits"):
        del document["questions"][0][key]
    read = result.loads(result.encode(document))
    assert (read.title, read.origin, read.questions[0].cells, read.questions[0].exhibits) == ("", "", (), ())


def without(key):
    return result.encode({name: value for name, value in result.as_dict(GRADE).items() if name != key})


def with_value(key, value):
    return result.encode(result.as_dict(GRADE) | {key: value})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "is not JSON .*run `grader regrade`", id="truncated"),
        pytest.param("[" * 100_000, "is not JSON", id="too deep"),
        pytest.param("[]", "has schema None and this release reads schema 1", id="no object"),
        pytest.param('{"schema": 2}', "has schema 2 and this release reads schema 1", id="newer"),
        pytest.param(without("total"), "misses the key 'total'", id="missing"),
        pytest.param(
            with_value("total", "ten"),
            "holds a value that does not fit .*'ten' is no number of points",
            id="points as text",
        ),
        pytest.param(
            with_value("ending", "happily"),
            "'happily' is not a valid Ending",
            id="enum",
        ),
        pytest.param(with_value("student", 7), "does not fit .*7 is no text", id="no text"),
        pytest.param(with_value("questions", ["x"]), "does not fit", id="no question"),
    ],
)
def test_what_is_no_result_is_refused_by_name(text, message):
    with pytest.raises(UsageError, match=message) as refused:
        result.loads(text, source="students/a/result.json")
    assert str(refused.value).startswith("students/a/result.json ")


def keys(value):
    """Every key below a value, except inside what is documented as free-form."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield key
        if key not in {"compat", "sandbox"}:
            yield from keys(inner)
    for inner in value if isinstance(value, list) else ():
        yield from keys(inner)


def test_every_key_that_is_written_is_documented():
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", DOCUMENTATION, re.MULTILINE))
    assert set(keys(json.loads(result.dumps(GRADE)))) <= documented


@pytest.mark.parametrize("enum", [Ending, Outcome, FoundBy, FlagKind, Visibility])
def test_every_word_of_an_enum_is_documented(enum):
    documented = set(re.findall(r"`([^`\n]+)`", DOCUMENTATION))
    assert {str(word) for word in enum} <= documented


def test_the_example_in_the_documentation_is_a_result():
    example = re.search(r"```json\n(.*?)```", DOCUMENTATION, re.DOTALL)[1]
    assert result.dumps(result.loads(example)) == example
