"""A folder for students: a page for each, nothing of anybody else, and nothing that they may not see yet."""

import os
import shutil
import stat
import sys
import webbrowser
import zipfile
from dataclasses import replace
from decimal import Decimal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grader import keys
from grader.execution.reference import RECORD, REFERENCE
from grader.forks import Unanswered
from grader.model import (
    Check,
    Ending,
    Execution,
    FoundBy,
    Grade,
    Identity,
    Moment,
    Outcome,
    QuestionGrade,
    ReviewItem,
    Ruling,
    Submission,
    Visibility,
)
from grader.publishing import pages
from grader.reports import feedback
from grader.results import rulings
from grader.results.codec import dump_execution
from grader.results.store import Store
from grader.theory.words import code_of

ANA, BEN, EVE = "ana-lima", "ben-adler", "eve&co' (#1)%2e"
STUDENTS = (ANA, BEN, EVE)
D = Decimal
WITHOUT = "With a total: 0 of 3, because checks of these questions are not shown: "
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
FIGURE = new_output("display_data", {"image/png": DOT})


def check(student, visibility, *, points="1", outcome=Outcome.FAILED):
    """A check whose every word is this student's own."""
    name = f"{visibility.upper()}-{student[:3].upper()}"
    return Check(
        id=f"test_tiny.py::id-{name}", question=visibility, title=f"title-{name}", outcome=outcome,
        earned=D(points) if outcome is Outcome.PASSED else D(0), max=D(points), message=f"message-{name}",
        expected=f"expected-{name}", actual=f"actual-{name}", hint=f"hint-{name}", visibility=visibility,
    )  # fmt: skip


def grade(student, **changes):
    """A question for each visibility, and one check of each in the last."""
    groups = {each: [check(student, each)] for each in Visibility}
    groups["mixed"] = [replace(check(student, each), id=f"mixed-{each}") for each in Visibility]
    questions = tuple(
        QuestionGrade(
            id=name, title=f"About {name}", points=D(0), max=D(len(checks)), outcome=Outcome.FAILED,
            found_by=FoundBy.METADATA, cells=(0,), reference_cells=(0,), checks=tuple(checks),
        )
        for name, checks in groups.items()
    )  # fmt: skip
    whole = Grade(
        student=student, assignment="tiny", title="Tiny", profile="full", ending=Ending.ERROR,
        ending_detail="cell 1: KeyError: 1", total=D(0), max=D(8), provisional=False, seconds=61.23,
        questions=questions, origin=f"download/{student}/hw.ipynb", sandbox={"mode": "bubblewrap"},
    )  # fmt: skip
    return replace(whole, **changes)


def ran(student):
    """A notebook as it ran here, with a traceback through an installed package."""
    torch = f"{sys.prefix}/lib/python3.11/site-packages/torch/nn.py"
    error = new_output("error", ename="KeyError", evalue="1", traceback=[f"File {torch}:5, in f"])
    return new_notebook(cells=[new_code_cell(f"print('words of {student[:3]}')", outputs=[error])])


def write_run(folder, student, book):
    folder.mkdir(parents=True)
    nbformat.write(book, folder / "executed.ipynb")
    return Execution(student=student, folder=folder, ending=Ending.ERROR)


def submissions(*students):
    return [Submission(student=one, notebook=None, layout="plain", origin=one) for one in students]


@pytest.fixture
def results(tmp_path):
    root = tmp_path / "results"
    with Store.open(root) as store:
        store.enrol(submissions(*STUDENTS), {})
        for one in STUDENTS:
            store.keep(write_run(store.workplace(one), one, ran(one)), "key")
            store.record(grade(one), "key")
        folder = root / REFERENCE / "seed-7"
        run = write_run(
            folder, REFERENCE, new_notebook(cells=[new_code_cell("SOLUTION = 1", outputs=[FIGURE])])
        )
        (folder / RECORD).write_text(dump_execution(run))
        store.remember(seeds=[7])
    return root


@pytest.fixture
def release(results, call, tmp_path):
    def release(*options, to=tmp_path / "feedback"):
        return call("release", results, "-o", to, *options)

    release.folder = tmp_path / "feedback"
    return release


def files(folder):
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir()) if path.suffix == ".html"}


def texts(given):
    return [
        text for one in given.checks for text in (one.title, one.message, one.expected, one.actual, one.hint)
    ]


@pytest.mark.parametrize("moment", Moment)
def test_each_page_holds_what_its_student_may_see_and_nothing_else(release, results, moment):
    said = release("--now", moment)
    assert said.code == 0
    found = files(release.folder)
    assert list(found) == sorted(f"{student}.html" for student in STUDENTS)
    for student in STUDENTS:
        page, own = found[f"{student}.html"], grade(student)
        shown = replace(own, questions=feedback.for_student(own, moment).grade.questions)
        hidden = [one for one in own.checks if not moment.shows(one.visibility)]
        assert [text for text in texts(shown) if text not in page] == []
        assert [text for text in texts(own) if text in page and text not in texts(shown)] == []
        assert [one.id for one in own.checks if one.id in page] == []
        assert f"words of {student[:3]}" in page
        others = [other for other in STUDENTS if other != student]
        named = [word for other in others for word in (other, other[:3].upper(), f"words of {other[:3]}")]
        machine = [
            str(results), str(results.parent), sys.prefix, "site-packages", os.uname().nodename, "61.2",
            "bubblewrap", "index.html", "executed.ipynb", "result.json", "download/", "SOLUTION",
        ]  # fmt: skip
        assert [word for word in (*named, *machine) if word in page] == []
        assert hidden  # so a total would give something away
        assert "0 of 8" not in page


def test_what_was_written_is_said(release):
    said = release()
    assert said.out.splitlines() == [
        f"Wrote 3 pages to {release.folder}: what students may see at once.",
        (
            f"{WITHOUT}hidden About hidden, after_due_date About after_due_date, "
            "after_published About after_published and 1 more."
        ),
    ]
    assert said.err == ""


@pytest.mark.parametrize("name", ["after_published", "hidden"])
def test_who_could_not_be_judged_sees_no_more_than_the_others(release, results, name):
    """Such a grade has one check for each question, which is visible; a person may have given it points."""
    with Store.existing(results) as store:
        placeholder = replace(check(BEN, Visibility.VISIBLE, outcome=Outcome.PASSED), question=name)
        (question,) = (one for one in grade(BEN).questions if one.id == name)
        question = replace(question, checks=(placeholder,), points=D(1))
        store.record(grade(BEN, questions=(question,), total=D(1), max=D(1)), "key")
    assert f"{WITHOUT}hidden About hidden, after_published" in release("--now", "after_due_date").out
    page = files(release.folder)[f"{BEN}.html"]
    assert "1 of 1 points" not in page
    assert "Reference figures" not in page


def test_the_files_are_their_owners_alone(release):
    before = os.umask(0)
    try:
        release("--zip", "folders")
    finally:
        os.umask(before)
    modes = {stat.filemode(path.stat().st_mode) for path in release.folder.iterdir()}
    assert modes == {"-rw-------"}
    assert stat.filemode(release.folder.stat().st_mode) == "drwx------"


def test_a_second_release_replaces_the_first(release, results):
    release("--zip", "folders")
    before = files(release.folder)
    assert (release.folder / "feedback.zip").is_file()
    with Store.existing(results) as store:
        store.enrol(submissions(ANA, EVE), {}, drop=True)
    said = release("--now", "after_due_date")
    assert said.out.splitlines()[0] == (
        f"Wrote 2 pages to {release.folder}: what students may see after the due date. "
        "2 files of an earlier release removed."
    )
    after = files(release.folder)
    assert sorted(path.name for path in release.folder.iterdir()) == sorted([f"{ANA}.html", f"{EVE}.html"])
    assert after[f"{ANA}.html"] != before[f"{ANA}.html"]


def test_a_zip_has_a_folder_for_each_student(release):
    release("--zip", "folders", "--now", "published")
    with zipfile.ZipFile(release.folder / "feedback.zip") as archive:
        assert sorted(archive.namelist()) == sorted(f"{student}/feedback.html" for student in STUDENTS)
        for student in STUDENTS:
            page = (release.folder / f"{student}.html").read_bytes()
            assert archive.read(f"{student}/feedback.html") == page


@pytest.mark.parametrize(
    ("packing", "origins", "names"),
    [
        pytest.param(
            "canvas",
            [
                "limaana_LATE_1001_90001_hw1.ipynb",
                "group_3_1004_90004_hw_2.zip/hw1.ipynb",
                "roeeve_7_text.html",
            ],
            ["limaana_LATE_1001_90001_feedback.html", "group_3_1004_90004_feedback.html"],
            id="Canvas",
        ),
        pytest.param(
            "canvas",
            [
                "limaana_2001_90001_hw1.ipynb",
                "LATE_anon_1004_90004_hw_2.ipynb",
                "group_3_2004_90004_hw.ipynb",
            ],
            ["limaana_2001_90001_feedback.html", "LATE_anon_1004_90004_feedback.html"],
            id="ids of a roster in place of Canvas's",
        ),
        pytest.param(
            "moodle",
            [
                "Sec 1/Ana_Lima_1001_assignsubmission_file/hw1.ipynb",
                "Participant_1004_assignsubmission_file_hw1.ipynb",
                "eve.ipynb",
            ],
            [
                "Ana Lima_1001_assignsubmission_file_/feedback.html",
                "Participant_1004_assignsubmission_file_/feedback.html",
            ],
            id="Moodle",
        ),
    ],
)
def test_a_zip_is_named_for_a_course_system(release, results, packing, origins, names):
    ids = ("1001", "1004", "7")
    with Store.existing(results) as store:
        enrolled = [
            replace(each, origin=origin, identity=Identity(id=own))
            for each, origin, own in zip(submissions(*STUDENTS), origins, ids, strict=True)
        ]
        store.enrol(enrolled, {})
        for each in enrolled:
            store.record(grade(each.student, origin=each.origin), "key")
    said = release("--zip", packing)
    assert (
        f"not in feedback.zip, because no {packing} download names their submission: {STUDENTS[2]}."
        in said.err
    )
    release("--as-student", STUDENTS[0])
    with zipfile.ZipFile(release.folder / "feedback.zip") as archive:
        assert archive.namelist() == names


def test_other_files_are_never_touched(release):
    release()
    (release.folder / "notes.txt").write_text("mine")
    (release.folder / "mine.html").write_text("<p>mine</p>")
    before = files(release.folder)
    said = release("--now", "published")
    assert said.code == 2
    assert said.error == (
        f"error: {release.folder} holds other files than an earlier release: mine.html, notes.txt. Nothing was "
        "written. Move them, or name a new folder with -o."
    )
    assert files(release.folder) == before


def test_what_a_killed_release_left_behind_is_removed(release):
    left = release.folder / ".release-abc"
    left.mkdir(parents=True)
    (left / f"{ANA}.html").write_text("half")
    (release.folder / ".DS_Store").write_bytes(b"Bud1")
    assert release().code == 0
    names = {path.name for path in release.folder.iterdir()}
    assert names == {".DS_Store", *(f"{student}.html" for student in STUDENTS)}


def test_a_file_named_like_a_killed_release_is_another_file(release):
    release.folder.mkdir()
    (release.folder / ".release-notes").write_text("mine")
    assert "holds other files than an earlier release: .release-notes." in release().error


@pytest.mark.parametrize("place", ["results", "results/students", "results/gradebook.sqlite"])
def test_a_place_for_something_else_is_refused(release, results, place):
    before = sorted(results.rglob("*"))
    said = release(to=results.parent / place)
    assert said.code == 2
    assert said.error.endswith("with -o.")
    assert sorted(results.rglob("*")) == before


def test_a_release_that_fails_leaves_the_earlier_one(release, results):
    release()
    before = files(release.folder)
    with Store.existing(results) as store, store._database:
        store._database.execute("update grade set result = '{}' where student = ?", (BEN,))
    assert release("--now", "published").code == 2
    assert files(release.folder) == before
    assert [path.name for path in release.folder.iterdir() if path.suffix != ".html"] == []


def test_one_student_alone_is_shown(release, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    said = release("--as-student", EVE, "--now", "published")
    page = release.folder / f"{EVE}.html"
    assert said.out == f"Wrote {page}: what students may see once grades are published.\n"
    assert list(files(release.folder)) == [page.name]
    assert opened == []
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    alone = page.read_bytes()
    release("--now", "published")
    assert page.read_bytes() == alone
    release("--as-student", EVE, "--now", "published")
    assert opened == [page.as_uri()]
    assert len(files(release.folder)) == 3


def test_a_page_for_another_moment_does_not_get_among_the_others(release):
    release("--now", "published")
    before = files(release.folder)
    said = release("--as-student", ANA)
    assert (said.code, said.out) == (2, "")
    assert said.error == (
        f"error: {release.folder} holds what students may see published, and this page would be for at_once. "
        "Nothing was written. Add `--now published`, or name another folder with -o."
    )
    assert files(release.folder) == before


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--as-student", "ana-lina"), "--as-student ana-lina: no such student. Did you mean ana-lima?"),
        (("--as-student", "../ben"), "--as-student ../ben: no such student."),
        (("--as-student", ANA, "--zip", "canvas"), "--zip is for all students, and --as-student for one"),
        (("--now", "tomorrow"), "--now: there is no 'tomorrow'."),
    ],
)
def test_wrong_use_writes_nothing(release, options, why):
    said = release(*options)
    assert (said.code, said.out) == (2, "")
    assert why in said.error
    assert not release.folder.exists()


def test_what_is_not_ready_is_said(release, results):
    with Store.existing(results) as store:
        first = grade(ANA).questions[0]
        review = check(ANA, Visibility.VISIBLE, outcome=Outcome.REVIEW)
        store.record(rulings.apply(grade(ANA, questions=(replace(first, checks=(review,)),)), []), "key")
        broken = check(BEN, Visibility.VISIBLE, outcome=Outcome.BROKEN)
        store.record(rulings.apply(grade(BEN, questions=(replace(first, checks=(broken,)),)), []), "key")
        with store._database:
            store._database.execute("delete from grade where student = ?", (EVE,))
    said = release()
    assert said.code == 3
    assert said.out.splitlines()[0] == f"Wrote 2 pages to {release.folder}: what students may see at once."
    assert said.err == (
        f"Note: 1 grade can still change: {ANA}. The class page says what is open. Release again when it is "
        "decided.\n"
        f"Note: 1 grade broken by an internal error: {BEN}. The pages say so. Repeat `grader run`, and release "
        "again.\n"
        f"Note: no grade yet, and so no page: {EVE}. Repeat `grader run`.\n"
    )
    assert "Up to 1 more point possible." in files(release.folder)[f"{ANA}.html"]
    assert feedback.NOT_JUDGED in files(release.folder)[f"{BEN}.html"]


def test_without_any_grade_nothing_is_made(release, results):
    with Store.existing(results) as store, store._database:
        store._database.execute("delete from grade")
    said = release()
    assert said.code == 2
    assert said.error == f"error: There is no grade to release in {results} yet. Run `grader run` first."
    assert not release.folder.exists()


@pytest.fixture
def rubric(results, tmp_path):
    """An assignment's folder, by which the class was judged."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for name in ("assignment.toml", "test_tiny.py", "README.md"):
        (folder / name).write_text("before")
    with Store.existing(results) as store:
        store.remember(assignment=str(folder))
        for one in STUDENTS:
            store.record(grade(one), f"key {keys.of_rubric(folder)}")
    return folder


@pytest.mark.parametrize("name", ["assignment.toml", "test_tiny.py", "parts/more.py"])
@pytest.mark.parametrize("options", [(), ("--as-student", BEN)], ids=["all", "one"])
def test_a_check_that_was_hidden_since_is_not_shown(release, results, rubric, name, options):
    (rubric / name).parent.mkdir(exist_ok=True)
    (rubric / name).write_text("after")
    said = release(*options)
    assert said.code == 2
    count = "1 of 1" if options else "3 of 3"
    assert said.error.startswith(
        f"error: The rubric in {rubric} is not the one by which {count} grades were judged:"
    )
    assert f"Run `grader regrade {results}` first" in said.error
    assert not release.folder.exists()
    shutil.rmtree(rubric)
    assert release(*options).code == 0, "nobody can judge by it any more"


def test_what_no_check_reads_may_be_changed(release, rubric):
    (rubric / "README.md").write_text("after")
    assert release().code == 0


@pytest.mark.usefixtures("rubric")
def test_grades_of_an_earlier_release_are_judged_again_first(release, results):
    with Store.existing(results) as store:
        store.record(grade(BEN), "key")
    said = release()
    assert (said.code, f"judged: {BEN}." in said.error) == (2, True)


def test_a_folder_named_like_our_own_is_kept(release):
    mine = release.folder / ".release" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert release().code == 2
    assert mine.read_text() == "mine"


def test_a_page_that_is_released_alone_gets_into_the_zip(release, results):
    release("--zip", "folders", "--now", "published")
    with Store.existing(results) as store:
        store.record(grade(BEN, title="Another title"), "key")
    said = release("--as-student", BEN, "--now", "published")
    assert said.out.endswith(" feedback.zip was written anew with it.\n")
    with zipfile.ZipFile(release.folder / "feedback.zip") as archive:
        assert len(archive.namelist()) == 3
        for student in STUDENTS:
            page = (release.folder / f"{student}.html").read_bytes()
            assert archive.read(f"{student}/feedback.html") == page
            assert (b"Another title" in page) == (student == BEN)
    assert release("--as-student", ANA, "--now", "published").code == 0, "it is still one of ours"


def test_what_a_person_decided_is_told_without_the_person(release, results):
    with Store.existing(results) as store:
        first = grade(ANA).questions[0]
        answer = ReviewItem(answer="It has a kink.", group="g")
        open_ones = [replace(check(ANA, Visibility.VISIBLE, outcome=Outcome.REVIEW), id=one) for one in "abc"]
        checks = [replace(one, review=answer) for one in open_ones]
        store.record(
            grade(ANA, questions=(replace(first, checks=tuple(checks), max=D(3)),), provisional=True), "key"
        )
        facts = {"student": ANA, "points": D(1), "by": "Ada L.", "at": "2026-01-02"}
        now, before = code_of("It has a kink."), code_of("Something else.")
        store.rule([
            Ruling(check="a", group=now, comment="Well put.", **facts),
            Ruling(check="b", group=now, comment="", **facts),
            Ruling(check="c", group=before, comment="", **facts),
        ])  # fmt: skip
    release()
    page = files(release.folder)[f"{ANA}.html"]
    assert "Well put." in page
    assert "Decided by the course staff on 2026-01-02." in page
    assert "An earlier answer got 1 of 1 points from the course staff on 2026-01-02." in page
    assert "Ada" not in page


class Overcome:
    """A server of pages that some are too much for."""

    def __init__(self, is_too_much):
        self.is_too_much = is_too_much

    def ask(self, page):
        if self.is_too_much(page):
            raise Unanswered("Drawing this page took more than 1024 MiB of memory.")
        return pages._drawn(None, {}, page)


@pytest.mark.parametrize("is_too_much", [lambda page: page.execution is not None, lambda _: True])
def test_a_notebook_that_cannot_be_drawn_is_left_out(results, is_too_much):
    with Store.existing(results) as store:
        page = pages.FeedbackPage(
            feedback=feedback.for_student(grade(ANA), Moment.AT_ONCE),
            execution=store.execution(ANA),
            places=(),
        )
    drawn, whole = pages.drawn_feedback(Overcome(is_too_much), page)
    assert not whole
    assert ANA in drawn
    assert "words of" not in drawn
    assert "MiB" not in drawn
    assert (
        (pages.LEFT_OUT in drawn)
        == ("title-VISIBLE-ANA" in drawn)
        == (not is_too_much(replace(page, execution=None)))
    )
