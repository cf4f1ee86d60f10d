"""Python as an answer is read, never run, and means what NumPy and torch make of it."""

from itertools import pairwise

import pytest
from hw1.formulas import GRADIENT, L1_LOSS, MEAN

from grader.theory import Verdict, judge_formula
from grader.theory.latex.python import formula_in

ACCEPT, REVIEW, REJECT = Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT


@pytest.mark.parametrize(
    ("code", "spec"),
    [
        pytest.param("np.sum(np.abs(X @ w - y))", L1_LOSS, id="numpy"),
        pytest.param("`(X @ w - y).abs().sum()`", L1_LOSS, id="methods"),
        pytest.param("np.linalg.norm(X @ w - y, ord=1)", L1_LOSS, id="norm"),
        pytest.param("torch.norm(X@w-y, p=1)", L1_LOSS, id="torch"),
        pytest.param("F.l1_loss(X @ w, y, reduction='sum')", L1_LOSS, id="functional"),
        pytest.param("nn.L1Loss()(X @ w, y)", L1_LOSS, id="module"),
        pytest.param("The loss is `np.mean(np.abs(X.dot(w) - y))`.", L1_LOSS, id="in-a-sentence"),
        pytest.param("```python\nr = X @ w - y\nL = np.sum(np.abs(r))\n```", L1_LOSS, id="fence"),
        pytest.param("def l(w):\n    '''The loss.'''\n    return np.abs(X @ w - y).mean()", L1_LOSS, id="def"),
        pytest.param("loss = lambda w: np.abs(X @ w - y).sum()", L1_LOSS, id="lambda"),
        pytest.param("sum(abs(y[i] - X[i] @ w) for i in range(n))", L1_LOSS, id="loop"),
        pytest.param("sum(abs(t - a @ w) for a, t in zip(X, y))", L1_LOSS, id="zip"),
        pytest.param("np.sum(np.abs(X @ w + b - y)) / len(y)", L1_LOSS, id="bias"),
        pytest.param("np.multiply(2, x)", GRADIENT, id="product"),
        pytest.param("lambda x: 2 * x", GRADIENT, id="lambda-of-x"),
        pytest.param("gradient = 2 * x", GRADIENT, id="plain"),
        pytest.param("X.mean(axis=0)", MEAN, id="mean"),
        pytest.param("mu = np.sum(X, axis=0) / X.shape[0]", MEAN, id="sum"),
        pytest.param("mu = X.mean(axis=0)   # = (1/n) * sum_i x_i", MEAN, id="remark"),
        pytest.param("sum(X) / len(X)", MEAN, id="rows"),
        pytest.param("mu = (1/n) * X.T @ np.ones(n)", MEAN, id="ones"),
    ],
)  # fmt: skip
def test_code_that_computes_the_right_thing_is_accepted(code, spec):
    judgement = judge_formula(code, spec)
    assert judgement.verdict is ACCEPT, judgement.reason


@pytest.mark.parametrize(
    ("code", "spec", "verdict"),
    [
        pytest.param("np.sum((X @ w - y)**2)", L1_LOSS, REJECT, id="squares"),
        pytest.param("np.linalg.norm(X @ w - y)", L1_LOSS, REJECT, id="numpy's-default-norm"),
        pytest.param("np.abs(np.sum(X @ w - y))", L1_LOSS, REJECT, id="bars-outside"),
        pytest.param("np.max(np.abs(X @ w - y))", L1_LOSS, REJECT, id="largest"),
        pytest.param("np.sum(np.abs(X * w - y))", L1_LOSS, REVIEW, id="entry-by-entry"),
        pytest.param("np.sum(np.abs(X @ w - y)) # wrong", L1_LOSS, REVIEW, id="a-remark-that-doubts"),
        pytest.param("X = 2 * X\nnp.sum(np.abs(X @ w - y))", L1_LOSS, REVIEW, id="a-name-that-changes"),
        pytest.param("def L(w):\n    w = w + 1\n    return np.abs(X @ w - y).sum()", L1_LOSS, REVIEW, id="inside"),
        pytest.param("mystery(X @ w - y).sum()", L1_LOSS, REVIEW, id="an-unknown-function"),
        pytest.param("np.sum(np.abs(X @ w - y), where=m)", L1_LOSS, REVIEW, id="an-unknown-option"),
        pytest.param(
            r"$L(w)=\|Xw-y\|_1$, that is `np.square(X @ w - y).sum()`", L1_LOSS, REVIEW, id="beside-a-formula"
        ),
        pytest.param("X.sum(axis=0)", MEAN, REJECT, id="not-divided"),
        pytest.param("X.mean(axis=1)", MEAN, REVIEW, id="another-axis"),
        pytest.param("mu = X.mean(axis=0)   # = sum_i x_i", MEAN, REVIEW, id="a-remark-that-contradicts"),
        pytest.param("2 * np.linalg.norm(x)", GRADIENT, REJECT, id="a-number"),
    ],
)  # fmt: skip
def test_code_that_computes_something_else_is_not_accepted(code, spec, verdict):
    judgement = judge_formula(code, spec)
    assert judgement.verdict is verdict, judgement.reason


NAMES = "acdefghijklmo"
DOUBLING = "".join(f"{b} = {a} + {a}\n" for a, b in pairwise(NAMES))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("x" + ".T" * 3000, id="long"),
        pytest.param("a = x.T\n" + "a = a + a\n" * 500, id="again"),
        pytest.param(f"a = x.T\n{DOUBLING}", id="doubling"),
        pytest.param("__import__('os').system('ls')", id="import"),
        pytest.param("2x.T", id="no-Python"),
        pytest.param("2 * x", id="maths"),
    ],
)
def test_what_is_no_formula_in_python_is_left_alone(code):
    assert formula_in(code) is None


@pytest.mark.parametrize("piece", ["`", "```", "`x", "```x\n", "x.T\n", "# = x\n", ">>> x.T\n"])
def test_code_is_found_in_one_pass(piece):
    assert judge_formula(piece * (12_000 // len(piece)), GRADIENT).verdict is REVIEW
