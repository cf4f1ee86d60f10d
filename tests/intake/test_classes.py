"""Whole downloads with the roster of their class: identities, lateness, groups, who is missing, attempts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader import course
from grader.course import Attempt, Rules
from grader.intake.collect import collect
from grader.limits import Limits
from grader.model import Identity

NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
METADATA = """
submission_409194023:
  :submitters:
  - :name: Jane Doe
    :sid: '0017'
    :email: jane@x.edu
  :created_at: 2021-02-12 17:34:00.861687000 Z
submission_409194024:
  :submitters:
  - :name: Mei-Lin Chen
    :email: mei@x.edu
  - :name: Bob Smith
    :sid: '18'
  :created_at: 2021-02-13 01:05:00 Z
submission_409194026:
  :submitters: []
"""
ROSTER = """sis id,id,name,email,login,team,extension
17,12345,"Doe, Jane",jane@x.edu,Jane42,,
18,12346,Bob Smith,bob@x.edu,bsmith,Team Red,
19,12347,Jörg Müller,jm@x.edu,joerg,Team Red,2 days
20,12348,Mei-Lin Chen,mei@x.edu,Mei42,,
21,99999,Zoe Yu,zoe@x.edu,zoe,,
"""
DUE = Rules(due=datetime(2021, 2, 12, 23, 59, tzinfo=UTC))
CLASSES = {
    "Canvas": (
        [
            "doejane_12345_678901_hw1.ipynb", "smithbob_LATE_12346_678902_hw1.ipynb",
            "mllerjrg_12347_678903_hw1-1.ipynb", "mllerjrg_12347_678904_my_hw_1 final.ipynb",
            "okaforsam_12349_678906_data.csv", "okaforsam_12349_678907_hw1.ipynb",
            "nguyenminh_12350_678908_hw1.pdf", "rossisofia_12351_text.html", "notes.txt",
        ],
        "Canvas download: 6 students, 1 late, 2 without a notebook, 2 of the roster handed in nothing.",
        (3, 1, 0, ["Mei-Lin Chen", "Zoe Yu"], ["notes.txt"]),
    ),
    "Moodle": (
        [
            "Bob Smith_12346_assignsubmission_file_/draft.ipynb",
            "Bob Smith_12346_assignsubmission_file_/hw1.ipynb",
            "Jane Doe_12345_assignsubmission_file/hw1.ipynb",
            "Jane Doe_12345_assignsubmission_onlinetext/onlinetext.html",
            "Jörg Müller_12347_assignsubmission_file/sub/hw1.ipynb",
            "Mei-Lin Chen_12348_assignsubmission_onlinetext_/onlinetext.html",
        ],
        "Moodle download: 4 students, 1 without a notebook, 1 of the roster handed in nothing.",
        (4, 0, 0, ["Zoe Yu"], []),
    ),
    "Moodle, a team": (
        ["Jane Doe_12345_assignsubmission_file/hw1.ipynb", "Team Red_77_assignsubmission_file/hw1.ipynb"],
        "Moodle download: 3 students, 1 group, 2 of the roster handed in nothing.",
        (3, 0, 1, ["Mei-Lin Chen", "Zoe Yu"], []),
    ),
    "Gradescope": (
        [
            "a_export/submission_409194023/hw1.ipynb", "a_export/submission_409194024/hw1.ipynb",
            "a_export/submission_409194026/hw1.pdf", "a_export/submission_metadata.yml",
        ],
        "Gradescope export: 4 students, 1 group, 1 late, 1 without a notebook, 2 of the roster handed in nothing.",
        (3, 1, 1, ["Jörg Müller", "Zoe Yu"], []),
    ),
    "Brightspace": (
        [
            "12345-678901 - Jane Doe - Feb 12, 2021 1104 PM/hw1.ipynb",
            "12346-678901 - Bob Smith - Feb 12, 2021 1159 PM/hw1.ipynb",
            "12346-678901 - Bob Smith - Feb 13, 2021 105 AM/hw1.ipynb",
            "12347-678901 - Jörg Müller - 13 February, 2021 11 04 PM/hw1.ipynb", "index.html",
        ],
        "Brightspace download: 3 students, 1 late, 2 of the roster handed in nothing.",
        (3, 1, 0, ["Mei-Lin Chen", "Zoe Yu"], []),
    ),
    "Blackboard": (
        [
            "HW1_Jane42_attempt_2021-02-12-23-04-05_hw1.ipynb",
            "HW1_bsmith_attempt_2021-02-13-23-04-05_hw1.ipynb",
            "HW1_bsmith_attempt_2021-02-13-23-04-05.txt",
        ],
        "Blackboard download: 2 students, 1 late, 3 of the roster handed in nothing.",
        (2, 1, 0, ["Jörg Müller", "Mei-Lin Chen", "Zoe Yu"], []),
    ),
    "GitHub Classroom": (
        [
            "hw1-submissions/hw1-Mei42/hw1.ipynb", "hw1-submissions/hw1-Mei42/tests/test.ipynb",
            "hw1-submissions/hw1-team-red/hw1.ipynb", "hw1-submissions/hw1-team-red/.git/config",
            "hw1-submissions/hw1-Mei42/.git/config",
        ],
        "GitHub Classroom clones: 3 students, 1 group, 2 of the roster handed in nothing.",
        (3, 0, 1, ["Doe, Jane", "Zoe Yu"], []),
    ),
    "nbgrader": (
        ["submitted/bsmith/hw1/hw1.ipynb", "submitted/bsmith/hw1/timestamp.txt", "submitted/Mei42/hw1/hw1.ipynb"],
        "nbgrader submissions: 2 students, 1 late, 3 of the roster handed in nothing.",
        (2, 1, 0, ["Doe, Jane", "Jörg Müller", "Zoe Yu"], []),
    ),
    "plain": (
        ["jane-doe.ipynb", "bob@x.edu/hw1.ipynb", "12347/hw1.ipynb", "Mei42.ipynb", "notes.txt", "ann.ipynb"],
        "Plain files and folders: 5 students, 1 of the roster handed in nothing.",
        (3, 0, 0, ["Zoe Yu"], ["notes.txt"]),
    ),
    "sections": (
        ["mon/jane-doe/hw1.ipynb", "mon/bsmith/hw1.ipynb", "tue/Mei42/hw1.ipynb", "tue/joerg/hw1.ipynb"],
        "Folders in sections: 4 students, 2 sections, 1 of the roster handed in nothing.",
        (4, 0, 0, ["Zoe Yu"], []),
    ),
}  # fmt: skip


def put(root, names):
    for name in names:
        (path := root / name).parent.mkdir(parents=True, exist_ok=True)
        said = {"submission_metadata.yml": METADATA, "timestamp.txt": "2021-02-13 12:00:00 UTC"}
        path.write_text(said.get(path.name, NOTEBOOK if ".ipynb" in name else "x"))
    return root


@pytest.fixture
def taken(tmp_path):
    """A download of these names, with a roster."""

    def taken(names, roster=ROSTER, rules=DUE):
        (path := tmp_path / "roster.csv").write_text(roster)
        return collect(
            put(tmp_path / "class", names), limits=Limits(), assignment="hw1", roster=path, rules=rules
        )

    return taken


def counted(found):
    """How many people are known by name and address, late, and groups; the names of who is missing; strangers."""
    people = [who for one in found.submissions for who in one.people or (one.identity,)]
    return (
        sum(bool(who.name and who.email) for who in people),
        sum(course.is_late(one.arrival, DUE) for one in found.submissions),
        sum(bool(one.people) for one in found.submissions),
        [row.identity.name for row in found.enrolled.missing],
        [Path(note.partition(" was ignored")[0]).name for note in found.notes if " was ignored" in note],
    )


@pytest.mark.parametrize("case", CLASSES)
def test_a_class_is_joined_with_its_roster(taken, case):
    names, summary, counts = CLASSES[case]
    found = taken(names)
    assert (found.summary.partition(" Found in ")[0], counted(found)) == (summary, counts)


def test_the_members_of_a_team_are_known_and_have_the_time_of_who_has_most(taken):
    found = taken(CLASSES["Moodle, a team"][0])
    team = next(one for one in found.submissions if one.people)
    assert team.people == (
        Identity(name="Bob Smith", id="18", email="bob@x.edu"),
        Identity(name="Jörg Müller", id="19", email="jm@x.edu"),
    )
    assert team.arrival.extension == timedelta(days=2)


def test_who_handed_in_alone_and_in_a_team_is_named(taken):
    found = taken([f"{who}_assignsubmission_file/hw1.ipynb" for who in ("Bob Smith_12346", "Team Red_77")])
    assert [len(one.people) for one in found.submissions] == [0, 2]
    assert "roster.csv: handed in alone and in a team, so graded twice: Bob Smith (row 3)" in found.notes


def test_an_id_of_the_download_is_kept_and_what_it_lacks_is_filled(taken):
    jane = taken(["doejane_12345_678901_hw1.ipynb"]).submissions[0]
    assert jane.identity == Identity(name="Doe, Jane", id="12345", email="jane@x.edu")


def test_times_of_the_download_count_before_those_of_the_roster(taken):
    roster = "login,submitted\nada,2021-02-12 20:00"
    (ada,) = taken(["HW_ada_attempt_2021-02-13-10-00-00_hw1.ipynb"], roster).submissions
    assert ada.arrival.at == datetime(2021, 2, 13, 10)  # noqa: DTZ001


def test_the_roster_says_when_where_the_download_does_not(taken):
    (ada,) = taken(["ada.ipynb"], "login,submitted\nada,2021-02-12 20:00").submissions
    assert ada.arrival.at == datetime(2021, 2, 12, 20)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("rules", "notes"),
    [(DUE, ["2 hand-ins have no recorded time and so count as in time"]), (Rules(), [])],
    ids=["due", "never due"],
)
def test_who_cannot_be_late_is_counted_if_anything_is_due(taken, rules, notes):
    found = taken(["bsmith.ipynb", "joerg.ipynb"], rules=rules)
    assert [note for note in found.notes if "recorded time" in note] == notes


UNTIMED = "1 hand-in has no recorded time and so counts as in time"
GIVE = "Give the times in the roster's column `submitted`"


@pytest.mark.parametrize(
    ("names", "penalty", "notes"),
    [
        (
            ["a_LATE_1_2_hw1.ipynb", "b_LATE_3_4_hw1.ipynb", "c_5_6_hw1.ipynb"],
            course.amount("10 %"),
            [
                UNTIMED,
                f"2 are late, but Canvas does not say by how much, so nothing is taken: a_1, b_3. {GIVE}",
            ],
        ),
        (
            ["a_LATE_1_2_hw1.ipynb"],
            course.amount("10 %"),
            [f"1 is late, but Canvas does not say by how much, so nothing is taken: a_1. {GIVE}"],
        ),
        (["a_LATE_1_2_hw1.ipynb"], None, []),
    ],
    ids=["several", "one", "no penalty"],
)
def test_who_is_late_without_a_time_is_named_if_that_costs_points(taken, names, penalty, notes):
    found = taken(names, "id\n1", rules=replace(DUE, penalty=penalty))
    assert [note for note in found.notes if "recorded time" in note or "by how much" in note] == notes


def test_who_is_not_on_the_roster_is_named(taken):
    found = taken(["bsmith.ipynb", "eve.ipynb"])
    assert "roster.csv does not list 1 of those who handed in: eve" in found.notes


def test_a_hand_in_that_may_be_two_teams_is_nobodys(taken):
    roster = "name,team\nAnn,Team Red\nBob,red-team\nEve,"
    found = taken(["Eve_1_assignsubmission_file/hw1.ipynb"] + [
        f"{team}_assignsubmission_file/hw1.ipynb" for team in ("Team Red_77", "Red Team_78")
    ], roster)  # fmt: skip
    assert [one.people for one in found.submissions] == [(), (), ()]


@pytest.mark.parametrize(
    ("attempt", "extension", "taken_at", "earlier"),
    [
        (Attempt.LAST, "", "14", 0),
        (Attempt.LAST_IN_TIME, "", "12", 0),
        (Attempt.LAST_IN_TIME, "1 day", "13", 0),
        (Attempt.LAST_IN_TIME, "7 days", "14", 0),
        (Attempt.BEST, "", "14", 2),
    ],
)
def test_attempts_are_chosen_by_the_time_that_a_student_had(taken, attempt, extension, taken_at, earlier):
    names = [f"HW_ada_attempt_2021-02-{day}-20-00-00_hw1.ipynb" for day in (12, 13, 14)]
    rules = replace(DUE, attempt=attempt)
    (ada,) = taken(
        [*names, f"{names[0][:-9]}draft.ipynb"], f"login,extension\nada,{extension}", rules
    ).submissions
    assert ada.origin == f"HW_ada_attempt_2021-02-{taken_at}-20-00-00_hw1.ipynb"
    assert [len(one.others) for one in ada.attempts] == [0, 1][:earlier]


@pytest.mark.parametrize(
    ("files", "attempts"),
    [
        (["900_hw1.ipynb", "901_hw1-1.ipynb", "902_hw1-2.ipynb"], 3),
        (["901_hw1-1.ipynb", "902_hw1-2.ipynb"], 2),
        (["900_hw1.ipynb", "901_draft-1.ipynb"], 1),
        (["900_part a.ipynb", "901_part b.ipynb"], 1),
        (["900_hw1.ipynb"], 1),
    ],
    ids=["three", "the first is gone", "another name", "two parts", "one"],
)
def test_canvas_numbers_attempts_in_the_names_of_files(taken, files, attempts):
    rules = replace(DUE, attempt=Attempt.BEST)
    (ada,) = taken([f"ada_7_{file}" for file in files], "id\n7", rules).submissions
    assert len(ada.attempts) == attempts - 1


def test_an_attempt_that_cannot_be_read_is_none(tmp_path):
    names = [f"HW_ada_attempt_2021-02-{day}-20-00-00_hw1.ipynb" for day in (12, 13)]
    put(tmp_path / "class", names)
    (tmp_path / "class" / names[1]).write_text("{")
    (ada,) = collect(
        tmp_path / "class", limits=Limits(), assignment="hw1", rules=replace(DUE, attempt=Attempt.BEST)
    ).submissions
    assert (ada.origin, ada.others, ada.attempts) == (names[0], (names[1],), ())


def test_a_picked_notebook_has_no_other_attempts(tmp_path):
    names = [f"HW_ada_attempt_2021-02-{day}-20-00-00_hw1.ipynb" for day in (12, 13)]
    root = put(tmp_path / "class", names)
    rules = replace(DUE, attempt=Attempt.BEST)
    (ada,) = collect(root, limits=Limits(), assignment="hw1", rules=rules, pick="*-12-20*").submissions
    assert (ada.origin, ada.attempts) == (names[0], ())
