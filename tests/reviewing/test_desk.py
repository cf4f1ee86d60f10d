"""What lies before graders, and what becomes of their decisions."""

from decimal import Decimal

import pytest

from grader.errors import UsageError
from grader.results import gradebook
from grader.results.store import Store
from grader.reviewing.desk import MOST_MEMBERS, MOST_WORDS, Changed, Desk, choices

from .conftest import WORDS, fill, grade_of


@pytest.fixture
def desk(root):
    with Desk(root) as desk:
        yield desk


def rulings(root):
    with Store.existing(root) as store:
        return {(each.check, each.student): (each.points, each.comment, each.by) for each in store.rulings()}


def entry_of(desk, student, place=0):
    pile = desk.piles()[place]
    return pile, next(entry for entry in pile.entries if entry.student == student)


def decide(desk, *students, points="1", comment="", by="Ada"):
    for_all = [entry_of(desk, student) for student in students]
    desk.decide(for_all[0][0].key, {entry.key: entry.version for _, entry in for_all}, points, comment, by=by)


def test_each_check_that_a_person_decides_is_a_pile(desk):
    assert [(pile.check.id, len(pile.entries), pile.decided) for pile in desk.piles()] == [
        ("test_reason", 5, 0),
        ("test_code", 5, 0),
    ]


def test_the_order_is_random_and_stays_the_same(desk, root, tmp_path):
    def orders(some):
        return [[entry.student for entry in pile.entries] for pile in some.piles()]

    with Desk(root) as again:
        assert orders(again) == orders(desk)
    seen = {tuple(map(tuple, orders(desk)))}
    for number in range(5):
        with Desk(fill(tmp_path / str(number), WORDS)) as other:
            seen.add(tuple(map(tuple, orders(other))))
    assert len(seen) > 1


def test_a_decision_is_a_ruling_for_each_answer_that_was_shown(desk, root):
    decide(desk, "ada-long", "bob-east", points="0.5", comment=" Say why. ", by="Ada L.")
    assert rulings(root) == {
        ("test_reason", student): (Decimal("0.5"), "Say why.", "Ada L.")
        for student in ("ada-long", "bob-east")
    }
    assert [pile.decided for pile in desk.piles()] == [2, 0]
    with Store.existing(root) as store:
        totals = {grade.student: grade.total for grade in store.grades()}
    assert totals["ada-long"] == Decimal("1.5")


def test_the_same_words_of_somebody_else_stay_open(tmp_path):
    words = {"ada": ("No.", "no"), "bob": ("No.", "no")}
    with Desk(fill(tmp_path / "results", words)) as desk:
        decide(desk, "ada")
        assert [entry.student for entry in desk.piles()[0].entries if entry.is_open] == ["bob"]


def test_a_later_decision_counts_and_the_earlier_one_is_shown(desk):
    decide(desk, "ada-long", points="0.25", by="Ada")
    decide(desk, "ada-long", points="1", by="Bob")
    pile, entry = entry_of(desk, "ada-long")
    sight = desk.sight(pile.key, entry.key, sheet="")
    assert entry.check.ruling.points == 1
    assert [(each.points, each.by) for each in sight.history] == [
        (Decimal("0.25"), "Ada"),
        (Decimal(1), "Bob"),
    ]


def test_two_graders_with_the_same_click(desk, root):
    with Desk(root) as other:
        pile, entry = entry_of(other, "ada-long")
        decide(desk, "ada-long", points="0", by="Ada")
        with pytest.raises(Changed, match="Somebody decided this in the meantime"):
            other.decide(pile.key, {entry.key: entry.version}, "1", "", by="Bob")
    assert rulings(root) == {("test_reason", "ada-long"): (0, "", "Ada")}


def test_if_one_of_a_group_changed_none_is_decided(desk, root):
    pile, ada = entry_of(desk, "ada-long")
    _, bob = entry_of(desk, "bob-east")
    decide(desk, "bob-east", points="0")
    with pytest.raises(Changed):
        desk.decide(pile.key, {ada.key: ada.version, bob.key: bob.version}, "1", "", by="Ada")
    assert list(rulings(root)) == [("test_reason", "bob-east")]


def test_an_answer_that_was_graded_again_is_shown_again(desk, root):
    pile, entry = entry_of(desk, "ada-long")
    with Store.existing(root) as store:
        store.record(grade_of("ada-long", "Something else.", "else"), "another key")
    with pytest.raises(Changed):
        desk.decide(pile.key, {entry.key: entry.version}, "1", "", by="Ada")
    assert entry_of(desk, "ada-long")[1].words == "Something else."


@pytest.mark.parametrize("shown", [{}, {"0000": "1"}, {"0000": ""}])
def test_what_was_not_shown_is_not_decided(desk, root, shown):
    with pytest.raises(Changed):
        desk.decide(desk.piles()[0].key, shown, "1", "", by="Ada")
    assert rulings(root) == {}


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        pytest.param("1.1", "1.1 points given; 0 to 1 is allowed.", id="too many"),
        pytest.param("-1", "-1 points given; 0 to 1 is allowed.", id="too few"),
        pytest.param("one", "'one' is not a number of points with at most 6 decimals.", id="no number"),
        pytest.param("nan", "'nan' is not a number of points with at most 6 decimals.", id="not a number"),
        pytest.param("9" * 99, "'999", id="a long one"),
    ],
)
def test_points_that_do_not_fit(desk, root, points, problem):
    with pytest.raises(UsageError) as refused:
        decide(desk, "ada-long", points=points)
    assert str(refused.value).startswith(problem)
    assert rulings(root) == {}


def test_half_points_may_have_a_comma(desk, root):
    decide(desk, "ada-long", points=" 0,5 ")
    assert rulings(root)["test_reason", "ada-long"][0] == Decimal("0.5")


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        ("0", "0"),
        ("0.25", "0 0.25"),
        ("0.3", "0 0.25 0.3"),
        ("1", "0 0.25 0.50 0.75 1"),
        ("2.25", "0 0.25 0.50 0.75 1.00 1.25 1.50 1.75 2.00 2.25"),
        ("2.5", "0 0.625 1.250 1.875 2.5"),
        ("10", "0 2.5 5.0 7.5 10"),
    ],
)
def test_points_that_have_a_digit(most, expected):
    assert [each.normalize() for each in choices(Decimal(most))] == [
        Decimal(each).normalize() for each in expected.split()
    ]


def members(desk, student):
    pile, entry = entry_of(desk, student)
    return sorted(each.student for each in desk.sight(pile.key, entry.key, sheet="").members)


def test_a_group_is_what_a_check_took_for_the_same_and_nobody_decided(desk):
    assert members(desk, "ada-long") == ["bob-east", "cyd-west"]
    assert members(desk, "dan-hill") == []
    decide(desk, "bob-east")
    assert members(desk, "ada-long") == ["cyd-west"]
    assert members(desk, "bob-east") == []


def test_a_group_holds_no_answer_that_can_not_be_shown_whole(tmp_path):
    words = {"ada": ("No.", "no"), "bob": ("x" * (MOST_WORDS + 1), "no"), "cyd": ("No!", "no")}
    with Desk(fill(tmp_path / "results", words)) as desk:
        assert members(desk, "ada") == ["cyd"]


def test_a_large_group_is_shown_in_parts(tmp_path):
    words = {f"s{number}": ("No.", "no") for number in range(MOST_MEMBERS + 5)}
    with Desk(fill(tmp_path / "results", words)) as desk:
        assert len(members(desk, "s0")) == MOST_MEMBERS


def test_after_the_last_answer_the_first_open_one_follows(desk):
    pile = desk.piles()[0]
    decide(desk, pile.entries[0].student)
    pile = desk.piles()[0]
    assert pile.next_open(0) == pile.entries[1]
    assert pile.next_open(4) == pile.entries[1]
    decide(desk, *(entry.student for entry in pile.entries[1:]))
    assert desk.piles()[0].next_open(0) is None


def test_comments_are_offered_again(desk):
    decide(desk, "ada-long", comment="Say why.")
    decide(desk, "bob-east", comment="Too short.")
    decide(desk, "cyd-west", comment="Say why.")
    pile, entry = entry_of(desk, "dan-hill")
    assert desk.sight(pile.key, entry.key, sheet="").comments == ("Say why.", "Too short.")


def test_what_other_commands_decide_is_seen(desk, root):
    desk.piles()
    with Desk(root) as other:
        decide(other, "ada-long")
    assert [each.decided for each in desk.piles()] == [1, 0]


def test_what_is_known_is_read_again_only_after_a_change(desk, monkeypatch):
    desk.piles()
    monkeypatch.setattr(Store, "settled", None)
    assert len(desk.piles()) == 2


def test_other_commands_get_the_gradebook_between_requests(desk, root):
    desk.piles()
    with Store.existing(root), pytest.raises(UsageError, match="Another grader is at work"):
        desk.piles()
    assert len(desk.piles()) == 2


def test_a_results_folder_that_is_gone_is_one_line(desk, root):
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(UsageError, match="is not a results folder"):
        desk.piles()


def test_another_folder_in_its_place_is_read(desk, root):
    desk.piles()
    root.rename(root.with_name("elsewhere"))
    fill(root, {"zoe": ("No.", "no")})
    assert [entry.student for pile in desk.piles() for entry in pile.entries] == ["zoe", "zoe"]


def test_reports_say_what_was_decided(desk, root):
    assert desk.write_reports() == 5
    assert desk.write_reports() == 0
    decide(desk, "ada-long", comment="Say why, and where.", by="Ada L.")
    assert desk.write_reports() == 1
    assert "Say why, and where." in (root / "students/ada-long/report.html").read_text()
    assert "ada-long,1.00" not in (root / "grades.csv").read_text()


def test_a_run_without_a_reference_is_refused(root):
    (root / "reference/seed-0/execution.json").unlink()
    with pytest.raises(UsageError, match="contains no run of the reference"):
        Desk(root)


def test_the_state_of_a_gradebook_changes_with_each_write(root):
    with Store.existing(root) as store:
        seen = [gradebook.state(root)]
    for number in range(3):
        with Store.existing(root) as store:
            store.remember(number=number)
            seen.append(gradebook.state(root))
        with Store.existing(root):
            assert gradebook.state(root) == seen[-1]
    assert len(set(seen)) == 4


def test_what_can_not_be_drawn_is_said_on_its_page(desk, root):
    (root / "students/ada-long/executed.ipynb").write_text("{ no notebook")
    (root / "students/bob-east/executed.ipynb").unlink()
    for student, problem in (("ada-long", "could not be drawn"), ("bob-east", "did not run")):
        pile, entry = entry_of(desk, student)
        assert desk.sight(pile.key, entry.key, sheet="").entry == entry
        assert problem in desk.notebook(pile.key, entry.key)
