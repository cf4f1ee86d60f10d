"""`export`: the forms that other systems read."""

import csv
import io
import json
import os
import stat
from dataclasses import replace

import pytest

from grader.cli.console import WRONG_USE
from grader.model import Ending, Outcome
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

    def test_canvas_fills_what_was_downloaded_there(self, graded, call, tmp_path):
        """Provisional totals are left to a person, with a note of each."""
        book = tmp_path / "book.csv"
        book.write_text(
            "Student,ID,SIS Login ID,Section,A tiny assignment (9)\nPoints Possible,,,,2.5\nAda,1,ada,A,\n"
        )
        said = call("export", "canvas", graded.results, "--fill", book)
        assert said.code == 0
        assert said.out.splitlines()[0] == "Student,ID,SIS Login ID,Section,A tiny assignment (9)"
        assert any(line.startswith("Note: ada") for line in said.err.splitlines())

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

    def test_fills_a_copy_of_the_gradebook(self, graded, call, tmp_path):
        book, filled = tmp_path / "book.csv", tmp_path / "filled.csv"
        book.write_text("Student,ID,A tiny assignment (9)\nPoints Possible,,2.5\nAda,1,\n")
        assert call("export", "canvas", graded.results, "--fill", book, "-o", filled).code == 0
        assert call("export", "canvas", graded.results, "--fill", book, "-o", filled).code == 0
        book.write_text(book.read_text().replace("ID,", f"ID,{'A long column,' * 400}", 1))
        filled.unlink()
        for _ in range(2):
            assert call("export", "canvas", graded.results, "--fill", book, "-o", filled).code == 0
        said = call("export", "canvas", graded.results, "--fill", book, "-o", book)
        assert said.error == f"error: {book} is the gradebook to fill in. Name another file with -o."
