"""A results folder: whole at any moment, one writer, and clear words for what is none."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from executions import EXECUTION

from grader.errors import UsageError
from grader.model import (
    Check,
    Ending,
    FoundBy,
    Grade,
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
    enrol(store, "bob")
    assert [grade.student for grade in store.grades()] == ["bob"]
    assert store.execution("ada") is None
    assert [path.name for path in (root / "students").iterdir()] == ["bob"]


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
