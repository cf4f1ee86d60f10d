"""`export`: the forms that other systems read."""

import csv
import io
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.console import WRONG_USE
from grader.course import Missing, Rules
from grader.model import Ending, Flag, FlagKind, Identity, Outcome
from grader.reports import gradescope
from grader.results.gradebook import DATABASE
from grader.results.store import Store


class TestExport:
    def test_csv_goes_to_stdout_or_a_file(self, graded, call, tmp_path):
        said = call("export", "csv", graded.results)
        assert said.code == 0
        rows = list(csv.DictReader(io.StringIO(said.out)))
        assert [(row["student"], row["total"]) for row in rows] == [
            ("ada", "2.00"), ("bob", "1.50"), ("cyd", "1"), ("dan", "0"),
        ]  # fmt: skip
        target = tmp_path / "new" / "grades.csv"
        assert call("export", "csv", graded.results, "-o", target).out == ""
        assert target.read_text() == said.out

    def test_junit_is_xml(self, graded, call):
        assert call("export", "junit", graded.results).out.startswith("<?xml")

    def test_gradescope_gets_a_file_a_student(self, graded, call, tmp_path):
        said = call("export", "gradescope", graded.results, "-o", tmp_path / "gradescope")
        assert said.out == f"Wrote results.json for 4 students to {tmp_path}/gradescope\n"
        results = sorted((tmp_path / "gradescope").glob("*/results.json"))
        assert [path.parent.name for path in results] == ["ada", "bob", "cyd", "dan"]
        assert all("tests" in json.loads(path.read_text()) for path in results)

    def test_gradescope_replaces_its_own_file_after_an_internal_error(self, graded, call, tmp_path):
        target = tmp_path / "gradescope" / "ada" / "results.json"
        with Store.existing(graded.results) as store:
            (ada,) = (grade for grade in store.grades() if grade.student == "ada")
        target.parent.mkdir(parents=True)
        checks = tuple(replace(check, outcome=Outcome.BROKEN) for check in ada.questions[0].checks)
        broken = replace(ada, ending=Ending.BROKEN, questions=(replace(ada.questions[0], checks=checks),))
        target.write_text(gradescope.results_json(broken))
        assert '"score"' not in target.read_text()
        assert call("export", "gradescope", graded.results, "-o", tmp_path / "gradescope").code == 0
        assert '"score"' in target.read_text()

    @pytest.mark.parametrize("form", ["csv", "junit"])
    def test_replaces_nothing_but_an_earlier_export(self, graded, call, tmp_path, form):
        """It is its owner's alone, with the folders made for it, even where an earlier one was not."""
        target = tmp_path / "new" / "folder" / "grades"
        before = os.umask(0o022)
        try:
            assert call("export", form, graded.results, "-o", target).code == 0
        finally:
            os.umask(before)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (target, target.parent, target.parent.parent)]
        assert modes == [0o600, 0o700, 0o700]
        target.chmod(0o644)
        assert call("export", form, graded.results, "-o", target).code == 0
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        kept = [
            graded.results / DATABASE, next(graded.hand_ins.rglob("*.ipynb")),
            graded.assignment / "assignment.toml", tmp_path / "participation.csv",
        ]  # fmt: skip
        kept[-1].write_text("student,participated\nada,yes\n")
        for path in kept:
            content = path.read_bytes()
            said = call("export", form, graded.results, "-o", path)
            assert (said.code, path.read_bytes()) == (WRONG_USE, content)
            assert said.error.startswith(f"error: {path} was not written by this command")

    @pytest.mark.parametrize("form", ["csv", "junit", "canvas"])
    def test_without_results_there_is_nothing_to_export(self, call, form):
        said = call("export", form)
        assert (said.code, said.error) == (WRONG_USE, (
            "error: RESULTS is missing (results folder, as written by `grader run`). See `grader export --help`."
        ))  # fmt: skip

    def test_who_handed_in_nothing_is_in_the_table(self, graded, call):
        with Store.existing(graded.results) as store:
            store.remember(missing=[Identity(name="Eve", id="5")], rules=Rules(missing=Missing.ZERO))
        *_, eve = csv.DictReader(io.StringIO(call("export", "csv", graded.results).out))
        assert (eve["name"], eve["total"], eve["status"]) == ("Eve", "0", "missing")


HEADER = "Student,ID,SIS Login ID,Section,A tiny assignment (9)"
BOOK = f'{HEADER}\nPoints Possible,,,,2.5\nAda,1,ada,"A",\nBob,2,bob,A,1.00\nEve,5,eve,A,\nFay,6,fay,A,\n'


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(BOOK)
    return path


@pytest.fixture
def fill(graded, call, book):
    """`grader export canvas` with the results of a class."""

    def fill(*options, form="canvas"):
        return call("export", form, graded.results, "--fill", book, *options)

    return fill


@pytest.fixture
def settled(graded):
    """As if all had been decided."""

    def decided(check):
        return replace(check, review=None, outcome=Outcome.FAILED) if check.outcome.provisional else check

    with Store.existing(graded.results) as store:
        for student, _, _ in store.students():
            grade = store.grade(student)
            questions = tuple(
                replace(question, checks=tuple(map(decided, question.checks))) for question in grade.questions
            )
            store.record(replace(grade, flags=(), questions=questions), store.grade_key(student))


@pytest.mark.usefixtures("settled")
class TestFilling:
    def test_what_was_downloaded_is_filled_and_the_rest_named(self, fill, book, tmp_path):
        said = fill("-o", tmp_path / "filled.csv")
        assert (said.code, said.err) == (0, (
            "Note: bob (row 4): 1.00 in the gradebook, 1.50 here; --overwrite replaces it.\n"
            "Note: cyd: no row has its id or name.\n"
            "Note: dan: no row has its id or name.\n"
            "Note: Eve (row 5): no grade.\n"
            "Note: Fay (row 6): no grade.\n"
        ))  # fmt: skip
        assert said.out == "1 grade filled, 1 kept as they were, 4 left.\n"
        assert (tmp_path / "filled.csv").read_text() == BOOK.replace('ada,"A",', 'ada,"A",2.00')
        assert book.read_text() == BOOK
        assert [path.name for path in tmp_path.glob(".*")] == []

    def test_stdout_gets_the_file_alone(self, fill):
        said = fill()
        assert said.out == BOOK.replace('ada,"A",', 'ada,"A",2.00')
        assert said.err.endswith("4 left.\n")

    def test_options_say_more_and_allow_more(self, graded, fill, tmp_path):
        with Store.existing(graded.results) as store:
            store.remember(missing=[Identity(name="Eve")], rules=Rules(missing=Missing.ZERO))
        (tmp_path / "ids.csv").write_text("student,id\ncyd,6\n")
        said = fill("--overwrite", "--ids", tmp_path / "ids.csv", "--column", "9")
        assert [line.rpartition(",")[2] for line in said.out.splitlines()[2:]] == [
            "2.00",
            "1.50",
            "",
            "1.00",
        ]
        assert "No 0 was written for those who handed in nothing" in said.err, "dan has no row"

    def test_a_dry_run_shows_who_gets_what_and_writes_nothing(self, fill, contents, tmp_path, monkeypatch):
        before = contents(tmp_path)
        monkeypatch.setenv("COLUMNS", "80")
        said = fill("--dry-run", "-o", tmp_path / "filled.csv")
        assert contents(tmp_path) == before
        rows = [line.split(maxsplit=4) for line in said.out.splitlines()[:3]]
        assert rows == [
            ["row", "student", "before", "after"],
            ["3", "ada", "2.00"],
            ["4", "bob", "1.00", "1.00", "kept: 1.00 in the gradebook, 1.50 here; --overwrite"],
        ]
        assert said.out.endswith("4 left. Nothing was written.\n")

    @pytest.mark.parametrize(
        ("form", "content"),
        [
            pytest.param(
                "moodle",
                "Identifier,Full name,Grade,Maximum grade,Last modified (grade)\nParticipant 1,Ada,,9.00,-\n",
                id="Moodle",
            ),
            pytest.param(
                "brightspace",
                "Username,A tiny assignment Points Grade,End-of-Line Indicator\n#ada,,#\n",
                id="Brightspace",
            ),
            pytest.param(
                "blackboard",
                "Last Name\tFirst Name\tUsername\tA tiny assignment [Total Pts: 3 Score] |7\n\t\tada\t\n",
                id="Blackboard",
            ),
        ],
    )
    def test_each_system_in_its_own_encoding(self, fill, book, tmp_path, form, content):
        book.write_bytes(content.encode("utf-16"))
        assert fill("-o", tmp_path / "filled.csv", form=form).out.startswith("1 grade filled")
        after = (tmp_path / "filled.csv").read_bytes().decode("utf-16")
        assert after != content
        assert after.replace("2.00", "") == content

    def test_a_copy_is_filled_and_only_an_earlier_copy_replaced(self, fill, book, tmp_path):
        filled = tmp_path / "filled.csv"
        for _ in range(2):
            assert fill("-o", filled).code == 0
        book.write_text(book.read_text().replace("ID,", f"ID,{'A long column,' * 400}", 1))
        assert "was not written by this command" in fill("-o", filled).error
        filled.unlink()
        for _ in range(2):
            assert fill("-o", filled).code == 0
        linked = tmp_path / "linked.csv"
        linked.hardlink_to(book)
        for target in (book, linked):
            assert fill("-o", target).error == (
                f"error: {target} is the gradebook to fill in. Name another file with -o."
            )

    def test_an_earlier_copy_stays_if_a_new_one_is_not_whole(self, fill, tmp_path, monkeypatch):
        filled = tmp_path / "filled.csv"
        fill("-o", filled)
        before = filled.read_bytes()

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        assert fill("-o", filled, "--overwrite").error.startswith(
            f"error: {filled} can't be written: No space"
        )
        assert filled.read_bytes() == before
        assert not list(tmp_path.glob(".filled*"))

    def test_a_grade_that_can_change_is_left(self, graded, fill):
        with Store.existing(graded.results) as store:
            flag = Flag(kind=FlagKind.SUBSET, message="A sample.")
            store.record(replace(store.grade("ada"), flags=(flag,)), store.grade_key("ada"))
        assert "Note: ada (row 3): the grade is provisional.\n" in fill().err
        assert ",2.00\n" in fill("--provisional").out
