"""What it costs to be late: by the course's rules, for each kind of time that a download records."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from grader import course
from grader.course import Amount, Attempt, Missing, Rules, Unit
from grader.model import Arrival, Ending, Grade

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 2, 12, 23, 59, tzinfo=BERLIN)
RULES = Rules(
    due=DUE,
    zone="Europe/Berlin",
    grace=timedelta(minutes=15),
    penalty=Amount(number=Decimal(10), percent=True),
    cap=Amount(number=Decimal(50), percent=True),
)
GRADE = Grade(
    student="ada", assignment="tiny", title="Tiny", profile="full", ending=Ending.FINISHED, ending_detail="",
    total=Decimal(8), max=Decimal(10), provisional=False, seconds=1.0, questions=(),
)  # fmt: skip


def after(**by):
    return Arrival(at=DUE + timedelta(**by))


def taken(arrival, rules=RULES, grade=GRADE):
    late = course.settled(grade, arrival, rules)
    return late.late and (late.late.points, late.total)


@pytest.mark.parametrize(
    ("arrival", "points"),
    [
        (after(seconds=0), None),
        (after(minutes=15), None),
        (after(minutes=15, seconds=1), 1),
        (after(days=1), 1),
        (after(days=1, seconds=1), 2),
        (after(days=400), 5),
        (Arrival(), None),
        (Arrival(late=False), None),
        (Arrival(late=True), 0),  # by how much, nobody knows
        (Arrival(at=datetime(2026, 2, 12, 23, 30)), None),  # noqa: DTZ001 - in the time zone of the course
        (Arrival(at=datetime(2026, 2, 13, 0, 30)), 1),  # noqa: DTZ001
        (Arrival(at=datetime(2026, 2, 12, 23, 30, tzinfo=UTC)), 1),
        (Arrival(at=DUE + timedelta(days=2), extension=timedelta(days=2)), None),
        (Arrival(at=DUE + timedelta(days=3), extension=timedelta(days=2)), 1),
        (Arrival(at=DUE + timedelta(days=3), due=DUE + timedelta(days=3)), None),
        (Arrival(at=DUE, due=DUE - timedelta(days=3)), 3),
    ],
)
def test_each_started_day_costs_a_share_of_all_points(arrival, points):
    assert taken(arrival) == (None if points is None else (points, 8 - points))


@pytest.mark.parametrize(
    ("rules", "points"),
    [
        (Rules(), None),
        (Rules(due=DUE), 0),
        (Rules(due=DUE, penalty=Amount(number=Decimal("0.25"))), Decimal("0.50")),
        (Rules(due=DUE, penalty=Amount(number=Decimal("0.25")), per=Unit.HOUR), Decimal("6.25")),
        (Rules(due=DUE, penalty=Amount(number=Decimal(7))), 8),  # no total is below 0
        (Rules(due=DUE, penalty=Amount(number=Decimal("33.333"), percent=True)), Decimal("6.66")),
        (Rules(due=DUE, penalty=Amount(number=Decimal(1)), grace=timedelta(days=2)), None),
    ],
)
def test_the_rules_are_the_course_s(rules, points):
    assert taken(after(days=1, minutes=30), rules) == (None if points is None else (points, 8 - points))


@pytest.mark.parametrize(
    ("rules", "points"),
    [
        (
            replace(RULES, penalty=Amount(number=Decimal("0.1"), percent=True), per=Unit.HOUR, cap=None),
            "0.48",
        ),
        (Rules(due=DUE, penalty=Amount(number=Decimal("0.004")), per=Unit.HOUR), "0.19"),
    ],
)
def test_a_small_penalty_is_cut_to_the_cent_once(rules, points):
    assert taken(after(days=2), rules)[0] == Decimal(points)


@pytest.mark.parametrize(
    ("at", "late"),
    [(datetime(2026, 3, 29, 3, 10), False), (datetime(2026, 3, 29, 3, 40), True)],  # noqa: DTZ001
)
@pytest.mark.parametrize("own", [False, True])
def test_the_night_in_which_clocks_change_is_no_longer_for_that(at, late, own):
    due = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001 - 40 minutes before 3:10
    rules = Rules(due=due.replace(tzinfo=BERLIN), zone="Europe/Berlin", grace=timedelta(hours=1))
    assert course.is_late(Arrival(at=at, due=due if own else None), rules) is late


def test_a_late_hand_in_says_by_how_much_and_by_which_rule():
    late = course.settled(GRADE, after(days=1, hours=3, minutes=5), RULES).late
    assert late.message == (
        "Handed in 1 day 3 hours after the due time, 2026-02-12 23:59 CET: 10 % for each started day, at most 50 %."
    )
    unknown = course.settled(GRADE, Arrival(late=True), RULES).late
    assert "without saying by how much" in unknown.message


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15 min", timedelta(minutes=15)),
        ("36 hours", timedelta(hours=36)),
        ("1h", timedelta(hours=1)),
        ("2 Days", timedelta(days=2)),
        ("0.5 d", timedelta(hours=12)),
        ("1 week", timedelta(weeks=1)),
    ],
)
def test_a_length_of_time_is_a_number_and_a_unit(text, length):
    assert course.duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "2", "days", "-1 day", "2 fortnights", "9999 weeks", "1e9 days", "1 day 2 h"]
)
def test_any_other_length_is_refused(text):
    with pytest.raises(ValueError, match=r"write a number|longer than ten years"):
        course.duration(text)


@pytest.mark.parametrize("value", ["10", "110 %", "-5 %", -1, True, 10**7, None, Decimal("nan"), "ten %"])
def test_no_other_amount_is_taken(value):
    with pytest.raises(ValueError, match="points"):
        course.amount(value)


@pytest.mark.parametrize(
    ("points", "counted"),
    [
        pytest.param(Decimal("2.90"), "2.90", id="to the cent already"),
        pytest.param(Decimal("9.9999"), "9.99", id="never up"),
        pytest.param(3 * (Decimal(1) / 3), "1.00", id="three thirds"),
        pytest.param(Decimal("0.005"), "0.00", id="half a cent"),
    ],
)
def test_points_are_cut_to_the_cent(points, counted):
    assert str(course.settled(replace(GRADE, total=points), Arrival(), Rules()).total) == counted


@pytest.mark.parametrize(
    ("attempt", "change", "keys"),
    [
        (Attempt.LAST, {"due": None, "penalty": None}, []),
        (Attempt.LAST, {"attempt": Attempt.BEST}, ["attempt"]),
        (Attempt.LAST_IN_TIME, {"due": None, "penalty": None}, ["due"]),
        (Attempt.BEST, {"due": None, "penalty": None}, ["due", "penalty"]),
        (Attempt.BEST, {"missing": Missing.ZERO}, []),
    ],
)
def test_attempts_are_chosen_again_when_a_rule_changes_that_decides_which_counts(attempt, change, keys):
    before = replace(RULES, attempt=attempt)
    assert course.choice_changed(before, replace(before, **change)) == keys
