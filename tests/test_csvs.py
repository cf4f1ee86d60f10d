"""CSV comes and goes in the dialect of whoever wrote it, and no cell of ours is run by a spreadsheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import csvs
from grader.csvs import Dialect
from grader.errors import UsageError


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        pytest.param("a,b\n1,2\n", Dialect(), id="ours"),
        pytest.param("a;b\n1,5;2\n", Dialect(delimiter=";"), id="semicolons"),
        pytest.param("a,b\r\n1,2\r\n", Dialect(newline="\r\n"), id="Windows"),
        pytest.param("\ufeffa;b\r\n1;2\r\n", Dialect(delimiter=";", newline="\r\n", bom=True), id="Excel"),
        pytest.param("", Dialect(), id="empty"),
    ],
)
def test_a_table_is_written_as_it_was_read(text, dialect):
    assert Dialect.of(text) == dialect
    assert csvs.write(csvs.read(text, name="table.csv"), dialect) == text


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(rows=st.lists(st.lists(CELLS, min_size=2), min_size=1))
def test_whatever_we_write_we_can_read(rows):
    text = csvs.write([["one", "two"], *rows])
    assert csvs.read(text, name="table.csv")[1:] == rows


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param('a,b\n"1', r"unexpected end of data", id="open quote"),
        pytest.param('a,b\n"1"2,', r"',' expected after '\"'", id="text after a quote"),
        pytest.param("x" * 200_000, r"field larger than field limit \(131072\)", id="endless cell"),
    ],
)
def test_what_is_not_csv_is_refused_by_name_with_a_next_step(text, problem):
    with pytest.raises(
        UsageError, match=rf"^list\.csv is not a CSV file \({problem}\); download it again\.$"
    ):
        csvs.read(text, name="list.csv", remedy="download it again")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        pytest.param("=HYPERLINK(1)", "'=HYPERLINK(1)", id="equals"),
        pytest.param("+1+2", "'+1+2", id="plus"),
        pytest.param("-1-cmd", "'-1-cmd", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\tx", "'\tx", id="tab"),
        pytest.param("\r=x", "'\r=x", id="carriage return"),
        pytest.param("-0.25", "-0.25", id="a penalty is a number"),
        pytest.param("+5", "+5", id="so is this"),
        pytest.param("doe-jane", "doe-jane", id="a name"),
        pytest.param("", "", id="empty"),
    ],
)
def test_no_cell_is_a_formula(cell, written):
    assert csvs.escape_formula(cell) == written
    assert csvs.unescape_formula(written) == cell
