"""What stands beside an answer and is none, and slips of typing that have one reading."""

import pytest
from hw1.formulas import GRADIENT, L1_LOSS, MEAN

from grader.theory import Verdict, judge_formula
from grader.theory.latex.slips import mended

ACCEPT, REVIEW, REJECT = Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param("- $X$: $n\\times d$\n- $w$: $d\\times1$\n\n$L=\\|Xw-y\\|_1$", L1_LOSS, id="sizes"),
        pytest.param(r"$(n\times d)(d\times 1) = n\times 1$, $L=\|Xw-y\|_1$", L1_LOSS, id="sizes-that-fit"),
        pytest.param(r"$L(w) = \|X_{n\times d}w_{d\times 1}-y_{n\times 1}\|_1$", L1_LOSS, id="sizes-below"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$ ($X: n\times d$)", L1_LOSS, id="colon"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$ where $\|v\|_1=\sum_i |v_i|$", L1_LOSS, id="notation"),
        pytest.param(
            r"$\|v\|_1 = |v_1|+\dots+|v_n|$, so the loss is $\|Xw-y\|_1$", L1_LOSS, id="notation-first"
        ),
        pytest.param(r"We predict $Xw$: $L(w) = \|Xw-y\|_1$", L1_LOSS, id="prediction"),
        pytest.param(r"$L(w)=\frac1n\|Xw-y\|_1$ with the factor $\frac1n$", L1_LOSS, id="factor"),
        pytest.param(
            r"Let $g(x)=\|x\|_2$. $\nabla g=\frac{x}{\|x\|_2}$, so $\nabla f=2g\nabla g=2x$",
            GRADIENT,
            id="chain",
        ),
        pytest.param(
            r"When $d=1$, $f(x)=x^2$ and $f'(x)=2x$. For general $d$, $\nabla f(x)=2x$", GRADIENT, id="d=1"
        ),
        pytest.param(
            r"$\frac{d}{dx}x^2=2x$, so $\frac{\partial f}{\partial x_i}=2x_i$", GRADIENT, id="number"
        ),
        pytest.param(r"$\nabla f(x)=2x$ and $\nabla^2 f(x)=2I$", GRADIENT, id="Hessian"),
        pytest.param(
            r"$\mu = \frac1n \sum_{i=1}^n x_i$. The Hessian is $2nI \succ 0$: the minimum.",
            MEAN,
            id="definite",
        ),
    ],
)
def test_true_asides_are_set_aside(text, spec):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is ACCEPT, judgement.reason


@pytest.mark.parametrize(
    ("text", "spec", "verdict"),
    [
        pytest.param(
            r"$L(w)=\|Xw-y\|_1$ where $\|v\|_1=\sqrt{\sum_i v_i^2}$", L1_LOSS, REVIEW, id="false-notation"
        ),
        pytest.param(r"$L(w)=\|Xw-y\|_2$ where $X$ is $n\times d$", L1_LOSS, REJECT, id="wrong-beside-sizes"),
        pytest.param(r"For $d=1$: $\nabla f(x) = 2x$", GRADIENT, REVIEW, id="only-d=1"),
        pytest.param(r"$g(x)=\|x\|_2$, $\nabla g=2x$, so $\nabla f=2x$", GRADIENT, REVIEW, id="false-lemma"),
        pytest.param(
            r"$g(x)=\|x\|_2$, $\nabla g=\frac{x}{\|x\|_2}$, $\nabla f=2\|x\|_2$",
            GRADIENT,
            REJECT,
            id="wrong-after-it",
        ),
        pytest.param(r"$\nabla\|x\|_2 = x/\|x\|_2$", GRADIENT, REJECT, id="lemma-alone"),
        pytest.param(
            r"Since $\nabla\|x\|_2 = x/\|x\|_2$, the gradient of its square is twice $x$",
            GRADIENT,
            REVIEW,
            id="in-words",
        ),
    ],
)
def test_asides_neither_save_nor_sink_an_answer(text, spec, verdict):
    assert judge_formula(text, spec).verdict is verdict


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(r"$\nabla f(x) = 2\mathbf{x$", GRADIENT, id="brace"),
        pytest.param(r"$\frac{\partial f}{\partial x}} = 2x$", GRADIENT, id="brace-too-many"),
        pytest.param(r"$\nabla f(\mathbf{x} = 2\mathbf{x}$", GRADIENT, id="parenthesis"),
        pytest.param(r"$\mu = \frac1n\sum_{i=1}^n x_i)$", MEAN, id="parenthesis-too-many"),
        pytest.param(r"$\mu = \frac1n\sum_i=1^n x_i$", MEAN, id="sum-without-braces"),
        pytest.param(r"$L(w)=|Xw-y||_1$", L1_LOSS, id="bar"),
        pytest.param(r"$L(w)=\lVert Xw-y\rvert_1$", L1_LOSS, id="other-bar"),
        pytest.param(r"$L(w)=\left\|Xw-y\right\|_{1$", L1_LOSS, id="index"),
    ],
)
def test_a_slip_with_one_reading_is_mended(text, spec):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is ACCEPT, judgement.reason


@pytest.mark.parametrize(
    ("text", "spec", "verdict"),
    [
        pytest.param(r"$\nabla f(x) = 2 {x^2 + x$", GRADIENT, REVIEW, id="several-readings"),
        pytest.param(r"$\mu=\frac{1}{n-1\sum_{i=1}^n x_i$", MEAN, REVIEW, id="several-places"),
        pytest.param(r"$L(w)=|Xw-y||_2$", L1_LOSS, REJECT, id="wrong-norm"),
        pytest.param(r"$L(w)=\frac{1}{n \|Xw-y\|_{1}$", L1_LOSS, REVIEW, id="before-a-later-group"),
        pytest.param(r"$L=\frac{1}{n\sum_{i=1}^n |y_i-w^Tx_i|$", L1_LOSS, REVIEW, id="before-a-sum"),
        pytest.param(r"$L=\frac{1}{n / \sum_{i=1}^n |y_i-w^Tx_i|$", L1_LOSS, REVIEW, id="a-fraction-below"),
    ],
)
def test_a_slip_makes_nothing_right(text, spec, verdict):
    assert judge_formula(text, spec).verdict is verdict


def test_only_short_formulas_are_mended():
    assert not list(mended("{" + "x" * 300))
    assert len(list(mended("{" + "x" * 200))) == 200
