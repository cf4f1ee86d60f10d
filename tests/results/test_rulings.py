"""What a person decides: the rulings read from a sheet that was filled in, and the grades they make."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from grader.errors import UsageError
from grader.model import (
    Check,
    Ending,
    Flag,
    FlagKind,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    ReviewItem,
)
from grader.reports.review_sheet import COLUMNS, review_csv
from grader.results import rulings
from grader.results.store import Store
from grader.theory.words import code_of

NO_CLOSED_FORM = "No, it is not differentiable."


def left_open(answer, *, meaning="", polarity="", tags=(), check="test_why", points="0.5"):
    item = ReviewItem(answer=answer, group=code_of(meaning or answer), polarity=polarity, tags=tags)
    return Check(
        id=check,
        question="2b",
        title="The reason is right.",
        outcome=Outcome.REVIEW,
        earned=Decimal(0),
        max=Decimal(points),
        message="A person reads this answer.",
        review=item,
    )


def grade(student, *checks, flags=()):
    question = QuestionGrade(
        id="2b", title="", points=Decimal(0), max=Decimal(1), outcome=Outcome.REVIEW,
        found_by=FoundBy.METADATA, checks=checks,
    )  # fmt: skip
    return Grade(
        student=student, assignment="hw1", title="", profile="full", ending=Ending.FINISHED, ending_detail="",
        total=Decimal(0), max=Decimal(1), provisional=True, seconds=1.0, questions=(question,), flags=flags,
    )  # fmt: skip


@pytest.fixture
def class_():
    return [
        grade("ana", left_open(NO_CLOSED_FORM, polarity="no")),
        grade("bo", left_open("Yes, there is one: w = (X^T X)^{-1} X^T y", polarity="yes")),
        grade("cy", left_open("no,  it is NOT differentiable", polarity="no")),
        grade("di", left_open('=HYPERLINK("http://example.org")')),
    ]


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def filled(text, **points):
    """The sheet with points for some students (`everyone` for the first group row) and a comment."""
    table = rows(text)
    for row in table:
        name = "everyone" if row["student"] == "*" else row["student"]
        if name in points:
            row["points"], row["comment"] = points[name], f"for {name}"
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue()


def read(text, grades):
    return rulings.read(text, grades, source="review.csv", by="ada", at="2026-01-02T03:04:05+00:00")


def points(grades, decided):
    return {each.student: rulings.apply(each, decided).total for each in grades}


def test_a_row_for_all_decides_for_all_of_its_group_and_nobody_else(class_):
    decided = read(filled(review_csv(class_), everyone="0.5"), class_)
    assert points(class_, decided) == {"ana": Decimal("0.5"), "bo": 0, "cy": Decimal("0.5"), "di": 0}


def test_a_row_for_one_comes_before_the_row_for_all(class_):
    decided = read(filled(review_csv(class_), everyone="0.5", cy="0.25"), class_)
    ruled = rulings.apply(class_[2], decided)
    assert ruled.total == Decimal("0.25")
    assert ruled.checks[0].outcome is Outcome.PARTIAL
    assert ruled.checks[0].message == "for cy"
    assert ruled.checks[0].ruling.by == "ada"


@pytest.mark.parametrize(
    ("given", "outcome"),
    [("0", Outcome.FAILED), ("0.5", Outcome.PASSED), ("0,25", Outcome.PARTIAL), ("0.10", Outcome.PARTIAL)],
)
def test_points_make_the_outcome(class_, given, outcome):
    decided = read(filled(review_csv(class_), bo=given), class_)
    assert rulings.apply(class_[1], decided).checks[0].outcome is outcome


def test_a_decided_grade_is_no_longer_provisional(class_):
    decided = read(filled(review_csv(class_), ana="0.5"), class_)
    assert not rulings.apply(class_[0], decided).provisional
    assert rulings.apply(class_[1], decided).provisional


def test_a_grade_from_a_sample_of_the_data_stays_provisional(class_):
    sampled = replace(class_[0], flags=(Flag(kind=FlagKind.SUBSET, message="a sample"),))
    decided = read(filled(review_csv([sampled]), ana="0.5"), [sampled])
    assert rulings.apply(sampled, decided).provisional


def test_a_ruling_holds_only_for_the_answer_it_was_made_for(class_):
    decided = read(filled(review_csv(class_), ana="0.5"), class_)
    changed = grade("ana", left_open("No, because of the absolute value."))
    assert rulings.apply(changed, decided).total == 0


@pytest.fixture
def theme():
    """Students who say the same in their own words."""
    words = {"ana": "No, it has a kink.", "bo": "no: not smooth", "cy": "It is not smooth, so no."}
    return [grade(name, left_open(answer, meaning="a kink")) for name, answer in words.items()]


def test_a_row_for_all_reaches_those_whose_answers_were_shown(theme):
    shown, late = theme[:2], grade("late", left_open("No, I have a kink in my neck.", meaning="a kink"))
    sheet = filled(review_csv(shown), everyone="0.5")
    decided = read(sheet, [*shown, late])
    assert points([*shown, late], decided) == {"ana": Decimal("0.5"), "bo": Decimal("0.5"), "late": 0}
    same = grade("same", left_open("no, it has  a KINK", meaning="a kink"))
    assert rulings.apply(same, decided).total == Decimal("0.5")


def test_an_answer_that_changed_since_the_sheet_was_written_stays_open(theme):
    sheet = filled(review_csv(theme), everyone="0.5")
    changed = grade("bo", left_open("No, I read somewhere that it is not smooth.", meaning="a kink"))
    decided = read(sheet, [theme[0], changed, theme[2]])
    assert points([theme[0], changed, theme[2]], decided) == {
        "ana": Decimal("0.5"),
        "bo": 0,
        "cy": Decimal("0.5"),
    }
    with pytest.raises(UsageError, match="bo has no such answer to test_why"):
        read(filled(review_csv(theme), bo="0.5"), [theme[0], changed, theme[2]])


def test_a_row_for_all_without_the_answers_that_it_decides_is_refused(theme):
    sheet = filled(review_csv(theme), everyone="0.5").splitlines(keepends=True)
    with pytest.raises(UsageError, match="row 2: no student in this sheet has such an answer"):
        read("".join(sheet[:2]), theme)


def test_a_decision_is_not_offered_for_an_answer_that_joined_its_group_later(theme):
    decided = read(filled(review_csv(theme[:2]), everyone="0.5"), theme[:2])
    ruled = [rulings.apply(each, decided) for each in theme]
    again = {row["student"]: row["points"] for row in rows(review_csv(ruled))}
    assert again == {"*": "", "ana": "0.5", "bo": "0.5", "cy": ""}


def test_rulings_of_earlier_versions_are_for_a_group(theme):
    earlier = rulings.Ruling(
        check="test_why",
        group=code_of("a kink"),
        student="",
        points=Decimal("0.25"),
        comment="",
        by="ada",
        at="",
    )
    assert set(points(theme, [earlier]).values()) == {Decimal("0.25")}
    later = read(filled(review_csv(theme), everyone="0.5"), theme)
    assert set(points(theme, [earlier, *later]).values()) == {Decimal("0.5")}


def test_rows_without_points_decide_nothing(class_):
    assert read(review_csv(class_), class_) == []


def test_a_sheet_of_decided_answers_shows_the_decision(class_):
    decided = read(filled(review_csv(class_), everyone="0.5", bo="0"), class_)
    ruled = [rulings.apply(each, decided) for each in class_]
    again = rows(review_csv(ruled))
    assert {row["student"]: row["points"] for row in again} == {
        "*": "0.5",
        "ana": "",
        "bo": "0",
        "cy": "",
        "di": "",
    }
    assert again[0]["student"] == "di", "what is still open comes first"
    assert points(class_, read(review_csv(ruled), class_)) == points(class_, decided)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("points", "punkte", 1), "no column 'points'"),
        (lambda text: filled(text, bo="lots"), "row 6: 'lots' is not a number of points"),
        (
            lambda text: filled(text, bo="0.75"),
            "row 6: 0.75 points were given, but this check allows 0 to 0.5",
        ),
        (lambda text: filled(text, bo="-1"), "row 6: -1 points"),
        (lambda text: filled(text, bo="nan"), "row 6: nan points"),
        (lambda text: filled(text, bo="0.5").replace(",bo,", ",eve,"), "row 6: eve has no such answer"),
    ],
    ids=["column", "word", "too many", "negative", "nan", "stranger"],
)
def test_a_sheet_that_does_not_fit_is_refused_whole(class_, change, said):
    with pytest.raises(UsageError, match=said):
        read(change(review_csv(class_)), class_)


def test_rulings_are_only_ever_added_and_the_latest_counts(tmp_path, class_):
    text = review_csv(class_)
    with Store.open(tmp_path / "results") as store:
        assert store.rule(read(filled(text, ana="0.5"), class_)) == 1
        assert store.rule(read(filled(text, ana="0.5"), class_)) == 0
        assert store.rule(read(filled(text, ana="0.25"), class_)) == 1
    with Store.open(tmp_path / "results") as store:
        assert [ruling.points for ruling in store.rulings()] == [Decimal("0.5"), Decimal("0.25")]
        assert store.ruled(class_[0]).total == Decimal("0.25")
