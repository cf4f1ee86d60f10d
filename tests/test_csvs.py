"""CSV comes and goes in the dialect of whoever wrote it, and no cell of ours is run by a spreadsheet."""

import pytest
from hypothesis import example, given
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
        pytest.param("a\tb\r\n1,5\t2\r\n", Dialect(delimiter="\t", newline="\r\n"), id="tabs"),
        pytest.param("", Dialect(), id="empty"),
    ],
)
def test_a_table_is_written_as_it_was_read(text, dialect):
    assert Dialect.of(text) == dialect
    assert csvs.write(csvs.read(text, name="table.csv"), dialect) == text


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        pytest.param('"a; b; c",d\n1,2\n', ",", id="semicolons within a quoted name"),
        pytest.param('\ufeff"a, b, c";d\n1;2\n', ";", id="commas within a quoted name"),
    ],
)
def test_what_is_quoted_separates_nothing(text, delimiter):
    assert Dialect.of(text).delimiter == delimiter


@pytest.mark.parametrize(
    "title", ["", "\n", "Course 7, autumn, group A\n"], ids=["no title", "an empty line", "a title"]
)
@pytest.mark.parametrize("mark", [";", "\t"])
def test_the_column_that_is_wanted_shows_what_separates_cells(title, mark):
    text = f"{title}student{mark}comment (a, b, c)\nada{mark}x\n"
    assert csvs.read(text, name="table.csv", columns=["student"])[-2:] == [
        ["student", "comment (a, b, c)"],
        ["ada", "x"],
    ]
    assert Dialect.of(text, ["nothing of it"]).delimiter == ","


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(rows=st.lists(st.lists(CELLS, min_size=2), min_size=1))
@example(rows=[["0", "0\r"]])
def test_whatever_we_write_we_can_read(rows):
    text = csvs.write([["one", "two"], *rows])
    assert csvs.read(text, name="table.csv")[1:] == rows
    assert text.startswith("\ufeff") == (not text.isascii()), (
        "Excel takes text without a mark for its own code page"
    )


TABLE = "student;points\nJosé;0,5\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TABLE.encode(), id="UTF-8"),
        pytest.param(TABLE.encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param(TABLE.encode("cp1252"), id="Windows-1252"),
        pytest.param(TABLE.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(b"\xfe\xff" + TABLE.encode("utf-16-be"), id="big-endian UTF-16 with a mark"),
        pytest.param(TABLE.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(TABLE.encode("utf-16-be"), id="big-endian UTF-16 without a mark"),
        pytest.param(
            TABLE.replace(";", "\t").replace("\n", "\r\n").encode("utf-16"), id="Excel's Unicode text"
        ),
        pytest.param(f"sep=;\r\n{TABLE}".encode(), id="a line that names the separator"),
        pytest.param(TABLE.replace("\n", "\r").encode(), id="carriage returns"),
    ],
)
def test_a_table_is_read_however_it_was_saved(content):
    assert csvs.read(csvs.decoded(content, name="table.csv"), name="table.csv") == [
        ["student", "points"],
        ["José", "0,5"],
    ]


@pytest.mark.parametrize(
    ("content", "guessed"),
    [
        pytest.param(TABLE.encode("cp1252"), True, id="Windows-1252"),
        pytest.param("student\nBořek\n".encode("cp1250"), True, id="Windows-1250"),
        pytest.param(TABLE.encode(), False, id="UTF-8"),
        pytest.param(TABLE.encode("utf-16"), False, id="UTF-16"),
        pytest.param(b"student\nBozena\n", False, id="ASCII"),
    ],
)
def test_an_encoding_that_was_guessed_is_said(content, guessed):
    said = "list.csv is not in UTF-8, so it was read as Windows-1252"
    assert csvs.doubt(content, name="list.csv").startswith(said) == guessed
    assert bool(csvs.doubt(content, name="list.csv")) == guessed


def test_a_zero_byte_in_a_cell_is_a_character_like_others():
    assert csvs.read(csvs.decoded(b"a,b\n\0,2\n", name="table.csv"), name="table.csv") == [
        ["a", "b"],
        ["\0", "2"],
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"\xff\xfe\0", "not a text file", id="half a character"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x81", "not a text file", id="picture"),
        pytest.param(b"PK\x03\x04\x14\0\x08\x81", "an Excel workbook", id="workbook"),
    ],
)
def test_what_is_not_text_is_refused_by_name_with_a_next_step(content, what):
    with pytest.raises(UsageError, match=rf"^list\.csv is {what}; save it again as CSV in UTF-8\.$"):
        csvs.decoded(content, name="list.csv")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param('a,b\n"1', r"unexpected end of data", id="open quote"),
        pytest.param('a,b\n"1"2,', r"',' expected after '\"'", id="text after a quote"),
    ],
)
def test_what_is_not_csv_is_refused_by_name_with_a_next_step(text, problem):
    with pytest.raises(
        UsageError, match=rf"^list\.csv is not a CSV file \({problem}\); download it again\.$"
    ):
        csvs.read(text, name="list.csv", remedy="download it again")


def test_a_cell_that_is_too_long_is_named_for_what_it_is():
    with pytest.raises(UsageError) as refused:
        csvs.read("x" * 200_000, name="list.csv")
    assert str(refused.value) == (
        "list.csv has a cell of more than 131,072 characters. Is a quote missing? If not, shorten it, and save it "
        "again as CSV."
    )


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        pytest.param("=HYPERLINK(1)", "'=HYPERLINK(1)", id="equals"),
        pytest.param("+1+2", "'+1+2", id="plus"),
        pytest.param("-1-cmd", "'-1-cmd", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\tx", "'\tx", id="tab"),
        pytest.param("\r=x", "'\r'=x", id="carriage return"),
        pytest.param(" =x", "' =x", id="space"),
        pytest.param("\uff1dx", "'\uff1dx", id="equals of a Japanese keyboard"),
        pytest.param("yes;=HYPERLINK(1);x", "yes;'=HYPERLINK(1);x", id="after a semicolon"),
        pytest.param('yes;"=HYPERLINK(1);"x', 'yes;\'"=HYPERLINK(1);"x', id="quoted after a semicolon"),
        pytest.param("yes\t+1", "yes\t'+1", id="after a tab"),
        pytest.param("yes\n@x", "yes\n'@x", id="in another line"),
        pytest.param("'=x", "''=x", id="an apostrophe before a formula is kept apart from ours"),
        pytest.param("'t-hooft", "'t-hooft", id="an apostrophe of a name"),
        pytest.param("0,5", "0,5", id="decimal comma"),
        pytest.param("007", "007", id="digits"),
        pytest.param("-0.25", "-0.25", id="a penalty is a number"),
        pytest.param("+5", "+5", id="so is this"),
        pytest.param("doe-jane", "doe-jane", id="a name"),
        pytest.param("", "", id="empty"),
    ],
)
def test_no_cell_is_a_formula(cell, written):
    assert csvs.escape_formula(cell) == written
    assert csvs.unescape_formula(written) == cell


@pytest.mark.parametrize("name", ["007", "12e4567890", "3-4", "1/2", "201912345678", "1.50"])
def test_a_name_that_a_spreadsheet_would_change_is_protected(name):
    assert csvs.escape_formula(name, digits=True) == f"'{name}"
    assert csvs.escape_formula("4711", digits=True) == "4711"


@given(
    cell=st.one_of(st.text(), st.text(alphabet="'=+-@;\t\r\n \"019e.,/a")),
    digits=st.booleans(),
)
def test_every_cell_comes_back(cell, digits):
    assert csvs.unescape_formula(csvs.escape_formula(cell, digits=digits)) == cell
