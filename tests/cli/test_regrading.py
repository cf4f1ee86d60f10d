"""`regrade` and `report`: stored work is judged or written again."""

import csv
import json
import shutil
from dataclasses import replace
from decimal import Decimal

import pytest

from grader.cli import wiring
from grader.cli.console import GRADED, WRONG_USE
from grader.datasets import fashion_mnist as datasets
from grader.execution import schedule
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
        assert said.out.splitlines()[2:] == [
            "1 up, 0 down; mean 1.50 before, 1.58 after.",  # without the hand-in that can't be read
            "4 grades judged, 1 changed.",
        ]
        assert json.loads((graded.results / "students/bob/result.json").read_text())["total"] == 1.75
        assert "bob,1,0.75" in (graded.results / "grades.csv").read_text()
        assert call("regrade", graded.results).out == "4 grades judged, none changed.\n"

    def test_takes_a_changed_way_to_object_into_every_report(self, graded, call):
        toml = graded.assignment / "assignment.toml"
        toml.write_text('objections = "Write to zq@example.org."\n' + toml.read_text())
        call("regrade", graded.results)
        mentions = {
            path.name for path in graded.results.rglob("*.*") if b"zq@example.org" in path.read_bytes()
        }
        assert mentions == {"report.html", "result.json", "grades.json", "gradebook.sqlite"}
        assert len(list(graded.results.glob("students/*/report.html"))) == 4
        for page in graded.results.glob("students/*/report.html"):
            assert 'href="mailto:zq@example.org"' in page.read_text()

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
        monkeypatch.setattr(schedule, "attempt", lambda *_, **__: pytest.fail("a notebook"))
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


def totals(graded):
    with Store.existing(graded.results) as store:
        return {grade.student: grade.total for grade in store.grades()}


def ruled(graded, name, **points):
    """The sheet of the class with points for some students' first open answers."""
    table = list(csv.DictReader((graded.results / "review.csv").read_text().splitlines()))
    for row in table:
        row["points"] = points.pop(row["student"], "")
    sheet = graded.folder / name
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    return sheet


class TestUndo:
    def test_goes_back_one_regrade_at_a_time(self, graded, call):
        first = totals(graded)
        graded.rubric("award(0.25", "award(0.5")
        call("regrade", graded.results)
        call("regrade", graded.results, "--rulings", ruled(graded, "one.csv", ada="0.5"), "--by", "Ada L.")
        assert totals(graded) == first | {"bob": Decimal("1.75"), "ada": Decimal("2.50")}
        said = call("regrade", graded.results, "--undo")
        assert said.code == GRADED
        assert said.out.endswith(" UTC; 1 ruling of it withdrawn.\n"), "there is no word about the rubric"
        assert totals(graded) == first | {"bob": Decimal("1.75")}
        assert json.loads((graded.results / "students/ada/result.json").read_text())["total"] == 2
        assert "1 up" not in call("regrade", graded.results).out
        said = call("regrade", graded.results, "--undo")
        assert said.out.endswith(
            " UTC; 0 rulings of it withdrawn.\n"
            "The rubric's files are not changed back: the next `grader regrade` or `grader run` judges by them.\n"
        )
        assert totals(graded) == first
        said = call("regrade", graded.results, "--undo")
        assert said.code == WRONG_USE
        assert said.error == f"error: There is no earlier regrade left to undo in {graded.results}."
        with Store.existing(graded.results) as store:
            assert store._database.execute("select count(*) from ruling").fetchone() == (1,), "it is kept"

    def test_leaves_the_grade_of_a_newer_run(self, graded, call):
        """Also of one of the same notebook under the same conditions, as `run --force` makes it."""
        graded.rubric("award(0.25", "award(0.5")
        call("regrade", graded.results)
        with Store.existing(graded.results) as store:
            before, key = store.execution("bob"), store.execution_key("bob")
            again = store.workplace("bob")
            shutil.copytree(before.folder, again)
            grade, grade_key = store.grade("bob"), store.grade_key("bob")
            store.keep(replace(before, folder=again), key)
            store.record(grade, grade_key)
        said = call("regrade", graded.results, "--undo")
        assert "Run again since then, with the newer grade kept: 1 student." in said.out
        assert totals(graded)["bob"] == Decimal("1.75")

    def test_leaves_the_notes_that_a_later_run_added(self, graded, call):
        everyone = ruled(graded, "all.csv", **{"*": "0.5"})
        call("regrade", graded.results, "--rulings", everyone, "--by", "Ada L.")
        graded.rubric("award(0.25", "award(0.5")
        call("regrade", graded.results)
        with Store.existing(graded.results) as store:
            before = store.execution("ada")
            again = store.workplace("ada")
            shutil.copytree(before.folder, again)
            store.keep(replace(before, folder=again), "another notebook")
            notes = [each for each in store.rulings() if not each.group]
        assert [each.student for each in notes] == ["ada"]
        call("regrade", graded.results, "--undo")
        with Store.existing(graded.results) as store:
            assert [each for each in store.rulings() if not each.group] == notes


class TestAnOutdatedRun:
    """Nothing stored says what a changed probe would have seen."""

    @pytest.fixture
    def toml(self, graded):
        return graded.assignment / "assignment.toml"

    @pytest.mark.parametrize(
        ("change", "what", "option"),
        [
            (lambda folder: (folder / "probes.py").write_text("PROBES = {}\n"), "probes.py", ()),
            (lambda folder: (folder / "inputs.py").write_text("INPUTS = {}\n"), "inputs.py", ("--dry-run",)),
            (
                lambda folder: edit(folder / "assignment.toml", "seeds = [7]", "seeds = [8]"),
                "the reference notebook, the seed",
                (),
            ),
            (
                lambda folder: edit(folder / "master.ipynb", "number = 6 * 7", "number = 42"),
                "the reference notebook",
                ("--dry-run",),
            ),
        ],
        ids=["probe", "input", "seed", "master"],
    )
    def test_needs_a_new_run_and_keeps_its_grade(self, graded, call, change, what, option):
        before = totals(graded)
        graded.rubric("award(0.25", "award(0.5")
        change(graded.assignment)
        said = call("regrade", graded.results, *option)
        assert said.code == GRADED, said.err
        assert said.out.splitlines()[0] == (
            f"Changed since the notebooks ran: {what}. 3 of 4 students need a new run, and keep their grades until "
            "then: ada, bob, cyd. Repeat `grader run`."
        )
        assert said.out.splitlines()[1].startswith(
            "1 grade judged, none changed, 3 not judged without a new run"
        )
        assert totals(graded) == before
        rows = json.loads(call("regrade", graded.results, *option, "--json").out)
        assert [row["student"] for row in rows if row["needs_run"]] == ["ada", "bob", "cyd"]


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


class TestTwoSheets:
    def test_are_applied_together(self, graded, call):
        one, two = ruled(graded, "one.csv", ada="0.5"), ruled(graded, "two.csv", cyd="0.25")
        said = call("regrade", graded.results, "--rulings", one, "--rulings", two, "--by", "Ada L.")
        assert "2 changed" in said.out

    def test_that_contradict_each_other_change_nothing(self, graded, call, contents):
        one, two = ruled(graded, "one.csv", ada="0.5"), ruled(graded, "two.csv", ada="0.25")
        before = contents(graded.results)
        said = call("regrade", graded.results, "--rulings", one, "--rulings", two, "--by", "Ada L.")
        assert said.code == WRONG_USE
        assert f"{two}, row " in said.error
        assert f"was decided in {one}, row " in said.error
        assert said.error.endswith("No ruling was applied.")
        assert contents(graded.results) == before


def test_a_ruling_for_all_is_shown_beside_an_answer_that_another_rubric_reads_otherwise(graded, call):
    sheet = ruled(graded, "all.csv", **{"*": "0.5"})
    call("regrade", graded.results, "--rulings", sheet, "--by", "Ada L.")
    ada = Decimal("2.5")
    assert totals(graded)["ada"] == ada
    graded.rubric("actual=words)", "actual=words + ' (as read)')")
    assert call("regrade", graded.results).code == GRADED
    page = (graded.results / "students/ada/result.json").read_text()
    assert "An earlier answer got 0.5 of 0.5 points from Ada L. on " in page
    call("regrade", graded.results, "--undo")
    assert totals(graded)["ada"] == ada


def test_a_reviewer_without_a_name_is_asked_for_it(graded, call, monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    sheet = ruled(graded, "one.csv", ada="0.5")
    said = call("regrade", graded.results, "--rulings", sheet)
    assert (said.code, said.error) == (
        WRONG_USE,
        "error: Say with --by who reviewed the answers: your user has no name here.",
    )
    assert call("regrade", graded.results).code == GRADED


def test_rulings_of_a_renamed_check_are_listed_and_kept(graded, call):
    call("regrade", graded.results, "--rulings", ruled(graded, "one.csv", ada="0.5"), "--by", "Ada L.")
    with Store.existing(graded.results) as store:
        (name,) = {ruling.check for ruling in store.rulings()}
    graded.rubric(f"def {name}(", "def test_renamed(")
    said = call("regrade", graded.results)
    assert "Rulings that no longer apply to any answer: 1. They are kept:" in said.out
    assert f'no check has this id; if it was renamed, give it id="{name}"' in said.out
    assert totals(graded)["ada"] == 2
    graded.rubric("points=0.5)\ndef test_renamed(", f'points=0.5, id="{name}")\ndef test_renamed(')
    assert "no longer" not in call("regrade", graded.results).out
    assert totals(graded)["ada"] == Decimal("2.5")


def test_a_changed_rubric_is_applied_before_anything_is_released(graded, call):
    feedback = graded.folder / "feedback"
    assert call("release", graded.results, "-o", feedback).code == GRADED
    graded.rubric("award(0.25", "award(0.5")
    said = call("release", graded.results, "-o", feedback)
    assert said.code == WRONG_USE
    assert f"Run `grader regrade {graded.results}` first" in said.error
    call("regrade", graded.results)
    assert call("release", graded.results, "-o", feedback).code == GRADED
