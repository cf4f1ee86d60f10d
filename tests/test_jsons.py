"""JSON that any parser reads, any file holds, and that keeps the digits of decimals."""

import json
import math
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import jsons
from grader.errors import HarnessError, UsageError


def read(text, form=Any):
    return jsons.read(text, form, source="some.json", remedy="write it again")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(Decimal("0.30"), "0.30", id="decimal"),
        pytest.param(Decimal("1E+1"), "10", id="no exponent"),
        pytest.param(Decimal("0.1") + Decimal("0.2"), "0.3", id="no binary tail"),
        pytest.param(Decimal(0), "0", id="zero"),
        pytest.param([Decimal("0.50"), 1], "[\n  0.50,\n  1\n]", id="decimals in a list"),
        pytest.param(math.nan, "null", id="nan"),
        pytest.param([1.5, math.inf, -math.inf], "[1.5, null, null]", id="infinities in a row"),
        pytest.param({}, "{}", id="empty object"),
        pytest.param([], "[]", id="empty list"),
        pytest.param({"a": [1, 2.5, None]}, '{\n  "a": [1, 2.5, null]\n}', id="a row takes one line"),
        pytest.param([[1, 2], [3, 4]], "[\n  [1, 2],\n  [3, 4]\n]", id="one line for each row"),
        pytest.param({"a": {"b": ("c", True)}}, '{\n  "a": {\n    "b": ["c", true]\n  }\n}', id="indented"),
        pytest.param({1: "one"}, '{\n  "1": "one"\n}', id="keys are text"),
        pytest.param("José 日本 😀", '"José 日本 😀"', id="letters stay readable"),
        pytest.param(10**30, str(10**30), id="a large integer"),
        pytest.param(np.float64(0.5), "0.5", id="a number of numpy"),
        pytest.param({"y": np.arange(3)}, '{\n  "y": [0, 1, 2]\n}', id="an array of numpy"),
        pytest.param(MappingProxyType({"a": 1}), '{\n  "a": 1\n}', id="a mapping"),
    ],
)
def test_how_a_value_is_written(value, written):
    assert jsons.write(value) == written


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(value=JSON_VALUES)
def test_what_is_written_reads_back_by_any_parser(value):
    written = jsons.write(value)
    assert json.loads(written) == value
    assert read(written) == value


ANY_TEXT = st.text(st.characters(codec=None, categories=None))


@given(text=ANY_TEXT)
def test_any_text_fits_into_a_file_and_reads_back(text):
    written = jsons.write({text: [text]}).encode("utf-8").decode("utf-8")
    kept = text.encode(errors="backslashreplace").decode()
    assert read(written) == json.loads(written) == {kept: [kept]}


@given(text=ANY_TEXT)
def test_what_the_standard_library_escaped_reads_as_what_we_write(text):
    """Version 0.1.0 wrote half of a surrogate pair as an escape."""
    assert read(json.dumps(text)) == read(jsons.write(text))


def test_half_of_a_surrogate_pair_becomes_its_escape():
    assert jsons.write("a\ud800b") == r'"a\\ud800b"'
    assert read(r'"a\ud800b \ud83d\ude00 \\ud800 \udc00"') == r"a\ud800b 😀 \ud800 \udc00"


class Form(msgspec.Struct):
    points: Decimal
    data: dict[str, Any] = {}


def test_decimals_are_read_digit_by_digit():
    third = "0." + "3" * 40
    assert read(f'{{"points": {third}, "data": {{"y": 0.5}}}}', Form) == Form(Decimal(third), {"y": 0.5})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{", r"is not JSON (Input data was truncated)", id="truncated"),
        pytest.param("\ud800", "is not JSON", id="no text"),
        pytest.param("{}", "has the wrong form (Object missing required field `points`)", id="missing"),
        pytest.param(
            '{"points": true}',
            "has the wrong form (Expected `decimal`, got `bool` - at `$.points`)",
            id="type",
        ),
        pytest.param('{"what": ' + "[" * 100_000, "is nested too deeply", id="unknown key"),
        pytest.param(
            '{"points": 1, "data": ' + '{"a":' * 100_000, "is nested too deeply", id="free-form data"
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line_with_a_next_step(text, problem):
    with pytest.raises(UsageError) as refused:
        read(text, Form)
    message = str(refused.value)
    assert message.startswith(f"some.json {problem}")
    assert message.endswith("; write it again.")
    assert "\n" not in message


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param({"a": object()}, "object is not a type that JSON has", id="type"),
        pytest.param(nested(100_000), "maximum recursion depth exceeded", id="depth"),
    ],
)
def test_what_cannot_be_written_is_an_internal_error(value, problem):
    with pytest.raises(HarnessError, match=f"^These data can't be written as JSON: {problem}"):
        jsons.write(value)
