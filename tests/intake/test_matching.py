"""Rows and people: by id, address, login, then name; nobody gets another's row."""

import pytest

from grader.intake import roster
from grader.intake.layouts.model import HandIn
from grader.intake.listing import Entry, Kind
from grader.intake.matching import match
from grader.model import Identity

PLACE = Entry(parts=("x",), whole=("x",), kind=Kind.FOLDER)


def people(**identities):
    """Students by id; the value is what a download knows: id, name, email."""
    return {
        student: HandIn(
            name=student,
            place=PLACE,
            entries=(),
            identity=Identity(**dict(zip(("id", "name", "email"), known, strict=False))),
        )
        for student, known in identities.items()
    }


@pytest.mark.parametrize(
    ("table", "everyone", "rows", "unmatched"),
    [
        ("id,name\n7,Jane Doe", people(a=("7", "doejane")), {"a": 2}, []),
        ("id,name\n0007,Jane Doe", people(a=("7", "Jane Doe")), {"a": 2}, []),
        ("id,name\n7,Jörg Müller", people(a=("7", "mllerjrg")), {"a": 2}, []),
        ("id,name\n7,李伟", people(a=("7", "Li Wei")), {"a": 2}, []),
        ("id,sis id,name\n1,7,Jane Doe", people(a=("7", "Jane Doe")), {"a": 2}, []),
        ("id,email\n9,J@X.edu", people(a=("7", None, "j@x.edu")), {"a": 2}, []),
        ("name,login\nJane,JDoe", people(a=("jdoe",)), {"a": 2}, []),
        ('name\n"Doe, Jane"', people(a=(None, "Jane Doe")), {"a": 2}, []),
        ('name\n"Doe, Jane"', people(a=(None, "doejane")), {"a": 2}, []),
        ("name,id\nx,ana", people(ana=()), {"ana": 2}, []),
        ("name,email\nx,a@x.edu", people(**{"a@x.edu": ()}), {"a@x.edu": 2}, []),
        ("student,name\nana,Somebody Else", people(ana=(None, "Ana Lima")), {"ana": 2}, []),
        ("id,name\n7,Bob Roe\n8,Jane Doe", people(a=("7", "Jane Doe")), {"a": 3}, [2]),
        ("id,name\n1,Jane Doe\n2,Jane Doe", people(a=("2", "Jane Doe")), {"a": 3}, [2]),
        ("name\nZoe", people(a=(None, "Jane Doe")), {}, [2]),
    ],
    ids=[
        "an id", "zeros that a spreadsheet drops", "a name without its accents", "another script", "a second id",
        "an address", "a login", "a name", "a name without spaces", "a folder called by an id",
        "a folder called by an address", "our own name", "another system's number", "a namesake with another id",
        "a stranger",
    ],
)  # fmt: skip
def test_a_row_finds_its_person(tmp_path, table, everyone, rows, unmatched):
    (path := tmp_path / "roster.csv").write_text(table)
    found = match(roster.read(path), everyone, source="roster.csv")
    assert {student: row.number for (student, _), row in found.rows.items()} == rows
    assert [row.number for row in found.unmatched] == unmatched
    assert (found.notes, found.unclear) == ((), frozenset())


@pytest.mark.parametrize(
    ("table", "everyone", "doubt"),
    [
        (
            "name\nJane Doe",
            people(a=("1", "Jane Doe"), b=("2", "doe-jane")),
            "1 row was not used because it is ambiguous: Jane Doe (row 2) fits a, b",
        ),
        (
            "name,section\nJane Doe,A\nDoe Jane,B",
            people(a=(None, "Jane Doe")),
            (
                "2 rows were not used because they are ambiguous: Jane Doe (row 2) and another row fit a; "
                "Doe Jane (row 3) and another row fit a"
            ),
        ),
        (
            "id,sis id\n1,2",
            people(a=("1",), b=("2",)),
            "1 row was not used because it is ambiguous: 1 (row 2) fits a, b",
        ),
        (
            "id,name\n1,Bo Li\n3,Jane Doe",
            people(a=("1", "Bo Li"), b=("2", "Jane Doe")),
            "1 row was not used because it is ambiguous: Jane Doe (row 3) has the name of b, but another id",
        ),
    ],
    ids=["two people of one name", "two rows of one name", "two ids", "another id"],
)
def test_what_fits_two_is_nobodys(tmp_path, table, everyone, doubt):
    (path := tmp_path / "roster.csv").write_text(table)
    found = match(roster.read(path), everyone, source="roster.csv")
    assert found.notes == (f"roster.csv: {doubt}",)
    assert found.unmatched == ()
    assert found.unclear == set(everyone) - {student for student, _ in found.rows}
