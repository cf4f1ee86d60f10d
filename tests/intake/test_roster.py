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
        (GITHUB, "Jane Doe", "00017", None, {"17", "991"}, "jdoe"),
        ("student\nJane Doe", "Jane Doe", None, None, set(), ""),
        ('Course 7\n\nname,id\nJane Doe,"=""00017"""', "Jane Doe", "00017", None, {"17"}, ""),
        ("name;vorname\nDoe;Jane", "Jane Doe", None, None, set(), ""),
        ("full_name,first name\nJane Doe,Jane", "Jane Doe", None, None, set(), ""),
        ("sep=;\nname;login\nJane Doe;JDoe", "Jane Doe", None, None, set(), "jdoe"),
        ("name,comment (a; b; c)\nJane Doe,x", "Jane Doe", None, None, set(), ""),
        ("name,id\nJane\x1b[31m Doe,1", "'Jane\\x1b[31m Doe'", "1", None, {"1"}, ""),
        ("name,id\n'=Jane Doe,1", "=Jane Doe", "1", None, {"1"}, ""),
        ("name,id\nJane Doe,17\nJane Doe,17\n", "Jane Doe", "17", None, {"17"}, ""),
    ],
    ids=[
        "Canvas", "Moodle", "German", "French", "Spanish", "Gradescope", "Brightspace", "Blackboard", "GitHub",
        "names alone", "a title and a guarded number", "a family name called name", "a name twice", "sep=",
        "semicolons in a column's name", "control characters", "a name like a formula",
        "a row twice",
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
        ("Feb 12, 2026 8 PM", datetime(2026, 2, 12, 20)),  # noqa: DTZ001
        ("Feb 12, 2026 1:05:30 PM", datetime(2026, 2, 12, 13, 5, 30)),  # noqa: DTZ001
        ("Feb 12, 2026 11:59 p.m.", datetime(2026, 2, 12, 23, 59)),  # noqa: DTZ001
        ("12 Feb 2026 23:59 +0200", datetime(2026, 2, 12, 21, 59, tzinfo=UTC)),
        ("Fri, 13 Feb 2026 04:59:00 GMT", datetime(2026, 2, 13, 4, 59, tzinfo=UTC)),
        ("Donnerstag, 12. Februar 2026, 23:59", datetime(2026, 2, 12, 23, 59)),  # noqa: DTZ001
        ("Montag, 12. April 2027, 23:59", datetime(2027, 4, 12, 23, 59)),  # noqa: DTZ001
        ("Freitag, 12. März 2027, 23:59", datetime(2027, 3, 12, 23, 59)),  # noqa: DTZ001
        ("Feb 12, 2026 11:59 PM EST", None),
        ("Feb 12, 2026 8", None),
        ("Feb 12, 2026 23:59 PM", None),
        ("Feb 12, 2026 23:59 or later", None),
        ("Lundi, 12 April 2027, 23:59", None),
        ("12 Smarch 2026, 12:05", None),
        ("2026-02-12", None),
        ("12 February 2026 " + "9" * 5000, None),
    ],
)
def test_dates_are_read_as_systems_and_people_write_them(text, date):
    assert dates.read(text) == date
