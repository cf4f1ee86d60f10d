"""Words beside a right formula: those that may change it send it to a person, harmless ones cost nothing."""

import pytest
from hw1.formulas import GRADIENT, L1_LOSS, MEAN

from grader.theory import Verdict, judge_formula


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (r"$\nabla f(x)=2x$. Finally normalise it to unit length.", GRADIENT),
        (r"The gradient is $2x$. The final answer is its norm.", GRADIENT),
        (r"$\nabla f(x)=2x$, and we then divide it by the norm.", GRADIENT),
        (r"$\nabla f(x)=2x$, which is then summed", GRADIENT),
        (r"$2x$ rounded down", GRADIENT),
        (r"$2x$ without the 2", GRADIENT),
        (r"$2x$, where the 2 can be dropped, so $x$", GRADIENT),
        (r"the absolute value of $2x$", GRADIENT),
        (r"the sum of the entries of $2x$", GRADIENT),
        (r"the derivative of $2x$", GRADIENT),
        (r"only the maximum of $2x$", GRADIENT),
        (r"$2x$ where $x$ denotes the unit vector in the direction of x", GRADIENT),
        (r"$2x$ for $x>0$", GRADIENT),
        (r"$2x$ only in the first coordinate, 0 elsewhere", GRADIENT),
        (r"$2x \text{ divided by } d$", GRADIENT),
        (r"$2x\quad\text{(without the factor 2)}$", GRADIENT),
        (r"$\|Xw-y\|_1 \text{ squared}$", L1_LOSS),
        (r"$\frac1n\sum_{i} x_i \text{ minus } \sigma$", MEAN),
        (r"$\frac1n\sum_i x_i$ with the largest point left out", MEAN),
        (r"$\frac1n\sum_i x_i$ without the largest point", MEAN),
        (r"$\frac1n\sum_i x_i$, the median", MEAN),
        (r"$\frac1n\sum_i x_i$ where $n$ is the dimension", MEAN),
        (r"$\frac1n\sum_i x_i$, $n$ being the number of points minus one", MEAN),
        (r"$\frac1n\sum_i x_i$. Then take the closest of the points to it as $\mu$.", MEAN),
        (r"$\frac1n\sum_i x_i$ normalised to unit length", MEAN),
        (r"$\|Xw-y\|_1$ where $X$ is replaced by $X^TX$", L1_LOSS),
        (r"$\|Xw-y\|_1$ where $X$ is the transposed data matrix", L1_LOSS),
        (r"$\|Xw-y\|_1$ where the norm is squared", L1_LOSS),
        (r"$\|Xw-y\|_1$ where $\|\cdot\|_1$ is the largest absolute entry", L1_LOSS),
        (r"$\|Xw-y\|_1$. Finally take the square.", L1_LOSS),
        (r"$\|Xw-y\|_1$ only over positive errors", L1_LOSS),
        (r"$\nabla f(x)=2x$, scaled to have length one.", GRADIENT),
        (r"$\nabla f(x)=2x$. Flip its sign to get the result.", GRADIENT),
        (r"The logarithm of $2x$.", GRADIENT),
        (r"$2x$ when all entries of $x$ are nonnegative", GRADIENT),
        (r"$2x \text{ modulo } 3$", GRADIENT),
        (r"$2x$ for $\|x\|_2 < 1$", GRADIENT),
        (r"$2x$, dropping the constant factor in front", GRADIENT),
        (r"$\mu=\frac1n\sum_i x_i$ over the first half of the data", MEAN),
        (r"$\mu=\frac1n\sum_i x_i$ where $n$ is the number of features", MEAN),
        (r"$\mu=\frac1n\sum_i x_i$, reversed", MEAN),
        (r"$\mu=\frac1n\sum_i x_i$, afterwards projected on the unit sphere", MEAN),
        (r"$\|Xw-y\|_1$ where the columns of $X$ are the samples", L1_LOSS),
        (r"$\|Xw-y\|_1$, replacing the sum by a maximum", L1_LOSS),
        (r"the square root of $\|Xw-y\|_1$", L1_LOSS),
        (r"$\|Xw-y\|_1$, on the misclassified points", L1_LOSS),
        (r"$2x$, evaluated at the origin", GRADIENT),
        (r"$2x$; keep its largest entry", GRADIENT),
        (r"$\frac1n\sum_i x_i$ after removing outliers", MEAN),
        (r"$\frac1n\sum_i x_i$ where $x_i$ are the columns of $X$", MEAN),
        (r"$\|Xw-y\|_1$ where $y$ is the prediction", L1_LOSS),
        (r"$\|Xw-y\|_1$ for $w \in [0,1]^d$", L1_LOSS),
        (r"$\|Xw-y\|_1$ with $w \ge 0$", L1_LOSS),
        (r"$2x$, in absolute value", GRADIENT),
        (r"$\mu=\frac1n\sum_i x_i$, weighted by $i$", MEAN),
        (r"the maximum over $\|Xw-y\|_1$", L1_LOSS),
        (r"$2x$ if $x$ is positive", GRADIENT),
        (r"a unit vector along $2x$", GRADIENT),
        (r"The gradient is proportional to $2x$.", GRADIENT),
        (r"It is roughly $2x$", GRADIENT),
        (r"less than the vector $2x$", GRADIENT),
        (r"up to a constant factor $2x$", GRADIENT),
        (r"normalised $2x$", GRADIENT),
        (r"парал. и пропорционален $2x$", GRADIENT),
        (r"bounded by $\|Xw-y\|_1$", L1_LOSS),
        (r"close to $\frac1n\sum_i x_i$", MEAN),
        (r"The closest data point to $\frac1n\sum_i x_i$", MEAN),
        (r"The point of the data nearest $\frac1n\sum_i x_i$", MEAN),
        (r"the median $\frac1n\sum_i x_i$", MEAN),
        (r"The median is $\frac1n\sum_i x_i$", MEAN),
        ("The answer is the norm: $2x$", GRADIENT),
        ("The answer of 1a is the norm: $2x$", GRADIENT),
        ("The unit vector $2x$", GRADIENT),
        (r"the largest entry: $\|Xw-y\|_1$", L1_LOSS),
        (r"the logarithm, $\|Xw-y\|_1$", L1_LOSS),
        ("$2x$ norm", GRADIENT),
        ("$2x$ in norm", GRADIENT),
        ("2x direction", GRADIENT),
        (r"$\|Xw-y\|_1$ mean", L1_LOSS),
        (r"$\|Xw-y\|_1$ (mean)", L1_LOSS),
        (r"$\|Xw-y\|_1$ minimum", L1_LOSS),
    ],
)
def test_a_right_formula_beside_words_that_may_change_it_goes_to_a_person(text, spec):
    assert judge_formula(text, spec).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("The gradient of the squared norm: $2x$", GRADIENT),
        ("Der Gradient der quadrierten Norm ist $2x$", GRADIENT),
        (r"the mean $\frac1n\sum_i x_i$", MEAN),
        (r"$\frac1n\sum_i x_i$ (mean)", MEAN),
        (r"The minimum: $\frac1n\sum_i x_i$", MEAN),
        (r"The vector closest to the points: $\frac1n\sum_i x_i$", MEAN),
        (r"the l1 norm: $\|Xw-y\|_1$", L1_LOSS),
        (r"the l1 loss, $\|Xw-y\|_1$", L1_LOSS),
        (r"$\|Xw-y\|_1$, the l1 norm", L1_LOSS),
        (r"The mean absolute error: $\frac1n\|Xw-y\|_1$", L1_LOSS),
        (r"By the power rule applied to every entry, $\nabla f(x) = 2x$.", GRADIENT),
        (r"Using the chain rule we obtain $\nabla \|x\|_2^2 = 2x$, which is a column vector.", GRADIENT),
        (r"The gradient of the squared Euclidean norm is therefore $2x$ (same shape as $x$).", GRADIENT),
        (r"$2x$ holds for all $x \in \mathbb{R}^d$", GRADIENT),
        (r"Der Gradient lautet $\nabla f(x)=2x$.", GRADIENT),
        (r"$\mu = \frac1n\sum_{i=1}^n x_i$, which is the mean of the data points.", MEAN),
        (
            r"The best constant is $\mu=\frac1n X^T\mathbf{1}$, where $\mathbf{1}$ is the vector of all ones.",
            MEAN,
        ),
        (r"$\mu = \frac1n\sum_{i=1}^n x_i$ where $n$ is the number of points", MEAN),
        (r"Dividing both sides by $n$ yields $\mu=\frac1n\sum_{i=1}^n x_i$, i.e. the average.", MEAN),
        (r"The minimum is reached at $\mu = \frac1n\sum_i x_i$ because the objective is convex.", MEAN),
        (
            r"$L(w) = \|Xw-y\|_1$ where $X \in \mathbb{R}^{n\times d}$ is the data matrix and $y$ the targets.",
            L1_LOSS,
        ),
        (r"The $\ell_1$ loss is the sum of the absolute errors: $L(w)=\sum_{i=1}^n |x_i^Tw-y_i|$", L1_LOSS),
        (r"$\|Xw-y\|_1$, i.e. the sum of absolute residuals; here $w$ are the weights.", L1_LOSS),
        (r"La fonction de perte est $L(w)=\|Xw-y\|_1$, où $w$ est le vecteur des poids.", L1_LOSS),
        (r"$\nabla f(x) = 2x$, so the gradient points in the direction of $x$.", GRADIENT),
        (
            (
                r"Since $f(x)=\sum_i x_i^2$, we have $\partial f/\partial x_k=2x_k$ and so $\nabla f(x)=2x$."
                r" This is a vector with $d$ entries."
            ),
            GRADIENT,
        ),
        (r"So the minimizer is simply the average of all data points: $\mu=\frac1n\sum_i x_i$", MEAN),
        (r"$L(w)=\|Xw-y\|_1=\sum_{i=1}^n|x_i^Tw-y_i|$ where $x_i$ is the $i$-th row of $X$", L1_LOSS),
        (r"The L1 loss is less sensitive to outliers. $L(w)=\frac1n\sum_i |y_i - w^Tx_i|$", L1_LOSS),
        (
            r"Let $n$ be the number of training examples and $d$ the number of features. Then $L(w)=\|Xw-y\|_1$.",
            L1_LOSS,
        ),
    ],
)
def test_a_right_formula_beside_harmless_words_is_accepted(text, spec):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is Verdict.ACCEPT, judgement.reason


@pytest.mark.parametrize(
    "text",
    [
        r"$\mu=\frac{1}{n}X^T1$",
        r"$\mu = X^T 1/n$",
        r"$\mu = \frac{X^T 1}{n}$",
        r"$\mu=\frac{1}{n} X^\top 1$ where 1 is the vector of ones",
    ],
)
def test_a_1_right_of_a_matrix_is_a_column_of_ones(text):
    judgement = judge_formula(text, MEAN)
    assert judgement.verdict is Verdict.ACCEPT, judgement.reason


def test_a_1_that_does_not_fit_is_a_number():
    assert judge_formula(r"$\mu = X 1 / n$", MEAN).verdict is not Verdict.ACCEPT


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"$\|Xw-y\|_1+\frac12\|w\|_2^2$", Verdict.REVIEW),
        (r"$\|Xw-y\|_1+\|w\|_1$", Verdict.REVIEW),
        (r"$L(w)=\|Xw-y\|_1+0.1\|w\|^2$", Verdict.REVIEW),
        (r"$\sum_i|x_i^Tw-y_i|+w^Tw$", Verdict.REVIEW),
        (r"$\|Xw-y\|_1 - 5\|w\|_1$", Verdict.REJECT),
        (r"$\|Xw-y\|_1 - w^Tw$", Verdict.REJECT),
        (r"$-\frac12\|w\|_2^2 + \|Xw-y\|_1$", Verdict.REJECT),
        (r"$\|Xw-y\|_2^2+\|w\|_1$", Verdict.REJECT),
        (r"$\|Xw-y\|_2+\frac12\|w\|_2^2$", Verdict.REJECT),
    ],
)
def test_a_penalty_added_to_a_right_loss_is_for_a_person_to_judge(text, verdict):
    assert judge_formula(text, L1_LOSS).verdict is verdict


def test_a_wrong_formula_that_words_may_mend_is_not_rejected():
    assert judge_formula(r"$\nabla f(x) = x$, scaled by the exponent", GRADIENT).verdict is Verdict.REVIEW
    assert judge_formula(r"$\nabla f(x) = x$, a vector", GRADIENT).verdict is Verdict.REJECT
