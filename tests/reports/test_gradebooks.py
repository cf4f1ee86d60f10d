"""Gradebooks of course systems come back with one column filled in, and else the same, byte for byte."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.model import Ending, Identity, Lateness, Ruling, Visibility
from grader.reports.gradebooks import layout, moodle
from grader.reports.gradebooks.filling import Choices, Fate, fill
from grader.reports.gradebooks.people import read_ids
from grader.reports.gradebooks.sheet import Sheet

from .upload import faults

GIVEN = Path(__file__).parent / "gradebooks"
TITLE = "Homework 1: gradients, perceptrons, a first classifier"
SYSTEMS = {"canvas": layout.CANVAS, "brightspace": layout.BRIGHTSPACE, "blackboard": layout.BLACKBOARD}

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (777),Homework 2 (778),Final Score\r\n"
    "    Points Possible,,,,,3.5,10,(read only)\r\n"
    '"Adams, Ann",101,N101,aa1,DL,,,7\r\n'
    "\"Chan, Cy\",102,N102,chan-cy,'DL',1.00,,\r\n"
    '"Doe, Jane",103,"N103",jd3,DL,,9,\r\n'
    '"Zed, Zoe",109,N109,zz9,DL,,,\r\n'
    '"Student, Test",110,,x,DL,,,\r\n'
)
MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 201,Ann Adams,aa1@x.edu,Submitted,,3.50,Yes,"Friday, 12 February 2021",-,\n'
    "Participant 202,Cy Chan,cc2@x.edu,Submitted,1.00,3.50,Yes,-,-,\n"
    'Participant 203,Jane Doe,jd3@x.edu,Submitted,,3.50,No,-,-,"a ""b"""\n'
    "Participant 209,Zoe Zed,zz9@x.edu,No submission,,3.50,Yes,-,-,\n"
)
BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,First Name,Homework 1 Points Grade <Numeric MaxPoints:10 Weight:5>,"
    "Homework 2 Points Grade <Numeric MaxPoints:5>,End-of-Line Indicator\r\n"
    "#0101,#aa1,Adams,Ann,,4,#\r\n"
    "#0103,#jd3,Doe,Jane,,,#\r\n"
)
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"'
    '\t"Total [Total Pts: up to 20 Score] |1"\t"Homework 1 [Total Pts: 10 Score] |664617"\r\n'
    '"Adams"\t"Ann"\t"aa1"\t"0101"\t"2026-02-12 11:04:05"\t"Yes"\t""\t""\r\n'
    '"Doe"\t"Jane"\t"jd3"\t"0103"\t""\t"Yes"\t"3.00"\t"In Progress(2.00)"\r\n'
)


@pytest.fixture
def of(ann):
    """A grade, in points out of 10, and whose it is."""

    def of(student, points="7.5", *, of="10", **who):
        more = {"total": Decimal(points), "max": Decimal(of), "title": TITLE}
        return replace(ann, student=student, identity=Identity(**who), **more)

    return of


def filled(system, book, grades, *, missing=(), column=None, given=None, title="Homework 1", **choices):
    content = book if isinstance(book, bytes) else book.encode()
    sheet = Sheet.read(content, name="book.csv")
    where = (
        moodle.layout(sheet, column=column)
        if system == "moodle"
        else layout.layout(sheet, SYSTEMS[system], title=title, column=column)
    )
    return fill(sheet, where, grades, missing, choices=Choices(**choices), given=given)


def whys(done):
    return {entry.student: entry.why for entry in done.entries if entry.fate is not Fate.FILLED}


def counts(done):
    return tuple(map(done.count, Fate))


# --- what was given: downloads that other releases filled wrongly or not at all


def people(of):
    """A class as its download told it."""
    return [
        of("doejane_1001", "7.5", id="1001", name="doejane"),
        of("smithbob_1002", "8.25", id="1002", name="smithbob"),
        of("oconnorsean_1003", "6", id="1003", name="oconnorsean"),
        of("group_3_1004", "9", id="1004", name="group 3"),
        of("leealex", "5", name="Alex Lee"),
    ]


@pytest.mark.parametrize(
    ("book", "choices", "expected", "fates"),
    [
        pytest.param("canvas_excused", {}, {}, (0, 2, 3), id="EX and N/A stay"),
        pytest.param(
            "canvas_excused", {"overwrite": True}, {"1002": "8.25"}, (1, 1, 3), id="N/A is replaced"
        ),
        pytest.param(
            "canvas_last_name_first_name",
            {},
            {"1001": "7.5", "1002": "8.25"},
            (2, 0, 3),
            id="names in two columns",
        ),
        pytest.param("canvas_group_name_with_number", {}, {"1004": "9"}, (1, 0, 5), id="group 3 is 1004"),
        pytest.param(
            "canvas_two_attachments_of_one",
            {},
            {"1001": "7.5", "1002": "8.25", "1004": "9"},
            (3, 1, 4),
            id="a name twice leaves only that name",
        ),
        pytest.param(
            "canvas_two_attachments_of_one",
            {"given": {"leealex": "1006"}, "overwrite": True},
            {"1001": "7.5", "1002": "8.25", "1003": "6", "1004": "9", "1006": "5"},
            (5, 0, 2),
            id="an id that a person gave",
        ),
    ],
)
def test_canvas_downloads(of, book, choices, expected, fates):
    before = (GIVEN / f"{book}.csv").read_bytes()
    done = filled("canvas", before, people(of), title=TITLE, **choices)
    assert faults("canvas", before, done.content, expected) == []
    assert counts(done) == fates


@pytest.mark.parametrize(
    ("book", "points", "choices", "expected", "fates"),
    [
        pytest.param("moodle_german", "7.5", {}, {"12345": "7.5", "12347": "7.5"}, (2, 2, 2), id="in German"),
        pytest.param(
            "moodle_german",
            "7.5",
            {"overwrite": True},
            {"12345": "7.5", "12347": "7.5", "12348": "7.5"},
            (3, 1, 2),
            id="a grade and its comment are replaced",
        ),
        pytest.param(
            "moodle_comma_new_spelling", "7.5", {}, {"12345": "7.5"}, (1, 0, 3), id="today's spelling"
        ),
        pytest.param("moodle_of_100", "7.5", {}, {"12345": "7.5", "12347": "7.5"}, (2, 2, 2), id="of 100"),
        pytest.param("moodle_of_2", "7.5", {}, {}, (0, 0, 6), id="more than the maximum"),
        pytest.param("moodle_of_2", "1.5", {}, {"12345": "1.5", "12347": "1.5"}, (2, 2, 2), id="of 2"),
        pytest.param("moodle_graded_already", "7.5", {}, {}, (0, 1, 3), id="graded by hand"),
        pytest.param("moodle_graded_already", "3", {}, {"12348": "3"}, (1, 0, 3), id="the same grade"),
    ],
)
def test_moodle_worksheets(of, *, book, points, choices, expected, fates):
    before = (GIVEN / f"{book}.csv").read_bytes()
    own = ("12345", "12347", "12348", "12349")
    done = filled("moodle", before, [of(f"p{each}", points, id=each) for each in own], **choices)
    assert faults("moodle", before, done.content, expected, expected) == []
    assert counts(done) == fates


def test_numbers_are_written_as_the_file_writes_them(of):
    before = (GIVEN / "moodle_comma_new_spelling.csv").read_bytes()
    done = filled("moodle", before, [of("jane", id="12345")])
    assert done.content == before.replace(b",,", b',"7,50",')


FRENCH = (
    "Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,La note peut être modifiée,"
    "Dernière modification (travail remis),Dernière modification (note),Feedback par commentaires"
)
SPANISH = (
    "Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima,"
    "La calificación puede ser cambiada,Última modificación (entrega),Última modificación (calificación),"
    "Comentarios de retroalimentación"
)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        pytest.param(FRENCH, {"Yes": "Oui", "No": "Non"}, id="French"),
        pytest.param(SPANISH, {"Participant": "Participante", "Yes": "Sí"}, id="Spanish"),
    ],
)
def test_other_languages_are_read_by_place_and_type(of, header, words):
    rows = MOODLE.partition("\n")[2]
    for english, other in words.items():
        rows = rows.replace(f"{english},", f"{other},").replace(f"{english} ", f"{other} ")
    before = f"\ufeff{header}\n{rows}".encode()
    grades = [of(each, "2.25", of="3.5", id=own) for each, own in (("ann", "201"), ("jane", "203"))]
    done = filled("moodle", before, grades)
    assert whys(done)["jane"] == "the gradebook locks its row"
    assert Sheet.read(done.content, name="x").rows[1][-1].startswith("2.25 of 3.5 points.")
    graded = before.replace(b"Submitted,,3.50", b"Submitted,2.25,3.50", 1)
    assert done.content.splitlines()[0::2] == graded.splitlines()[0::2]
    assert done.content.splitlines()[1].startswith(graded.splitlines()[1])


# --- encodings, quotes, delimiters, ends of lines


@pytest.mark.parametrize(
    ("system", "book", "own"),
    [
        pytest.param("canvas", CANVAS.encode(), "101", id="Canvas"),
        pytest.param("canvas", CANVAS.encode("utf-8-sig"), "101", id="a byte order mark"),
        pytest.param("canvas", CANVAS.replace("\r\n", "\n").encode(), "101", id="line feeds"),
        pytest.param("canvas", CANVAS.removesuffix("\r\n").encode(), "101", id="no end of the last line"),
        pytest.param("canvas", b"sep=,\r\n" + CANVAS.encode(), "101", id="a line for Excel"),
        pytest.param(
            "canvas", CANVAS.replace('"', "").replace(", ", " ").replace(",", ";").encode(), "101", id=";"
        ),
        pytest.param(
            "canvas", CANVAS.replace(",DL,", ',"D\nL",').encode(), "101", id="a line break in a cell"
        ),
        pytest.param("moodle", MOODLE.encode(), "201", id="Moodle"),
        pytest.param("brightspace", BRIGHTSPACE.encode(), "aa1", id="Brightspace"),
        pytest.param("blackboard", BLACKBOARD.encode("utf-16"), "aa1", id="Blackboard in UTF-16"),
        pytest.param(
            "blackboard", BLACKBOARD.replace("\t", ",").encode(), "aa1", id="Blackboard with commas"
        ),
        pytest.param("blackboard", BLACKBOARD.replace('"', "").encode("utf-16"), "aa1", id="without quotes"),
    ],
)
def test_nothing_but_the_grade_changes(of, system, book, own):
    done = filled(system, book, [of("x", "2.5", id=own)])
    assert faults(system, book, done.content, {own: "2.5"}, [own]) == []
    assert filled(system, done.content, [of("x", "2.5", id=own)]).content == done.content


def test_cells_that_stay_are_not_even_quoted_anew(of):
    done = filled("canvas", CANVAS, [of("x", "2.5", id="103")])
    assert done.content.decode() == CANVAS.replace('"N103",jd3,DL,,9', '"N103",jd3,DL,2.50,9')


def test_windows_letters_stay(of):
    book = CANVAS.replace("Zoe", "Zoë").encode("cp1252")
    assert filled("canvas", book, [of("x", "2.5", id="101")]).content == book.replace(
        b"DL,,,7", b"DL,2.50,,7"
    )


def test_a_short_row_grows_to_its_grade(of):
    short = "Student,ID,Section,Homework 1 (777)\nAnn Adams,101\n"
    assert filled("canvas", short, [of("x", id="101")]).content == short.encode().replace(
        b"101\n", b"101,,7.50\n"
    )


# --- the checker itself


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param((b"Homework 1 (777)", b"Homework 1"), "became", id="a header"),
        pytest.param((b"2.50", b"2.5"), "two decimals", id="one decimal"),
        pytest.param((b"2.50", b"2.51"), "should have", id="another grade"),
        pytest.param((b"2.50,,7", b",2.50,7"), "should have", id="another column"),
        pytest.param((b"1.00", b"2.00"), "became", id="another student"),
        pytest.param((b"3.5,10", b"4,10"), "became", id="the points that are possible"),
        pytest.param((b'"N103"', b"N103"), "became", id="quotes"),
        pytest.param((b"\r\n", b"\n"), "its end", id="ends of lines"),
        pytest.param((b"Student,ID", b"\xef\xbb\xbfStudent,ID"), "encoding", id="a mark"),
        pytest.param((b'"Zed, Zoe",109,N109,zz9,DL,,,\r\n', b""), "rows became", id="a row is gone"),
        pytest.param((b"110,,x,DL,,,", b"110,,x,DL,2.50,,"), "became", id="the test student"),
        pytest.param((b"aa1,DL,2.50,", b"aa1,DL,2.50"), "number of its cells", id="a cell is gone"),
    ],
)
def test_the_checker_finds_planted_faults(change, said):
    right = CANVAS.encode().replace(b"DL,,,7", b"DL,2.50,,7")
    assert faults("canvas", CANVAS.encode(), right, {"101": "2.5"}) == []
    assert right.replace(*change) != right
    assert said in " ".join(faults("canvas", CANVAS.encode(), right.replace(*change), {"101": "2.5"}))


# --- who is who


@pytest.mark.parametrize(
    ("student", "who", "row"),
    [
        pytest.param("x", {"id": "103"}, 4, id="ID"),
        pytest.param("x", {"id": "n103"}, 4, id="SIS User ID, whatever its case"),
        pytest.param("x", {"email": "jd3"}, 4, id="login"),
        pytest.param("jd3", {}, 4, id="a file named after the login"),
        pytest.param("doejane_7", {"name": "doejane"}, 4, id="name as Canvas writes it in names of files"),
        pytest.param("Jane_Doe", {}, 4, id="name in the other order"),
        pytest.param("x", {"id": "103", "name": "Jane Roe"}, 4, id="another name than the gradebook's"),
        pytest.param(
            "x", {"id": "103", "name": "Ann Adams"}, "its id is in row 5, under another name", id="both"
        ),
        pytest.param(
            "x", {"id": "103", "name": "Max Power"}, "its id is in row 5, under another name", id="by chance"
        ),
        pytest.param("x", {"id": "5"}, "no row has its id or name", id="nobody"),
        pytest.param("x", {"name": "Student, Test"}, "no row has its id or name", id="the test student"),
    ],
)
def test_ids_come_before_names(of, student, who, row):
    entry, *_ = filled("canvas", CANVAS, [of(student, "3", **who)]).entries
    assert (entry.row if entry.row is not None else entry.why) == row


@pytest.mark.parametrize(
    ("who", "why"),
    [
        pytest.param([{"name": "Jane Doe"}] * 2, ["another student has the same name"] * 2, id="one name"),
        pytest.param([{"id": "103"}] * 2, ["row 5 is also that of another student"] * 2, id="one id"),
        pytest.param(
            [{"id": "103"}, {"name": "Jane Doe"}],
            ["", "row 5 is also that of another student"],
            id="the id wins",
        ),
    ],
)
def test_one_row_is_never_for_two(of, who, why):
    done = filled("canvas", CANVAS, [of(str(place), "3", **each) for place, each in enumerate(who)])
    assert [entry.why for entry in done.entries[:2]] == why


def test_no_namesake_gets_the_grade_of_an_id_that_is_not_there(of):
    """Only a class whose ids are of another system is known by names."""
    jane, ann = of("x", "3", id="7", name="Jane Doe"), of("y", "3", id="101", name="Ann Adams")
    assert filled("canvas", CANVAS, [jane]).entries[0].row == 4
    assert filled("canvas", CANVAS, [jane, ann]).entries[0].why == "no row has its id, only its name (row 5)"


def test_what_a_message_says_of_a_cell_is_one_short_line(of):
    book = CANVAS.replace("1.00", '"a\n' + "b" * 500 + '"').replace(
        '"Chan, Cy"', '"Chan,\nCy' + "y" * 500 + '"'
    )
    entry = filled("canvas", book, [of("chan-cy", "3")]).entries[0]
    assert entry.why.startswith("a bbb")
    assert len(entry.why) < 200
    assert all(
        "\n" not in entry.student and len(entry.student) < 120 for entry in filled("canvas", book, []).entries
    )


def test_each_member_of_a_group_gets_its_grade(of):
    group = replace(
        of("team-a", "3"), people=(Identity(name="Ann Adams"), Identity(id="109", name="Zoe Zed"))
    )
    done = filled("canvas", CANVAS, [group])
    assert faults("canvas", CANVAS.encode(), done.content, {"101": "3", "109": "3"}) == []
    assert [entry.student for entry in done.entries[:2]] == ["Ann Adams of team-a", "Zoe Zed of team-a"]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        pytest.param("student,id\nann,101\n", {"ann": "101"}, id="plain"),
        pytest.param("\ufeffID;Name;Student\n101;x; ann \n;;\n", {"ann": "101"}, id="any order"),
        pytest.param(
            "student,login\nann,aa1\n",
            "needs the columns `student` and `id`; it has: student, login",
            id="no id",
        ),
        pytest.param("", "needs the columns `student` and `id`; it has: none", id="empty"),
        pytest.param("student,id\nann,\n", "row 2: the student or the id is missing", id="half a row"),
        pytest.param("student,id\nann,1\nann,2\n", "row 3: a second id for ann", id="two ids"),
        pytest.param("student,id,id\nann,1,2\n", "has two columns `student` or two", id="two columns"),
        pytest.param("student,id\nann,1\nbob,1\n", "row 3: another student has the id 1", id="two students"),
    ],
)
def test_ids_that_a_person_gives(text, given):
    if isinstance(given, dict):
        assert read_ids(text.encode(), name="ids.csv") == given
    else:
        with pytest.raises(UsageError, match=f"ids.csv.*{given}"):
            read_ids(text.encode(), name="ids.csv")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"bob": "101"}, "bob is not in the class", id="student"),
        pytest.param({"ann": "999"}, "the id 999 of ann is not in the gradebook", id="id"),
        pytest.param({"ann": "101", "Ann A.": "102"}, "Ann A. has a second id, 102", id="one person twice"),
        pytest.param({"team": "101"}, "team is 2 people. Name them by their own names or ids.", id="group"),
    ],
)
def test_ids_that_fit_nobody_are_refused(of, given, said):
    team = replace(of("team"), people=(Identity(id="1"), Identity(id="2")))
    with pytest.raises(UsageError, match=said):
        filled("canvas", CANVAS, [of("ann", name="Ann A."), team], given=given)


# --- what is written, and what stays


def test_every_grade_and_every_row_is_named_once(room):
    done = filled("canvas", CANVAS, room)
    assert faults("canvas", CANVAS.encode(), done.content, {"101": "3.5"}) == []
    assert whys(done) == {
        "byte-bob": "no row has its id or name",
        "chan-cy": "1.00 in the gradebook, 2.00 here; --overwrite replaces it",
        "doe-jane": "the grade is provisional",
        "evil-eve": "no row has its id or name",
        "fox-finn": "no row has its id or name",
        "gray-gus": "no row has its id or name",
        "Zed, Zoe": "no grade",
    }
    assert counts(done) == (1, 1, 6)


@pytest.mark.parametrize(
    ("ending", "ruled", "why"),
    [
        pytest.param(
            Ending.BROKEN, False, "an internal error of the grader, which must not count as zero", id="ours"
        ),
        pytest.param(
            Ending.UNREADABLE,
            False,
            "the hand-in can't be read, and nobody has decided what it is worth",
            id="unread",
        ),
        pytest.param(Ending.UNREADABLE, True, None, id="a person decided"),
        pytest.param(Ending.ERROR, False, None, id="provisional, and asked for"),
    ],
)
def test_no_false_zero_even_where_provisional_grades_are_asked_for(room, ending, ruled, why):
    ruling = Ruling(
        check="c", group="g", student="", points=Decimal(0), comment="", by="Ada", at="2026-01-01"
    )
    grade = replace(room[0], ending=ending, provisional=True, total=Decimal(0))
    question, *more = grade.questions
    checks = tuple(replace(check, ruling=ruling if ruled else None) for check in question.checks)
    grade = replace(grade, questions=(replace(question, checks=checks), *more))
    assert whys(filled("canvas", CANVAS, [grade], provisional=True)).get("adams-ann") == why


@pytest.mark.parametrize(
    ("zero", "points"), [pytest.param(True, {"109": "0"}, id="0"), pytest.param(False, {}, id="blank")]
)
def test_who_handed_in_nothing_gets_what_the_rules_say(zero, points):
    done = filled("canvas", CANVAS, [], missing=[Identity(name="Zed, Zoe", id="109")], zero=zero)
    assert faults("canvas", CANVAS.encode(), done.content, points) == []
    assert ("Zed, Zoe" in whys(done)) is not zero


def test_nobody_gets_0_while_somebody_who_handed_in_has_no_row(of):
    missing = [Identity(name="Zed, Zoe", id="109")]
    lost = filled("canvas", CANVAS, [of("Zoe Xu Zed", "3")], missing=missing, zero=True)
    assert lost.content == CANVAS.encode()
    assert lost.notes[-1].startswith(
        "No 0 was written for those who handed in nothing, as somebody who handed"
    )
    known = filled("canvas", CANVAS, [of("x", "3", id="103")], missing=missing, zero=True)
    assert b'"Zed, Zoe",109,N109,zz9,DL,0.00' in known.content


def test_a_maximum_is_checked_and_a_different_one_noted(of):
    done = filled("canvas", CANVAS, [of("a", "3.51", id="101"), of("z", "3.50", id="109")])
    assert whys(done)["a"] == "3.51 points are more than 3.5, the most that the gradebook takes"
    assert done.notes == ["Canvas gives up to 3.5 points, these grades up to 10; they were not scaled."]
    assert faults("canvas", CANVAS.encode(), done.content, {"109": "3.5"}) == []


@pytest.mark.parametrize(
    ("total", "written"),
    [
        pytest.param(sum(map(Decimal, ("0.1", "1.2", "1.6"))), "2.90", id="three checks"),
        pytest.param(Decimal("3.4999"), "3.49", id="never up"),
        pytest.param(3 * (Decimal(1) / 3), "1.00", id="three thirds"),
    ],
)
def test_points_are_cut_to_the_cent(of, total, written):
    done = filled("canvas", CANVAS, [of("x", total, id="101")])
    assert done.content == CANVAS.encode().replace(b"DL,,,7", f"DL,{written},,7".encode())


# --- comments


def test_a_comment_says_what_cost_points(room):
    late = Lateness(points=Decimal("0.5"), message="Handed in 1 day after the due time.")
    grade = replace(room[2], identity=Identity(id="209"), late=late, total=Decimal("1.50"))
    row = Sheet.read(filled("moodle", MOODLE, [grade]).content, name="x").rows[4]
    assert row[4] == "1.50"
    assert row[9] == (
        "1.5 of 3.5 points. 4.3: The figure shows `image` (-0.5). 4.6: `evaluate` scores everything the loader "
        "yields, not just its first batch (-1). Other checks are not shown. Handed in 1 day after "
        "the due time (-0.5)."
    )


def test_a_comment_is_escaped_and_hides_what_is_hidden(room):
    question = room[2].questions[3]
    checks = [
        replace(question.checks[0], title="<b>\x00 & ;=HYPERLINK(1)"),
        replace(question.checks[0], title="secret", visibility=Visibility.AFTER_DUE_DATE),
    ]
    grade = replace(
        room[2], identity=Identity(id="209"), questions=(replace(question, checks=tuple(checks)),)
    )
    text = Sheet.read(filled("moodle", MOODLE, [grade]).content, name="x").rows[4][9]
    assert text == (
        "2 of 3.5 points. 4.6: &lt;b&gt;\N{REPLACEMENT CHARACTER} &amp; ;'=HYPERLINK(1) (-1). "
        "Other checks are not shown."
    )


def test_an_earlier_comment_stays_unless_it_may_be_replaced(of):
    book = MOODLE.replace("-,-,\n", "-,-,well done\n")
    grade = of("x", "3", of="3.5", id="209")
    kept, replaced = (filled("moodle", book, [grade], overwrite=each) for each in (False, True))
    assert [entry.why for done in (kept, replaced) for entry in done.entries[:1]] == [
        "its comment was kept",
        "",
    ]
    assert b"Zed,zz9@x.edu,No submission,3.00,3.50,Yes,-,-,well done" in kept.content
    assert b"Zed,zz9@x.edu,No submission,3.00,3.50,Yes,-,-,3 of 3.5 points." in replaced.content


# --- the column


@pytest.mark.parametrize(
    ("system", "book", "column", "place"),
    [
        pytest.param("canvas", CANVAS, "homework 2", 6, id="title"),
        pytest.param("canvas", CANVAS, "Homework 2 (778)", 6, id="header"),
        pytest.param("canvas", CANVAS, "778", 6, id="id"),
        pytest.param("brightspace", BRIGHTSPACE, "Homework 2", 5, id="Brightspace"),
        pytest.param("blackboard", BLACKBOARD, "664617", 7, id="Blackboard"),
        pytest.param("moodle", MOODLE.replace(",Grade,", ",Punkte,"), "punkte", 4, id="Moodle"),
    ],
)
def test_a_column_can_be_named(system, book, column, place):
    sheet = Sheet.read(book.encode(), name="book.csv")
    found = (
        moodle.layout(sheet, column=column)
        if system == "moodle"
        else layout.layout(sheet, SYSTEMS[system], title="x", column=column)
    )
    assert found.grade == place


def test_the_only_assignment_is_found_and_named(of):
    done = filled("canvas", CANVAS.replace("Homework 1 (777)", "Paper"), [of("x", "3", id="101")], title="HW")
    assert done.notes[0] == "“Homework 2” is the only assignment in book.csv, so it was filled."


@pytest.mark.parametrize(
    ("system", "book", "column", "said"),
    [
        pytest.param("canvas", "", None, "book.csv is empty; download it again", id="empty"),
        pytest.param(
            "canvas",
            "a,b\n1,2\n",
            None,
            "is not a Canvas gradebook; download it in Canvas",
            id="another file",
        ),
        pytest.param("canvas", 'Student,ID\n"x', None, "is not a CSV file .*download it again", id="not CSV"),
        pytest.param("canvas", 'Student,ID\n"x"y,1\n', None, "is not a CSV file", id="text behind quotes"),
        pytest.param(
            "canvas", b"PK\x03\x04\x00\x00\xff\xfe", None, "is an Excel workbook; save it", id="a workbook"
        ),
        pytest.param("canvas", b"\x89PNG\r\n\x1a\n\x00\x00\x81", None, "is not a text file", id="a picture"),
        pytest.param(
            "canvas",
            f"Student,ID\n{'x' * 140_000},1\n",
            None,
            "more than 131,072 characters",
            id="a huge cell",
        ),
        pytest.param(
            "canvas",
            CANVAS,
            "Homework 9",
            r"no column that takes grades for “Homework 9”; .* Homework 1 \(777\)",
            id="no such column",
        ),
        pytest.param(
            "canvas", CANVAS.replace("Homework 2 (", "Homework 1 ("), None, "2 columns", id="two such columns"
        ),
        pytest.param(
            "canvas",
            CANVAS.replace(",3.5,10", ",(read only),10"),
            "777",
            "no column that takes grades",
            id="read only",
        ),
        pytest.param("canvas", MOODLE, None, "is not a Canvas gradebook", id="Moodle's for Canvas"),
        pytest.param(
            "moodle", CANVAS, None, "is not a grading worksheet: it has no participants", id="and back"
        ),
        pytest.param(
            "moodle",
            MOODLE.partition("\n")[0].replace("Identifier", "Id"),
            None,
            "no participants",
            id="no rows",
        ),
        pytest.param(
            "moodle",
            MOODLE.replace("Last modified (grade)", "x"),
            None,
            "no column Last modified",
            id="no date",
        ),
        pytest.param(
            "moodle",
            MOODLE.replace("Maximum Grade", "Scale"),
            None,
            "the words of a scale and no points",
            id="a scale",
        ),
        pytest.param(
            "moodle", MOODLE, "Points", "has no column “Points” of grades", id="no such column in Moodle"
        ),
        pytest.param(
            "moodle",
            MOODLE.replace("Grade,Maximum Grade", "N,M").replace("3.50", "x"),
            None,
            "told apart",
            id="no maximum",
        ),
        pytest.param(
            "brightspace",
            BRIGHTSPACE.replace("#", "").replace("OrgDefinedId,Username", "A,B"),
            None,
            "is not a Brightspace gradebook",
            id="no ids",
        ),
        pytest.param("blackboard", "a\tb\n1\t2\n", None, "is not a Blackboard gradebook", id="another table"),
        pytest.param(
            "blackboard",
            BLACKBOARD.replace("10 Score", "10 Percentage"),
            None,
            "no column that takes grades",
            id="a column of percentages",
        ),
    ],
)
def test_what_can_not_be_filled_is_refused(of, system, book, column, said):
    with pytest.raises(UsageError, match=said) as refusal:
        filled(system, book, [of("x")], column=column)
    assert str(refusal.value).startswith("book.csv")
    assert "\n" not in str(refusal.value)
