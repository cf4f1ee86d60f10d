"""Macros that a student defines are expanded, and can't be made to grow."""

import pytest
from hw1.formulas import GRADIENT, L1_LOSS

from grader.theory import Verdict, judge_formula
from grader.theory.latex.fuel import LENGTH, Unread
from grader.theory.latex.macros import expanded


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(r"$\newcommand{\x}{\mathbf{x}} \nabla f(\x) = 2\x$", GRADIENT, id="no-arguments"),
        pytest.param(r"$\def\pd#1#2{\frac{\partial #1}{\partial #2}} \pd{f}{x_i}=2x_i$", GRADIENT, id="def"),
        pytest.param(
            r"$\newcommand{\norm}[2]{\left\lVert#1\right\rVert_{#2}} L=\norm{Xw-y}{1}$", L1_LOSS, id="two"
        ),
        pytest.param(r"$\newcommand{\lone}[1][Xw-y]{\|#1\|_1} L(w)=\lone$", L1_LOSS, id="default"),
        pytest.param(r"$\newcommand\abs[1]{|#1|} L=\sum_i\abs{x_i^\top w-y_i}$", L1_LOSS, id="no-braces"),
        pytest.param(
            r"$\DeclareMathOperator{\grad}{grad}$ $\grad f(x) = 2x$", GRADIENT, id="operator-of-its-own"
        ),
        pytest.param(
            r"\newcommand{\l}{\|Xw-y\|_2}\renewcommand{\l}{\|Xw-y\|_1} $L=\l$", L1_LOSS, id="the-last-holds"
        ),
        pytest.param(r"$L(w)=\norm{Xw-y}_1$", L1_LOSS, id="usual-without-definition"),
    ],
)
def test_macros_are_expanded(text, spec):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is Verdict.ACCEPT, judgement.reason


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(r"$\newcommand{\norm}[1]{\|#1\|_2} L(w)=\norm{Xw-y}$", id="own-norm"),
        pytest.param(r"$\def\l{\|Xw+y\|_1} L=\l$", id="body"),
    ],
)
def test_what_a_macro_says_counts(text):
    assert judge_formula(text, L1_LOSS).verdict is Verdict.REJECT


DOUBLING = r"\def\a{xx}" + "".join(
    rf"\def\{b}{{\{a}\{a}}}" for a, b in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(r"\newcommand{\a}{\a\a}\a", id="calls-itself"),
        pytest.param(DOUBLING + r"\n", id="doubles"),
        pytest.param(r"\newcommand{\a}[1]{" + "#1" * 3000 + r"}\a{" + "x" * 3000 + "}", id="repeats-its-argument"),
        pytest.param(r"\def\a{" + "x" * 9000 + r"}\a\a", id="long"),
        pytest.param(r"\newcommand{\a}[9]{#9}" + r"\a" * 4000, id="takes-what-follows"),
        pytest.param(r"\newcommand{\a}{x", id="not-closed"),
        pytest.param(r"\norm{" * (LENGTH // 6), id="nested"),
    ],
)  # fmt: skip
def test_a_macro_that_grows_or_is_not_closed_is_refused(text):
    with pytest.raises(Unread, match=r"macro|brace"):
        expanded(text)


@pytest.mark.parametrize("piece", [" ", "\\", "{"])
def test_what_defines_nothing_stays(piece):
    text = r"\newcommand" + piece * ((LENGTH - 20) // len(piece))
    assert len(expanded(text)) <= LENGTH
