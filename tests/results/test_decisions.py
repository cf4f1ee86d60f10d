"""What people decide by items: how points add up, what a changed item revises, and that nobody is overwritten."""

import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest

from grader import csvs
from grader.errors import UsageError
from grader.model import (
    Check,
    Ending,
    FoundBy,
    Grade,
    Item,
    Outcome,
    QuestionGrade,
    ReviewItem,
    Ruling,
    Tally,
)
from grader.results import audit
from grader.results.decisions import Conflict, Decision, Touched
from grader.results.items import Change
from grader.results.ledger import Ledger
from grader.results.rulings import answer_code
from grader.results.store import Store
from grader.theory.words import code_of

RUBRIC = {"says what": "1", "says whom": "0.5", "is clear": "0.5"}
AT = "2026-01-02T03:04:05+00:00"


def items(**points):
    return tuple(
        Item(words=words.replace("_", " "), points=Decimal(worth)) for words, worth in points.items()
    )


def check(answer, given=RUBRIC, *, id="test_bias", worth="2"):  # noqa: A002 - the model's word
    item = ReviewItem(answer=answer, group=code_of(answer), items=items(**given))
    return Check(
        id=id, question="5", title="What is missing.", outcome=Outcome.REVIEW, earned=Decimal(0),
        max=Decimal(worth), message="A person reads this answer.", review=item, code=code_of(f"cells {answer}"),
    )  # fmt: skip


def failed(answer="x = 1"):
    return replace(
        check(answer, id="test_sum"), outcome=Outcome.FAILED, message="The sum is wrong.", review=None
    )


def grade(student, *checks):
    question = QuestionGrade(
        id="5", title="", points=Decimal(0), max=Decimal(4), outcome=Outcome.REVIEW, found_by=FoundBy.METADATA,
        checks=checks,
    )  # fmt: skip
    return Grade(
        student=student, assignment="hw", title="", profile="full", ending=Ending.FINISHED, ending_detail="",
        total=Decimal(0), max=Decimal(4), provisional=True, seconds=1.0, questions=(question,),
    )  # fmt: skip


def a_ruling(class_, student="ana"):
    """As `review.csv` gives it."""
    code = answer_code(class_.check(student))
    return Ruling(
        check="test_bias", group=f"={code}", student=student, points=Decimal(1), comment="", by="ada", at=AT,
        assignment="hw",
    )  # fmt: skip


class Class:
    """A results folder with the answers that were given, and whoever decides them."""

    def __init__(self, store):
        self.store = store
        self.decisions = store.decisions

    def hand_in(self, **checks):
        for student, given in checks.items():
            self.store.record(grade(student, *(given if isinstance(given, tuple) else (given,))), "key")

    def check(self, student, name="test_bias"):
        return next(each for each in self.store.grade(student).checks if each.id == name)

    def settled(self, student, name="test_bias"):
        ruled = self.store.settled(self.store.grade(student))
        return next(each for each in ruled.checks if each.id == name)

    def points(self, *students):
        return [str(self.settled(student).earned) for student in students]

    def number(self, words):
        return next(each.number for each in self.decisions.items(self.check("ana")) if each.words == words)

    def decision(self, *students, words=(), name="test_bias", by="ada", seen=None, **more):
        shown = tuple((student, answer_code(self.check(student, name))) for student in students)
        return Decision(
            check=name, shown=shown, items=tuple(map(self.number, words)), by=by, at=AT,
            seen=self.decisions.last if seen is None else seen, **more,
        )  # fmt: skip

    def decide(self, *students, **more):
        return self.decisions.decide(self.decision(*students, **more))

    def change(self, words, points, *, to=None, by="bob"):
        """Change an item of the check that ana answered."""
        change = Change(
            item=self.number(words) if words else 0, words=to or words,
            points=None if points is None else Decimal(points),
        )  # fmt: skip
        return self.decisions.change(self.check("ana"), change, by=by, at=AT)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def class_(root):
    with Store.open(root) as store:
        class_ = Class(store)
        class_.hand_in(ana=check("The poor."), bo=check("Nobody."), cy=check("The old."))
        yield class_


@pytest.mark.parametrize(
    ("start", "points", "adjustment", "expected"),
    [
        ("0", [], "0", "0"),
        ("0", ["1", "0.5"], "0", "1.5"),
        ("0", ["1", "0.5"], "-0.25", "1.25"),
        ("0", ["1", "1", "1"], "0", "2"),
        ("0", ["1", "-1.5"], "0", "0"),
        ("0", ["1", "-0.5"], "0.5", "1.0"),
        ("2", [], "0", "2"),
        ("2", ["-0.5"], "0", "1.5"),
        ("2", ["-1", "-1.5"], "0", "0"),
        ("2", ["-0.5"], "5", "2"),
        ("2", [], "-2.5", "0"),
    ],
)
def test_points_add_up_from_the_start_and_stay_between_0_and_what_the_check_is_worth(
    start, points, adjustment, expected
):
    named = tuple(Item(words=f"item {number}", points=Decimal(each)) for number, each in enumerate(points))
    tally = Tally(worth=Decimal(2), start=Decimal(start), items=named, adjustment=Decimal(adjustment))
    assert str(tally.points) == expected


class TestADecision:
    def test_gives_the_points_of_its_items_and_says_which_they_are(self, class_):
        class_.decide("ana", words=["says what", "is clear"], comment="Well put.")
        found = class_.settled("ana")
        assert (found.outcome, found.earned) == (Outcome.PARTIAL, Decimal("1.5"))
        assert found.message == "says what (+1); is clear (+0.5). Well put."
        assert [item.words for item in found.ruling.tally.items] == ["says what", "is clear"]
        assert class_.points("bo") == ["0"]

    @pytest.mark.parametrize(
        ("more", "points", "message"),
        [
            ({"adjustment": Decimal("1.25")}, "1.25", "Decided by ada."),
            ({"adjustment": Decimal(9)}, "2", "Decided by ada."),
            ({"words": ["says whom"], "adjustment": Decimal(1)}, "1.5", "says whom (+0.5); adjusted (+1)."),
            ({"words": ["says whom"] * 2}, "0.5", "says whom (+0.5)."),
        ],
        ids=["without items", "too much", "adjusted", "twice the same"],
    )  # fmt: skip
    def test_may_be_adjusted(self, class_, more, points, message):
        class_.decide("ana", **more)
        assert class_.points("ana") == [points]
        assert class_.settled("ana").message == message

    def test_starts_at_full_points_if_items_only_take_some(self, class_):
        class_.hand_in(ana=check("Mine.", {"no reason": "-0.5"}, id="test_taking"))
        number = class_.decisions.items(class_.check("ana", "test_taking"))[0].number
        decision = class_.decision("ana", name="test_taking")
        class_.decisions.decide(decision)
        assert class_.settled("ana", "test_taking").earned == 2
        class_.decisions.decide(replace(decision, items=(number,)))
        assert class_.settled("ana", "test_taking").earned == Decimal("1.5")

    def test_for_a_group_reaches_those_alone_that_were_shown(self, class_):
        class_.decide("ana", "bo", words=["says what"])
        class_.hand_in(late=check("The poor."))
        assert class_.points("ana", "bo", "cy", "late") == ["1", "1", "0", "0"]

    def test_overrules_the_machine_only_with_a_comment(self, class_):
        class_.hand_in(ana=(check("Mine."), failed()))
        with pytest.raises(UsageError, match="ana, test_sum: say in a comment why"):
            class_.decide("ana", name="test_sum", adjustment=Decimal(2))
        class_.decide("ana", name="test_sum", adjustment=Decimal(2), comment="It is in the plot.")
        found = class_.settled("ana", "test_sum")
        assert (found.outcome, found.message) == (Outcome.PASSED, "It is in the plot.")
        assert found.ruling.machine == "Failed, 0 of 2 points: The sum is wrong."
        class_.hand_in(ana=(check("Mine."), failed("x = 2")))
        assert class_.settled("ana", "test_sum").outcome is Outcome.FAILED

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"shown": ()}, "No answer to test_bias was chosen"),
            ({"shown": (("ana", "0123456789"),)}, "The answer of ana to test_bias is no longer the one"),
            ({"shown": (("ana", ""),)}, "The answer of ana to test_bias is no longer the one"),
            ({"shown": (("eve", "0123456789"),)}, "The answer of eve to test_bias is no longer the one"),
            ({"items": (999,)}, "An item of test_bias was changed or withdrawn"),
            ({"adjustment": Decimal("nan")}, "An adjustment of NaN is not a number of points"),
            ({"adjustment": Decimal("1e9")}, "An adjustment of 1E+9 is not a number of points"),
        ],
        ids=["nobody", "changed answer", "no code", "stranger", "unknown item", "nan", "absurd"],
    )  # fmt: skip
    def test_about_something_else_than_what_was_shown_is_refused(self, class_, change, said):
        with pytest.raises(UsageError, match=re.escape(said)):
            class_.decisions.decide(replace(class_.decision("ana"), **change))
        assert class_.store.rulings() == []

    def test_for_a_group_with_one_changed_answer_decides_nothing(self, class_):
        decision = class_.decision("ana", "bo", words=["says what"])
        class_.hand_in(bo=check("Somebody."))
        with pytest.raises(UsageError, match="The answer of bo"):
            class_.decisions.decide(decision)
        assert class_.points("ana", "bo") == ["0", "0"]


class TestTwoPeople:
    def test_are_told_of_each_other_and_nothing_is_entered(self, class_):
        mine = class_.decision("ana", "bo", words=["says what"])
        theirs = class_.decide("bo", words=["says whom"], by="bob")
        found = class_.decisions.decide(mine)
        assert isinstance(found, Conflict)
        assert [(each.student, each.points, each.by) for each in found.mine] == [
            ("ana", 1, "ada"), ("bo", 1, "ada"),
        ]  # fmt: skip
        assert [(each.student, each.points, each.by) for each in found.theirs] == [
            ("bo", Decimal("0.5"), "bob")
        ]
        assert class_.points("ana", "bo") == ["0", "0.5"]
        class_.decisions.decide(replace(mine, seen=theirs))
        assert class_.points("ana", "bo") == ["1", "1"]

    @pytest.mark.parametrize(
        "between",
        [
            lambda class_: class_.decide("cy", by="bob"),
            lambda class_: class_.decide("ana", by="ada"),
            lambda class_: class_.decisions.undo(class_.decide("ana", by="bob"), by="bob", at=AT),
        ],
        ids=["another answer", "oneself", "undone"],
    )
    def test_do_not_disturb_each_other_over_something_else(self, class_, between):
        mine = class_.decision("ana", words=["says what"])
        between(class_)
        assert not isinstance(class_.decisions.decide(mine), Conflict)
        assert class_.points("ana") == ["1"]


class TestUndo:
    def test_of_a_decision_brings_back_what_was_decided_before(self, class_):
        first = class_.decide("ana", "bo", words=["says what"])
        second = class_.decide("ana", words=["says whom"])
        class_.decisions.undo(second, by="bob", at=AT)
        assert class_.points("ana", "bo") == ["1", "1"]
        class_.decisions.undo(first, by="bob", at=AT)
        assert class_.points("ana", "bo") == ["0", "0"]
        assert class_.settled("ana").outcome is Outcome.REVIEW

    def test_of_an_earlier_decision_leaves_the_later_one(self, class_):
        first = class_.decide("ana", "bo", words=["says what"])
        class_.decide("ana", words=["says whom"])
        class_.decisions.undo(first, by="bob", at=AT)
        assert class_.points("ana", "bo") == ["0.5", "0"]

    def test_of_a_decision_that_does_not_count_is_refused(self, class_):
        number = class_.decide("ana")
        class_.decisions.undo(number, by="bob", at=AT)
        for wrong in (number, 999, 0):
            with pytest.raises(UsageError, match=f"There is no decision {wrong} to undo"):
                class_.decisions.undo(wrong, by="bob", at=AT)

    def test_also_undoes_what_a_changed_item_made_of_it(self, class_):
        number = class_.decide("ana", words=["says what"])
        class_.change("says what", "0.5")
        class_.decisions.undo(number, by="bob", at=AT)
        assert class_.points("ana") == ["0"]

    def test_of_a_decision_after_an_item_changed_brings_back_one_by_the_changed_item(self, class_):
        class_.decide("ana", words=["says what"])
        second = class_.decide("ana")
        class_.change("says what", "0.75")
        assert class_.points("ana") == ["0"]
        class_.decisions.undo(second, by="bob", at=AT)
        assert class_.points("ana") == ["0.75"]


DYING = """
import os, sys
from decimal import Decimal
from pathlib import Path
from grader.results.items import Change
from grader.results.ledger import Ledger
from grader.results.store import Store

add = Ledger.add
Ledger.add = lambda *given, **more: (add(*given, **more), os._exit(9))
with Store.existing(Path(sys.argv[1])) as store:
    (check,) = store.grade("ana").checks
    item = store.decisions.items(check)[0]
    change = Change(item=item.number, words=item.words, points=Decimal("0.25"))
    store.decisions.change(check, change, by="bob", at="")
"""
"""Changes an item, and dies when all is written and nothing committed."""


class TestAChangedItem:
    STUDENTS = tuple(f"s{number:03}" for number in range(200))

    @pytest.fixture
    def many(self, class_):
        class_.hand_in(**{student: check(f"Answer of {student}.") for student in self.STUDENTS})
        class_.decide("ana", words=["says whom"])
        for student in self.STUDENTS[:100]:
            class_.decide(student, words=["says what", "is clear"])
        class_.decide(*self.STUDENTS[100:], words=["says what"], adjustment=Decimal("1.5"), comment="Nice.")
        return class_

    def test_revises_every_decision_that_names_it_after_it_said_which(self, many):
        number = many.number("says what")
        change = Change(item=number, words="says what is missing", points=Decimal("0.25"))
        half, full = Decimal("1.5"), Decimal(2)
        assert many.decisions.touched(change) == tuple(
            Touched(student=student, before=half, after=Decimal("0.75")) for student in self.STUDENTS[:100]
        ) + tuple(
            Touched(student=student, before=full, after=Decimal("1.75")) for student in self.STUDENTS[100:]
        )
        before = len(many.store.rulings())
        many.decisions.change(many.check("ana"), change, by="bob", at=AT)
        assert len(many.store.rulings()) == before + 200, "rows are only ever added"
        assert set(many.points(*self.STUDENTS[:100])) == {"0.75"}
        assert set(many.points(*self.STUDENTS[100:])) == {"1.75"}
        assert many.points("ana") == ["0.5"]
        assert many.settled("s150").message == "says what is missing (+0.25); adjusted (+1.5). Nice."

    def test_is_undone_by_changing_it_back(self, many):
        before = many.points(*self.STUDENTS)
        for points in ("0.25", None):
            changed = many.change("says what", points)
            assert many.points(*self.STUDENTS) != before
            many.decisions.change(many.check("ana"), many.decisions.back(changed), by="bob", at=AT)
            assert many.points(*self.STUDENTS) == before
        assert [item.words for item in many.decisions.items(many.check("ana"))] == list(RUBRIC)

    @pytest.mark.parametrize("last", [1, 100], ids=["at the first row", "in the middle"])
    def test_is_changed_wholly_or_not_at_all_if_the_program_is_interrupted(self, many, monkeypatch, last):
        before, items_before = many.points(*self.STUDENTS), many.decisions.items(many.check("ana"))
        add = Ledger.add

        def killed(ledger, decisions, **more):
            add(ledger, decisions[:last], **more)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "add", killed)
            with pytest.raises(KeyboardInterrupt):
                many.change("says what", "0.25")
        assert many.points(*self.STUDENTS) == before
        assert many.decisions.items(many.check("ana")) == items_before


def test_a_process_that_dies_while_it_changes_an_item_leaves_the_gradebook_as_it_was(root):
    def answered():
        with Store.open(root) as store:
            class_ = Class(store)
            return class_.points("ana"), [item.label for item in class_.decisions.items(class_.check("ana"))]

    with Store.open(root) as store:
        class_ = Class(store)
        class_.hand_in(ana=check("The poor."))
        class_.decide("ana", words=["says what"])
    before = answered()
    dying = subprocess.run([sys.executable, "-c", DYING, str(root)], check=False)
    assert dying.returncode == 9
    assert answered() == before == (["1"], ["says what (+1)", "says whom (+0.5)", "is clear (+0.5)"])


class TestItems:
    def labels(self, class_, student="ana"):
        return [item.label for item in class_.decisions.items(class_.check(student))]

    def test_are_the_rubrics_until_somebody_decides(self, class_):
        assert self.labels(class_) == ["says what (+1)", "says whom (+0.5)", "is clear (+0.5)"]
        changed = check("The poor.", {"says what": "1.5", "is kind": "0.5"})
        class_.hand_in(ana=changed)
        assert self.labels(class_) == ["says what (+1.5)", "is kind (+0.5)"]
        assert class_.decisions.proposed(changed) == ()

    def test_are_peoples_own_from_then_on_and_a_changed_rubric_is_a_proposal(self, class_):
        class_.decide("bo", words=["says what"])
        class_.change("says whom", "0.75", to="names a group")
        changed = check("The poor.", {"says what": "1.5", "says whom": "0.5", "is kind": "0.5"})
        class_.hand_in(ana=changed)
        assert self.labels(class_) == ["says what (+1)", "names a group (+0.75)", "is clear (+0.5)"]
        proposals = class_.decisions.proposed(changed)
        assert [(each.words, each.points) for each in proposals] == [
            ("says what", Decimal("1.5")), ("is clear", None), ("is kind", Decimal("0.5")),
        ]  # fmt: skip
        for proposal in proposals:
            class_.decisions.change(changed, proposal, by="ada", at=AT)
        assert self.labels(class_) == ["says what (+1.5)", "names a group (+0.75)", "is kind (+0.5)"]
        assert class_.points("bo") == ["1.5"]
        assert class_.decisions.proposed(changed) == ()

    def test_are_taken_over_although_the_first_decision_was_made_in_a_sheet(self, class_):
        class_.store.rule([a_ruling(class_)])
        assert len(self.labels(class_)) == 3

    def test_can_be_made_where_the_rubric_names_none(self, class_):
        class_.hand_in(ana=(check("Mine."), failed()))
        sum_ = class_.check("ana", "test_sum")
        change = Change(item=0, words=" shown in \n the plot ", points=Decimal("1.5"))
        number = class_.decisions.change(sum_, change, by="bob", at=AT)
        decision = class_.decision("ana", name="test_sum", comment="See cell 3.")
        class_.decisions.decide(replace(decision, items=(number,)))
        found = class_.settled("ana", "test_sum")
        assert (found.earned, found.message) == (Decimal("1.5"), "shown in the plot (+1.5). See cell 3.")

    @pytest.mark.parametrize(
        ("words", "points", "to", "said"),
        [
            ("says what", "1", " ", "an item has no words"),
            ("says what", "nan", "says what", "'says what' needs a number of points"),
            ("says what", "1", "says  whom", "there is another item 'says whom'"),
            ("", "1", "says whom", "there is another item 'says whom'"),
            ("", None, "is kind", "a new item needs points"),
            ("", "1", "x" * 301, "the item 'xxx"),
        ],
    )
    def test_that_nobody_could_use_are_refused(self, class_, words, points, to, said):
        before = self.labels(class_)
        with pytest.raises(UsageError, match=re.escape(f"The items of test_bias were not changed: {said}")):
            class_.change(words, points, to=to)
        assert self.labels(class_) == before

    def test_are_at_most_30(self, class_):
        for number in range(27):
            class_.change("", "0.5", to=f"item {number}")
        with pytest.raises(UsageError, match="a check has at most 30"):
            class_.change("", "0.5", to="one more")

    def test_never_change_where_answers_start(self, class_):
        class_.change("says whom", None)
        class_.change("is clear", "-0.5")
        with pytest.raises(UsageError, match="this would switch that"):
            class_.change("says what", None)
        assert self.labels(class_) == ["says what (+1)", "is clear (-0.5)"]

    def test_that_were_changed_in_between_are_not_changed_again(self, class_):
        number = class_.number("says what")
        changed = class_.change("says what", "0.5")
        change = Change(item=number, words="says what", points=Decimal("0.75"))
        with pytest.raises(UsageError, match=f"Item {number} of test_bias was changed since"):
            class_.decisions.change(class_.check("ana"), change, by="bob", at=AT)
        with pytest.raises(UsageError, match=f"There is no item {number} to undo"):
            class_.decisions.back(number)
        assert class_.decisions.back(changed).points == 1


class TestTheAudit:
    def rows(self, class_):
        return [
            (each.by, each.what, each.student, each.before, each.after, each.why)
            for each in class_.decisions.audit()
        ]

    def test_lists_who_decided_what_in_order_with_what_it_changed(self, class_):
        class_.hand_in(ana=(check("Mine."), failed()))
        class_.hand_in(bo=check("Nobody.", {"says what": "2"}), cy=check("The old.", {"says what": "2"}))
        class_.decisions.items(class_.check("bo"))
        class_.decisions.decide(
            class_.decision("ana", name="test_sum", adjustment=Decimal(1), comment="Yes.")
        )
        number = next(each.number for each in class_.decisions.items(class_.check("bo")))
        decided = class_.decisions.decide(
            replace(class_.decision("bo", "cy", comment="Fine."), items=(number,))
        )
        change = Change(item=number, words="says what", points=Decimal("1.5"))
        class_.decisions.change(class_.check("bo"), change, by="bob", at=AT)
        class_.decisions.undo(decided, by="eve", at=AT)
        assert self.rows(class_) == [
            ("", "item", "", "", "says what (+2)", ""),
            ("ada", "decided", "ana", "Failed, 0 of 2 points: The sum is wrong.", "1", "Yes."),
            ("ada", "decided", "bo", "", "2", "says what (+2). Fine."),
            ("ada", "decided", "cy", "", "2", "says what (+2). Fine."),
            ("bob", "item", "", "says what (+2)", "says what (+1.5)", ""),
            ("bob", "decided", "bo", "2", "1.5", "says what (+1.5). Fine."),
            ("bob", "decided", "cy", "2", "1.5", "says what (+1.5). Fine."),
            ("eve", "undone", "bo", "1.5", "", f"decision {decided}"),
            ("eve", "undone", "cy", "1.5", "", f"decision {decided}"),
        ]
        assert [each.number for each in class_.decisions.audit()][:7] == list(range(1, 8))

    def test_says_what_counts_again_after_an_undo(self, class_):
        class_.decide("ana", words=["says what"])
        class_.decisions.undo(class_.decide("ana"), by="eve", at=AT)
        assert self.rows(class_)[-1] == ("eve", "undone", "ana", "0", "1", "decision 5")

    def test_names_what_an_undone_regrade_withdrew(self, class_):
        class_.decide("bo", words=["says what"])
        class_.store.regrade([], [replace(a_ruling(class_, "bo"), points=Decimal(2))])
        class_.store.undo()
        class_.decide("bo")
        *_, withdrawn, last = self.rows(class_)
        assert withdrawn[:5] == ("ada", "decided", "bo", "1", "2")
        assert re.search(r"\(withdrawn with its regrade on \d{4}-\d\d-\d\d .*\)", withdrawn[5])
        assert last[:5] == ("ada", "decided", "bo", "1", "0")

    def test_is_a_harmless_table(self, class_):
        class_.decide("ana", comment="=HYPERLINK(1)")
        header, *_, row = csvs.read(audit.as_csv(class_.decisions.audit()), name="audit.csv")
        assert header == ["number", "at", "by", "what", "check", "student", "before", "after", "why"]
        assert row == ["4", AT, "ada", "decided", "test_bias", "ana", "", "0", "'=HYPERLINK(1)"]


def test_a_forgotten_students_decisions_are_gone_and_their_numbers_mean_nothing_else(class_):
    number = class_.decide("cy", words=["says what"])
    class_.decisions.undo(number, by="bob", at=AT)
    class_.store.forget("cy")
    assert {each.student for each in class_.decisions.audit()} == {""}
    class_.decide("ana", words=["says what"])
    assert class_.points("ana") == ["1"]


def test_a_gradebook_whose_tally_was_changed_is_named(class_):
    class_.decide("ana", words=["says what"])
    with class_.store._database as database:
        database.execute("update ruling set tally = '{\"items\": [99]}'")
    with pytest.raises(UsageError, match="was changed by another program"):
        class_.store.rulings()
