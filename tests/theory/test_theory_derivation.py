"""A derivation is accepted if it is there and every step holds; otherwise a person reads it."""

import pytest
from hw1.formulas import GRADIENT, MEAN

from grader.theory import Verdict, judge_derivation

END = r"so $\mu = \frac1n\sum_{i=1}^n x_i$"


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$", id="condition"),
        pytest.param(r"$\nabla_\mu \sum_i \|x_i - \mu\|_2^2 = -2\sum_i (x_i - \mu) = 0$", id="gradient"),
        pytest.param(r"$J(\mu) = \sum_i \|x_i-\mu\|_2^2$, "
                     r"$\frac{\partial J}{\partial \mu} = 2\sum_i(\mu - x_i)$", id="J"),
        pytest.param(r"$J(\mu) = \frac1n\sum_i \|x_i-\mu\|_2^2$, "
                     r"$J'(\mu) = \frac2n\sum_i(\mu - x_i) = 0$", id="own"),
        pytest.param(r"$\frac{d}{d\mu}\sum_i (x_i-\mu)^2 = -2\sum_i (x_i-\mu)$", id="squares-of-vectors"),
        pytest.param(r"$\sum_i\|x_i-\mu\|^2 = \sum_i x_i^Tx_i - 2\mu^T\sum_i x_i + n\mu^T\mu$, "
                     r"$2n\mu - 2\sum_i x_i = 0$", id="expanded"),
        pytest.param(r"\begin{align} \sum_i (x_i - \mu) &= 0 \\ n\mu &= \sum_i x_i \end{align}", id="aligned"),
        pytest.param(r"$\frac{\partial}{\partial \mu_j}\sum_i \|x_i-\mu\|_2^2 "
                     r"= -2\sum_i (x_{ij} - \mu_j) = 0$", id="entry"),
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$, $J(\mu) = \sum_i \|x_i-\mu\|_2^2 \ge 0$", id="bound"),
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$ and $\nabla^2 J = 2nI \succ 0$", id="Hessian"),
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$ and $\frac{\partial^2 J}{\partial\mu^2} = 2n > 0$", id="second"),
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$, $J''(\mu) = 2n > 0$, not a maximum", id="primes"),
        pytest.param(r"Let $\bar x=\frac1n\sum_i x_i$. $\sum_i\|x_i-\mu\|^2=\sum_i\|x_i-\bar x\|^2"
                     r"+n\|\bar x-\mu\|^2\ge\sum_i\|x_i-\bar x\|^2$, $-2\sum_i (x_i - \mu) = 0$", id="square"),
    ],
)  # fmt: skip
def test_steps_that_hold_are_found(steps):
    judgement = judge_derivation(f"{steps} {END}", MEAN)
    assert judgement.verdict is Verdict.ACCEPT, judgement.reason
    assert judgement.tags == {"derivation steps found"}


def test_steps_in_unicode_are_found():
    steps = "J(μ) = Σᵢ ‖xᵢ - μ‖²\n∇J(μ) = -2 Σᵢ (xᵢ - μ) = 0\n⇒ n μ = Σᵢ xᵢ\n⇒ μ = (1/n) Σᵢ xᵢ"
    assert judge_derivation(steps, MEAN).verdict is Verdict.ACCEPT


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        pytest.param("", "no derivation found, only the result", id="none"),
        pytest.param(r"$n\mu = \sum_i x_i$", "no derivation found, only the result", id="result-again"),
        pytest.param(r"$-2\sum_i (x_i + \mu) = 0$",
                     "this step does not hold: -2·Σ_i (μ + x_i) = 0", id="sign"),
        pytest.param(r"$\nabla_\mu \sum_i \|x_i - \mu\|_2^2 = -3\sum_i (x_i - \mu) = 0$",
                     "it is not a derivative of that function", id="factor"),
        pytest.param(r"$\sum_i (x_i - z) = 0$", "this step was not read", id="unknown"),
        pytest.param(r"$\sum_i x_i = \mu$", "this step does not hold: Σ_i x_i = μ", id="false"),
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$, $\nabla^2 J = -2nI \prec 0$",
                     "this step does not hold: ∇²(J) = -2·n·I", id="wrong-Hessian"),
        pytest.param(r"$-2\sum_i (x_i - \mu) = 0$, $J(\mu) \le 0$", "this step does not hold: J(μ) ≤ 0",
                     id="false-bound"),
        pytest.param(r"$2nI \succ 0$", "no derivation found, only the result", id="bound-alone"),
        pytest.param("![](attachment:a.png)", "a picture, which only a person can read", id="image"),
        pytest.param(r"$\sum_i \|x_i - \mu\|_2^2 = \sum_i x_i^\top x_i - 2\mu^\top \sum_i x_i + n\mu^\top\mu$, "
                     r"whose gradient is $-2\sum_i x_i + 2n\mu$,",
                     "the derivation could not be followed automatically", id="steps-in-words"),
    ],
)  # fmt: skip
def test_anything_else_goes_to_a_person(steps, reason):
    judgement = judge_derivation(f"{steps} {END}", MEAN)
    assert judgement.verdict is Verdict.REVIEW
    assert reason in judgement.reason


def test_words_without_steps_say_nothing_about_steps():
    text = r"So the best constant vector is one half of $\frac1n\sum_{i=1}^n x_i$."
    assert judge_derivation(text, MEAN).reason == "the words of this answer were not understood"


def test_a_question_without_a_minimiser_has_no_derivation():
    assert judge_derivation("$2x$", GRADIENT).reason == "this question does not ask for a minimiser"


def test_steps_that_hold_beside_words_that_do_not_go_to_a_person():
    steps = r"$\nabla J=-2\sum_{i=1}^n(x_i-\mu)=0$"
    text = rf"{steps} gives the maximum since it is concave: $\mu=\frac1n\sum_{{i=1}}^n x_i$"
    judgement = judge_derivation(text, MEAN)
    assert judgement.verdict is Verdict.REVIEW
    assert judgement.reason == "all steps hold, but the words beside them were not understood"
    assert (
        judge_derivation(text.replace("maximum since it is concave", "minimum"), MEAN).verdict
        is Verdict.ACCEPT
    )


@pytest.mark.parametrize(
    "text",
    [
        rf"I looked it up: $-2\sum_i(x_i-\mu)=0$ is false, but {END}",
        rf"$-2\sum_i(x_i-\mu)=0$ is copied from the lecture, {END}",
    ],
)
def test_steps_beside_words_that_may_take_one_back_go_to_a_person(text):
    assert judge_derivation(text, MEAN).verdict is Verdict.REVIEW
