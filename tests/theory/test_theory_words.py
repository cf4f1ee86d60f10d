"""Topics, and an order in which similar texts are adjacent."""

import pytest

from grader.theory import normal_text, order_alike, plain_text, tags, themes

METHODS = {
    "stochastic gradient descent": ("sgd", "stochastic gradient*"),
    "subgradient descent": ("subgradient*", "sub-gradient*"),
    "linear programming": ("linear program*", "lp"),
    "reweighted least squares": ("irls", "reweighted", "re-weighted"),
    "Newton's method": ("newton*",),
    "pro": ("pro", "pros", "fast*", "simple"),
    "con": ("con", "cons", "but", "tuning"),
}


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
    assert tags(text, METHODS) == found


ALGORITHMS = {
    "gradient": ("gradient descent",),
    "proximal": ("proximal*", "proximal gradient*"),
    "kink": ("not ... smooth", "不可导", "dérivable", "미분 불가능", "微分できない"),
    "inverse": (")^{-1}",),
}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Gradient-Descent", ("gradient",)),
        ("**gradient** *descent*", ("gradient",)),
        ("proximal gradient descent", ("proximal",)),
        ("It isn\N{RIGHT SINGLE QUOTATION MARK}t very smooth; use gradient descent", ("kink", "gradient")),
        ("It can't be smooth", ("kink",)),
        ("It is not convex. It is smooth", ()),
        ("not, as one might have hoped for, smooth", ()),
        ("因为绝对值不可导", ("kink",)),
        ("DERIVABLE", ("kink",)),
        ("절댓값은 미분 불가능하다", ("kink",)),
        ("絶対値は微分できないから", ("kink",)),
        ("$(X^TX)^{-1}$", ("inverse",)),
        ("a gradient. Descent", ()),
        ("unlike gradient descent, proximal", ("proximal",)),
        ("proximal is faster than gradient descent", ("proximal",)),
        ("unlikely gradient descent", ("gradient",)),
        ("", ()),
    ],
)
def test_themes_are_named_in_the_texts_order(text, named):
    assert themes(text, ALGORITHMS, aside=("unlike", "than")) == named


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


def test_a_plain_text_keeps_its_words_and_loses_its_markup():
    assert (
        plain_text("<p>No,&nbsp;it isn\N{RIGHT SINGLE QUOTATION MARK}t<!-- hm --></p>") == "No,\xa0it isn't"
    )


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
