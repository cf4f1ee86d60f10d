"""`export`: the forms that other systems read."""

import csv
import io
import json


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
