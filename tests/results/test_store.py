"""A results folder: whole at any moment, one writer, and clear words for what is none."""

import errno
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from executions import EXECUTION

from grader.course import Amount, Rules
from grader.errors import UsageError
from grader.model import (
    Arrival,
    Check,
    Ending,
    FoundBy,
    Grade,
    Identity,
    Outcome,
    QuestionGrade,
    Submission,
)
from grader.results.gradebook import DATABASE
from grader.results.store import Store

GRADE = Grade(
    student="ada", assignment="tiny", title="Tiny", profile="quick", ending=Ending.FINISHED,
    ending_detail="", total=Decimal("0.25"), max=Decimal(1), provisional=False, seconds=1.0,
    questions=(
        QuestionGrade(
            id="1", title="One", points=Decimal("0.25"), max=Decimal(1), outcome=Outcome.PARTIAL,
            found_by=FoundBy.MARKER,
            checks=(
                Check(
                    id="test_one", question="1", title="One.", outcome=Outcome.PARTIAL,
                    earned=Decimal("0.25"), max=Decimal(1),
                ),
            ),
        ),
    ),
)  # fmt: skip


@pytest.fixture
def root(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def store(root):
    with Store.open(root) as store:
        yield store


def submission(student):
    return Submission(student=student, notebook=None, layout="plain", origin=f"{student}/hw.ipynb")


def executed(store, student="ada", text="executed"):
    """An execution whose folder lies in the workplace."""
    folder = store.workplace(student)
    folder.mkdir()
    (folder / "executed.ipynb").write_text(text)
    return replace(EXECUTION, student=student, folder=folder)


def enrol(store, *students):
    store.enrol([submission(student) for student in students], {})


def files(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_kept_execution_lies_in_its_place_and_nowhere_else(store, root):
    kept = store.keep(executed(store), "key")
    assert kept.folder == root / "students" / "ada"
    assert (kept.folder / "executed.ipynb").read_text() == "executed"
    assert not list((root / ".work").iterdir())
    assert store.execution("ada") == store.execution("ada", key="key") == kept
    assert store.execution_key("ada") == "key"


def test_another_key_is_another_execution(store):
    store.keep(executed(store), "key")
    assert store.execution("ada", key="other") is None
    assert store.execution("bob") is None
    assert store.execution_key("bob") == ""


def test_a_new_execution_takes_the_old_ones_grade_and_files_away(store, root):
    enrol(store, "ada")
    store.keep(executed(store), "old")
    store.record(GRADE, "old")
    store.write("students/ada/report.html", "old")
    store.keep(executed(store, text="new"), "new")
    assert store.grade("ada") is None
    assert [path.name for path in (root / "students/ada").iterdir()] == ["executed.ipynb"]


def test_a_hand_in_that_can_no_longer_be_read_leaves_nothing_of_the_one_before(store, root):
    store.keep(executed(store), "old")
    unreadable = replace(EXECUTION, folder=store.workplace("ada"), ending=Ending.UNREADABLE)
    store.keep(unreadable, "empty file")
    assert list((root / "students/ada").iterdir()) == []
    assert store.execution("ada", key="empty file").ending is Ending.UNREADABLE


def test_an_execution_whose_files_were_removed_is_not_known(store):
    kept = store.keep(executed(store), "key")
    (kept.folder / "executed.ipynb").unlink()
    kept.folder.rmdir()
    assert store.execution("ada") is None


class Killed(BaseException):
    """Ends everything at once, as SIGKILL does."""


def kill(*_):
    raise Killed


@pytest.mark.parametrize("moment", ["grader.results.store.Store.put", "grader.results.codec.dump_execution"])
def test_killed_while_it_is_kept_an_execution_is_done_again(root, monkeypatch, moment):
    """Whatever is on disk when the row is missing: nothing of it counts."""
    with Store.open(root) as store:
        enrol(store, "ada")
        store.keep(executed(store), "old")
        store.record(GRADE, "old")
        new = executed(store, text="new")
        with monkeypatch.context() as patch:
            patch.setattr(moment, kill)
            with pytest.raises(Killed):
                store.keep(new, "new")
    with Store.open(root) as store:
        assert store.execution("ada") is None
        assert store.grades() == []
        store.keep(executed(store, text="again"), "new")
        assert (store.folder("ada") / "executed.ipynb").read_text() == "again"


def test_who_left_the_class_keeps_nothing(store, root):
    enrol(store, "ada", "bob")
    for student in ("ada", "bob"):
        store.keep(executed(store, student), "key")
        store.record(replace(GRADE, student=student), "key")
    with pytest.raises(UsageError) as refused:
        enrol(store, "bob")
    assert str(refused.value) == (
        f"1 of the students graded in {root} would be dropped, because these submissions do not contain them: ada. "
        "Nothing was changed. If they left the class, repeat the command with --drop; if these are other "
        "submissions, choose another folder with -o."
    )
    assert [grade.student for grade in store.grades()] == ["ada", "bob"]
    store.enrol([submission("bob")], {}, drop=True)
    assert [grade.student for grade in store.grades()] == ["bob"]
    assert store.execution("ada") is None
    assert [path.name for path in (root / "students").iterdir()] == ["bob"]


def test_who_was_never_graded_may_leave_without_a_word(store):
    enrol(store, "ada", "bob")
    enrol(store, "bob")
    assert [name for name, _, _ in store.students()] == ["bob"]


def test_a_folder_is_for_the_assignment_that_it_holds_grades_of(store, root):
    store.refuse_another("other")
    enrol(store, "ada")
    store.record(GRADE, "key")
    store.refuse_another("tiny")
    with pytest.raises(UsageError) as refused:
        store.refuse_another("other")
    assert str(refused.value) == (
        f"{root} holds the grades of the assignment 'tiny', and a results folder is for one assignment. Nothing "
        f"was changed. Grade 'other' into a folder of its own: repeat `grader run` with `-o {root}-other`."
    )


def test_a_folder_is_for_the_assignment_that_it_was_last_run_for(store):
    store.remember(assignment_id="tiny")
    store.refuse_another("other")  # nothing came of it
    store.keep(executed(store), "key")
    with pytest.raises(UsageError, match="holds the grades of the assignment 'tiny'"):
        store.refuse_another("other")


def test_the_class_is_listed_as_it_was_handed_in_with_what_the_course_knows(store):
    store.enrol([submission("bob"), submission("ada")], {"ada": {"participated": "yes"}})
    assert store.students() == [
        ("bob", "bob/hw.ipynb", {}),
        ("ada", "ada/hw.ipynb", {"participated": "yes"}),
    ]


def test_a_grade_is_known_by_its_key(store):
    enrol(store, "ada")
    store.record(GRADE, "key")
    assert store.grade("ada", key="key") == store.grade("ada") == GRADE
    assert store.grade("ada", key="other") is None
    assert store.grade("bob") is None


def test_what_a_run_was_made_with_is_remembered(root):
    with Store.open(root) as store:
        store.remember(profile="quick", seeds=(1, 2))
    with Store.existing(root) as store:
        assert (store.recall("profile"), store.recall("seeds"), store.recall("nothing")) == (
            "quick",
            [1, 2],
            None,
        )


@pytest.mark.parametrize("name", ["..a", "ana lima", "Ægir", "a'b;c", "-rf", "[bold]"])
def test_a_students_name_may_be_odd(store, name, root):
    enrol(store, name)
    kept = store.keep(executed(store, name), "key")
    assert kept.folder.parent == root / "students"
    assert store.execution(name) == kept


def test_a_grade_that_cannot_be_read_is_named_and_stops_no_new_judgement(store):
    enrol(store, "ada", "bob")
    for student in ("ada", "bob"):
        store.record(replace(GRADE, student=student), "key")
    store._database.execute("update grade set result = '{\"schema\": 0}' where student = 'ada'")
    with pytest.raises(UsageError) as refused:
        store.grades()
    assert str(refused.value) == (
        "The stored grade of ada has schema 0, and this release reads schema 1; "
        "run `grader regrade` to write it again."
    )
    assert [grade.student for grade in store.readable_grades()] == ["bob"]


def test_a_run_that_cannot_be_read_is_named(store):
    store.keep(executed(store), "key")
    store._database.execute("update execution set record = '{}'")
    with pytest.raises(UsageError, match=r"^The stored run of ada has the wrong form .*`grader run --force`"):
        store.execution("ada")


def test_looking_changes_no_file(root):
    with Store.open(root) as store:
        enrol(store, "ada")
        store.record(GRADE, "key")
    before = files(root)
    with Store.existing(root) as store:
        assert list(store.each_grade()) == [GRADE]
        assert [grade.student for grade in store.grades()] == ["ada"]
    assert files(root) == before


def refusal(root, opening=Store.open):
    with pytest.raises(UsageError) as refused, opening(root):
        pass
    return str(refused.value)


def test_a_folder_of_other_things_is_left_alone(root):
    root.mkdir()
    (root / "thesis.tex").write_text("years of work")
    assert refusal(root) == f"{root} holds other files; name an empty or new folder with -o."
    assert files(root) == {"thesis.tex": b"years of work"}


def test_a_folder_that_cannot_be_made_is_named(root):
    root.write_text("a file")
    assert refusal(root) == f"The results folder {root} can't be made: File exists."


@pytest.mark.parametrize("make", [Path.mkdir, str], ids=["empty", "missing"])
def test_where_nothing_was_graded_there_is_nothing_to_continue(root, make):
    make(root)
    assert refusal(root, Store.existing) == (
        f"{root} is not a results folder: it has no {DATABASE}. Run `grader run` first."
    )


def work(root, *steps):
    """Open a results folder and do something with it."""
    with Store.open(root) as store:
        for step in steps:
            step(store)


def refused_at_work(root, *steps, kind=UsageError):
    with pytest.raises(kind) as refused:
        work(root, *steps)
    return str(refused.value)


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(root):
    with Store.open(root) as store:
        enrol(store, "ada")
        store.record(GRADE, "key")
    said = refused_at_work(
        root,
        lambda store: store._database.execute("pragma max_page_count = 1"),  # no more than there are
        lambda store: store.record(replace(GRADE, title="x" * 100_000), "new"),
    )
    assert said == (
        f"There is no room left for {root}: database or disk is full. Free some space and run the same command "
        "again; what was graded is kept."
    )
    with Store.open(root) as store:
        assert store.grade("ada", key="key") == GRADE


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_written_is_one_line_with_a_next_step(root, monkeypatch, number):
    def refuse(path, *_, **__):
        raise OSError(number, "so it is", str(path))

    work(root, lambda store: store.write("grades.csv", "old"))
    # What nobody can explain stays an internal error.
    kind = OSError if number == errno.EIO else UsageError
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        said = refused_at_work(root, lambda store: store.write("grades.csv", "new"), kind=kind)
    assert "so it is" in said
    assert (root / "grades.csv").read_text() == "old"
    with Store.open(root) as store:
        store.write("grades.csv", "new")
    assert sorted(path.name for path in root.iterdir()) == [DATABASE, "grades.csv"]


def test_a_file_cut_off_half_way_leaves_nothing(root):
    """A limit of the operating system, met in a process of its own, stands for a disk that is full."""
    code = (
        "import resource, sys; from pathlib import Path; from grader.results.store import Store\n"
        "with Store.open(Path(sys.argv[1])) as store:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "    store.write('grades.csv', 'x' * 300_000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        f"grader.errors.UsageError: There is no room left for {root}: File too large. Free some space and run the "
        "same command again; what was graded is kept."
    )
    assert [path.name for path in root.iterdir()] == [DATABASE]


def test_a_gradebook_that_can_only_be_read_is_one_line(root):
    said = refused_at_work(
        root,
        lambda store: store._database.execute("pragma query_only = 1"),
        lambda store: store.remember(profile="full"),
    )
    assert said == (
        f"{root} can't be written: attempt to write a readonly database. Make it writable, or name another results "
        "folder; what was graded is kept."
    )


@pytest.mark.parametrize(
    "tampering",
    [
        "insert into run values ('profile', 'full')",
        "insert into student (student, position, origin, roster) values ('ada', 0, '', 'no JSON')",
        "insert into ruling values (1, 'test_one', 'x', 'ada', 'lots', '', 'me', '', '', '', '', '', 1)",
        "alter table ruling drop column points",
        "drop table version",
    ],
)
def test_a_gradebook_that_another_program_changed_is_named_with_what_to_do(root, tampering):
    with Store.open(root):
        pass
    with closing(sqlite3.connect(root / DATABASE)) as database:
        database.execute(tampering)
        database.commit()
    reading = (lambda store: store.recall("profile"), Store.students, Store.rulings, Store.undo)
    said = refused_at_work(root, *reading)
    assert said.startswith(f"{root / DATABASE} ")
    assert "changed by another program" in said
    assert said.endswith("Name another results folder; a new run fills it from the same submissions.")


class TestWhoHandedInWhen:
    LATE = Arrival(at=datetime(2026, 2, 14, tzinfo=UTC))
    RULES = Rules(due=datetime(2026, 2, 13, tzinfo=UTC), penalty=Amount(number=Decimal("0.10")))

    @pytest.fixture
    def enrolled(self, store):
        ada = Identity(name="Ada L.", id="0123", email="ada@example.edu")
        store.enrol([replace(submission("ada"), identity=ada, people=(ada,), arrival=self.LATE)], {})
        store.record(GRADE, "key")
        return store

    def test_stands_in_the_grade(self, enrolled):
        (grade,) = enrolled.grades()
        assert (grade.identity.id, grade.people[0].email) == ("0123", "ada@example.edu")
        assert (grade.submitted_at, grade.late, grade.total) == (self.LATE.at, None, GRADE.total)

    def test_costs_points_by_the_rules_of_the_last_run(self, enrolled):
        enrolled.remember(rules=self.RULES)
        (grade,) = enrolled.grades()
        assert (grade.late.points, grade.total) == (Decimal("0.10"), Decimal("0.15"))
        assert enrolled.grade("ada").total == GRADE.total, "what is stored is without it"

    def test_costs_what_the_rules_say_now(self, enrolled):
        enrolled.remember(rules=self.RULES)
        moved = replace(self.RULES, due=self.LATE.at)
        assert enrolled.settled(enrolled.grade("ada"), rules=moved).late is None
        enrolled.remember(rules=moved)
        assert enrolled.grades()[0].total == GRADE.total

    def test_is_not_known_of_earlier_runs(self, enrolled):
        with enrolled._database as database:
            database.execute("update student set enrolled = '{}'")
        (grade,) = enrolled.grades()
        assert (grade.identity, grade.people, grade.submitted_at) == (Identity(), (), None)

    def test_goes_back_to_the_rules_before_a_regrade(self, enrolled):
        enrolled.remember(rules=self.RULES)
        enrolled.regrade([(GRADE, "key")], [], self.RULES)
        with pytest.raises(UsageError, match="no earlier regrade"):
            enrolled.undo()
        enrolled.regrade([(GRADE, "key")], [], replace(self.RULES, due=self.LATE.at))
        assert enrolled.grades()[0].late is None
        enrolled.undo()
        assert enrolled.rules() == self.RULES
        assert enrolled.grades()[0].total == Decimal("0.15")
