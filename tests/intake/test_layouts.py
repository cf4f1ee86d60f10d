"""Every layout of a download: who is in the class, whose hand-in it is, and what is ignored."""

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.cli.options import LAYOUT_NAMES
from grader.errors import UsageError
from grader.intake import roster
from grader.intake.collect import collect
from grader.intake.layouts import LAYOUTS
from grader.intake.matching import match
from grader.limits import Limits
from grader.model import Identity

NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
LIMITS = Limits()


def put(root, *names, **contents):
    for name in names:
        (path := root / name).parent.mkdir(parents=True, exist_ok=True)
        text = NOTEBOOK if ".ipynb" in name else "x"
        path.write_text(contents.get(Path(name).name.replace(".", "_"), text))
        os.utime(path, (1_700_000_000,) * 2)
    return root


def zipped(root, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, file.relative_to(root))
    return path


def summarised(found):
    return {
        one.student: (one.origin, one.identity.name, one.identity.id, one.arrival.late)
        for one in found.submissions
    }


YAML = """
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: 0123
    :email: jane@example.edu
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :results: !ruby/object:Anything
    a: &x [1]
    b: *x
submission_2:
  :submitters:
  - :name: Mei Lin
    :email: mei@example.edu
  - :name: Bob Smith
    :sid: '42'
submission_3:
  :submitters: []
submission_4:
  :submitters:
  - :name: Nobody
"""
RECORD = """Name: Bob Smith (b_smith)
Assignment: Homework 1

Submission Field:
{}
"""
LAYOUT_TABLE = [
    pytest.param(
        "canvas",
        [
            "doejane_12345_678901_hw1.ipynb",
            "smithbob_LATE_12346_678902_hw1-2.ipynb",
            "li_wei_12347_678903_hw_1.ipynb",
            "rossi_12348_text.html",
            "tanaka_LATE_12349_link.html",
            "kim_12350_678904_hw1.pdf",
            "anon_aB3_678905_hw1.ipynb",
            "LATE_anon_cD4_678906_hw1.ipynb",
            "read me.txt",
        ],
        "Canvas download: 8 students, 3 late, 3 without a notebook.",
        {
            "doejane_12345": ("doejane_12345_678901_hw1.ipynb", "doejane", "12345", False),
            "smithbob_12346": ("smithbob_LATE_12346_678902_hw1-2.ipynb", "smithbob", "12346", True),
            "li_wei_12347": ("li_wei_12347_678903_hw_1.ipynb", "li_wei", "12347", False),
            "rossi_12348": ("rossi_12348_text.html", "rossi", "12348", False),
            "tanaka_12349": ("tanaka_LATE_12349_link.html", "tanaka", "12349", True),
            "kim_12350": ("kim_12350_678904_hw1.pdf", "kim", "12350", False),
            "anon_aB3": ("anon_aB3_678905_hw1.ipynb", None, "aB3", False),
            "anon_cD4": ("LATE_anon_cD4_678906_hw1.ipynb", None, "cD4", True),
        },
        ["read me.txt was ignored: it belongs to no submission"],
        id="Canvas",
    ),
    pytest.param(
        "moodle",
        [
            "Bob Smith_12346_assignsubmission_file_/hw1.ipynb",
            "Jane Doe_12345_assignsubmission_file/sub/hw1.ipynb",
            "Jane Doe_12345_assignsubmission_onlinetext/onlinetext.html",
            "Mei Lin_12348_assignsubmission_onlinetext_/onlinetext.html",
            "Participant_77_assignsubmission_file/hw1.ipynb",
            "Red - Team_78_assignsubmission_file/hw1.ipynb",
        ],
        "Moodle download: 5 students, 1 without a notebook.",
        {
            "Bob Smith_12346": (
                "Bob Smith_12346_assignsubmission_file_/hw1.ipynb", "Bob Smith", "12346", None,
            ),
            "Jane Doe_12345": (
                "Jane Doe_12345_assignsubmission_file/sub/hw1.ipynb", "Jane Doe", "12345", None,
            ),
            "Mei Lin_12348": ("Mei Lin_12348_assignsubmission_onlinetext_", "Mei Lin", "12348", None),
            "Participant_77": ("Participant_77_assignsubmission_file/hw1.ipynb", None, "77", None),
            "Red - Team_78": ("Red - Team_78_assignsubmission_file/hw1.ipynb", "Red - Team", "78", None),
        },
        [],
        id="Moodle",
    ),
    pytest.param(
        "moodle",
        [
            "Jane Doe_12345_assignsubmission_file_hw1.ipynb",
            "Jane Doe_12345_assignsubmission_file_data.csv",
            "Bob_12346_assignsubmission_onlinetext_onlinetext.html",
            "Participant_12347_hw1.ipynb",
        ],
        "Moodle download: 3 students, 1 without a notebook.",
        {
            "Jane Doe_12345": ("Jane Doe_12345_assignsubmission_file_hw1.ipynb", "Jane Doe", "12345", None),
            "Bob_12346": ("Bob_12346_assignsubmission_onlinetext_onlinetext.html", "Bob", "12346", None),
            "Participant_12347": ("Participant_12347_hw1.ipynb", None, "12347", None),
        },
        [],
        id="Moodle, flat",
    ),
    pytest.param(
        "gradescope",
        [
            "submission_1/hw1.ipynb",
            "submission_2/src/hw1.ipynb",
            "submission_3/hw1.ipynb",
            "submission_9/hw1.ipynb",
            "submission_metadata.yml",
            "__MACOSX/submission_1/hw1.ipynb",
        ],
        "Gradescope export: 6 students, 1 group, 1 without a notebook.",
        {
            "Jane Doe_0123": ("submission_1/hw1.ipynb", "Jane Doe", "0123", None),
            "Bob Smith_42 + Mei Lin_mei@example.edu": ("submission_2/src/hw1.ipynb", None, None, None),
            "submission_3": ("submission_3/hw1.ipynb", None, None, None),
            "Nobody": ("submission_metadata.yml", "Nobody", None, None),
            "submission_9": ("submission_9/hw1.ipynb", None, None, None),
        },
        ["submission_metadata.yml does not say whose submission_9 is"],
        id="Gradescope",
    ),
    pytest.param(
        "brightspace",
        [
            "12345-6789 - Jane Doe - Feb 12, 2021 1104 PM/hw1.ipynb",
            "12346-6789 - Bob - Smith - 12 February, 2021 11 04 PM/hw1.ipynb",
            "12347-6789 - Mei-Lin Chen - Feb 13, 2021 105 AM/essay.pdf",
            "index.html",
        ],
        "Brightspace download: 3 students, 1 without a notebook.",
        {
            "Jane Doe_12345": (
                "12345-6789 - Jane Doe - Feb 12, 2021 1104 PM/hw1.ipynb", "Jane Doe", "12345", None,
            ),
            "Bob - Smith_12346": (
                "12346-6789 - Bob - Smith - 12 February, 2021 11 04 PM/hw1.ipynb", "Bob - Smith", "12346", None,
            ),
            "Mei-Lin Chen_12347": (
                "12347-6789 - Mei-Lin Chen - Feb 13, 2021 105 AM", "Mei-Lin Chen", "12347", None,
            ),
        },
        [],
        id="Brightspace",
    ),
    pytest.param(
        "blackboard",
        [
            "Homework_1_jdoe_attempt_2021-02-12-23-04-05.txt",
            "Homework_1_jdoe_attempt_2021-02-12-23-04-05_hw1.ipynb",
            "Homework_1_b_smith_attempt_2021-02-13-23-04-05.txt",
            "Homework_1_ann_attempt_2021-02-13-23-04-05_my_hw1.ipynb",
        ],
        "Blackboard download: 3 students, 1 without a notebook.",
        {
            "jdoe": ("Homework_1_jdoe_attempt_2021-02-12-23-04-05_hw1.ipynb", "Homework_1_jdoe", None, None),
            "b_smith": ("Homework_1_b_smith_attempt_2021-02-13-23-04-05.txt", "Homework_1_b_smith", None, None),
            "ann": ("Homework_1_ann_attempt_2021-02-13-23-04-05_my_hw1.ipynb", "Homework_1_ann", None, None),
        },
        [],
        id="Blackboard",
    ),
    pytest.param(
        "classroom",
        [
            "hw1-jdoe/hw1.ipynb",
            "hw1-jdoe/tests/test.ipynb",
            "hw1-jdoe/.git/config",
            "hw1-bob-smith/hw1.ipynb",
            "hw1-bob-smith/.git/config",
            "hw1-empty/README.md",
            "hw1-empty/.git/config",
        ],
        "GitHub Classroom clones: 3 students, 1 without a notebook.",
        {
            "jdoe": ("hw1-jdoe/hw1.ipynb", None, "jdoe", None),
            "bob-smith": ("hw1-bob-smith/hw1.ipynb", None, "bob-smith", None),
            "empty": ("hw1-empty", None, "empty", None),
        },
        [],
        id="GitHub Classroom",
    ),
    pytest.param(
        "nbgrader",
        [
            "submitted/ada/hw1/hw1.ipynb",
            "submitted/ada/hw2/hw2.ipynb",
            "submitted/bob/hw2/hw2.ipynb",
            "gradebook.db",
        ],
        "nbgrader submissions: 2 students, 1 without a notebook.",
        {
            "ada": ("submitted/ada/hw1/hw1.ipynb", None, "ada", None),
            "bob": ("submitted/bob", None, "bob", None),
        },
        ["gradebook.db was ignored: it belongs to no submission"],
        id="nbgrader",
    ),
    pytest.param(
        "plain",
        [
            "ada.ipynb", "bob/hw1.ipynb", "ivy/x.ipynb", "cyd/hw1.py", "dan.ipynb.txt", "eve/hw1.json", "fay/hw1",
            "gus.pdf", "hal.tar.gz", "ada.pdf", "notes.txt",
        ],
        "Plain files and folders: 9 students, 3 without a notebook.",
        {
            "ada": ("ada.ipynb", None, None, None),
            "bob": ("bob/hw1.ipynb", None, None, None),
            "cyd": ("cyd", None, None, None),
            "dan": ("dan.ipynb.txt", None, None, None),
            "eve": ("eve/hw1.json", None, None, None),
            "fay": ("fay/hw1", None, None, None),
            "gus": ("gus.pdf", None, None, None),
            "hal": ("hal.tar.gz", None, None, None),
            "ivy": ("ivy/x.ipynb", None, None, None),
        },
        [
            "ada.pdf was ignored: it belongs to no submission",
            "notes.txt was ignored: it belongs to no submission",
        ],
        id="plain",
    ),
    pytest.param(
        "sections",
        ["mon/ada/hw1.ipynb", "mon/bob/hw1.ipynb", "tue/cyd/hw1.ipynb", "tue/dan/hw1.ipynb"],
        "Folders in sections: 4 students, 2 sections.",
        {
            name: (f"{day}/{name}/hw1.ipynb", None, None, None)
            for day, name in (("mon", "ada"), ("mon", "bob"), ("tue", "cyd"), ("tue", "dan"))
        },
        [],
        id="sections",
    ),
]  # fmt: skip
FILES = {
    "submission_metadata_yml": YAML,
    "hw1_json": NOTEBOOK,
    "hw1": NOTEBOOK,
}


@pytest.fixture
def download(tmp_path):
    """Collect what lies in a folder, as it is or packed."""
    (scratch := tmp_path / "scratch").mkdir()

    def download(root, **options):
        return collect(root, limits=LIMITS, assignment="hw1", scratch=scratch, **options)

    return download


@pytest.mark.parametrize("packed", ["a folder", "a zip", "in folders", "a zip in a zip"])
@pytest.mark.parametrize(("layout", "names", "summary", "students", "notes"), LAYOUT_TABLE)
def test_a_layout_is_recognised_by_its_names_however_it_comes(  # noqa: PLR0917 - a row of the table
    download, tmp_path, packed, layout, names, summary, students, notes
):
    root = put(tmp_path / "a" / "b", *names, **FILES)
    above = ""
    if packed == "a zip":
        root = zipped(root, tmp_path / "class.zip")
    elif packed == "a zip in a zip":
        (outer := tmp_path / "outer").mkdir()
        zipped(root, outer / "class.zip")
        root, above = zipped(outer, tmp_path / "class.zip"), "class.zip/"
    elif packed == "in folders":
        root, above = tmp_path / "a", "b/"
    found = download(root)
    assert (found.layout, found.summary.partition(" Found in ")[0]) == (layout, summary)
    assert summarised(found) == {
        name: (f"{above}{origin}", *said) for name, (origin, *said) in students.items()
    }
    assert sorted(found.notes) == sorted(
        f"{above}{note}" if " was ignored" in note else note for note in notes
    )
    assert all((one.notebook is None) == bool(one.problem) for one in found.submissions)


def test_the_command_line_names_every_layout():
    assert sorted(LAYOUT_NAMES) == sorted(layout.name for layout in LAYOUTS)


@pytest.mark.parametrize(
    ("names", "student", "problem"),
    [
        (
            ["rossi_12348_text.html"],
            "rossi_12348",
            "no notebook was handed in, only a text entry",
        ),
        (["Mei_1_assignsubmission_onlinetext/onlinetext.html"], "Mei_1", "only online text"),
        (["Mei_1_assignsubmission_file/"], "Mei_1", "nothing was handed in"),
        (["1-2 - Mei - Feb 12, 2021 1104 PM/a.pdf"], "Mei_1", "no notebook was handed in, only "),
        (["HW_mei_attempt_2021-02-12-23-04-05.txt"], "mei", "nothing was handed in"),
    ],
    ids=["Canvas", "Moodle", "an empty folder", "Brightspace", "Blackboard"],
)
def test_who_handed_in_no_notebook_is_not_missing(download, tmp_path, names, student, problem):
    root = tmp_path / "class"
    for name in names:
        (root / name).mkdir(parents=True) if name.endswith("/") else put(root, name)
    for path in (root, zipped(root, tmp_path / "class.zip")):
        (one,) = download(path).submissions
        assert (one.student, one.notebook) == (student, None)
        assert problem in one.problem
        assert "ask for the .ipynb file" in one.problem


# Whose hand-in it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["a_1001_90001_x.ipynb", "b_1002_90002_x.ipynb", "group_3_1004_90004_x.ipynb"], ["1001", "1002", "1004"]),
        (["a_12_90001_x.ipynb", "b_13_90002_2024_11_x.ipynb"], ["12", "13"]),
        (["a_1001_90001_x.ipynb", "b_1002_90002_20240501_x.ipynb"], ["1001", "1002"]),
        (["x_5_LATE_1001_90001_90003_x.ipynb"], ["1001"]),
        (["a_1001_90001_x.ipynb", "b_1002_90002_HW3_LATE_10_25_final.ipynb"], ["1001", "1002"]),
        (["a_1001_90001_x.ipynb", "m_1003_90003_x_LATE_1001_90004_x.ipynb"], ["1001", "1003"]),
        (["a_1001_90001_x.ipynb", "group_3_4_LATE_1004_90004_2024_11_x.ipynb"], ["1001", "1004"]),
    ],
    ids=[
        "a numbered group", "a date in a file", "a long date", "late says where", "late in a file",
        "ids of another in a file", "a late numbered group",
    ],
)  # fmt: skip
def test_a_canvas_id_is_not_taken_from_a_group_or_a_file(download, tmp_path, names, ids):
    found = download(put(tmp_path / "class", *names))
    assert [one.identity.id for one in found.submissions] == ids
    assert found.notes == ()


def test_late_in_a_canvas_file_makes_nobody_late(download, tmp_path):
    names = [
        "a_1001_90001_x.ipynb",
        "b_1002_90002_LATE_10_25_x.ipynb",
        "c_LATE_1003_90003_LATE_10_25_x.ipynb",
    ]
    found = download(put(tmp_path / "class", *names))
    assert [(one.student, one.arrival.late) for one in found.submissions] == [
        ("a_1001", False), ("b_1002", False), ("c_1003", True),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["text", "link"])
def test_a_canvas_entry_beside_a_notebook_is_no_stranger(download, tmp_path, kind):
    found = download(put(tmp_path / "class", "a_1001_90001_x.ipynb", f"a_1001_{kind}.html"))
    assert (found.submissions[0].origin, found.notes) == ("a_1001_90001_x.ipynb", ())


def test_a_canvas_id_that_nobody_can_tell_is_said(download, tmp_path):
    found = download(put(tmp_path / "class", "group_3_1004_90004_x.ipynb"))
    assert found.submissions[0].identity.id == "1004"
    assert found.notes == (
        "group_3_1004_90004_x.ipynb may be of the Canvas user 3 or 1004; it was taken to be of 1004",
    )


def test_two_canvas_users_of_one_name_and_files_of_one_user_stay_apart_and_together(download, tmp_path):
    root = put(
        tmp_path / "class", "doe_1001_90001_hw1.ipynb", "doe_1002_90002_hw1.ipynb", "doe_1002_90003_data-1.csv"
    )  # fmt: skip
    one, two = download(root).submissions
    assert (one.student, one.support) == ("doe_1001", ())
    path = root / "doe_1002_90003_data-1.csv"
    assert (two.student, two.support) == ("doe_1002", (("data-1.csv", path), ("data.csv", path)))


@pytest.mark.parametrize("between", ["/", "_"], ids=["folders", "flat"])
@pytest.mark.parametrize("packed", [False, True], ids=["a folder", "a zip"])
def test_what_a_moodle_teacher_gave_back_is_not_graded(download, tmp_path, packed, between):
    handed_in, back = (f"Bo_1_assign{what}_file{between}hw1.ipynb" for what in ("submission", "feedback"))
    root = put(tmp_path / "class", handed_in, back, f"Cy_2_assignfeedback_file{between}hw1.ipynb")
    os.utime(root / back, (1_800_000_000,) * 2)
    found = download(zipped(root, tmp_path / "class.zip") if packed else root)
    bo, cy = found.submissions
    assert (bo.origin, bo.others, bo.support) == (handed_in, (), ())
    assert cy.problem == "Cy_2: nothing was handed in; ask for the .ipynb file"
    assert found.notes == ()


def test_a_group_is_graded_once_and_its_members_are_known(download, tmp_path):
    root = put(tmp_path / "class", "submission_2/hw1.ipynb", "submission_metadata.yml", **FILES)
    group = next(one for one in download(root).submissions if one.people)
    assert group.people == (
        Identity(name="Bob Smith", id="42"),
        Identity(name="Mei Lin", email="mei@example.edu"),
    )
    assert group.identity == Identity()


def test_gradescope_dates_and_addresses_are_read(download, tmp_path):
    root = put(tmp_path / "class", "submission_1/hw1.ipynb", "submission_metadata.yml", **FILES)
    jane = next(one for one in download(root).submissions if one.identity.name == "Jane Doe")
    assert jane.identity == Identity(name="Jane Doe", id="0123", email="jane@example.edu")
    assert jane.arrival.at == datetime(2026, 4, 26, 17, 34, 0, 861687, UTC)


@pytest.mark.parametrize(
    "text",
    ["a: [", "- a list", "? [a]\n: b", "[" * 5000, "\x00", "a: !!python/object/apply:os.abort []\nb: ["],
    ids=["broken", "a list", "a list as a key", "deep", "control characters", "code"],
)
def test_metadata_that_cannot_be_read_refuses_the_class(download, tmp_path, text):
    root = put(tmp_path / "class", "submission_1/hw1.ipynb", "submission_metadata.yml")
    (root / "submission_metadata.yml").write_text(text)
    with pytest.raises(UsageError, match=r"submission_metadata.yml can't be read .*; export them again"):
        download(root)


def test_a_blackboard_record_says_who_it_is_and_that_text_was_handed_in(download, tmp_path):
    name = "HW_1_b_smith_attempt_2021-02-12-23-04-05"
    root = put(tmp_path / "class", f"{name}.txt", **{f"{name}_txt": RECORD.format("I could not upload.")})
    (one,) = download(root).submissions
    assert one.identity == Identity(name="Bob Smith", id="b_smith")
    assert "no notebook was handed in, only text" in one.problem


@pytest.mark.parametrize(
    ("path", "users", "ids"),
    [
        ("class/Flats", ["s_ann", "s_bob"], [None, None]),
        ("class/Flats", ["s_ann"], [None]),
        ("gradebook_Flats 1_2026/Flats_1", ["ann", "bob"], ["ann", "bob"]),
        ("class/Flats", ["s_ann", "t_bob"], ["s_ann", "t_bob"]),
        ("Flats section/Flats", ["s_ann", "s_bob"], [None, None]),
    ],
)
def test_a_blackboard_username_is_an_id_only_where_it_surely_begins(download, tmp_path, path, users, ids):
    folder, assignment = path.split("/")
    names = [f"{assignment}_{user}_attempt_2026-02-12-10-00-00_flats.ipynb" for user in users]
    found = download(put(tmp_path / folder, *names))
    assert [one.identity.id for one in found.submissions] == ids


def test_the_end_of_a_blackboard_username_is_not_matched_with_another_person(download, tmp_path):
    names = [f"Flats_s_{user}_attempt_2026-02-12-10-00-00_flats.ipynb" for user in ("ann", "bob")]
    ann, bob = download(put(tmp_path / "class", *names)).submissions
    table = tmp_path / "roster.csv"
    table.write_text("name,login\nAnn Other,ann\n")
    rows = roster.read(table)
    assert not match(rows, {"ann": ann, "bob": bob}, source="roster.csv").rows


@pytest.mark.parametrize(
    ("names", "taken", "at"),
    [
        (
            ["7-1 - Bo - Feb 12, 2021 1159 PM/hw1.ipynb", "7-1 - Bo - Feb 13, 2021 105 AM/final.ipynb"],
            "7-1 - Bo - Feb 13, 2021 105 AM/final.ipynb",
            datetime(2021, 2, 13, 1, 5),  # noqa: DTZ001
        ),
        (
            ["HW_bo_attempt_2021-02-12-23-59-00_hw1.ipynb", "HW_bo_attempt_2021-02-13-01-05-00_z.ipynb"],
            "HW_bo_attempt_2021-02-13-01-05-00_z.ipynb",
            datetime(2021, 2, 13, 1, 5),  # noqa: DTZ001
        ),
        (
            ["HW_bo_attempt_0001-01-01-00-00-00_hw1.ipynb", "HW_bo_attempt_2021-02-13-01-05-00_z.ipynb"],
            "HW_bo_attempt_2021-02-13-01-05-00_z.ipynb",
            datetime(2021, 2, 13, 1, 5),  # noqa: DTZ001
        ),
        (["bo_7_900_hw1.ipynb", "bo_7_901_hw1-1.ipynb"], "bo_7_901_hw1-1.ipynb", None),
    ],
    ids=["Brightspace", "Blackboard", "a date in year 1", "Canvas"],
)
def test_of_several_attempts_the_last_one_counts(download, tmp_path, names, taken, at):
    (one,) = download(put(tmp_path / "class", *names)).submissions
    assert (one.origin, one.arrival.at, len(one.others)) == (taken, at, 1)


def test_a_notebook_of_an_earlier_attempt_is_no_place_for_answers(download, tmp_path):
    names = [f"HW_bo_attempt_2021-02-{day}-23-59-00_{day}.ipynb" for day in (12, 13)]
    cell = '[{{"id": "a", "cell_type": "markdown", "metadata": {{}}, "source": "{}"}}]'
    contents = {name.replace(".", "_"): NOTEBOOK.replace("[]", cell.format(name)) for name in names}
    root = put(tmp_path / "class", *names, **contents)
    (one,) = download(root).submissions
    assert (one.origin, one.others, one.documents) == (names[1], (names[0],), ())


def test_sections_of_a_system_are_one_class_and_names_in_two_of_them_stay_apart(download, tmp_path):
    root = put(
        tmp_path / "class", "mon/doe_1_900_hw1.ipynb", "tue/doe_1_901_hw1.ipynb", "tue/roe_2_902_hw1.ipynb"
    )
    found = download(root)
    assert found.summary == "Canvas download: 3 students, 2 sections."
    assert {one.student: one.identity.section for one in found.submissions} == {
        "mon-doe_1": "mon", "tue-doe_1": "tue", "roe_2": "tue",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["a\nb\x1b[31m_7_900_hw1.ipynb", f"{'x' * 200}_7_900_hw1.ipynb", "\u202e_7_900_hw1.ipynb"]
)
def test_hostile_names_are_one_safe_line(download, tmp_path, name):
    found = download(put(tmp_path / "class", name))
    (one,) = found.submissions
    assert one.student.isprintable()
    assert len(one.student) <= 110
    assert one.origin.isprintable()
    assert one.identity.name.isprintable()


@pytest.mark.parametrize(
    "names",
    [
        ["ada.ipynb", "my_notes_text.html"],
        ["ada.ipynb", "doe_1_900_hw1.ipynb"],
        ["ada.ipynb", "Bo_1_assignsubmission_file_hw1.ipynb"],
        ["ada.ipynb", "HW_bo_attempt_2021-02-12-23-59-00_hw1.ipynb"],
        ["ada.ipynb", "1-2 - Bo - Feb 12, 2021 1104 PM/hw1.ipynb"],
    ],
    ids=["a text", "Canvas", "Moodle", "Blackboard", "Brightspace"],
)
def test_a_notebook_of_another_form_is_never_dropped_for_a_layout(download, tmp_path, names):
    found = download(put(tmp_path / "class", *names))
    assert found.layout == "plain"
    assert "ada" in [one.student for one in found.submissions]


@pytest.mark.parametrize(
    ("shared", "own"),
    [
        ("hw_2024_1_", ["ada", "bob", "cyd", "dan"]),
        ("lab_1_2_", ["ada", "bob", "cyd"]),
        ("2024_01_15_", ["ada", "bob"]),
        ("hw1_2024_11_", [f"s{n}" for n in range(10, 22)]),
    ],
    ids=["a year", "a lab", "a date", "many"],
)
def test_a_class_whose_names_share_numbers_is_not_one_canvas_student(download, tmp_path, shared, own):
    found = download(put(tmp_path / "class", *(f"{shared}{name}.ipynb" for name in own)))
    assert found.layout == "plain"
    assert [one.student for one in found.submissions] == [f"{shared}{name}" for name in own]


def test_a_canvas_file_that_each_member_of_a_group_has_is_one_attachment(download, tmp_path):
    found = download(put(tmp_path / "class", "ada_1001_9001_hw1.ipynb", "bob_1002_9001_hw1.ipynb"))
    assert found.layout == "canvas"
    assert [one.identity.id for one in found.submissions] == ["1001", "1002"]


def test_a_single_notebook_is_one_student_whatever_its_name(download, tmp_path):
    root = put(tmp_path / "class", "hw_1_2024_final.ipynb")
    (one,) = download(root / "hw_1_2024_final.ipynb").submissions
    assert (one.student, one.layout) == ("hw_1_2024_final", "plain")


# What fits badly ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        ([f"ada/s{n}.ipynb" for n in range(30)], "ada would be one student with 30 notebooks"),
        ([f"ada/s{n}.ipynb" for n in range(4)], "ada would be one student with 4 notebooks"),
        (
            [*(f"mon/s{n}.ipynb" for n in range(8)), *(f"tue/t{n}.ipynb" for n in range(8))],
            "mon would be one student with 8 notebooks",
        ),
        (
            ["bob/hw1.ipynb", *(f"late/s{n}/hw1.ipynb" for n in range(12))],
            "late would be one student with 12 notebooks",
        ),
        (
            [f"hw1_2024_{n}_s{n}.ipynb" for n in range(12)],
            "hw1_2024 would be one student with 12 notebooks",
        ),
    ],
    ids=["one folder", "a small one", "sections of files", "a class among students", "names like Canvas's"],
)
def test_a_student_with_the_notebooks_of_a_class_is_refused(download, tmp_path, names, hint):
    root = put(tmp_path / "class", *names)
    with pytest.raises(UsageError) as refusal:
        download(root)
    assert hint in str(refusal.value)
    assert "--layout plain" in str(refusal.value)
    assert download(root, layout="plain").submissions


def test_a_forced_layout_is_looked_for_in_every_folder(download, tmp_path):
    root = put(
        tmp_path / "class", "mon/doe_1_900_hw1.ipynb", "tue/roe_2_902_hw1.ipynb", "handouts/data/x.ipynb"
    )
    assert download(root).layout == "plain"
    found = download(root, layout="canvas")
    assert [one.student for one in found.submissions] == ["doe_1", "roe_2"]
    assert found.notes == ("handouts was ignored: it belongs to no submission",)


@pytest.mark.parametrize(
    "sections",
    [
        ["A/ada_1001_9001_hw.ipynb", "B/cyd_1003_9003_hw.ipynb"],
        ["A/ada_1001_9001_hw.ipynb", "A/cyd_1003_9003_hw.ipynb"],
        ["A/ada_1001_9001_hw.ipynb", "B/cyd_1003_text.html"],
    ],
    ids=["two", "one", "one without a notebook"],
)
@pytest.mark.parametrize("before", ["1", "z"])
def test_a_folder_without_work_beside_sections_is_ignored(download, tmp_path, sections, before):
    found = download(put(tmp_path / "class", *sections, f"{before}/readme.txt"))
    assert (found.layout, [one.student for one in found.submissions]) == ("canvas", ["ada_1001", "cyd_1003"])
    assert found.notes == (f"{before} was ignored: it belongs to no submission",)


@pytest.mark.parametrize("other", ["1/x.ipynb", "z/deep/x.ipynb", "z/x.zip"])
def test_a_folder_with_work_beside_sections_is_refused(download, tmp_path, other):
    sections = ["A/ada_1001_9001_hw.ipynb", "B/bob_1002_9002_hw.ipynb", "B/cyd_1003_9003_hw.ipynb"]
    root, name = put(tmp_path / "class", *sections, other), other.partition("/")[0]
    with pytest.raises(UsageError) as refusal:
        download(root)
    assert str(refusal.value) == (
        f"{root}: A is a Canvas download, and {name} is not, but holds notebooks or archives. Give the folder of "
        "the class alone; to grade only what is a Canvas download, add --layout canvas; if each folder is one "
        "student's, add --layout plain"
    )
    assert len(download(root, layout="canvas").submissions) == 3
    assert len(download(root, layout="plain").submissions) == 3


def test_a_students_file_that_is_named_like_canvas_makes_no_section(download, tmp_path):
    names = ["ada/hw_1_2_x.ipynb", "bob/hw1.ipynb"]
    assert [one.student for one in download(put(tmp_path / "class", *names)).submissions] == ["ada", "bob"]
    names = ["ada/hw_1_2_x.ipynb", "bob/hw1.pdf"]
    assert [one.student for one in download(put(tmp_path / "other", *names)).submissions] == ["ada", "bob"]


def test_a_misfit_of_a_system_can_be_confirmed(download, tmp_path):
    root = put(tmp_path / "class", *(f"Bo_1_assignsubmission_file/{n}.ipynb" for n in range(11)))
    with pytest.raises(
        UsageError, match="if this is a Moodle download, add --layout moodle, if not, --layout"
    ):
        download(root)
    assert [one.student for one in download(root, layout="moodle").submissions] == ["Bo_1"]


def test_a_class_in_a_folder_of_its_name_is_found(download, tmp_path):
    root = put(tmp_path / "class", "hw1_submissions/ada.ipynb", "hw1_submissions/bob.ipynb")
    found = download(root)
    assert found.summary == "Plain files and folders: 2 students. Found in hw1_submissions."
    assert [one.student for one in found.submissions] == ["ada", "bob"]


def test_versions_in_the_only_folder_are_one_students(download, tmp_path):
    root = put(tmp_path / "class", "ada/hw1.ipynb", "ada/hw1-Copy1.ipynb", "ada/draft.ipynb")
    assert [one.student for one in download(root).submissions] == ["ada"]


def test_folders_of_parts_are_not_sections(download, tmp_path):
    root = put(tmp_path / "class", *(f"{one}/{part}/x.ipynb" for one in ("ada", "bob") for part in "ab"))
    assert [one.student for one in download(root).submissions] == ["ada", "bob"]


@pytest.mark.parametrize(
    ("layout", "students"),
    [("plain", ["mon", "tue"]), ("sections", ["ada", "bob"])],
)
def test_a_layout_can_be_forced(download, tmp_path, layout, students):
    root = put(tmp_path / "class", "mon/ada/hw1.ipynb", "tue/bob/hw1.ipynb")
    assert [one.student for one in download(root, layout=layout).submissions] == students


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("moodle", "not the layout moodle, which has folders or files named like Jane Doe_12345_"),
        ("mudle", "--layout mudle: there is no such layout; choose one of gradescope, canvas, "),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(download, tmp_path, layout, message):
    with pytest.raises(UsageError) as refusal:
        download(put(tmp_path / "class", "ada.ipynb"), layout=layout)
    assert message in str(refusal.value)


def test_nbgrader_folders_of_other_assignments_are_refused(download, tmp_path):
    root = put(tmp_path / "submitted", "ada/hw2/x.ipynb", "bob/hw3/x.ipynb")
    with pytest.raises(UsageError, match="nobody has a folder for the assignment hw1; there are: hw2, hw3"):
        download(root)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("a folder", None),
        ("a folder in a folder", "a/participation.csv was not read; to use this list, name it"),
        ("a zip", "participation.csv was not read; to use this list, unpack it and name it"),
        ("a folder in a zip", "a/participation.csv was not read; to use this list, unpack it and name it"),
        ("a zip in a zip", "a.zip/participation.csv was not read; to use this list, unpack it and name it"),
    ],
)
def test_a_participation_list_that_is_not_read_is_said(download, tmp_path, kind, said):
    names = ["a_1001_90001_x.ipynb", "b_1002_90002_x.ipynb", "participation.csv"]
    root = put(tmp_path / "class" / "a", *names)
    root = root.parent if kind.startswith("a folder in") else root
    if kind == "a zip in a zip":
        (outer := tmp_path / "outer").mkdir()
        root = zipped(root, outer / "a.zip").parent
    path = zipped(root, tmp_path / "class.zip") if kind.endswith("zip") else root
    assert download(path).notes == ((f"{said} with --participation",) if said else ())


def test_many_ignored_files_are_one_line_with_their_number(download, tmp_path):
    root = put(tmp_path / "class", "ada.ipynb", *(f"f{n}.csv" for n in range(12)))
    (note,) = download(root).notes
    assert note.startswith(
        "12 files and folders were ignored, as they belong to no submission: f0.csv, f1.csv, "
    )
    assert note.endswith(" and 2 more")
