"""`regrade` and `report`: stored work is judged or written again."""

import json
import shutil

import pytest

from grader.cli import wiring
from grader.cli.console import GRADED, WRONG_USE
from grader.datasets import fashion_mnist as datasets
from grader.execution import worker
from grader.results.store import Store


class TestRegrade:
    @pytest.fixture(autouse=True)
    def generous(self, graded):
        graded.rubric("award(0.25", "award(0.5")

    def test_says_who_changes_by_how_much_and_why(self, graded, call):
        said = call("regrade", graded.results)
        assert said.code == GRADED
        assert [" ".join(line.split()) for line in said.out.splitlines()[:2]] == [
            "student before after changed checks",
            "bob 1.50 1.75 2: The losses fall. partial 0.25 -> partial 0.5",
        ]
        assert said.out.splitlines()[-1] == "4 grades judged, 1 changed."
        assert json.loads((graded.results / "students/bob/result.json").read_text())["total"] == 1.75
        assert "bob,1,0.75" in (graded.results / "grades.csv").read_text()
        assert call("regrade", graded.results).out == "4 grades judged, none changed.\n"

    def test_as_json(self, graded, call):
        (change,) = json.loads(call("regrade", graded.results, "--json").out)
        assert (change["student"], change["before"], change["after"]) == ("bob", 1.5, 1.75)
        assert len(change["why"]) == 1

    def test_dry_writes_nothing(self, graded, call, contents):
        before = contents(graded.results)
        said = call("regrade", graded.results, "--dry-run")
        assert said.code == GRADED
        assert "bob" in said.out
        assert said.out.splitlines()[-1] == "4 grades judged, 1 changed; nothing was written (--dry-run)."
        assert contents(graded.results) == before

    def test_starts_no_kernel(self, graded, call, monkeypatch):
        monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: pytest.fail("a kernel"))
        monkeypatch.setattr(worker, "call", lambda *_, **__: pytest.fail("a worker"))
        assert call("regrade", graded.results).code == GRADED

    def test_works_wherever_the_results_are(self, graded, call, tmp_path):
        moved = tmp_path / "moved"
        graded.results.rename(moved)
        shutil.rmtree(graded.hand_ins)
        assert "1.75" in call("regrade", moved).out

    def test_of_a_rubric_that_moved_names_the_way_out(self, graded, call):
        moved = graded.assignment.rename(graded.folder / "moved")
        said = call("regrade", graded.results)
        assert said.code == WRONG_USE
        assert said.error == (
            f"error: The rubric of {graded.results} is no longer in {graded.assignment}. "
            "Say with -a where it is now."
        )
        assert "1.75" in call("regrade", graded.results, "-a", moved).out

    def test_refuses_a_rubric_that_does_not_add_up(self, graded, call):
        graded.rubric("points=0.75", "points=0.5")
        said = call("regrade", graded.results)
        assert said.code == WRONG_USE
        assert "the points of question 2's checks add up to 0.75; assignment.toml says 1." in said.error

    def test_needs_the_data_that_the_class_trained_on(self, graded, call, monkeypatch):
        """Evidence from all of the data, held to a sample of it, would cost points for nothing."""
        with Store.existing(graded.results) as store:
            store.remember(complete=True)
        monkeypatch.setattr(datasets, "find", lambda *_, **__: None)
        said = call("regrade", graded.results)
        assert said.code == WRONG_USE
        assert said.error.endswith("full data set, which was not found. Get it with `grader data fetch`.")


def test_reports_are_written_again(graded, call):
    for path in [*graded.results.glob("students/*/re*"), *graded.results.glob("*.csv")]:
        path.unlink()
    shutil.rmtree(graded.assignment)
    said = call("report", graded.results)
    assert (said.code, said.out) == (0, f"Wrote 4 reports: {graded.results}/index.html\n")
    assert len(list(graded.results.glob("students/*/report.html"))) == 4
    assert (graded.results / "grades.csv").is_file()
