"""A class from hand-ins to grades: what is done, what is known already, and whose fault a failure is."""

import json
from dataclasses import replace
from decimal import Decimal

import nbformat
import psutil
import pytest

from grader import assignment as assignments
from grader import run
from grader.datasets import fashion_mnist as datasets
from grader.errors import HarnessError, RubricError, UsageError
from grader.execution import reference, schedule
from grader.judging.court import Bench
from grader.judging.work import Work
from grader.kernel.cold import ColdLauncher
from grader.model import Ending, Outcome
from grader.results.store import Store

NOTHING_RUN = {"reused": 4, "graded": 4}


class Forbidden(ColdLauncher):
    """For tests in which no notebook may run."""

    def kernel(self, _request):
        raise AssertionError("a kernel was asked for")


class Broken(ColdLauncher):
    """A machine on which nothing starts."""

    def kernel(self, _request):
        raise HarnessError("no kernel starts on this machine")


def stored(graded, student, name="result.json"):
    return (graded.results / "students" / student / name).read_text()


def outcomes(grade):
    return {question.id: question.outcome.value for question in grade.questions}


@pytest.mark.system
class TestAnUnchangedClass:
    def test_is_known_already(self, graded):
        before = {path: path.stat().st_mtime_ns for path in graded.results.glob("students/*/*")}
        grades = graded.grade(launcher=Forbidden())
        assert graded.kinds == NOTHING_RUN
        assert {name: str(grade.total) for name, grade in grades.items()} == {
            "ada": "2.00", "bob": "1.50", "cyd": "1", "dan": "0",
        }  # fmt: skip
        assert {path: path.stat().st_mtime_ns for path in graded.results.glob("students/*/*")} == before

    def test_is_not_even_judged(self, graded, monkeypatch):
        monkeypatch.setattr(run.Judge, "judge", lambda *_: pytest.fail("judged"))
        assert len(graded.grade(launcher=Forbidden())) == 4

    def test_gets_reports_back_that_were_lost(self, graded):
        (graded.results / "students/ada/report.html").unlink()
        (graded.results / "students/bob/result.json").write_text("{}")
        (graded.results / "index.html").unlink()
        graded.grade(launcher=Forbidden())
        assert "<html" in stored(graded, "ada", "report.html")
        assert json.loads(stored(graded, "bob"))["student"] == "bob"
        assert (graded.results / "index.html").is_file()


def test_one_edited_notebook_is_run_and_no_other(graded, notebook_of):
    graded.hand_in("bob", notebook_of())
    grades = graded.grade()
    assert graded.executed == ["bob"]
    assert (grades["bob"].total, json.loads(stored(graded, "bob"))["total"]) == (Decimal("2.00"), 2.0)
    assert sorted(path.name for path in (graded.results / "students/bob").iterdir()) == [
        "evidence", "executed.html", "executed.ipynb", "report.html", "result.json", "submitted.ipynb",
    ]  # fmt: skip


def test_a_hand_in_that_changes_while_it_runs_is_run_again(graded, notebook_of, monkeypatch):
    """Nobody knows which of its contents ran."""
    graded.hand_in("bob", notebook_of(number="number = 0"))
    attempt = schedule.attempt

    def meanwhile(job, session):
        execution = attempt(job, session)
        graded.hand_in("bob", notebook_of())
        return execution

    with monkeypatch.context() as patch:
        patch.setattr(schedule, "attempt", meanwhile)
        graded.grade()
    assert [event.student for event in graded.events if event.kind == "changed"] == ["bob"]
    assert graded.grade()["bob"].total == Decimal("2.00")
    assert graded.executed == ["bob"]
    graded.grade(launcher=Forbidden())


def test_an_edited_rubric_judges_all_and_runs_none(graded):
    graded.rubric('fail("Another number', 'review("Another number')
    graded.rubric("The losses fall.", "The losses go down.")
    grades = graded.grade(launcher=Forbidden())
    assert graded.kinds == NOTHING_RUN
    assert "The losses go down." in stored(graded, "ada")
    assert "The losses go down." in stored(graded, "ada", "report.html")
    assert {name: outcomes(grade)["1"] for name, grade in grades.items()} == {
        "ada": "passed", "bob": "passed", "cyd": "passed", "dan": "review",
    }  # fmt: skip


def test_what_the_course_knows_is_judged_anew_too(graded):
    graded.rubric('student.answer("3").markdown', 'student.roster.get("participated", "not known")')
    assert outcomes(graded.grade(launcher=Forbidden())["ada"])["3"] == "review"
    grades = graded.grade(launcher=Forbidden(), roster={"ada": {"participated": ""}})
    assert (outcomes(grades["ada"])["3"], outcomes(grades["cyd"])["3"]) == ("failed", "review")
    with Store.existing(graded.results) as store:
        assert store.students()[0] == ("ada", "ada/tiny.ipynb", {"participated": ""})


def test_forced_it_runs_again(graded):
    graded.grade(force=True, only=frozenset({"bob"}))
    assert graded.executed == ["bob"]


@pytest.mark.system
class TestAHigherLimit:
    @pytest.fixture
    def limit(self, graded):
        """Set how much a notebook may print."""

        def limit(size):
            toml = graded.assignment / "assignment.toml"
            kept = [line for line in toml.read_text().splitlines() if "output_total" not in line]
            toml.write_text("\n".join([*kept, f"output_total = {size}"]))

        return limit

    def test_runs_what_was_cut_off_and_nothing_else(self, graded, limit, notebook_of):
        flood = "for _ in range(300): print('x' * 10_000)"
        graded.hand_in("bob", notebook_of(more=[flood]))
        limit(1_000_000)
        assert graded.grade()["bob"].ending is Ending.OUTPUT
        assert graded.executed == ["bob"]
        assert graded.grade(launcher=Forbidden())["bob"].ending is Ending.OUTPUT
        limit(50_000_000)
        assert graded.grade()["bob"].ending is Ending.FINISHED
        assert graded.executed == ["bob"]


class TestAPartOfTheClass:
    def test_leaves_the_others_grades_alone(self, graded, notebook_of):
        graded.hand_in("ada", notebook_of(number="number = 0"))
        grades = graded.grade(only=frozenset({"bob"}), launcher=Forbidden())
        assert graded.kinds == {"reused": 1, "graded": 1}
        assert list(grades) == ["ada", "bob", "cyd", "dan"]
        assert grades["ada"].total == Decimal("2.00")
        assert "ada,1,1.00" in (graded.results / "grades.csv").read_text()

    @pytest.mark.parametrize("option", [{"strict": True}], ids=["other software"])
    def test_is_not_graded_under_other_conditions(self, graded, option):
        """Else a later regrade would hold the others to a reference that they never had."""
        before = (graded.results / "gradebook.sqlite").read_bytes()
        with pytest.raises(UsageError, match="was graded under other conditions"):
            graded.grade(only=frozenset({"bob"}), launcher=Forbidden(), **option)
        assert (graded.results / "gradebook.sqlite").read_bytes() == before

    def test_is_the_whole_class_if_all_are_named(self, graded):
        everyone = frozenset({"ada", "bob", "cyd", "dan"})
        assert len(graded.grade(only=everyone, launcher=Forbidden())) == 4


def test_who_left_the_class_disappears(graded):
    (graded.hand_ins / "bob/tiny.ipynb").unlink()
    (graded.hand_ins / "bob").rmdir()
    assert list(graded.grade(launcher=Forbidden(), drop=True)) == ["ada", "cyd", "dan"]
    assert "bob" not in (graded.results / "grades.csv").read_text()
    assert "bob" not in (graded.results / "index.html").read_text()
    assert not (graded.results / "students/bob").exists()


class TestAHandInThatCannotBeRead:
    def test_is_a_row_that_says_why(self, graded_once):
        result = json.loads(stored(graded_once, "dan"))
        assert (result["ending"], result["total"], result["provisional"]) == ("unreadable", 0, True)
        assert result["ending_detail"].startswith("tiny.ipynb: its JSON breaks off at line 1")
        assert {question["outcome"] for question in result["questions"]} == {"review"}
        assert "its JSON breaks off" in stored(graded_once, "dan", "report.html")

    def test_takes_the_place_of_the_good_one_before(self, graded):
        graded.hand_in("ada", "")
        grades = graded.grade(launcher=Forbidden())
        assert (grades["ada"].ending, grades["ada"].total) == (Ending.UNREADABLE, 0)
        assert sorted(path.name for path in (graded.results / "students/ada").iterdir()) == [
            "report.html", "result.json",
        ]  # fmt: skip
        assert "number = 6 * 7" not in stored(graded, "ada", "report.html")

    def test_is_graded_once_it_can_be_read(self, graded, notebook_of):
        graded.hand_in("dan", notebook_of())
        assert graded.grade()["dan"].total == Decimal("2.00")
        assert graded.executed == ["dan"]

    def test_is_read_again_when_its_problem_is_another(self, graded):
        graded.hand_in("dan", "")
        assert graded.grade(launcher=Forbidden())["dan"].ending_detail.startswith(
            "tiny.ipynb: the file is empty"
        )


class TestOurOwnFailure:
    def test_costs_nobody_a_point_and_is_tried_again(self, graded, notebook_of):
        graded.hand_in("bob", notebook_of())
        failed = graded.grade(launcher=Broken())["bob"]
        assert (failed.ending, failed.provisional) == (Ending.BROKEN, True)
        assert failed.ending_detail == "no kernel starts on this machine"
        assert set(outcomes(failed).values()) == {"broken"}
        again = graded.grade()["bob"]
        assert graded.executed == ["bob"]
        assert (again.ending, again.total) == (Ending.FINISHED, Decimal("2.00"))

    def test_leaves_the_rest_of_the_class_as_it_is(self, graded, notebook_of):
        graded.hand_in("bob", notebook_of())
        grades = graded.grade(launcher=Broken())
        assert {name: grade.ending.value for name, grade in grades.items()} == {
            "ada": "finished", "bob": "broken", "cyd": "error", "dan": "unreadable",
        }  # fmt: skip

    def test_in_a_check_is_judged_again(self, graded, monkeypatch):
        """A judge that was too slow today may not be tomorrow, with no file changed."""
        graded.rubric("The losses fall.", "The losses go down.")
        judge = run.Judge.judge

        def too_slow(self, case):
            grade = judge(self, case)
            return broken(grade)

        with monkeypatch.context() as patch:
            patch.setattr(run.Judge, "judge", too_slow)
            assert outcomes(graded.grade(launcher=Forbidden())["ada"])["1"] == "broken"
        assert outcomes(graded.grade(launcher=Forbidden())["ada"])["1"] == "passed"


def broken(grade):
    first = grade.questions[0]
    checks = tuple(replace(check, outcome=Outcome.BROKEN, earned=Decimal(0)) for check in first.checks)
    return replace(
        grade, questions=(replace(first, checks=checks, outcome=Outcome.BROKEN), *grade.questions[1:])
    )


class TestTheReference:
    def test_is_cached_by_content(self, graded, tmp_path):
        """Another results folder, the same reference: it does not run again."""
        graded.results = tmp_path / "elsewhere"
        for student in ("ada", "bob", "cyd"):
            graded.hand_in(student, "")
        graded.grade(launcher=Forbidden())
        assert graded.kinds == NOTHING_RUN

    def test_runs_where_the_cache_cannot_be_written(self, tmp_path):
        (tmp_path / "file").touch()
        (run := tmp_path / "run").mkdir()
        reference._cache(run, tmp_path / "file" / "reference" / "key")
        assert list(run.iterdir()) == []

    def test_that_its_rubric_takes_points_from_keeps_everybody_from_being_graded(self, graded):
        before = {path: path.read_bytes() for path in graded.results.rglob("result.json")}
        graded.rubric("seen.number != wanted", "seen.number == wanted")
        with pytest.raises(RubricError, match=r"test_the_number: 0 of 1 points\. Another number") as said:
            graded.grade(launcher=Forbidden())
        assert "Expected: 42.0. Seen: 42.0." in str(said.value)
        assert "graded" not in graded.kinds
        assert {path: path.read_bytes() for path in graded.results.rglob("result.json")} == before != {}

    def test_that_its_rubric_takes_points_from_is_noticed_while_notebooks_run(self, graded):
        graded.rubric("seen.number != wanted", "seen.number == wanted")
        with pytest.raises(RubricError, match="full marks"):
            graded.grade(force=True)
        assert graded.executed == []

    def test_runs_once_with_each_seed(self, fresh, tmp_path):
        toml = fresh.assignment / "assignment.toml"
        toml.write_text(toml.read_text().replace("seeds = [7]", "seeds = [7, 8]"))
        fresh.hand_in("dan", "")
        cache = tmp_path / "cache"
        fresh.grade(cache=cache)
        assert fresh.kinds == {"prepared": 2, "reused": 1, "graded": 1}
        assert sorted(path.name for path in (fresh.results / "reference").iterdir()) == ["seed-7", "seed-8"]
        assert len(list((cache / "reference").iterdir())) == 2
        fresh.grade(cache=cache, launcher=Forbidden())
        assert fresh.kinds == {"reused": 1, "graded": 1}

    def test_that_fails_stops_the_class_before_any_student(self, fresh, notebook_of, tmp_path):
        master = fresh.assignment / "master.ipynb"
        master.write_text(notebook_of(number="number = 1 / 0", solved=True))
        fresh.hand_in("ada", notebook_of())
        with pytest.raises(RubricError) as refusal:
            fresh.grade(cache=tmp_path / "cache")
        assert str(refusal.value).startswith("The reference master.ipynb ended as error: ")
        assert "ZeroDivisionError" in str(refusal.value)
        assert str(refusal.value).endswith(
            "Students cannot be graded without it: correct it, or install what it needs."
        )
        assert fresh.executed == []
        assert not list((tmp_path / "cache").glob("reference/*"))

    def test_that_we_cannot_run_is_our_fault(self, fresh, tmp_path):
        fresh.hand_in("dan", "")
        with pytest.raises(HarnessError, match=r"^The reference could not be run: no kernel starts on this"):
            fresh.grade(cache=tmp_path / "cache", launcher=Broken())

    def test_of_a_run_that_never_got_there_is_missed_in_clear_words(self, tmp_path):
        with (
            Store.open(tmp_path / "results") as store,
            pytest.raises(UsageError, match=r"contains no run of the reference\. Repeat `grader run`"),
        ):
            reference.stored(store)


def test_files_beside_the_notebook_come_along_and_count(graded, notebook_of):
    graded.hand_in("bob", notebook_of(number="number = int(open('data/number.txt').read())"))
    beside = graded.hand_ins / "bob/data/number.txt"
    beside.parent.mkdir()
    beside.write_text("42")
    assert graded.grade()["bob"].total == Decimal("2.00")
    graded.grade(launcher=Forbidden())
    beside.write_text("43")
    assert graded.grade()["bob"].total == Decimal("1.00")
    assert graded.executed == ["bob"]


def test_a_file_that_vanished_beside_the_notebook_is_no_end_of_the_class(graded, notebook_of, monkeypatch):
    """Between sorting the hand-ins and running them, anything may happen to a folder."""
    graded.hand_in("bob", notebook_of(number="number = 41"))
    beside = graded.hand_ins / "bob/table.csv"
    beside.write_text("1")
    submit = schedule._job

    def vanish(*arguments):
        beside.unlink(missing_ok=True)
        return submit(*arguments)

    monkeypatch.setattr(schedule, "_job", vanish)
    grades = graded.grade()
    assert grades["bob"].ending is Ending.BROKEN
    assert "table.csv" in grades["bob"].ending_detail
    assert len(grades) == 4


HUNGRY = """\
import resource, time
import torch
kept = []
for _ in range(20):
    kept.append(torch.ones(1 << 26))  # 256 MiB that stay, as with a history of losses whose graphs live on
    time.sleep(0.2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20, "GiB")
"""


@pytest.mark.system
@pytest.mark.skipif(psutil.virtual_memory().total < 8 << 30, reason="needs a machine with 8 GiB")
def test_two_notebooks_of_5_gib_at_a_time_both_finish(fresh, notebook_of):
    """They are within what Colab gives. Whether they run side by side is up to the machine."""
    for student in ("ada", "bob"):
        fresh.hand_in(student, notebook_of(more=[HUNGRY, "# " + student]))
    grades = fresh.grade(jobs=2)
    assert {grade.ending for grade in grades.values()} == {Ending.FINISHED}
    for student in grades:
        printed = nbformat.read(fresh.results / f"students/{student}/executed.ipynb", as_version=4).cells[3]
        assert int(printed.outputs[0].text.split()[0]) >= 5


class TestRegrading:
    def test_judges_what_is_stored(self, graded):
        graded.rubric("award(0.25", "award(0.5")
        with Store.existing(graded.results) as store:
            judged = {grade.student: grade for grade, _ in run.regrade_all(store, bench(graded, store))}
        assert judged["bob"].total == Decimal("1.75")
        assert judged["ada"].total == Decimal("2.00")

    def test_gives_the_keys_that_a_run_would(self, graded):
        """So that a run after a regrade has nothing to judge."""
        graded.rubric("award(0.25", "award(0.5")
        with Store.existing(graded.results) as store:
            for grade, key in run.regrade_all(store, bench(graded, store)):
                store.record(grade, key)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run.Judge, "judge", lambda *_: pytest.fail("judged"))
            assert graded.grade(launcher=Forbidden())["bob"].total == Decimal("1.75")


def bench(graded, store):
    return Bench(
        assignment=assignments.load(graded.assignment).folder,
        profile="quick",
        reference=reference.stored(store),
        dataset=datasets.subset(graded.cache),
    )


class TestAnAnswerInAFile:
    @pytest.fixture
    def written(self, graded, notebook_of):
        graded.rubric('student.answer("3").markdown', 'student.written("3")')
        graded.hand_in("ada", notebook_of(words=""))

        def written(text):
            (graded.hand_ins / "ada" / "Homework 1.tex").write_text(text)
            grades = graded.grade()
            return grades["ada"].questions[2].checks[0]

        return written

    def test_leads_to_a_new_grade_when_it_changes(self, graded, written):
        check = written(r"\section{Question 3} Because.")
        assert (check.outcome, check.review.answer) == (Outcome.REVIEW, "Because.")
        assert "Answered in Homework 1.tex, line 1" in stored(graded, "ada", "report.html")
        assert written(r"\section{Question 3} Therefore.").review.answer == "Therefore."

    def test_is_judged_again_without_the_download(self, graded, written):
        written(r"\section{Question 3} Because.")
        (graded.hand_ins / "ada" / "Homework 1.tex").unlink()
        with Store.existing(graded.results) as store:
            execution = store.execution("ada")
            chosen = assignments.load(graded.assignment)
            work = Work.of(execution, chosen, profile="quick")
        assert work.written("3") == "Because."

    def test_of_a_hand_in_without_a_notebook_counts_as_well(self, graded):
        (graded.hand_ins / "dan" / "tiny.ipynb").unlink()
        for text in ("Because.", "Therefore."):
            (graded.hand_ins / "dan" / "a.tex").write_text(text)
            check = graded.grade(launcher=Forbidden())["dan"].checks[0]
            assert check.review.answer.endswith(f"a.tex:\n{text}")
