"""`run` and `check`: what scripts and people rely on."""

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from grader import notebook
from grader.cli import wiring
from grader.cli.console import BELOW, GRADED, OURS
from grader.cli.grading import public_part
from grader.errors import HarnessError, NotebookError
from grader.kernel.cold import ColdLauncher
from grader.limits import Limits
from grader.model import Exhibit, Outcome, Visibility
from grader.results import codec
from grader.results.store import Store

ZOO = Path(__file__).parents[1] / "notebooks"
QUICK = ("--profile", "quick", "--sandbox", "none")


class Broken(ColdLauncher):
    """A machine on which nothing starts."""

    def kernel(self, _request):
        raise HarnessError("no kernel starts on this machine")


def test_a_class_from_hand_ins_to_reports(fresh, grader, notebook_of, tmp_path):
    """The real program, on a class and a reference that it has never seen."""
    fresh.hand_in("ada", notebook_of())
    fresh.hand_in("[bold]", "")
    done = grader(
        "run", fresh.hand_ins, "-a", fresh.assignment, "-o", fresh.results, "-j", 2, *QUICK, "--fail-under", 1,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == BELOW, done.stderr
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "student 1 2 3 total ending",
        "[bold] 0? 0? 0? 0* unreadable",
        "ada 1 1.00 0? 2.00* finished",
        "? needs manual review * provisional total",
        "PROVISIONAL GRADES: the quick profile trains on a small sample of the data set.",
        f"Report: {fresh.results}/index.html",
    ]
    said = done.stderr.splitlines()
    assert said[0] == "Assignment tiny: 2 submissions, layout plain."
    assert said[1].startswith("Sandbox: mode none")
    assert said[2] == "[1/2] [bold]: unreadable (nothing to run)" or said[2].startswith("reference: finished")
    assert said[-1].startswith("[2/2] ada: finished (")
    assert len(said) == 5
    assert sorted(path.name for path in fresh.results.iterdir()) == [
        "gradebook.sqlite", "grades.csv", "grades.json", "index.html", "junit.xml", "reference", "review.csv",
        "students",
    ]  # fmt: skip
    assert sorted(path.name for path in (fresh.results / "students/ada").iterdir()) == [
        "evidence", "executed.ipynb", "report.html", "result.json",
    ]  # fmt: skip


class TestRun:
    def test_on_a_known_class_says_so_line_by_line(self, run):
        said = run()
        assert said.code == GRADED
        assert said.err.splitlines()[1:] == [
            "[1/4] ada: finished (nothing to run)",
            "[2/4] bob: finished (nothing to run)",
            "[3/4] cyd: error (nothing to run)",
            "[4/4] dan: unreadable (nothing to run)",
        ]
        assert "\x1b" not in said.out + said.err

    def test_as_json_prints_nothing_else(self, run):
        said = run("--json")
        grades = {grade["student"]: grade for grade in json.loads(said.out, parse_float=Decimal)}
        assert {name: grade["total"] for name, grade in grades.items()} == {
            "ada": Decimal("2.00"), "bob": Decimal("1.50"), "cyd": 1, "dan": 0,
        }  # fmt: skip
        assert '"total": 2.00' in said.out
        assert said.err == ""

    @pytest.mark.parametrize(("least", "code"), [("0", GRADED), ("0.5", BELOW), ("2.5", BELOW)], ids=str)
    def test_fails_under_a_bound(self, run, least, code):
        assert run("--fail-under", least).code == code

    def test_names_whom_the_participation_list_has_and_the_class_has_not(self, run, tmp_path):
        table = tmp_path / "list.csv"
        table.write_text("student,participated\nada,yes\nzoe,no\n")
        said = run("--participation", table)
        assert "Note: list.csv names zoe, who submitted nothing." in said.err.splitlines()
        assert said.code == GRADED

    def test_takes_the_participation_list_beside_the_hand_ins(self, run, graded):
        (graded.hand_ins / "participation.csv").write_text("student,participated\nbob,no\n")
        said = run()
        assert "participation.csv" not in said.err
        with Store.existing(graded.results) as store:
            assert {name: facts for name, _, facts in store.students()}["bob"] == {"participated": "no"}

    def test_of_one_student_keeps_the_others(self, run):
        said = run("--only", "bob")
        assert said.err.splitlines()[1:] == ["[1/1] bob: finished (nothing to run)"]
        assert [line.split()[0] for line in said.out.splitlines()[1:5]] == ["ada", "bob", "cyd", "dan"]

    def test_ends_with_3_when_we_failed(self, run, graded, notebook_of, monkeypatch):
        monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: nullcontext(Broken()))
        graded.hand_in("bob", notebook_of(number="number = 1"))
        said = run("--fail-under", "2.5")
        assert said.code == OURS
        assert "broken" in said.out
        assert [line for line in said.err.splitlines() if line.startswith("broken: ") and "(bob)" in line]
        monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: nullcontext(graded.kernels))
        assert run().code == GRADED


@pytest.mark.usefixtures("warm")
def test_of_a_zoo_every_file_is_a_row_that_says_why(run, graded, notebook_of):
    """Each broken file of tests/notebooks as somebody's hand-in, and one that is right among them."""
    shutil.rmtree(graded.hand_ins)
    reasons = {}
    for path in sorted(ZOO.glob("*.ipynb")):
        try:
            notebook.read(path, limits=Limits())
        except NotebookError as error:
            reasons[path.stem] = str(error)
            (graded.hand_ins / path.stem).mkdir(parents=True)
            shutil.copy(path, graded.hand_ins / path.stem)
    graded.hand_in("the-good-one", notebook_of())
    said = run("--json")
    grades = {grade["student"]: grade for grade in json.loads(said.out)}
    assert said.code == GRADED
    assert grades.pop("the-good-one")["total"] == 2
    assert len(reasons) > 15
    assert {name: grade["ending_detail"] for name, grade in grades.items()} == reasons
    assert {grade["ending"] for grade in grades.values()} == {"unreadable"}
    outcomes = {question["outcome"] for grade in grades.values() for question in grade["questions"]}
    assert outcomes == {"review"}
    page = (graded.results / "index.html").read_text()
    assert all(name in page for name in reasons)


class TestCheck:
    @pytest.fixture
    def check(self, graded, call, tmp_path, monkeypatch):
        """Check a notebook in a folder where nothing else is; what was said, and what is there now."""
        (place := tmp_path / "place").mkdir()
        (temporary := tmp_path / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        monkeypatch.chdir(place)

        def check(text, *options):
            Path("mine.ipynb").write_text(text)
            said = call("check", "mine.ipynb", "-a", graded.assignment, *options)
            assert [path.name for path in place.iterdir()] == ["mine.ipynb"]
            assert list(temporary.iterdir()) == []
            return said

        return check

    def test_of_a_good_notebook_ends_with_0(self, check, notebook_of):
        said = check(notebook_of())
        assert said.code == GRADED
        assert said.out.splitlines()[:3] == [
            "passed   1    The number is the reference's.",
            "passed   2    The losses fall.",
            "review   3    The words say why.",
        ]

    @pytest.mark.usefixtures("warm")
    def test_of_a_bad_one_says_what_was_expected_and_seen_and_what_to_try(self, check, notebook_of):
        said = check(notebook_of(number="number = 41", losses="losses = [1, 2]", more=["1 / 0"]))
        assert said.code == BELOW
        assert [" ".join(line.split()) for line in said.out.splitlines()[:8]] == [
            "failed 1 The number is the reference's.",
            "Another number was found.",
            "expected 42.0",
            "found 41.0",
            "hint Count again.",
            "partial 2 The losses fall.",
            "Not every loss is below the one before.",
            "found (1.0, 2.0)",
        ]
        assert any(line.startswith("The notebook did not finish (error): ") for line in said.out.splitlines())

    @pytest.mark.usefixtures("warm")
    def test_shows_no_hidden_check(self, check, notebook_of):
        shown = json.loads(check(notebook_of(losses=""), "--json").out)
        titles = [item["title"] for question in shown["questions"] for item in question["checks"]]
        assert titles == ["The number is the reference's.", "The losses fall.", "The words say why."]

    @pytest.mark.usefixtures("warm")
    def test_fails_nothing_that_a_person_reads(self, check, notebook_of):
        said = check(notebook_of(words="Too short?"))
        assert (said.code, "review   3" in said.out) == (GRADED, True)


def test_a_public_result_is_one_that_can_be_read_again(graded_once):
    with Store.existing(graded_once.results) as store:
        public = public_part(store.grade("ada"))
    assert codec.loads(codec.dumps(public)) == public
    assert all(check.visibility == "visible" for check in public.checks)
    assert (public.total, public.max) == (Decimal("1.75"), Decimal("2.25"))


def test_a_public_result_does_not_tell_how_hidden_checks_came_out(graded_once):
    with Store.existing(graded_once.results) as store:
        grade = store.grade("ada")
    first, second, third = grade.questions
    hidden = replace(second.checks[-1], outcome=Outcome.FAILED, earned=Decimal(0))
    exhibit = Exhibit(question="2", kind="text", title="What was proved", data={"text": "nothing"})
    lost = replace(
        second,
        checks=(*second.checks[:-1], hidden),
        points=Decimal("0.75"),
        outcome=Outcome.PARTIAL,
        exhibits=(exhibit,),
    )
    wholly = replace(first, checks=tuple(replace(one, visibility=Visibility.HIDDEN) for one in first.checks))
    public = public_part(replace(grade, questions=(wholly, lost, third), total=Decimal("1.75")))
    assert [question.id for question in public.questions] == ["2", "3"]
    assert (public.questions[0].outcome, public.questions[0].points) == (Outcome.PASSED, Decimal("0.75"))
    assert public.questions[0].exhibits == ()
    assert public.total == Decimal("0.75")
