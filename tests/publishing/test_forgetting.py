"""One student is removed from everything below a results folder; everybody else stays."""

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from decimal import Decimal

import pytest

from grader import csvs
from grader.model import (
    Check,
    Ending,
    Execution,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    ReviewItem,
    Ruling,
    Submission,
)
from grader.publishing import forgetting
from grader.publishing.publisher import Publisher
from grader.results import gradebook
from grader.results.gradebook import DATABASE
from grader.results.store import Store
from grader.theory.words import code_of

GONE, STAYS = "zuzana-müller", "ben-adler"
OURS, HERS = "It has a kink.", "Zuzana's own words."


def review(number, answer):
    return Check(
        id=f"test_{number}", question="1", title="Why.", outcome=Outcome.REVIEW, earned=Decimal(0),
        max=Decimal(1), review=ReviewItem(answer=answer, group=code_of(answer)),
    )  # fmt: skip


def grade(student, *answers):
    checks = tuple(review(number, answer) for number, answer in enumerate(answers))
    question = QuestionGrade(
        id="1", title="One", points=Decimal(0), max=Decimal(2), outcome=Outcome.REVIEW, found_by=FoundBy.MARKER,
        checks=checks,
    )  # fmt: skip
    return Grade(
        student=student, assignment="tiny", title="Tiny", profile="full", ending=Ending.FINISHED, ending_detail="",
        total=Decimal(0), max=Decimal(2), provisional=True, seconds=1.0, questions=(question,),
        origin=f"{student}/hw.ipynb",
    )  # fmt: skip


def ruling(check, answer, *, student="", comment=""):
    return Ruling(
        check=check, group=code_of(answer), student=student, points=Decimal(1), comment=comment, by="ada", at="2026"
    )  # fmt: skip


@pytest.fixture
def results(tmp_path):
    """A class of two, with rulings, a backup of the gradebook, and a sheet that a person filled in."""
    root = tmp_path / "results"
    before = os.umask(0)
    try:
        with Store.open(root) as store:
            students = (GONE, STAYS)
            submissions = [
                Submission(student=name, notebook=None, layout="plain", origin=f"{name}/hw.ipynb")
                for name in students
            ]
            store.enrol(submissions, {GONE: {"participated": "yes"}})
            for name in students:
                folder = store.workplace(name)
                folder.mkdir()
                (folder / "executed.ipynb").write_text("{}")
                store.keep(Execution(student=name, folder=folder, ending=Ending.FINISHED), "key")
            store.record(grade(GONE, OURS, HERS), "key")
            store.record(grade(STAYS, OURS, "Something else."), "key")
            store.rule([
                ruling("test_0", OURS), ruling("test_1", HERS, comment=f"for {GONE}"),
                ruling("test_0", OURS, student=GONE), ruling("test_0", OURS, student=STAYS),
            ])  # fmt: skip
            publisher = Publisher(store, None)
            for each in store.each_grade():
                store.write(f"students/{each.student}/report.html", each.student)
            publisher.class_([])
            sheet = (root / "review.csv").read_bytes().decode("utf-8-sig").replace(",", ";")
            (root / "review.csv").write_bytes(sheet.encode("cp1252"))
            publisher.class_([])
        shutil.copy(root / DATABASE, root / "gradebook-before.backup")
        yield root
    finally:
        os.umask(before)


def mentions(root, text=GONE):
    return [
        path
        for path in root.rglob("*")
        if text in path.name or (path.is_file() and text.encode() in path.read_bytes())
    ]


def test_all_about_a_student_is_removed_and_named(results, call):
    assert len(mentions(results)) > 8
    said = call("forget", GONE, results)
    assert said.code == 0
    assert said.out == (
        f"Removed {GONE} from {results}: 1 student, 1 execution, 1 grade, 2 rulings, 5 backup rows, 2 files, "
        "2 table rows. The class page and the tables were written anew.\n"
    )
    assert said.err == "Remove the submission as well: the next run would grade it again.\n"
    assert mentions(results) == []
    assert mentions(results, "Zuzana") == []


def test_what_a_regrade_replaced_is_counted_in_words(results, call):
    with Store.existing(results) as store, store._database:
        store._database.execute("insert into earlier_grade values (1, ?, '', '', '')", (GONE,))
    said = call("forget", GONE, results)
    assert "1 earlier grade," in said.out


def test_everybody_else_stays(results, call):
    call("forget", GONE, results)
    with Store.existing(results) as store:
        assert [grade.student for grade in store.grades()] == [STAYS]
        assert [(each.check, each.student) for each in store.rulings()] == [("test_0", ""), ("test_0", STAYS)]
    assert STAYS in (results / "grades.csv").read_text()
    assert (results / "students" / STAYS / "executed.ipynb").is_file()
    (sheet,) = results.glob("review-*.csv")
    rows = csvs.read(sheet.read_text("utf-8"), name="review.csv")
    assert STAYS in [row[rows[0].index("student")] for row in rows]
    with closing(sqlite3.connect(results / "gradebook-before.backup")) as backup:
        assert backup.execute("select student from grade").fetchall() == [(STAYS,)]


def test_a_database_of_another_program_stops_nothing(results, call):
    for name, table in {"other.sqlite": "note (student text)", "odd.sqlite": "ruling (text text)"}.items():
        with closing(sqlite3.connect(results / name)) as other, other:
            other.execute(f"create table {table}")
    assert call("forget", GONE, results).code == 0
    assert mentions(results) == []


def test_what_else_mentions_the_student_is_said(results, call):
    (results / "students" / STAYS / "notes.txt").write_text(f"like {GONE}, and not {GONE}s")
    (results / "students" / STAYS / "other.txt").write_text(f"{GONE}-2 is somebody else")
    said = call("forget", GONE, results)
    assert [line for line in said.err.splitlines() if line.startswith("Note: ")] == [
        f"Note: {results}/students/{STAYS}/notes.txt still mentions {GONE}; look at it."
    ]


@pytest.mark.parametrize("name", ["nobody", "..", "reference", "students", "", "*"])
def test_a_stranger_cannot_be_forgotten(results, call, name):
    (results / "blank.csv").write_text("student\n\n")
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    said = call("forget", name, results)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"error: There is nothing about {name!r} in {results}. Give the id of a student.\n"
    assert all(path.read_bytes() == content for path, content in before.items() if path.name != DATABASE)


def test_all_files_are_their_owners_alone_whatever_the_umask(results):
    modes = {
        path.relative_to(results).as_posix(): stat.filemode(path.stat().st_mode)
        for path in (results, *results.rglob("*"))
        if path.suffix != ".backup" and not path.stem.startswith("review-")
    }
    assert {name: mode for name, mode in modes.items() if mode not in ("-rw-------", "drwx------")} == {}
    assert len(modes) > 12


SHEETS = {
    "CP1252 with a separator": ("sep=;\r\nstudent;note\r\nzuzana-müller;x\r\nben-adler;é\r\n", "cp1252"),
    "UTF-16 of Excel": ("\ufeffstudent\tnote\r\nzuzana-müller\tx\r\nben-adler\té\r\n", "utf-16-le"),
    "UTF-16, the other way": ("\ufeffstudent\tnote\r\nzuzana-müller\tx\r\nben-adler\té\r\n", "utf-16-be"),
    "UTF-8 with mark and separator": ("\ufeffsep=;\nstudent;note\nzuzana-müller;x\nben-adler;é\n", "utf-8"),
    "UTF-8": ("student,note\nzuzana-müller,x\nben-adler,é\n", "utf-8"),
    "title": ("Class 7\n\n Student ,,note\nzuzana-müller ,,x\nben-adler,,é\n", "utf-8"),
}


@pytest.mark.parametrize(("text", "encoding"), SHEETS.values(), ids=SHEETS)
def test_the_rest_of_a_table_stays_as_it_was_written(results, call, text, encoding):
    """Also where nothing else is left of a student who left the class."""
    call("forget", GONE, results)
    (results / "mine.csv").write_bytes(text.encode(encoding))
    said = call("forget", GONE, results)
    assert said.out == (
        f"Removed {GONE} from {results}: 1 table row. The class page and the tables were written anew.\n"
    )
    lines = [line for line in text.splitlines(keepends=True) if GONE not in line]
    assert (results / "mine.csv").read_bytes() == "".join(lines).encode(encoding)
    assert call("forget", GONE, results).code == 2


def test_only_the_answer_of_a_row_for_all_is_emptied(results, call):
    """Columns without a name, and cells beyond the last column, stay."""
    rows = ["student,group,answer,,", f"*,g,{HERS},a,b,c", f"{GONE},g,{HERS},a,b", f"*,h,{OURS},a,b"]
    (results / "mine.csv").write_text("\n".join([*rows, ""]))
    assert call("forget", GONE, results).code == 0
    assert (results / "mine.csv").read_text().splitlines() == [rows[0], "*,g,,a,b,c", rows[3]]


def test_a_folder_or_a_link_in_place_of_a_table_is_left_alone(results, call, tmp_path):
    (results / "dir.csv").mkdir()
    mine = tmp_path / "mine.csv"
    mine.write_text(f"student\n{GONE}\n")
    (results / "link.csv").symlink_to(mine)
    (results / "students" / "link").symlink_to(tmp_path)
    (tmp_path / GONE).mkdir()
    (results / "linked").symlink_to(tmp_path)
    said = call("forget", GONE, results)
    assert said.code == 0
    assert f"Note: {results}/link.csv still mentions {GONE}" in said.err
    assert mine.read_text() == f"student\n{GONE}\n"
    assert (tmp_path / GONE).is_dir()


@pytest.mark.parametrize("place", ["gradebook.forget", "shutil.rmtree", "Publisher.class_", "Store.write"])
def test_what_was_interrupted_is_finished_by_the_next(results, call, monkeypatch, place):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    owner, name = place.split(".")
    owners = {"gradebook": gradebook, "shutil": shutil, "Publisher": Publisher, "Store": Store}
    with Store.existing(results) as store, monkeypatch.context() as patch:
        patch.setattr(owners[owner], name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(store, GONE)
    assert mentions(results) != []
    assert call("forget", GONE, results).code == 0
    assert mentions(results) == []
    assert mentions(results, "Zuzana") == []
    assert call("forget", GONE, results).code == 2
