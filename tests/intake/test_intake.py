"""Folders as students hand them in, and the resulting submissions."""

import os
import socket
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.assignment.cells import say_made_for
from grader.errors import UsageError
from grader.intake import collect as intake
from grader.intake import listing, naming
from grader.intake.layouts import LAYOUTS
from grader.limits import Limits

NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
LIMITS = Limits(notebook_file=1 << 20, support_files=3, support_size=1000)


@pytest.fixture
def handed_in(tmp_path):
    """A folder in which to create files (notebooks if their name ends in .ipynb) and collect them."""
    return Folder(tmp_path / "class")


class Folder:
    def __init__(self, path):
        self.path = path
        path.mkdir()

    def put(self, *names, content=None, age=0):
        for name in names:
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(
                (NOTEBOOK if name.lower().endswith(".ipynb") else "x") if content is None else content
            )
            os.utime(file, (1_700_000_000 - age,) * 2)
        return self

    def collect(self, **options):
        return intake.collect(self.path, limits=LIMITS, **options)

    def submissions(self, **options):
        return {one.student: one for one in self.collect(**options).submissions}

    def only(self):
        (submission,) = self.collect().submissions
        return submission


@pytest.mark.parametrize(
    ("files", "layout", "origins"),
    [
        (["ada.ipynb", "bob.IPYNB"], "plain", {"ada": "ada.ipynb", "bob": "bob.IPYNB"}),
        (["ada/hw1.ipynb", "ada/expected.toml"], "plain", {"ada": "ada/hw1.ipynb"}),
        (["ada/deep/er/hw1.ipynb"], "plain", {"ada": "ada/deep/er/hw1.ipynb"}),
        (["ada/hw1.ipynb", "bob.ipynb"], "plain", {"ada": "ada/hw1.ipynb", "bob": "bob.ipynb"}),
        (["submitted/ada/hw1/hw1.ipynb", "gradebook.db"], "nbgrader", {"ada": "submitted/ada/hw1/hw1.ipynb"}),
        (["ada/hw1/hw1.ipynb", "ada/hw1/timestamp.txt"], "nbgrader", {"ada": "ada/hw1/hw1.ipynb"}),
        (["submitted/hw1.ipynb"], "plain", {"submitted": "submitted/hw1.ipynb"}),
    ],
    ids=[
        "loose",
        "folders",
        "deep",
        "mixed",
        "nbgrader course",
        "nbgrader stamps",
        "a student called submitted",
    ],
)
def test_layouts_are_recognised_by_their_files(handed_in, files, layout, origins):
    found = handed_in.put(*files).collect()
    assert found.layout == layout
    assert {one.student: one.origin for one in found.submissions} == origins
    assert all(one.layout == layout and one.problem is None for one in found.submissions)
    assert all(one.notebook == handed_in.path / one.origin for one in found.submissions)


def test_the_submitted_folder_itself_is_nbgraders(tmp_path):
    course = Folder(tmp_path / "submitted").put("ada/hw1/hw1.ipynb", "bob/hw1/work.py")
    assert course.collect().layout == "nbgrader"
    assert [one.student for one in course.collect().submissions] == ["ada", "bob"]


def test_one_notebook_is_a_class_of_one(handed_in):
    handed_in.put("ada.ipynb", "data.csv")
    found = intake.collect(handed_in.path / "ada.ipynb", limits=LIMITS)
    assert [(one.student, one.origin, one.support) for one in found.submissions] == [("ada", "ada.ipynb", ())]
    assert found.notes == ()


def test_a_relative_root_will_do(handed_in, monkeypatch):
    handed_in.put("ada/hw1.ipynb", "readme.txt")
    monkeypatch.chdir(handed_in.path)
    found = intake.collect(Path(), limits=LIMITS)
    assert [one.origin for one in found.submissions] == ["ada/hw1.ipynb"]
    assert found.notes == ("readme.txt was ignored: it belongs to no submission",)


# Bad files stay in the class ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "hw1.ipynb: the file is empty; save the notebook again and hand in that copy"),
        (
            '{"cells": [',
            "hw1.ipynb: its JSON breaks off at line 1, column 12; the file was probably truncated in transfer",
        ),
        ("{}", "hw1.ipynb: it is JSON but not a notebook"),
    ],
    ids=["empty", "truncated", "no notebook"],
)
def test_a_bad_file_is_an_explained_submission(handed_in, content, problem):
    handed_in.put("ada/hw1.ipynb", "ada/helper.py", content=content).put("bob/hw1.ipynb")
    bad, good = handed_in.collect().submissions
    assert (bad.student, bad.notebook, bad.origin, bad.support) == ("ada", None, "ada/hw1.ipynb", ())
    assert bad.problem.startswith(problem)
    assert good.problem is None


def test_a_huge_file_is_not_read(handed_in, monkeypatch):
    handed_in.put("ada/hw1.ipynb")
    os.truncate(handed_in.path / "ada/hw1.ipynb", 200 << 20)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("the file was opened"))
    assert handed_in.only().problem.startswith("hw1.ipynb: its size of 200 MiB is over the limit of 1 MiB")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["ada/hw1.pdf"], "ada: no notebook was handed in, only hw1.pdf; ask for the .ipynb file"),
        (["ada/.DS_Store"], "ada: nothing was handed in; ask for the .ipynb file"),
        (
            [f"ada/{n}.txt" for n in range(7)],
            "ada: no notebook was handed in, only 0.txt, 1.txt, 2.txt, 3.txt, 4.txt …; ask for the .ipynb file",
        ),
    ],
    ids=["a PDF", "only hidden files", "many files"],
)
def test_a_student_without_a_notebook_is_not_dropped(handed_in, files, problem):
    ada = handed_in.put(*files, "bob/hw1.ipynb").submissions()["ada"]
    assert (ada.notebook, ada.origin, ada.problem) == (None, "ada", problem)


@pytest.mark.parametrize("place", ["ada", "ada.ipynb", "ada/hw1.ipynb"])
def test_links_are_not_followed(handed_in, tmp_path, place):
    handed_in.put("bob/hw1.ipynb")
    (tmp_path / "secret.ipynb").write_text(NOTEBOOK)
    link = handed_in.path / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "secret.ipynb")
    ada = handed_in.submissions()["ada"]
    assert ada.notebook is None
    assert (
        ada.problem == f"{link.name}: it was not opened because it is a symbolic link; hand in a regular file"
    )


def test_pipes_and_sockets_are_not_opened(handed_in, monkeypatch):
    handed_in.put("ada/hw1.ipynb", "bob/hw1.ipynb")
    (handed_in.path / "bob/hw1.ipynb").unlink()
    os.mkfifo(handed_in.path / "bob/hw1.ipynb")
    monkeypatch.chdir(handed_in.path / "ada")  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("plug")
        found = handed_in.collect()
    ada, bob = found.submissions
    assert (
        bob.problem
        == "hw1.ipynb: it was not opened because it is a device, pipe or socket; hand in a regular file"
    )
    assert ada.support == ()
    assert "ada/plug was ignored: it is a device, pipe or socket" in found.notes


def test_a_folder_that_may_not_be_opened_keeps_its_student(handed_in, monkeypatch):
    handed_in.put("ada/hw1.ipynb", "bob/hw1.ipynb")
    monkeypatch.setattr(listing.os, "access", lambda path, _mode: path.name != "ada")
    assert handed_in.submissions()["ada"].problem == (
        "ada: it was not opened because it is a folder without read permission; hand in a regular file"
    )


def test_folders_are_not_descended_for_ever(handed_in):
    deep = "/".join("d" * 15)
    found = handed_in.put("ada/hw1.ipynb", f"ada/{deep}/x.py").collect()
    assert found.submissions[0].support == ()
    assert found.notes == (f"ada/{'/'.join('d' * 10)} was ignored: it is a folder more than 10 levels deep",)


# Files next to the notebook -------------------------------------------------------------------------------


def test_files_beside_and_below_the_notebook_are_support(handed_in):
    handed_in.put("ada/hw1.ipynb", "ada/conftest.py", "ada/data/x.csv", "bob/work/hw1.ipynb", "bob/above.txt")
    ada, bob = handed_in.collect().submissions
    assert ada.support == (
        ("conftest.py", handed_in.path / "ada/conftest.py"),
        ("data/x.csv", handed_in.path / "ada/data/x.csv"),
    )
    assert bob.support == ()


def test_junk_and_the_expected_score_are_not_support(handed_in):
    junk = ["expected.toml", ".git/config", "__MACOSX/hw1.ipynb", ".DS_Store", ".ipynb_checkpoints/hw1.ipynb"]
    handed_in.put("ada/hw1.ipynb", *(f"ada/{name}" for name in junk), "__MACOSX/ada/hw1.ipynb")
    ada = handed_in.only()
    assert (ada.support, ada.others) == ((), ())
    assert handed_in.collect().notes == ()


def test_nbgraders_own_record_is_not_support(handed_in):
    files = ["submitted/ada/hw1/hw1.ipynb", "submitted/ada/hw1/timestamp.txt", "submitted/ada/hw1/data.csv"]
    assert handed_in.put(*files).only().support == (("data.csv", handed_in.path / files[2]),)


@pytest.mark.parametrize(
    ("sizes", "accepted", "notes"),
    [
        ([1, 1, 1, 1, 1], ["f0", "f1", "f2"], ["ada/f3 and 1 more were ignored: "]),
        ([999, 1, 2], ["f1", "f2"], ["ada/f0 was ignored: "]),
        ([500, 500], ["f0", "f1"], []),
    ],
    ids=["too many", "too large", "just fits"],
)
def test_support_is_limited_and_small_files_come_first(handed_in, sizes, accepted, notes):
    handed_in.put("ada/hw1.ipynb")
    for number, size in enumerate(sizes):
        handed_in.put(f"ada/f{number}", content="x" * size)
    found = handed_in.collect()
    assert [name for name, _ in found.submissions[0].support] == accepted
    reason = "the files next to the notebook exceed the limit support_files or support_size"
    assert list(found.notes) == [f"{note}{reason}" for note in notes]


@pytest.mark.parametrize(
    ("files", "ignored"),
    [
        (["ada.ipynb", "grades.csv", "data/x.csv"], ["data", "grades.csv"]),
        (["ada/hw1.ipynb", "grades.csv"], ["grades.csv"]),
        (["submitted/ada/hw1/hw1.ipynb", "source/hw1/hw1.ipynb", "submitted/x"], ["source", "submitted/x"]),
    ],
    ids=["flat", "folders", "nbgrader"],
)
def test_files_that_belong_to_no_submission_are_named(handed_in, files, ignored):
    notes = handed_in.put(*files).collect().notes
    assert list(notes) == [f"{name} was ignored: it belongs to no submission" for name in ignored]


# Several notebooks of one student -------------------------------------------------------------------------


def test_the_newest_file_counts_and_the_others_are_named(handed_in):
    handed_in.put("ada/b.ipynb", age=20).put("ada/c.ipynb", age=10).put("ada/a.ipynb", age=30)
    ada = handed_in.only()
    assert (ada.origin, ada.others, ada.arrival.at) == ("ada/c.ipynb", ("ada/b.ipynb", "ada/a.ipynb"), None)


def written(*sources, assignment=None):
    """A notebook with these code cells, made for an assignment or not saying so."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    if assignment:
        say_made_for(made, assignment)
    return made


@pytest.mark.parametrize(
    ("newest", "older", "why"),
    [
        (written("# your answer"), written("x = 1"), "the other has no answers"),
        (written("", "# your answer"), written("# your answer", "x = 1"), "the other has no answers"),
        (written("x = 2"), written("x = 1", assignment="hw1"), "it was made from the kit"),
        (
            written("x = 2", assignment="hw2"),
            written("x = 1", assignment="hw1"),
            "it was made from the kit",
        ),
        (written("# your answer", assignment="hw1"), written("x = 1"), "the other has no answers"),
        ("no notebook", written("x = 1"), "the other can't be read"),
    ],
    ids=["blank", "emptied", "not from the kit", "of another kit", "a blank kit", "not readable"],
)
def test_a_blank_or_foreign_copy_does_not_count_because_it_is_newer(handed_in, newest, older, why):
    for name, content, age in (("hw1", newest, 0), ("old", older, 10)):
        text = content if isinstance(content, str) else nbformat.writes(content)
        handed_in.put(f"ada/{name}.ipynb", content=text, age=age)
    found = handed_in.collect(assignment="hw1", blank=written("# your answer"))
    (ada,) = found.submissions
    assert (ada.origin, ada.others, ada.problem) == ("ada/old.ipynb", ("ada/hw1.ipynb",), None)
    assert found.notes == (f"ada/old.ipynb was taken, not ada/hw1.ipynb: {why}",)
    assert ada.choice == found.notes[0]


@pytest.mark.parametrize(
    ("day", "content", "chosen", "why"),
    [
        (13, written("x = 2"), "b", "it was handed in last"),
        (12, written("x = 2"), "kit", "it was made from the kit"),
        (13, written("# your answer"), "kit", "the other has no answers"),
        (13, "no notebook", "kit", "the other can't be read"),
    ],
    ids=["a later attempt", "the same attempt", "a later blank one", "a later one that is not readable"],
)
def test_a_copy_of_the_kit_counts_before_others_of_its_attempt_only(handed_in, day, content, chosen, why):
    first, second = (f"HW_ada_attempt_2021-02-{each}-10-00-00" for each in (12, day))
    kit = nbformat.writes(written("x = 1", assignment="hw1"))
    text = content if isinstance(content, str) else nbformat.writes(content)
    handed_in.put(f"{first}_kit.ipynb", content=kit).put(f"{second}_b.ipynb", content=text)
    (ada,) = handed_in.collect(assignment="hw1", blank=written("# your answer")).submissions
    assert (ada.origin.rpartition("_")[2], ada.choice.rpartition(": ")[2]) == (f"{chosen}.ipynb", why)


def test_a_later_attempt_by_canvas_counts_before_a_copy_of_the_kit(handed_in):
    kit, later = written("x = 1", assignment="hw1"), written("x = 2")
    handed_in.put("bo_7_900_hw1.ipynb", content=nbformat.writes(kit))
    handed_in.put("bo_7_901_hw1-1.ipynb", content=nbformat.writes(later))
    (bo,) = handed_in.collect(assignment="hw1").submissions
    assert bo.choice == "bo_7_901_hw1-1.ipynb was taken, not bo_7_900_hw1.ipynb: it was handed in last"


@pytest.mark.parametrize(
    ("names", "pick", "chosen", "why"),
    [
        (["hw1.ipynb", "Untitled.ipynb"], None, "hw1.ipynb", "it is named after the assignment"),
        (["HW-1 final.ipynb", "draft.ipynb"], None, "HW-1 final.ipynb", "it is named after the assignment"),
        (["2024_hw1.ipynb", "hw12.ipynb"], None, "2024_hw1.ipynb", "it is named after the assignment"),
        (["hw1 (2).ipynb", "hw10.ipynb"], None, "hw1 (2).ipynb", "it is named after the assignment"),
        (
            ["hw10_and_hw1.ipynb", "draft.ipynb"],
            None,
            "hw10_and_hw1.ipynb",
            "it is named after the assignment",
        ),
        (["hw1-Copy1.ipynb", "hw1.ipynb"], None, "hw1.ipynb", "it is the newest file"),
        (["hw1.ipynb", "my final.ipynb"], "*FINAL*", "my final.ipynb", "it matches --pick"),
        (["a/hw1.ipynb", "b/hw1.ipynb"], "a/*", "a/hw1.ipynb", "it matches --pick"),
    ],
    ids=[
        "a name",
        "almost the name",
        "after a number",
        "another number",
        "after another number",
        "both named",
        "picked by name",
        "picked by folder",
    ],
)
def test_the_name_decides_before_the_date_and_the_instructor_before_both(handed_in, names, pick, chosen, why):
    for age, name in zip((10, 0), names, strict=True):  # the second is newer
        handed_in.put(f"ada/{name}", age=age)
    handed_in.put("bob/x.ipynb")
    ada = handed_in.submissions(assignment="hw1", pick=pick)["ada"]
    assert ada.origin == f"ada/{chosen}"
    assert ada.choice.endswith(f": {why}")


def test_a_pattern_that_fits_no_notebook_is_refused(handed_in):
    handed_in.put("ada/a.ipynb", "ada/b.ipynb")
    with pytest.raises(UsageError, match=r"--pick final\*: no notebook has such a name"):
        handed_in.collect(pick="final*")


def test_notebooks_of_one_age_go_by_name(handed_in):
    assert handed_in.put("ada/b.ipynb", "ada/a.ipynb").only().origin == "ada/a.ipynb"


def test_nbgraders_timestamp_outranks_the_files(handed_in):
    for attempt, stamp, age in (("hw1", "2021-02-12 10:00:00", 9), ("hw1-again", "2021-02-11 10:00:00", 0)):
        handed_in.put(f"submitted/ada/{attempt}/hw1.ipynb", age=age)
        handed_in.put(f"submitted/ada/{attempt}/timestamp.txt", content=stamp)
    ada = handed_in.only()
    assert ada.origin == "submitted/ada/hw1/hw1.ipynb"
    assert ada.others == ("submitted/ada/hw1-again/hw1.ipynb",)
    assert ada.arrival.at == datetime(2021, 2, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2021-02-12 23:59:00.123456 UTC\n", datetime(2021, 2, 12, 23, 59, 0, 123456, UTC)),
        ("2021-02-12 23:59:00 America/New_York", datetime(2021, 2, 13, 4, 59, tzinfo=UTC)),
        ("2021-02-12T23:59:00+01:00", datetime(2021, 2, 12, 23, 59, tzinfo=timezone(timedelta(hours=1)))),
        ("\ufeff2021-02-12 23:59:00", datetime(2021, 2, 12, 23, 59, tzinfo=UTC)),
        ("2021-02-12", datetime(2021, 2, 12, tzinfo=UTC)),
    ],
    ids=["UTC", "zone by name", "offset", "BOM", "a day"],
)
def test_timestamps_are_read_as_nbgrader_writes_them(handed_in, stamp, expected):
    handed_in.put("ada/hw1/hw1.ipynb").put("ada/hw1/timestamp.txt", content=stamp)
    assert handed_in.only().arrival.at == expected


@pytest.mark.parametrize(
    "stamp", ["", "soon", "2021-02-12 23:59:00 Atlantis/Center", "2021-02-12 23:59 ../../x"]
)
def test_an_invalid_timestamp_is_noted_and_costs_nothing(handed_in, stamp):
    found = handed_in.put("ada/hw1/hw1.ipynb").put("ada/hw1/timestamp.txt", content=stamp).collect()
    assert found.submissions[0].arrival.at is None
    assert found.submissions[0].problem is None
    (note,) = found.notes
    assert note == (
        "ada/hw1/timestamp.txt: not a date with a known time zone; "
        "the notebook's modification time is used instead"
    )


def test_one_assignment_of_several_can_be_taken(handed_in):
    handed_in.put("submitted/ada/hw1/a.ipynb", "submitted/ada/hw2/b.ipynb", "submitted/bob/hw2/b.ipynb")
    ada, bob = handed_in.collect(assignment="hw1").submissions
    assert (ada.origin, ada.others) == ("submitted/ada/hw1/a.ipynb", ())
    assert bob.problem == "bob: nothing was handed in; ask for the .ipynb file"


def test_an_assignment_without_any_folder_changes_nothing(handed_in):
    handed_in.put("submitted/ada/homework/a.ipynb")
    assert handed_in.collect(assignment="hw1") == handed_in.collect()


# Students -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["ada", "Jos\u00e9 \u738b"], ["ada", "Jos\u00e9 \u738b"]),
        (["Jose\u0301"], ["Jos\u00e9"]),
        (["a/b", "c\\d", 'e<>:"|?*f'], ["a_b", "c_d", "e_______f"]),
        (["..", ".", "", " . "], ["student-4", "student-3", "student", "student-2"]),
        (["..hidden", "-rf", "end. "], ["hidden", "rf", "end"]),
        (["a\x00b", "c\nd", "e\u202ef", "g\udcffh"], ["a_b", "c_d", "e_f", "g_h"]),
        (["con", "LPT1.txt", "console"], ["con_", "LPT1.txt_", "console"]),
        (["reference", "Reference"], ["reference_-2", "Reference_"]),
        (["ada", "Ada", "ADA"], ["ada-3", "Ada-2", "ADA"]),
        (["x", "X", "x-2"], ["x-3", "X", "x-2"]),
        (["Jos\u00e9", "Jose\u0301"], ["Jos\u00e9-2", "Jos\u00e9"]),
        (["z" * 300], ["z" * 91 + "-7cf7dc7f"]),
    ],
    ids=[
        "as they are", "composed", "separators", "nothing left", "dots and dashes", "unprintable", "devices",
        "reserved", "case", "number taken", "same when composed", "long",
    ],
)  # fmt: skip
def test_student_ids_are_safe_folder_names(names, ids):
    assert naming.student_ids(names) == tuple(ids)


@settings(deadline=None)
@example(names=["a", "A", "a-2", "A-2", "a-2-2"])
@given(names=st.lists(st.text(max_size=12) | st.text("aA.-2/ \u0301", max_size=4), max_size=8))
def test_any_names_become_unique_safe_ids_whatever_their_order(names):
    ids = naming.student_ids(names)
    assert len({unicodedata.normalize("NFKC", one).casefold() for one in ids}) == len(names)
    assert all(one and one == Path(one).name and one[0] not in ".-" and one.isprintable() for one in ids)
    assert all(len(one.encode()) <= 110 for one in ids)
    assert sorted(ids) == sorted(naming.student_ids(names[::-1]))


def test_the_class_is_the_same_in_whatever_order_it_is_listed(handed_in, monkeypatch):
    handed_in.put(
        "ada/x.ipynb", "Ada/x.ipynb", "bob.ipynb", "zoe/x.ipynb", "zoe/y.ipynb", "zoe/data/1", "zoe/2"
    )
    usual = handed_in.collect()
    listdir = os.listdir
    monkeypatch.setattr(listing.os, "listdir", lambda folder: sorted(listdir(folder), reverse=True))
    assert handed_in.collect() == usual
    assert [one.student for one in usual.submissions] == ["Ada", "ada-2", "bob", "zoe"]


def test_only_the_named_students_are_read(handed_in):
    handed_in.put("Ada/x.ipynb", "ada/x.ipynb", "bob/x.ipynb", "note.txt")
    found = handed_in.collect(only=["ada-2", "bob"])
    assert [one.origin for one in found.submissions] == ["ada/x.ipynb", "bob/x.ipynb"]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("alicia", "no student is named alicia; did you mean alice?"),
        ("qqq", "no student is named qqq; there are: alice, s0, s1, s2, s3"),
    ],
    ids=["close", "far"],
)
def test_an_unknown_student_is_refused(handed_in, wanted, message):
    handed_in.put("alice/x.ipynb", *(f"s{n}/x.ipynb" for n in range(9)))
    with pytest.raises(UsageError) as refusal:
        handed_in.collect(only=[wanted])
    assert str(refusal.value) == message


# Nothing to grade -----------------------------------------------------------------------------------------


def refusal(root):
    with pytest.raises(UsageError) as raised:
        intake.collect(root, limits=LIMITS)
    return str(raised.value).removeprefix(f"{root}: ")


def test_an_empty_folder_is_refused(handed_in):
    assert (
        refusal(handed_in.path)
        == "the folder is empty; put the students' notebooks there or give another folder"
    )


def test_a_missing_folder_is_refused(tmp_path):
    assert (
        refusal(tmp_path / "gone") == "no such file or folder; give the folder that contains the submissions"
    )


@pytest.mark.parametrize("name", ["ada/hw1.pdf", "notes.txt"])
def test_a_folder_without_any_notebook_is_refused_with_the_layouts_looked_for(handed_in, name):
    said = refusal(handed_in.put(name).path)
    assert said.startswith(
        "no submissions recognised. Looked for gradescope (submission_metadata.yml beside "
    )
    assert all(f"{layout.name} ({layout.looks_like})" in said for layout in LAYOUTS)
    assert said.endswith("Give the zip or the folder that contains the students' files")


def test_a_file_other_than_a_notebook_or_a_zip_is_refused(handed_in):
    assert refusal(handed_in.put("class.txt").path / "class.txt").startswith(
        "no submissions recognised. Looked for"
    )
    assert (
        refusal(handed_in.put("class.zip").path / "class.zip")
        == "it is not a zip or is damaged; download it again, or unpack it and give the folder"
    )


def test_far_too_many_files_are_refused(handed_in, monkeypatch):
    monkeypatch.setattr(listing, "MOST_ENTRIES", 3)
    handed_in.put("a.ipynb", "b.ipynb", "c.ipynb")
    assert len(handed_in.collect().submissions) == 3
    assert (
        refusal(handed_in.put("d.ipynb").path)
        == "more than 3 files; give a folder that contains only the submissions"
    )


def test_a_folder_that_cannot_be_listed_is_refused(handed_in, monkeypatch):
    def denied(_folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listing.os, "listdir", denied)
    assert refusal(handed_in.path) == "it cannot be read (Permission denied); check its permissions"
