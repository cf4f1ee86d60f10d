"""What people and programs read in a results folder is what the store knows, and what they wrote stays theirs."""

import json
from dataclasses import replace

import pytest

from grader import keys
from grader.execution import reference
from grader.publishing.publisher import Publisher
from grader.results.store import Store


@pytest.fixture
def published(graded):
    """The store of the graded class, and its publisher."""
    with (
        Store.existing(graded.results) as store,
        Publisher(store, reference.stored(store)[0]) as publisher,
    ):
        yield store, publisher


def test_each_student_gets_a_page_and_a_result(published):
    store, publisher = published
    grade = store.grade("ada")
    for name in ("report.html", "result.json"):
        (store.folder("ada") / name).unlink()
        assert not publisher.is_out(grade)
        publisher.student(grade)
        assert publisher.is_out(grade)
    assert json.loads((store.folder("ada") / "result.json").read_text())["student"] == "ada"


def test_another_grade_is_not_out_yet(published):
    store, publisher = published
    assert publisher.is_out(store.grade("ada"))
    (store.folder("ada") / "result.json").write_text((store.folder("bob") / "result.json").read_text())
    assert not publisher.is_out(store.grade("ada"))


def test_a_page_made_by_another_template_is_written_anew(published, monkeypatch):
    store, publisher = published
    monkeypatch.setattr(keys, "_templates", lambda: "changed")
    assert not publisher.is_out(store.grade("ada"))
    publisher.student(store.grade("ada"))
    assert publisher.is_out(store.grade("ada"))


def test_a_page_of_other_evidence_is_written_anew(published):
    store, publisher = published
    store.record(store.grade("ada"), "the key of another execution")
    assert not publisher.is_out(store.grade("ada"))


def test_of_an_unreadable_hand_in_there_is_a_page_too(published):
    store, publisher = published
    (store.folder("dan") / "report.html").unlink()
    publisher.student(store.grade("dan"))
    assert "its JSON breaks off" in (store.folder("dan") / "report.html").read_text()


def test_the_class_gets_its_files(published):
    store, publisher = published
    index = publisher.class_(["A notice."])
    assert index == store.root / "index.html"
    assert "A notice." in index.read_text()
    header = (store.root / "grades.csv").read_text().splitlines()[0]
    assert header == "student,1,2,3,total,max,status,ending,late,submitted,name,id,email,section"
    documents = json.loads((store.root / "grades.json").read_text())
    results = [json.loads((store.folder(one["student"]) / "result.json").read_text()) for one in documents]
    assert documents == results
    assert len(documents) == 4
    assert (store.root / "junit.xml").read_text().startswith("<?xml")


def sheets(store):
    return sorted(path.name for path in store.root.glob("review*.csv"))


def test_a_sheet_that_nobody_touched_is_replaced(published):
    store, publisher = published
    ada = store.grade("ada")
    store.record(replace(ada, questions=()), "before")
    publisher.class_([])
    assert "ada" not in (store.root / "review.csv").read_text()
    store.record(ada, "now")
    publisher.class_([])
    assert sheets(store) == ["review.csv"]
    assert "ada" in (store.root / "review.csv").read_text()


def test_a_sheet_that_a_person_wrote_into_is_never_lost(published):
    """Two hours of marking, and then a late hand-in is graded."""
    store, publisher = published
    sheet = store.root / "review.csv"
    marked = sheet.read_text() + "three more rows\n"
    sheet.write_text(marked)
    publisher.class_([])
    publisher.class_([])
    aside = [name for name in sheets(store) if name != "review.csv"]
    assert len(aside) == 1
    assert (store.root / aside[0]).read_text() == marked
    assert "three more rows" not in sheet.read_text()
