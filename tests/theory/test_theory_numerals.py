"""Numbers as people write them."""

from fractions import Fraction as Q
from math import inf, nan, pi, sqrt

import pytest

from grader.theory import numeral


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-3.5, "-3.5"),
        (173.125, "173.125"),
        (0.1 + 0.2, "0.3"),
        (5 / 3, "5/3"),
        (-1 / 7, "-1/7"),
        (2 * sqrt(14), "2√14"),
        (-sqrt(2), "-√2"),
        (3 / sqrt(14), "3√14/14"),
        (sqrt(Q(1, 2)), "√2/2"),
        (7.4833, "7.48"),
        (pi, "3.14"),
        (123456.789, "123457"),
        (0.000123456, "0.000123"),
        (1.5e30, "1.5·10^30"),
        (1e-7, "1·10^-7"),
        (1e-12, "0"),  # rounding in an evaluation
        (1e308, "1·10^308"),
        (inf, "infinity"),
        (-inf, "-infinity"),
        (nan, "not a number"),
        (Q(36153052684073301, 10**17), "0.362"),
        (Q(-7, 2), "-3.5"),
        (Q(1, 3), "1/3"),
        (Q(999, 1001), "0.998"),
        (Q(1, 10**9), "1·10^-9"),
        (Q(10) ** 400, "1·10^400"),
        (Q(-1, 10**400), "-1·10^-400"),
        (3, "3"),
    ],
)
def test_a_number_is_exact_if_that_is_short_else_rounded(number, text):
    assert numeral(number) == text


def test_more_digits_are_shown_if_they_are_asked_for():
    assert (numeral(pi, digits=6), numeral(Q(10**9 + 1, 10**9), digits=10)) == ("3.14159", "1.000000001")
