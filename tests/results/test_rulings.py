"""What a person decides: the rulings read from a sheet that was filled in, and the grades they make."""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from grader import csvs
from grader.errors import UsageError
from grader.model import (
    Check,
    Ending,
    Execution,
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
    sheets = {"review.csv": text} if isinstance(text, str) else text
    return rulings.read(sheets, grades, by="ada", at="2026-01-02T03:04:05+00:00")


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
    with pytest.raises(UsageError, match=r"row 2 \(\*, 2b\): no student in this sheet has such an answer"):
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


def test_a_ruling_of_one_answer_decides_no_group_whose_meaning_reads_like_it():
    given = [grade(name, left_open(text, meaning="no")) for name, text in {"ana": "No.", "bo": "no"}.items()]
    decided = read(filled(review_csv(given), everyone="0.5"), given)
    late = grade("late", left_open("No, because bananas are yellow.", meaning="no"))
    assert points([*given, late], decided) == {"ana": Decimal("0.5"), "bo": Decimal("0.5"), "late": 0}


class TestOurOwnSentence:
    """The same for many students, so that the hand-in tells which answer a ruling is for."""

    def stopped(self, student, code):
        check = left_open("The deadline stopped this cell.")
        return grade(student, replace(check, review=replace(check.review, code=code)))

    @pytest.fixture
    def given(self):
        return [self.stopped("ana", "a1"), self.stopped("bo", "b1")]

    def test_is_decided_for_those_on_the_sheet_alone(self, given):
        sheet = review_csv(given)
        assert [(row["student"], row["code"]) for row in rows(sheet)] == [
            ("*", ""),
            ("ana", "a1"),
            ("bo", "b1"),
        ]
        decided = read(filled(sheet, everyone="0.5"), given)
        late = self.stopped("late", "c1")
        assert points([*given, late], decided) == {"ana": Decimal("0.5"), "bo": Decimal("0.5"), "late": 0}
        assert rulings.unfit(decided, given) == []

    def test_is_open_again_for_another_hand_in(self, given):
        decided = read(filled(review_csv(given), ana="0.5"), given)
        (check,) = rulings.apply(self.stopped("ana", "a2"), decided).checks
        assert (check.outcome, check.ruling) == (Outcome.REVIEW, None)
        assert "An earlier answer got 0.5 of 0.5 points from ada" in check.message
        with pytest.raises(UsageError, match="ana has no such answer"):
            read(filled(review_csv(given), ana="0.5"), [self.stopped("ana", "a2"), given[1]])

    def test_of_an_earlier_hand_in_that_was_decided_for_all_is_noted(self, given):
        decided = read(filled(review_csv(given), everyone="0.5"), given)
        (note,) = rulings.notes_of(rulings.apply(given[0], decided), self.stopped("ana", "a2"))
        assert (note.student, note.group, note.points) == ("ana", "", Decimal("0.5"))

    @pytest.mark.parametrize(("student", "total"), [("", 0), ("ana", Decimal("0.5"))])
    def test_was_decided_by_an_earlier_release_for_the_one_who_was_named(self, given, student, total):
        text = code_of("The deadline stopped this cell.")
        (ruling, *_) = read(filled(review_csv(given), ana="0.5"), given)
        earlier = replace(ruling, group=text, student=student)
        assert points(given, [earlier]) == {"ana": total, "bo": 0}
        assert len(rulings.unfit([earlier], given)) == (not student)


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
        (lambda text: filled(text, bo="lots"), "row 6 (bo, 2b): 'lots' is not a number of points"),
        (
            lambda text: filled(text, bo="1e-9999999"),
            "row 6 (bo, 2b): '1e-9999999' is not a number of points",
        ),
        (
            lambda text: filled(text, bo="0." + "0" * 100_000),
            "0' is not a number of points with at most 6 decimals",
        ),
        (
            lambda text: filled(text, bo="0.75"),
            "row 6 (bo, 2b): 0.75 points given; 0 to 0.5 is allowed",
        ),
        (lambda text: filled(text, bo="-1"), "row 6 (bo, 2b): -1 points given"),
        (lambda text: filled(text, bo="nan"), "row 6 (bo, 2b): 'nan' is not a number"),
        (
            lambda text: filled(text, bo="0.5").replace(",bo,", ",eve,"),
            "row 6 (eve, 2b): there is no student 'eve' in this class",
        ),
        (
            lambda text: filled(text, bo="0.5").replace("test_why", "test_how"),
            "row 6 (bo, 2b): there is no check 'test_how' in this class",
        ),
        (
            lambda text: (
                text
                + filled(text, bo="0.5", ana="0.5").partition("\n")[2]
                + filled(text, bo="0.25").partition("\n")[2]
            ),
            "row 16 (bo, 2b): this answer was decided in review.csv, row 11 (bo, 2b), already; keep one",
        ),
        (
            lambda text: filled(text, bo="lots", ana="9"),
            "row 4 (ana, 2b): 9 points given; 0 to 0.5 is allowed; review.csv, row 6 (bo, 2b): 'lots' is not",
        ),
        (lambda text: text.replace("points", "comment", 1), "no column 'points'"),
        (lambda text: text.replace("polarity", "points", 1), "has several columns 'points'"),
        (
            lambda text: filled(text, bo="0.5").replace("for bo", "for bo, who wrote it"),
            "more cells than columns",
        ),
    ],
    ids=[
        "column",
        "word",
        "exponent",
        "digits",
        "too many",
        "negative",
        "nan",
        "stranger",
        "check",
        "twice",
        "all of them",
        "a column is missing",
        "a column twice",
        "unquoted comment",
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_whole(class_, change, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        read(change(review_csv(class_)), class_)


def test_two_sheets_that_contradict_each_other_are_refused_whole(class_):
    """Two people, each with a copy of the sheet. What both say alike, or only one says, is no contradiction."""
    text = review_csv(class_)
    one, two = (filled(text, everyone="0.5", bo="0", **own) for own in ({"ana": "0.25"}, {"di": "0.5"}))
    decided = read({"one.csv": one, "two.csv": two}, class_)
    assert points(class_, decided) == {
        "ana": Decimal("0.25"),
        "bo": 0,
        "cy": Decimal("0.5"),
        "di": Decimal("0.5"),
    }
    assert len(decided) == 4
    with pytest.raises(UsageError) as refused:
        read({"one.csv": one, "two.csv": filled(text, everyone="0.25", bo="0.5")}, class_)
    assert str(refused.value) == (
        "two.csv, row 3 (*, 2b): this answer was decided in one.csv, row 3 (*, 2b), already; keep one of the two "
        "rows; two.csv, row 6 (bo, 2b): this answer was decided in one.csv, row 6 (bo, 2b), already; keep one of "
        "the two rows. "
        "No ruling was applied."
    )


def test_a_row_for_all_reaches_the_answers_of_its_own_sheet_alone(theme):
    early, late = review_csv(theme[:2]), review_csv(theme)
    decided = read({"early.csv": filled(early, everyone="0.5"), "late.csv": late}, theme)
    assert points(theme, decided) == {"ana": Decimal("0.5"), "bo": Decimal("0.5"), "cy": 0}


EXCEL = {
    "semicolons": lambda rows: csvs.write(rows, csvs.Dialect(delimiter=";", newline="\r\n")).encode("cp1252"),
    "tabs in UTF-16": lambda rows: csvs.write(rows, csvs.Dialect(delimiter="\t", newline="\r\n")).encode(
        "utf-16"
    ),
    "with a mark": lambda rows: csvs.write(rows, csvs.Dialect(delimiter=";", bom=True)).encode(),
}


@pytest.mark.parametrize("saved", EXCEL.values(), ids=EXCEL)
@pytest.mark.parametrize("student", ["'t-hooft", "'=x", "=1+1", "007", "12e4567890", "josé", "a;-b", "-x"])
def test_a_sheet_that_excel_saved_decides_for_any_student(student, saved):
    """With a decimal comma, as Excel writes it where it separates cells by semicolons."""
    class_ = [grade(student, left_open("No; =1+1", meaning="007"))]
    table = csvs.read(review_csv(class_), name="review.csv")
    table[1][COLUMNS.index("points")] = "0,25"
    decided = read(csvs.decoded(saved(table), name="review.csv"), class_)
    assert points(class_, decided) == {student: Decimal("0.25")}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\n" + text,
        lambda text: "My review\n\n" + text,
        lambda text: "Review of bo" + "," * 11 + "\n" + text,
        lambda text: text.replace("points", " Points ", 1).replace("check", "CHECK", 1),
        lambda text: "My review\n" + csvs.write(csvs.read(text, name="x"), csvs.Dialect(delimiter=";")),
    ],
    ids=["blank row", "title", "padded title", "capitals and spaces", "semicolons"],
)
def test_a_sheet_that_was_laid_out_anew_decides_the_same(class_, change):
    text = filled(review_csv(class_).removeprefix("\ufeff"), bo="0.5")
    changed = change(text)
    assert changed != text
    assert read(changed, class_) == read(text, class_)
    assert read(text, class_)


def test_a_comment_without_points_is_said(class_):
    text = filled(review_csv(class_), ana="", bo="0.5", cy="")
    assert rulings.undecided(text, source="review.csv") == [
        "review.csv: rows 4 (ana, 2b), 5 (cy, 2b) have comments without points, so nothing was decided there."
    ]
    assert rulings.undecided(filled(text, ana="0", cy="0"), source="review.csv") == []


def test_rulings_are_only_ever_added_and_the_latest_counts(tmp_path, class_):
    text = review_csv(class_)
    with Store.open(tmp_path / "results") as store:
        assert store.rule(read(filled(text, ana="0.5"), class_)) == 1
        assert store.rule(read(filled(text, ana="0.5"), class_)) == 0
        assert store.rule(read(filled(text, ana="0.25"), class_)) == 1
    with Store.open(tmp_path / "results") as store:
        assert [ruling.points for ruling in store.rulings()] == [Decimal("0.5"), Decimal("0.25")]
        assert store.settled(class_[0]).total == Decimal("0.25")


def test_a_ruling_is_of_one_assignment(class_):
    decided = read(filled(review_csv(class_), ana="0.5"), class_)
    assert rulings.apply(class_[0], decided).total == Decimal("0.5")
    assert rulings.apply(replace(class_[0], assignment="hw2"), decided).total == 0
    unknown = [replace(ruling, assignment="") for ruling in decided]
    assert rulings.apply(class_[0], unknown).total == Decimal("0.5"), "of an earlier version"


def test_a_changed_answer_is_laid_before_a_person_again_with_the_earlier_ruling(class_):
    decided = read(filled(review_csv(class_), ana="0.5"), class_)
    (check,) = rulings.apply(grade("ana", left_open("No, because of the absolute value.")), decided).checks
    assert (check.outcome, check.ruling, check.earned) == (Outcome.REVIEW, None, 0)
    assert check.message == (
        "A person reads this answer. An earlier answer got 0.5 of 0.5 points from ada on 2026-01-02: for ana."
    )
    (other,) = rulings.apply(grade("bo", left_open("No, because of the absolute value.")), decided).checks
    assert other.message == "A person reads this answer."


def test_of_earlier_rulings_the_one_made_last_is_shown(class_):
    other = [grade("ana", left_open("No, I read so."))]
    decided = [
        *read(filled(review_csv(class_), ana="0.5"), class_),
        *read(filled(review_csv(other), ana="0"), other),
        *read(filled(review_csv(class_), ana="0.25"), class_),
    ]
    (check,) = rulings.apply(grade("ana", left_open("No, because of the absolute value.")), decided).checks
    assert "An earlier answer got 0.25 of 0.5 points" in check.message


class TestADecisionForAll:
    """Of an answer that a student gave once, beside what the student answers now."""

    NOTE = "An earlier answer got 0.5 of 0.5 points from ada on 2026-01-02: for everyone."
    FIRST, SECOND, THIRD = NO_CLOSED_FORM, "No, because of the absolute value.", "No, I read so."

    @pytest.fixture
    def store(self, tmp_path, class_):
        with Store.open(tmp_path / "results") as store:
            store.rule(read(filled(review_csv(class_), everyone="0.5"), class_))
            yield store

    @pytest.fixture
    def answered(self, store):
        def answered(answer, key="key", *, run=True):
            """Ana's ruled check, after another run of her notebook, or judged by another rubric."""
            if run:
                folder = store.workplace("ana")
                store.keep(Execution(student="ana", folder=folder, ending=Ending.FINISHED, detail=""), key)
            store.record(grade("ana", left_open(answer)), key)
            return store.settled(store.grade("ana")).checks[0]

        return answered

    @pytest.mark.parametrize("run", [True, False], ids=["run again", "judged again"])
    def test_is_shown_however_often_the_answer_changes(self, answered, run):
        assert answered(self.FIRST).earned == Decimal("0.5")
        for answer in (self.SECOND, self.THIRD):
            check = answered(answer, run=run)
            assert (check.outcome, check.ruling) == (Outcome.REVIEW, None)
            assert check.message == f"A person reads this answer. {self.NOTE}"

    def test_decides_again_as_it_stands_then(self, store, answered, class_):
        answered(self.FIRST)
        answered(self.SECOND)
        store.rule(read(filled(review_csv(class_), everyone="0.25"), class_))
        assert answered(self.FIRST).earned == Decimal("0.25")

    def test_is_no_ruling_that_applies_to_nothing(self, store, answered, class_):
        answered(self.FIRST)
        answered(self.SECOND)
        now = [store.settled(store.grade("ana")), *class_[1:]]
        assert rulings.unfit(store.rulings(), now) == []

    def test_is_noted_of_those_answers_alone_that_changed(self, store, answered):
        answered(self.FIRST)
        before = len(store.rulings())
        answered(self.FIRST, run=False)
        assert len(store.rulings()) == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda each: each, None),
        (lambda each: replace(each, assignment="hw2"), "it is for the assignment 'hw1'"),
        (
            lambda each: grade(each.student, left_open(NO_CLOSED_FORM, check="test_reason")),
            'no check has this id; if it was renamed, give it id="test_why"',
        ),
        (
            lambda each: grade(each.student, left_open("Something else.")),
            "the answer has changed, or the check no longer asks a person",
        ),
        (
            lambda each: grade(each.student, replace(each.checks[0], review=None, outcome=Outcome.PASSED)),
            "the answer has changed, or the check no longer asks a person",
        ),
        (lambda each: replace(each, student="zoe"), "the student is not in this class"),
        (
            lambda each: grade(each.student, replace(each.checks[0], review=None, outcome=Outcome.BROKEN)),
            None,
        ),
    ],
    ids=["fits", "assignment", "renamed", "changed", "decided", "gone", "broken"],
)
def test_a_ruling_that_fits_nothing_is_named_with_the_reason(class_, change, why):
    decided = read(filled(review_csv(class_), ana="0.5"), class_)
    found = rulings.unfit(decided, [change(class_[0])])
    assert [reason for _, reason in found] == ([why] if why else [])


@pytest.mark.parametrize("who", ["ana", "everyone"])
def test_a_ruling_of_more_points_than_the_check_has_now_decides_nothing_and_is_named(class_, who):
    decided = read(filled(review_csv(class_), **{who: "0.5"}), class_)
    lowered = [grade(each.student, left_open(NO_CLOSED_FORM, points="0.25")) for each in class_[:1]]
    (check,) = rulings.apply(lowered[0], decided).checks
    assert (check.outcome, check.earned, check.ruling) == (Outcome.REVIEW, 0, None)
    reasons = {reason for _, reason in rulings.unfit(decided, lowered)}
    assert reasons == {"it gives 0.5 points, and the check is worth 0.25 now"}


def test_a_ruling_that_a_later_one_replaced_is_not_missed(class_):
    text = review_csv(class_)
    decided = [ruling for points in ("0.25", "0.5") for ruling in read(filled(text, ana=points), class_)]
    assert len(rulings.unfit(decided, [grade("ana", left_open("Something else."))])) == 1


def test_a_broken_check_hides_no_ruling(class_):
    decided = read(filled(review_csv(class_), ana="0.5"), class_)
    broken = grade("ana", replace(class_[0].checks[0], review=None, outcome=Outcome.BROKEN))
    again = rulings.answered_before(broken, class_[0])
    (check,) = rulings.apply(again, decided).checks
    assert (check.outcome, check.earned) == (Outcome.PASSED, Decimal("0.5"))
    (undecided,) = rulings.apply(again, []).checks
    assert undecided.outcome is Outcome.BROKEN
    assert rulings.answered_before(broken, None) == broken


def test_the_latest_ruling_is_the_one_made_last_even_if_the_clock_went_back(tmp_path, class_):
    text = review_csv(class_)
    with Store.open(tmp_path / "results") as store:
        for points, at in (("0.5", "2030-01-01T00:00:00+00:00"), ("0.25", "1970-01-01T00:00:00+00:00")):
            store.rule([replace(each, at=at) for each in read(filled(text, ana=points), class_)])
        assert store.settled(class_[0]).total == Decimal("0.25")


class TestACheckThatTheMachineDecided:
    """Failed, passed or broken: a person may decide it otherwise for one student, and says why."""

    def judged(self, code="a1", outcome=Outcome.FAILED, message="Something is missing."):
        earned = Decimal("0.5") if outcome is Outcome.PASSED else Decimal(0)
        check = replace(
            left_open("-"), outcome=outcome, earned=earned, message=message, code=code, review=None,
            hint="Look again.",
        )  # fmt: skip
        return grade("ana", check)

    def sheet(self, class_, **cells):
        """The sheet with one more row, as somebody types it."""
        row = dict.fromkeys(COLUMNS, "") | {"check": "test_why", "student": "ana"} | cells
        return review_csv(class_) + csvs.write([row.values()]).removeprefix("\ufeff")

    def overruled(self, class_):
        return read(self.sheet(class_, points="0.25", comment="It is in the plot."), class_)

    @pytest.mark.parametrize(
        ("outcome", "machine"),
        [
            (Outcome.FAILED, "Failed, 0 of 0.5 points: Something is missing."),
            (Outcome.PASSED, "Passed, 0.5 of 0.5 points: Something is missing."),
            (Outcome.BROKEN, "Broken, 0 of 0.5 points: Something is missing."),
        ],
    )
    def test_says_who_decided_it_why_and_what_the_machine_said(self, outcome, machine):
        judged = self.judged(outcome=outcome)
        (check,) = rulings.apply(judged, self.overruled([judged])).checks
        assert (check.outcome, check.earned, check.hint) == (Outcome.PARTIAL, Decimal("0.25"), "")
        assert (check.message, check.ruling.by, check.ruling.machine) == (
            "It is in the plot.",
            "ada",
            machine,
        )

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ({}, "say in a comment why this check is decided otherwise"),
            ({"comment": "x", "points": "0.75"}, "0.75 points given; 0 to 0.5 is allowed"),
            ({"comment": "x", "student": "*"}, "only one student at a time can get other points"),
            ({"comment": "x", "student": "eve"}, "there is no student 'eve'"),
            ({"comment": "x", "code": "b2"}, "ana has no such answer to test_why"),
        ],
        ids=["no comment", "too many points", "everyone", "stranger", "another answer"],
    )
    def test_is_not_decided_without_a_reason_or_by_mistake(self, cells, said):
        judged = [self.judged()]
        with pytest.raises(UsageError, match=re.escape(said)):
            read(self.sheet(judged, **{"points": "0.25"} | cells), judged)

    def test_has_no_row_in_the_sheet(self):
        judged = self.judged()
        assert rows(review_csv([judged, rulings.apply(judged, self.overruled([judged]))])) == []

    def test_keeps_the_decision_when_the_rubric_says_otherwise(self):
        decided = self.overruled([self.judged()])
        open_ = self.judged(outcome=Outcome.REVIEW)
        left = replace(open_.checks[0], review=left_open("words").review)
        for now in (
            self.judged(outcome=Outcome.PASSED),
            self.judged(message="Other words."),
            grade("ana", left),
        ):
            assert rulings.apply(now, decided).total == Decimal("0.25")
            assert rulings.unfit(decided, [now]) == []

    def test_is_the_machines_again_when_the_answer_changed(self):
        decided = self.overruled([self.judged()])
        now = self.judged("b2")
        (check,) = rulings.apply(now, decided).checks
        assert (check.outcome, check.earned, check.ruling) == (Outcome.FAILED, 0, None)
        assert check.message == (
            "Something is missing. "
            "An earlier answer got 0.25 of 0.5 points from ada on 2026-01-02: It is in the plot."
        )
        assert len(rulings.unfit(decided, [now])) == 1
        assert rulings.apply(grade("bo", *now.checks), decided).checks == now.checks

    def test_says_nothing_of_decisions_about_answers_that_were_left_open(self, class_):
        decided = read(filled(review_csv(class_), ana="0.5"), class_)
        now = self.judged()
        assert rulings.apply(now, decided).checks == now.checks

    def test_is_decided_by_the_latest_also_if_it_was_left_open_in_between(self):
        left = grade("ana", replace(left_open("words"), code="a1"))
        in_review = read(filled(review_csv([left]), ana="0.5"), [left])
        overruled = self.overruled([self.judged()])
        assert rulings.apply(left, [*in_review, *overruled]).total == Decimal("0.25")
        assert rulings.apply(left, [*overruled, *in_review]).total == Decimal("0.5")

    def test_of_an_earlier_release_can_be_decided_once_it_is_judged_again(self):
        judged = [self.judged(code="")]
        with pytest.raises(UsageError, match="there is no check 'test_why' in this class"):
            self.overruled(judged)

    def test_is_kept_with_what_the_machine_said(self, tmp_path):
        decided = self.overruled([self.judged()])
        with Store.open(tmp_path / "results") as store:
            store.rule(decided)
            assert store.rulings() == decided
