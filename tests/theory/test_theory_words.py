"""Yes or no, topics, and an order in which like follows like."""

import pytest

from grader.theory import ALGORITHMS, PROS_AND_CONS, Answer, normal_text, order_alike, tags, yes_no


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("No, because the absolute value is not differentiable at 0.", "no"),
        ("**No**, there is a kink", "no"),
        ("2b) No", "no"),
        ("There is no closed-form solution.", "no"),
        ("It doesn't have a closed form since |x| has a kink", "no"),
        ("It doesn\N{RIGHT SINGLE QUOTATION MARK}t have a closed form", "no"),
        ("We cannot find a closed form expression", "no"),
        ("A closed form does not exist.", "no"),
        ("Unlike least squares, which has a closed form, the l1 loss has no closed form solution.", "no"),
        ("没有闭式解", "no"),
        ("Yes, there is a closed form", "yes"),
        ("Yes, w = (X^TX)^{-1}X^Ty", "yes"),
        ("There exists a closed form solution", "yes"),
        ("Sí, existe", "yes"),
        ("Yes and no", "unclear"),
        ("Yes, but there is no closed form in general", "unclear"),
        ("No, there is a closed form", "unclear"),
        ("Not sure", "unclear"),
        ("Is there one? no", "unclear"),
        ("It depends", "unclear"),
        ("The loss is not differentiable.", "unclear"),
        ("Note that the loss has a kink", "unclear"),
        ("", "unclear"),
        ("?" * 10_000, "unclear"),
        ("\\" * 10_000, "unclear"),
    ],
)
def test_yes_or_no_is_read_where_it_is_plain(text, answer):
    assert yes_no(text) is Answer(answer)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We can use SGD: fast, but needs tuning", ("stochastic gradient descent", "pro", "con")),
        ("Subgradient descent is simple.", ("subgradient descent", "pro")),
        ("Write it as a linear program (LP).", ("linear programming",)),
        ("Iteratively   Reweighted\nleast squares", ("reweighted least squares",)),
        ("Newton's method", ("Newton's method",)),
        ("the program prose of a console", ()),
    ],
)
def test_topics_are_tagged_in_the_tables_order(text, found):
    assert tags(text, {**ALGORITHMS, **PROS_AND_CONS}) == found


def test_a_table_may_be_the_instructors_own():
    assert tags("The sign(r) has a kink at 0", {"kink": ["kink*", "sign("], "other": ["smooth"]}) == ("kink",)


@pytest.mark.parametrize(
    "text",
    [
        "no, it isn't smooth",
        "No — it isn\N{RIGHT SINGLE QUOTATION MARK}t smooth.",
        "**No**,  it isn't\nsmooth!",
        "<b>No</b>, it isn&#39;t smooth",
    ],
)
def test_typography_does_not_make_a_difference(text):
    assert normal_text(text).replace(" - ", " ") == "no it isn't smooth"


def test_a_negation_does_make_a_difference():
    assert normal_text("it has a closed form") != normal_text("it has no closed form")


def test_like_follows_like():
    texts = ["no it has a kink", "use sgd it is fast", "no there is a kink", "sgd is fast", "a kink so no"]
    order = order_alike(texts)
    kinks = [order.index(at) for at in (0, 2, 4)]
    assert sorted(order) == list(range(5))
    assert max(kinks) - min(kinks) == 2


def test_equal_texts_keep_their_order_and_nothing_is_an_order_too():
    assert order_alike(["same", "same", "same"]) == [0, 1, 2]
    assert order_alike([]) == []
    assert order_alike(["", ""]) == [0, 1]
