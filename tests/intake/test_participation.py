"""Lists of who took part: what a rubric is told of each student, and what a person is told of the file."""

import pytest

from grader.course import Rules
from grader.errors import UsageError
from grader.intake import participation
from grader.intake.enrolment import Enrolled, enrolled
from grader.intake.layouts.model import HandIn
from grader.intake.listing import Entry, Kind
from grader.model import Identity

PLACE = Entry(parts=("x",), whole=("x",), kind=Kind.FOLDER)


def hand_in(name=None, *, people=(), **identity):
    return HandIn(name="x", place=PLACE, entries=(), people=people, identity=Identity(name=name, **identity))


CLASS = {
    "ana-lima": hand_in(),
    "doejane_7": hand_in("doejane", id="7"),
    "Bo Li_b@x.edu": hand_in("Bo Li", email="b@x.edu"),
    "Mei + Max": hand_in(people=(Identity(name="Mei Lin", id="8"), Identity(name="Max Roe", id="9"))),
}
NOBODY = "none"
ANA, JANE, BO, GROUP = CLASS


@pytest.fixture
def read(tmp_path):
    def read(content, column=None):
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = participation.read(path, Enrolled(by_id=CLASS), column)
        return {student: row.get("participated") for student, row in found.rows.items()}, found.notes

    return read


@pytest.mark.parametrize(
    ("content", "column", "said"),
    [
        ("student,participated\nana-lima,yes\n", None, {ANA: "yes"}),
        ("student;participated\nANA-LIMA;No\n", None, {ANA: "no"}),
        ("name,id,posts\nJane Doe,7,3\nBo Li,,0", None, {JANE: "yes", BO: "no"}),
        ('Email,Grade\nb@x.edu,"0,5"', "grade", {BO: "yes"}),
        ('name,a,b\n"Doe, Jane",x,\nBo Li,,x', "a", {JANE: "yes", BO: "no"}),
        ("name,posted\nJane Doe,yes\nBo Li,", None, {JANE: "yes"}),
        ("name,submitted\nJane Doe,yes\nBo Li,no", "submitted", {JANE: "yes", BO: "no"}),
        ("name,posted\nJane Doe,-\nBo Li,3.0", None, {BO: "yes"}),
        ("name,posted\nJane Doe,maybe\nBo Li,nein", None, {BO: "no"}),
        ("name,posted\nMei Lin,yes\nMax Roe,yes", None, {GROUP: "yes"}),
        ("name,posted\nMei Lin,yes\nMax Roe,no", None, {}),
        ("name,posted\nMei Lin,yes", None, {}),
        ("Jane Doe\nLi, Bo\n", None, {ANA: "no", JANE: "yes", BO: "yes", GROUP: "no"}),
        ("7\n\nb@x.edu\nana-lima\n8\n9\n9", None, dict.fromkeys(CLASS, "yes")),
        ("Name\nDoe, Jane\n", None, {ANA: "no", JANE: "yes", BO: "no", GROUP: "no"}),
        ("First name,Last name\nJane,Doe\n", None, {ANA: "no", JANE: "yes", BO: "no", GROUP: "no"}),
        ("Jane Doe\nMei Lin", None, {ANA: "no", JANE: "yes", BO: "no"}),
        ("Jane Doe\r\n".encode("utf-16"), None, {ANA: "no", JANE: "yes", BO: "no", GROUP: "no"}),
    ],
    ids=[
        "our own", "case and semicolons", "a count", "points with a comma", "crosses", "an empty cell among words",
        "a column of another meaning",
        "a dash among numbers", "a word nobody knows", "a group that agrees", "a group that does not",
        "half a group", "names", "ids and addresses", "one column", "two columns of names", "a group in a list",
        "UTF-16",
    ],
)  # fmt: skip
def test_who_took_part_is_told(read, content, column, said):
    assert read(content, column)[0] == said


def test_what_cannot_be_read_is_listed_and_not_guessed(read):
    _, notes = read("name,posted\nJane Doe,maybe\nBo Li,yes\nZoe,yes")
    assert notes == (
        "list.csv: Zoe (row 4) fits nobody who handed in: check the spelling or the id",
        "list.csv: `posted` can't be read as yes or no, so a person decides: Jane Doe (row 2) 'maybe'",
    )


BRIGHTSPACE = {
    "Dina Müller": hand_in("Dina Müller-Groß", id="4001"),
    "Bo Li": hand_in("Bo Li", id="4002"),
    "Team": hand_in("Team"),
}
ROSTER = """OrgDefinedId,SIS ID,Username,Login,Last Name,First Name,Email,Group
#9104,#0077,#dmueller,#dina,Müller-Groß,Dina,d@x.edu,
#9105,,#bli,,Li,Bo,b@x.edu,
#9106,,#mei,,Lin,Mei,m@x.edu,Team
#9107,,#zoe,,Yu,Zoe,z@x.edu,
"""
DINA = "Dina Müller"


@pytest.fixture
def read_with_roster(tmp_path):
    def read(content):
        (path := tmp_path / "list.csv").write_text(content, encoding="utf-8")
        (roster := tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
        found = participation.read(path, enrolled(BRIGHTSPACE, roster, Rules()))
        return {student: row.get("participated") for student, row in found.rows.items()}, found.notes

    return read


@pytest.mark.parametrize(
    "line",
    ["9104", "#9104", "0077", "77", "dmueller", "#DMueller", "dina", "D@x.edu", "4001", "Müller-Groß, Dina"],
)
def test_whatever_the_roster_calls_a_student_counts(read_with_roster, line):
    assert read_with_roster(line) == ({DINA: "yes", "Bo Li": "no", "Team": "no"}, ())


@pytest.mark.parametrize(
    "table", ["id,posts\n9104,1", "username,posts\n0077,1", "id,posts\ndmueller,1", "email,posts\nd@x.edu,1"]
)
def test_a_table_may_call_students_as_the_roster_does(read_with_roster, table):
    assert read_with_roster(table) == ({DINA: "yes"}, ())


def test_a_list_that_names_the_people_of_a_team_by_the_roster_is_read(read_with_roster):
    assert read_with_roster("9106")[0] == {DINA: "no", "Bo Li": "no", "Team": "yes"}


@pytest.mark.parametrize(
    ("line", "others", "notes"),
    [
        ("9107", {DINA: "no", "Team": "no"}, 0),
        ("Yu, Zoe", {DINA: "no", "Team": "no"}, 0),
        ("dmuller", {}, 1),
    ],
    ids=["an id of who handed in nothing", "a name of who handed in nothing", "misspelled"],
)
def test_who_is_not_in_a_list_took_no_part_unless_somebody_may_be_misspelled(
    read_with_roster, line, others, notes
):
    said, told = read_with_roster(f"9105\n{line}")
    assert said == {"Bo Li": "yes", **others}
    doubt = (
        "list.csv: dmuller (row 2) fits nobody who handed in: check the spelling or the id; until then, a person "
        "decides about students who are not in the list"
    )
    assert list(told) == notes * [doubt]


def test_who_is_not_on_the_roster_may_be_somebody_thought_to_be_missing(read_with_roster, monkeypatch):
    monkeypatch.setitem(BRIGHTSPACE, "zo", hand_in("Zo Y", id="4003"))
    assert read_with_roster("9105\n9107")[0] == {DINA: "no", "Bo Li": "yes", "Team": "no"}
    assert read_with_roster("9105")[0] == {DINA: "no", "Bo Li": "yes", "Team": "no", "zo": "no"}


def test_other_columns_reach_the_rubric_without_names(tmp_path):
    (path := tmp_path / "list.csv").write_text("student,email,participated,bonus\nana-lima,a@x.edu,yes,2")
    assert participation.read(path, Enrolled(by_id=CLASS)).rows == {
        "ana-lima": {"bonus": "2", "participated": "yes"}
    }


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("name,a,b\nJane Doe,x,", None, r"may say who took part: a, b. Name one with --column"),
        ("name,a\nJane Doe,x", "c", r"has no column 'c'; it has: name, a\."),
        ("Jane Doe\nBo Li", "a", "has no column that says who it is"),
        ("Zoe\nYan", None, "nobody in this list handed in anything. Give names or ids, one a line"),
        ("posts,comment\n3,x", None, "nobody in this list handed in anything"),
    ],
    ids=["several columns", "no such column", "a list", "strangers", "a table of nobody"],
)  # fmt: skip
def test_other_files_are_refused(read, content, column, message):
    with pytest.raises(UsageError, match=message):
        read(content, column)
