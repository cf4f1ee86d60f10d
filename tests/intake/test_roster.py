"""Rosters as people write them and systems export them: what each row says, and which files are refused."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from grader.errors import UsageError
from grader.intake import dates, roster

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (4711)
    Points Possible,,,,,8
"Doe, Jane",12345,00017,jdoe,Mon,
"Student, Test",99,,x,Mon,
"""
MOODLE = """Identifier,Full name,ID number,Email address,Status,Group,Grade,Last modified (submission),Due date
Participant 12345,Jane Doe,00017,jane@x.edu,Submitted,Team Red,,"Wednesday, 10 June 2026, 2:14 PM",-
"""
GERMAN = "Vorname;Nachname;ID-Nummer;E-Mail-Adresse;Gruppe\nJane;Doe;00017;jane@x.edu;Team Red\n"
FRENCH = "Prénom,Nom,Numéro d'identification,Adresse de courriel\nJane,Doe,00017,jane@x.edu\n"
SPANISH = "Nombre,Apellido(s),Número de ID,Dirección de correo\nJane,Doe,00017,jane@x.edu\n"
GRADESCOPE = """First Name,Last Name,SID,Email,Role,Section
Jane,Doe,00017,jane@x.edu,Student,Mon
Ann,Lee,,a@x.edu,TA,
"""
BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator
#17,#jdoe,Doe,Jane,jane@x.edu,#
"""
BLACKBOARD = "Last Name\tFirst Name\tUsername\tStudent ID\nDoe\tJane\tjdoe\t00017\n"
GITHUB = "identifier,github_username,github_id,name\n00017,jdoe,991,Jane Doe\n"


@pytest.fixture
def written(tmp_path):
    def written(content):
        path = tmp_path / "roster.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.mark.parametrize(
    ("content", "name", "number", "email", "ids", "login"),
    [
        (CANVAS, "Doe, Jane", "12345", None, {"12345", "17"}, "jdoe"),
        (MOODLE, "Jane Doe", "12345", "jane@x.edu", {"12345", "17"}, ""),
        (GERMAN, "Jane Doe", "00017", "jane@x.edu", {"17"}, ""),
        (FRENCH, "Jane Doe", "00017", "jane@x.edu", {"17"}, ""),
        (SPANISH, "Jane Doe", "00017", "jane@x.edu", {"17"}, ""),
        (GRADESCOPE, "Jane Doe", "00017", "jane@x.edu", {"17"}, ""),
        (BRIGHTSPACE, "Jane Doe", "17", "jane@x.edu", {"17"}, "jdoe"),
        (BLACKBOARD.encode("utf-16"), "Jane Doe", "00017", None, {"17"}, "jdoe"),
        (GITHUB, "Jane Doe", "00017", None, {"17"}, "jdoe"),
        ("student\nJane Doe", "Jane Doe", None, None, set(), ""),
        ('Course 7\n\nname,id\nJane Doe,"=""00017"""', "Jane Doe", "00017", None, {"17"}, ""),
        ("name;vorname\nDoe;Jane", "Jane Doe", None, None, set(), ""),
        ("full_name,first name\nJane Doe,Jane", "Jane Doe", None, None, set(), ""),
        ("sep=;\nname;login\nJane Doe;JDoe", "Jane Doe", None, None, set(), "jdoe"),
        ("name,comment (a; b; c)\nJane Doe,x", "Jane Doe", None, None, set(), ""),
        ("name,id\nJane\x1b[31m Doe,1", "'Jane\\x1b[31m Doe'", "1", None, {"1"}, ""),
        ("name,id\nJane Doe,17\nJane Doe,17\n", "Jane Doe", "17", None, {"17"}, ""),
    ],
    ids=[
        "Canvas", "Moodle", "German", "French", "Spanish", "Gradescope", "Brightspace", "Blackboard", "GitHub",
        "names alone", "a title and a guarded number", "a family name called name", "a name twice", "sep=",
        "semicolons in a column's name", "control characters", "a row twice",
    ],
)  # fmt: skip
def test_a_roster_is_read_as_it_comes(  # noqa: PLR0917 - a row of the table
    written, content, name, number, email, ids, login
):
    (row,) = roster.read(written(content))
    assert (row.identity.name, row.identity.id, row.identity.email) == (name, number, email)
    assert (row.ids, row.login) == (ids, login)


def test_a_roster_says_when_and_with_whom_somebody_worked(written):
    (row,) = roster.read(written(MOODLE))
    assert (row.arrival.at, row.arrival.due) == (datetime(2026, 6, 10, 14, 14), None)  # noqa: DTZ001
    assert "teamred" in row.teams
    (row,) = roster.read(written("name,due,extension,section\nJane,2026-02-12T23:59Z,2 days,Mon"))
    assert row.arrival.due == datetime(2026, 2, 12, 23, 59, tzinfo=UTC)
    assert (row.arrival.extension, row.identity.section) == (timedelta(days=2), "Mon")


def test_decomposed_accents_are_the_same(written):
    (row,) = roster.read(written(unicodedata.normalize("NFD", "student,x\nESZTER-SZABÓ,1")))
    assert row.alias == "eszter-szabó"


REFUSED = [
    pytest.param("", "has no column that says who it is, .*; it has: nothing", id="empty"),
    pytest.param(b"PK\x03\x04\0\x81", "is an Excel workbook; save it again as CSV", id="a workbook"),
    pytest.param(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x81", "is not a text file; save it again as CSV", id="binary"
    ),
    pytest.param("name,id\nJane\0Doe,1", "is not a text file", id="NUL bytes"),
    pytest.param(
        "points,comment\n1,x", "it has: points, comment. Name the columns in the first row", id="nobody"
    ),
    pytest.param('name,id\n"Jane', r"roster\.csv is not a CSV file \(", id="an open quote"),
    pytest.param(
        "name\n" + "x" * 200_000, "has a cell of more than 131,072 characters", id="an endless cell"
    ),
    pytest.param(b"name,id\n" * (20 << 17), "is larger than 16 MiB; is it a list of students", id="20 MB"),
    pytest.param(
        "id,name\n17,Jane\n\n17,Joan", "rows 2 and 4: two different rows for 17; keep one", id="one id twice"
    ),
    pytest.param(
        "student,due\na,\nA,2026-02-12 23:59", "rows 2 and 3: two different rows for a", id="one name twice"
    ),
    pytest.param(
        "name,due\nJane,tomorrow", "row 2: `due` is 'tomorrow', not a date with a time", id="a word"
    ),
    pytest.param(
        "name,due\nJane,2026-02-12", "row 2: `due` is '2026-02-12', not a date with a time", id="a day"
    ),
    pytest.param("name,due\nJane,3/4/2026 12:00", "write it as in 2026-02-12 23:59", id="which month"),
    pytest.param("name,due\nJane,2026-02-30 12:00", "row 2: `due` is '2026-02-30 12:00'", id="no such day"),
    pytest.param(
        "name,due\nJane,9999-12-31 23:59", "row 2: `due` is '9999-12-31 23:59'", id="the end of time"
    ),
    pytest.param("name,submitted\nJane,\x1b[2J", r"row 2: `submitted` is .*x1b", id="an escape"),
    pytest.param(
        "name,extension\nJane,2", "row 2: `extension` is '2'; write a number and min, hours", id="no unit"
    ),
    pytest.param("name,extension\nJane,-2 days", "row 2: `extension` is '-2 days'", id="less time"),
    pytest.param("name,extension\nJane,9999 weeks", "that is longer than ten years", id="years"),
    pytest.param("name,due,due date\nJane,,", "has the columns `due` and `due date`", id="two due times"),
    pytest.param(
        "name,id\n=A1&B1,1", "row 2: =A1&B1 is a formula; paste its value", id="a formula as a name"
    ),
    pytest.param('name,id\nJane,"=HYPERLINK(""x"")"', "row 2: .* is a formula", id="a formula as an id"),
    pytest.param("name;id\nJane;1".encode("utf-16")[:-1], "is not a text file", id="half of UTF-16"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_other_files_are_refused_with_the_row(written, content, message):
    with pytest.raises(UsageError, match=message) as refusal:
        roster.read(written(content))
    assert "roster.csv" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.csv can't be read: No such file"):
        roster.read(tmp_path / "gone.csv")
    with pytest.raises(UsageError, match="can't be read: Is a directory"):
        roster.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-02-12 23:59", datetime(2026, 2, 12, 23, 59)),  # noqa: DTZ001
        ("2026-02-12T23:59:00 UTC", datetime(2026, 2, 12, 23, 59, tzinfo=UTC)),
        ("2026-02-12 16:59:00 -0700", datetime(2026, 2, 12, 23, 59, tzinfo=UTC)),
        ("12.02.2026 23:59", datetime(2026, 2, 12, 23, 59)),  # noqa: DTZ001
        ("Thursday, February 12, 2026, 11:59 PM", datetime(2026, 2, 12, 23, 59)),  # noqa: DTZ001
        ("12 February 2026, 12:05 AM", datetime(2026, 2, 12, 0, 5)),  # noqa: DTZ001
        ("12 Smarch 2026, 12:05", None),
        ("2026-02-12", None),
        ("12 February 2026 " + "9" * 5000, None),
    ],
)
def test_dates_are_read_as_systems_and_people_write_them(text, date):
    assert dates.read(text) == date
