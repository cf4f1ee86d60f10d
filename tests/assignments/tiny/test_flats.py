"""The rubric of the flats: values and calls beside the reference's, and a text for a person."""

import math

from grader import fail, question, review, skip

NO_AREA = 3
"""The call in which a flat has no area."""


def calls(work):
    """What `price_by_area` gave for each call: a number, a kind of value, or an error."""
    probed = work.probe("price_by_area")
    outcomes = probed["calls"].items if probed is not None and probed["calls"] is not None else ()
    return [outcome_of(each) for each in outcomes]


def outcome_of(call):
    if call["returned"] is None:
        return "an error"
    return call["returned"].kind if call["returned"].number is None else call["returned"].number


def same(one, other):
    numbers = isinstance(one, float | int) and isinstance(other, float | int)
    return math.isclose(one, other, rel_tol=1e-6) if numbers else one == other


@question("1", points=1.5)
def test_divides_price_by_area(student, reference):
    """`price_by_area` gives the price of one square metre."""
    seen, wanted = calls(student)[:NO_AREA], calls(reference.first)[:NO_AREA]
    if not seen:
        fail("There is no function `price_by_area`.", hint="Keep the name that the question asks for.")
    if not all(map(same, seen, wanted)):
        fail("`price_by_area` gives other numbers.", expected=wanted, actual=seen, hint="Price over area.")


@question("1", points=0.5)
def test_a_flat_without_area_has_no_such_price(student, reference):
    """`price_by_area` gives None for a flat whose area is 0."""
    seen, wanted = calls(student)[NO_AREA:], calls(reference.first)[NO_AREA:]
    if not any(isinstance(price, float) for price in calls(student)):
        skip("`price_by_area` gives no price at all.")
    if not seen or not same(seen[0], wanted[0]):
        fail("An area of 0 is not handled.", expected="None", actual=seen[0] if seen else "no function")


@question("2", points=1)
def test_the_mean_area_is_of_flats_that_have_one(student, reference):
    """`mean_area` is the mean over the flats whose area is known."""
    compare("mean_area", student, reference)


@question("2", points=1, visibility="hidden")
def test_the_cheapest_flat_is_found(student, reference):
    """`cheapest` is the lowest price by area."""
    compare("cheapest", student, reference)


def compare(name, student, reference):
    seen, wanted = student.value(name, "2"), reference.first.value(name, "2")
    if seen is None or seen.number is None:
        fail(f"There is no number `{name}`.", hint="Keep the name that the question asks for.")
    if not math.isclose(seen.number, wanted.number, rel_tol=1e-3):
        fail(
            f"`{name}` is another number.", expected=wanted.number, actual=seen.number, hint="Leave gaps out."
        )


@question("3", points=1)
def test_says_what_is_missing(student):
    """The text says what the table does not tell."""
    written = student.written("3")
    if not written:
        fail("Nothing was written.")
    review("A person reads this.", actual=written)
