import unicodedata

import pytest

from grader.errors import UsageError
from grader.intake import roster

CLASS = ("ana-lima", "minh-nguyen", "eszter-szabó")


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "participation.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return roster.read(path, CLASS)

    return read


@pytest.mark.parametrize(
    ("content", "columns", "unknown"),
    [
        pytest.param(
            "student,participated\nana-lima,yes\n", {"ana-lima": {"participated": "yes"}}, [], id="plain"
        ),
        pytest.param(
            "student;participated\nana-lima;no\n", {"ana-lima": {"participated": "no"}}, [], id="semicolons"
        ),
        pytest.param("\ufeffstudent,x\r\nana-lima,1\r\n", {"ana-lima": {"x": "1"}}, [], id="saved by Excel"),
        pytest.param(" Student , X \n ANA-LIMA , 1 \n", {"ana-lima": {"x": "1"}}, [], id="case and spaces"),
        pytest.param("x,student\n1,minh-nguyen", {"minh-nguyen": {"x": "1"}}, [], id="another order"),
        pytest.param(
            "student;comment (a, b, c)\nana-lima;1",
            {"ana-lima": {"comment (a, b, c)": "1"}},
            [],
            id="commas in a column's name",
        ),
        pytest.param("student,x\nESZTER-SZABÓ,1", {"eszter-szabó": {"x": "1"}}, [], id="accents"),
        pytest.param(
            unicodedata.normalize("NFD", "student,x\neszter-szabó,1"),
            {"eszter-szabó": {"x": "1"}},
            [],
            id="decomposed accents",
        ),
        pytest.param('student,x\nana-lima,"a, ""b""\nc"', {"ana-lima": {"x": 'a, "b"\nc'}}, [], id="quotes"),
        pytest.param(
            "student,x\nnobody,1\nana-lima,2",
            {"ana-lima": {"x": "2"}},
            ["nobody (row 2)"],
            id="an unknown student",
        ),
        pytest.param("student,x\n\n,\n  ,\nana-lima,2\n\n", {"ana-lima": {"x": "2"}}, [], id="empty rows"),
        pytest.param("student,x,y\nana-lima,1", {"ana-lima": {"x": "1"}}, [], id="a short row"),
        pytest.param("x,student\n1", {}, [], id="a row without a student"),
        pytest.param("student,x\nana-lima,1,2,3", {"ana-lima": {"x": "1"}}, [], id="a long row"),
        pytest.param("student,x\nana-lima,1\nAna-Lima,1", {"ana-lima": {"x": "1"}}, [], id="the same twice"),
        pytest.param("student", {}, [], id="nobody"),
        pytest.param("\nCourse 7\nstudent;x\nnobody;1", {}, ["nobody (row 4)"], id="a title"),
        pytest.param(
            "student\tx\r\neszter-szabó\t1\r\n".encode("utf-16"),
            {"eszter-szabó": {"x": "1"}},
            [],
            id="Excel's Unicode text",
        ),
        pytest.param(
            "student;x\neszter-szabó;1".encode("cp1252"), {"eszter-szabó": {"x": "1"}}, [], id="Windows-1252"
        ),
    ],
)
def test_a_table_is_read(read, content, columns, unknown):
    assert read(content) == (columns, unknown)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "no column `student` in its first rows; it has: nothing", id="empty"),
        pytest.param("name,participated\nana,yes", "it has: name, participated", id="another column"),
        pytest.param('student,x\n"ana', r"participation\.csv is not a CSV file \(", id="an open quote"),
        pytest.param(
            "student\n" + "x" * 200_000, "has a cell of more than 131,072 characters", id="an endless field"
        ),
        pytest.param(b"PK\x03\x04\0\x81", "is an Excel workbook; save it again as CSV", id="a workbook"),
        pytest.param(
            "student,x\nana-lima,yes\n\nANA-LIMA,no",
            r"participation\.csv, rows 2 and 4: two different rows for ANA-LIMA; keep one",
            id="a contradiction",
        ),
        pytest.param(
            b"student\n" * (roster.MOST_BYTES // 8 + 1),
            "is larger than 16 MiB; is it a list of students",
            id="huge",
        ),
    ],
)
def test_other_files_are_refused(read, content, message):
    with pytest.raises(UsageError, match=message):
        read(content)


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.csv can't be read: No such file"):
        roster.read(tmp_path / "gone.csv", CLASS)
    with pytest.raises(UsageError, match="can't be read: Is a directory"):
        roster.read(tmp_path, CLASS)
