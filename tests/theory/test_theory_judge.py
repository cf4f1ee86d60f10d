"""What the judge says, and why: reasons, readings, witnesses, tags, and answers that are made to hurt."""

import doctest

import pytest
import torch
from hw1.formulas import GRADIENT, L1_LOSS, MEAN

from grader import theory
from grader.theory import (
    Equals,
    FormulaSpec,
    GradientOf,
    Minimises,
    Verdict,
    judge_formula,
    scanned,
)
from grader.theory.latex import judge, nodes
from grader.theory.latex.claims import claims
from grader.theory.latex.compare import Exam
from grader.theory.latex.doubt import FORMULA, casts_doubt, computes_beside, without_conditions
from grader.theory.latex.fuel import Fuel
from grader.theory.latex.indexing import Indexing
from grader.theory.latex.statements import statements
from grader.theory.latex.witness import witness
from grader.theory.latex.worlds import STRICT

ACCEPT, REVIEW, REJECT = Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT


@pytest.mark.parametrize(
    ("text", "spec", "reason"),
    [
        pytest.param(r"$\nabla f = 2x = 2\|x\|$", GRADIENT, "one part of it is right", id="wrong-member"),
        pytest.param(r"$\nabla f(x) = 2x_i$", GRADIENT, "one part of it is right", id="index-on-one-side"),
        pytest.param("$2x_i$", GRADIENT, "one component without saying so", id="bare-component"),
        pytest.param(r"$\frac{\partial f}{\partial x_1} = 2x_1$", GRADIENT, "only one component", id="first"),
        pytest.param(
            r"$\nabla f(x) = \nabla \|x\|_2^2$",
            GRADIENT,
            "none of the formulas answers the question",
            id="restated",
        ),
        pytest.param(r"$\nabla f(x) = 2z$", GRADIENT, "the symbol z", id="unknown"),
        pytest.param(r"$\nabla f(x) \approx 2x$", GRADIENT, "the relation approx", id="approximately"),
        pytest.param("I thought $2x$", GRADIENT, "the word “thought” may take it back", id="doubt"),
        pytest.param("זה $2x$", GRADIENT, "the word “ז” may take it back", id="script-we-cannot-read"),
        pytest.param("不是 $2x$", GRADIENT, "the word “不” may take it back", id="doubt-in-chinese"),
        pytest.param("twice $x$", GRADIENT, "the word “twice” may belong to the formula", id="half-in-words"),
        pytest.param(
            "half of $2x$", GRADIENT, "the word “half” may belong to the formula", id="words-change-it"
        ),
        pytest.param("x2", GRADIENT, "a 2 after a symbol", id="index-or-power"),
        pytest.param(r"$\|Xw-y\|_1$ subject to $\|w\|_2 \le 1$", L1_LOSS, "“subject to”", id="constraint"),
        pytest.param("$2x$, but only for $x > 0$", GRADIENT, "“but”", id="but"),
        pytest.param("$2x$. This holds only at positive x.", GRADIENT, "“holds only”", id="condition"),
        pytest.param("- 2x", GRADIENT, "a bullet or a minus", id="dash"),
        pytest.param(r"$\nabla f = 2x$, also $3x$", GRADIENT, "is given as well", id="another-formula"),
        pytest.param(r"$\nabla f = 2x$, $\nabla f = \@$", GRADIENT, "not read", id="unread-answer-beside"),
        pytest.param("", GRADIENT, "no formula found", id="empty"),
        pytest.param(r"$\mu = \bar{x}$", MEAN, "names the answer without giving a formula", id="only-a-name"),
        pytest.param(r"$\mu = \frac1d\sum_{i=1}^d x_i$", MEAN, "with d as the number of points", id="slip"),
        pytest.param(
            r"$n\mu = \sum_i x_i$", MEAN, "none of the formulas answers the question", id="not-solved"
        ),
        pytest.param(
            r"$\mu = \frac{1}{n}\sum_i \mu$",
            MEAN,
            "none of the formulas answers the question",
            id="by-itself",
        ),
        pytest.param(r"$3\|Xw-y\|_1$", L1_LOSS, "an unusual factor", id="factor"),
        pytest.param(r"$\|Xw-y\|_1 = \frac1n \|Xw-y\|_1$", L1_LOSS, "differ by a factor", id="two-factors"),
        pytest.param(r"$\|Xw-y\|$", L1_LOSS, "norm without index as the 1-norm", id="bare-norm"),
        pytest.param(r"$\|X^Tw-y\|_1$", L1_LOSS, "with columns as points", id="transposed-data"),
        pytest.param(r"$\sum_i |y_i - w x_i|$", L1_LOSS, "a missing transpose", id="missing-transpose"),
        pytest.param(r"$\sum |y - w^T x|$", L1_LOSS, "with an index that is missing", id="silent-index"),
        pytest.param(r"$|Xw - y|$", L1_LOSS, "|v| as the 1-norm", id="single-bars"),
        pytest.param(r"$\|Xw-y\|_1 + \lambda\|w\|_1$", L1_LOSS, "with no penalty", id="penalty"),
        pytest.param(
            r"$\hat y = z$, $L = \|\hat y - y\|_1$", L1_LOSS, "the symbol z", id="defined-by-unknown"
        ),
        pytest.param(r"$r = r + 1$, $L = \|r\|_1$", L1_LOSS, "defined in terms of itself", id="circular"),
    ],
)
def test_what_is_not_certain_goes_to_a_person_with_the_reason(text, spec, reason):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is REVIEW
    assert reason in judgement.reason


@pytest.mark.parametrize(
    ("text", "spec", "reason"),
    [
        pytest.param(
            r"$\nabla f = \|x\|_2$", GRADIENT,
            "at x = (1, 2, 3) the answer gives √14, but (2, 4, 6) is right", id="gradient",
        ),
        pytest.param(
            r"$\mu = \sum_i x_i$", MEAN,
            "at x_1 = (1, 2), x_2 = (3, 4), x_3 = (1, 2) the answer gives (5, 8), but (5/3, 8/3) is right",
            id="mean",
        ),
        pytest.param(
            r"$\|Xw-y\|_2^2$", L1_LOSS,
            "at X = [[1, 2], [3, 4], [1, 2]], w = (1, 3), y = (1, 4, 3) "
            "the answer gives 173, but 21 is right", id="loss",
        ),
        pytest.param(
            r"$L(\beta) = \|t - X\beta\|_2$", L1_LOSS,
            "at X = [[1, 2], [3, 4], [1, 2]], β = (1, 3), t = (1, 4, 3) "
            "the answer gives √173, but 21 is right", id="the-students-letters",
        ),
        pytest.param(
            r"$L = \sum_i (y_i - x_i^T \theta - c)^2$", L1_LOSS,
            "at x_1 = (1, 2), x_2 = (3, 4), x_3 = (1, 2), θ = (1, 3), y = (1, 4, 3), c = 1 "
            "the answer gives 218, but 24 is right", id="points-one-by-one",
        ),
        pytest.param(
            r"$\|Ax-b\|_2$", L1_LOSS,
            "at A = [[1, 2], [3, 4], [1, 2]], x = (1, 3), b = (1, 4, 3) "
            "the answer gives √173, but 21 is right", id="another-vocabulary",
        ),
        pytest.param(
            r"$\|y-\hat{y}\|_2$", L1_LOSS,
            "at X = [[1, 2], [3, 4], [1, 2]], w = (1, 3), y = (1, 4, 3) "
            "the answer gives √173, but 21 is right", id="letters-of-the-question",
        ),
        pytest.param(
            r"$e = y - X\omega$, $L = e^T e$", L1_LOSS,
            "at X = [[1, 2], [3, 4], [1, 2]], ω = (1, 3), y = (1, 4, 3) "
            "the answer gives 173, but 21 is right", id="letters-of-a-definition",
        ),
        pytest.param(
            r"$\mu = \frac{1}{n}\sum_{i=0}^{n-1} 2 x_i$", MEAN,
            "at x_0 = (1, 2), x_1 = (3, 4), x_2 = (1, 2) the answer gives (10/3, 16/3), but (5/3, 8/3) is right",
            id="counted-from-0",
        ),
        pytest.param(
            r"$2.00001 x$", GRADIENT,
            "at x = (1, 2, 3) the answer gives (2.00001, 4.00002, 6.00003), but (2, 4, 6) is right",
            id="as-many-digits-as-it-takes",
        ),
    ],
)  # fmt: skip
def test_a_reject_shows_small_numbers_at_which_the_answer_fails(text, spec, reason):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is REJECT
    assert judgement.reason == reason == str(judgement.witness)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            r"$\nabla f = 2x$, $\nabla f = \mathbb{E} \big[ \@$",
            r"not read: “\nabla f = \mathbb{E} \big[ \@” (",
        ),
        (r"$\nabla f = \frac{{2x$", r"not read: “\nabla f = \frac{{2x” (a brace { is never closed)"),
        (r"$\nabla f = 2x +$", "the formula ends too early"),
        (r"$\nabla f = ((2x$", "the formula ends too early"),
        (r"$\nabla f = \foo x$", r"the command “\foo”"),
        (r"$\nabla f = 2x ]$", "“]” does not fit where it stands"),
        (r"$\nabla f = 10^{300} \cdot 10^{300} x$", "a number that is too large or too small"),
        (r"$\nabla f = 2\hat\theta$", "the symbol θ̂"),
        (r"$\nabla f = x^3$", "a power of a column of 4 numbers"),
        (r"$\nabla f = |2x$", "a “|” is never closed"),
        (r"$\nabla f = 2x_{ij}$", "it is unclear what the indices i and j run over"),
        ("$" + "y + " * 30 + r"\@$", "+ y + …” (“\\@” does not fit where it stands)"),
    ],
)
def test_a_reason_quotes_the_answer_as_it_was_typed(text, reason):
    assert reason in judge_formula(text, GRADIENT).reason


def test_an_inverse_that_may_not_exist_is_named():
    text = "$w = (X^TX)^{-1}X^Ty$ so $L = (X^TX)^{-1}$"
    assert judge_formula(text, L1_LOSS).reason == "not understood: the inverse of a matrix that may have none"


def test_an_intercept_is_shown_under_the_name_that_the_answer_has_for_it(monkeypatch):
    picked = Indexing.picked
    as_bias = lambda self, base, at: self.named("b") if at == (nodes.ZERO,) else picked(self, base, at)  # noqa: E731
    monkeypatch.setattr(Indexing, "picked", as_bias)
    parts = statements(
        r"L = \sum_i (y_i - \beta_0 - x_i^T\beta)^2", Fuel(seconds=2), functions=L1_LOSS.functions
    )
    exam = Exam(found=claims(parts, L1_LOSS), spec=L1_LOSS, fuel=Fuel(seconds=2))
    assert str(witness(parts[0], exam, STRICT[0])) == (
        "at x_1 = (1, 2), x_2 = (3, 4), x_3 = (1, 2), β = (1, 3), y = (1, 4, 3), β_0 = 1 "
        "the answer gives 218, but 24 is right"
    )


def test_what_breaks_the_judge_is_not_told_in_its_own_terms(monkeypatch):
    monkeypatch.setattr(judge, "cell", None)
    assert judge_formula("$2x$", GRADIENT).reason == "it could not be read automatically"


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        pytest.param(r"$\|Xw-y\|_1$", {"matrix form"}, id="matrix"),
        pytest.param(r"$\sum_i |x_i^T w - y_i|$", {"sum form"}, id="sum"),
        pytest.param(r"$\|Xw-y\|_1 = \sum_i |x_i^T w - y_i|$", {"matrix form", "sum form"}, id="both"),
        pytest.param(r"$\|\hat{y} - y\|_1$", {"matrix form", "no X and w"}, id="no-data"),
        pytest.param(r"$\sum_i |\hat{y}_i - y_i|$", {"sum form", "no X and w"}, id="no-data-in-a-sum"),
        pytest.param(r"$\hat y = Xw$, $L = \|\hat y - y\|_1$", {"matrix form"}, id="defined-elsewhere"),
        pytest.param(r"$\hat y_i = w^T x_i$, $L = \|\hat y - y\|_1$", {"matrix form"}, id="defined-by-entry"),
        pytest.param(r"$\|Ax - b\|_1$", {"matrix form"}, id="other-names"),
    ],
)
def test_a_right_loss_is_tagged_with_its_form_and_with_what_it_leaves_out(text, tags):
    judgement = judge_formula(text, L1_LOSS)
    assert judgement.verdict is ACCEPT
    assert judgement.tags == tags


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(
            r"Each coordinate appears only in its own square, so $\nabla f(x) = 2x$.",
            GRADIENT,
            id="own-square",
        ),
        pytest.param(r"The only stationary point is $\mu = \frac{1}{n}\sum_i x_i$.", MEAN, id="the-only-one"),
    ],
)
def test_only_takes_nothing_back_where_it_sets_no_condition(text, spec):
    assert judge_formula(text, spec).verdict is ACCEPT


def test_another_vocabulary_is_taken_as_a_whole():
    assert judge_formula(r"$\|Ax - b\|_1$", L1_LOSS).reading == "in the names A, x, b, a"
    assert judge_formula(r"$\|Ax - y\|_1$", L1_LOSS).verdict is REVIEW


def test_equal_answers_have_equal_normal_forms():
    texts = (
        r"$\nabla f(x) = 2\mathbf{x}$",
        "∇f(x) = 2\N{MATHEMATICAL BOLD SMALL X}",
        r"\[ \nabla f(\vec x) = 2 \vec{x}. \]",
    )
    assert {judge_formula(text, GRADIENT).normal_form for text in texts} == {"∇(f(x)) = 2·x"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("![work](attachment:page.png)", id="attachment"),
        pytest.param('<img src="work.jpg">', id="img"),
        pytest.param("see data:image/png;base64,iVBORw0", id="base64"),
        pytest.param(r"\includegraphics{page}", id="includegraphics"),
    ],
)
def test_an_image_is_flagged(text):
    assert scanned(text)
    judgement = judge_formula(text, GRADIENT)
    assert (judgement.verdict, judgement.tags) == (REVIEW, {"image"})
    assert judgement.reason == "the answer contains a picture, which only a person can read"


def test_a_formula_is_no_image():
    assert not scanned(r"$f: X \to Y$, img, data, ![")


RIDGE = {
    "gradient_of": r"\|Xw - y\|_2^2 + \lambda \|w\|_2^2",
    "by": "w",
    "shapes": {"X": ["n", "d"], "w": ["d"], "y": ["n"], r"\lambda": []},
    "rows": {"x": "X"},
    "called": ["L", "J"],
    "synonyms": {r"\theta": "w", r"\beta": "w", "N": "n"},
}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param(r"$\nabla L(w) = 2X^T(Xw - y) + 2\lambda w$", ACCEPT, id="matrix"),
        pytest.param(r"$2 X^\top X \theta - 2 X^\top y + 2 \lambda \theta$", ACCEPT, id="expanded"),
        pytest.param(r"$\nabla_w J = 2\sum_{i=1}^n (w^T x_i - y_i) x_i + 2\lambda w$", ACCEPT, id="sum"),
        pytest.param(r"$\nabla L(w) = X^T(Xw - y) + \lambda w$", REJECT, id="half"),
        pytest.param(r"$\nabla L(w) = 2X(Xw - y) + 2\lambda w$", REVIEW, id="ill-typed-but-guessable"),
    ],
)
def test_the_example_of_the_documentation_works(text, verdict):
    assert judge_formula(text, FormulaSpec.from_table("ridge", RIDGE)).verdict is verdict


def test_a_minimiser_may_be_of_any_convex_function():
    spec = FormulaSpec.from_table(
        "weighted",
        {
            "minimises": r"\sum_{i=1}^n (m - y_i)^2 + m^2",
            "over": "m",
            "shapes": {"y": ["n"], "m": []},
        },
    )
    assert judge_formula(r"$m = \frac{1}{n+1}\sum_{i=1}^n y_i$", spec).verdict is ACCEPT
    assert judge_formula(r"$m = \frac{1}{n}\sum_{i=1}^n y_i$", spec).verdict is REJECT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"equals": "1"}, "give exactly one of equals, gradient_of and minimises", id="two-oracles"
        ),
        pytest.param({"shape": {}}, "unknown key shape", id="unknown-key"),
        pytest.param(
            {"by": "v"}, "it is differentiated with respect to v, which has no shape", id="no-shape"
        ),
        pytest.param({"by": ""}, "it is differentiated with respect to nothing", id="no-variable"),
        pytest.param({"gradient_of": r"\|Xw"}, "is never closed", id="unreadable"),
        pytest.param({"gradient_of": "Xw"}, "gradient of something that is not a number", id="vector"),
        pytest.param({"shapes": {}}, "its shapes name 0 dimensions", id="no-dimensions"),
        pytest.param({"synonyms": {"a+b": "w"}}, "a+b is not a name", id="no-name"),
    ],
)
def test_a_bad_spec_is_refused_when_it_is_built(change, message):
    with pytest.raises(ValueError, match=f"formula ridge: .*{message.replace('+', '[+]')}"):
        FormulaSpec.from_table("ridge", {**RIDGE, **change})


def test_a_function_without_a_minimum_is_refused():
    with pytest.raises(ValueError, match="no minimum"):
        FormulaSpec(
            name="flat", oracle=Minimises("x^T x - 2 x^T x + a^T x", "x"), shapes={"a": ("d",), "x": ("d",)}
        )


def test_the_oracles_agree_with_automatic_differentiation():
    for trial in GRADIENT.trials:
        x = torch.tensor(trial.world.values["x"], requires_grad=True)
        (torch.linalg.vector_norm(x) ** 2).backward()
        assert torch.allclose(x.grad, torch.tensor(trial.right[frozenset()]))
    for trial in MEAN.trials:
        mu = torch.tensor(trial.right[frozenset()].ravel(), requires_grad=True)
        ((torch.tensor(trial.world.values["X"]) - mu) ** 2).sum().backward()
        assert mu.grad.abs().max() < 1e-8
    for trial in L1_LOSS.trials:
        X, w, y, b = (torch.tensor(trial.world.values[name]) for name in "Xwyb")  # noqa: N806
        for used, offset in ((frozenset(), 0 * b), (frozenset("b"), b)):
            loss = torch.nn.functional.l1_loss(X @ w + offset, y, reduction="sum")
            assert torch.allclose(loss, torch.tensor(trial.right[used]))


def test_the_examples_of_the_package_are_true():
    result = doctest.testmod(theory)
    assert (result.attempted, result.failed) == (5, 0)


def test_oracles_are_plain_values():
    assert Equals("2x") == Equals("2x")
    assert GradientOf("x^T x", "x") != GradientOf("x^T x", "y")


HOSTILE = {
    "braces": "{" * 5000,
    "parentheses": "(" * 3000,
    "fractions": r"\frac" * 3000,
    "sums": r"\sum_{i=1}^{n}" * 60 + "x_i",
    "products": r"\prod_{i=1}^{n}" * 20 + "x_i",
    "tower": "2^{2^{2^{2^{99}}}}",
    "googol": "10^{400}",
    "matrix power": "(X^TX)^{99999999}",
    "dollars": "$" * 11_000,
    "open displays": r"\[" * 5500,
    "open environments": r"\begin{align}" * 900,
    "bars": "|" * 5000,
    "digits": "9" * 11_000,
    "hats": r"\hat" * 2400,
    "roots": r"\sqrt" * 2000 + "x",
    "minuses": "+ " + "-" * 9000 + "x",
    "gradients": r"\nabla " * 200 + "f(x)",
    "dots": r"x_1 + \dots + x_{99999999999}",
    "ones": r"\mathbf{1}_{99999}",
    "accents": "x" + "\u0302" * 11_000,
    "nul": "\x00" * 100,
    "surrogate": "\ud800",
    "cases": r"\begin{cases}" * 500,
    "formulas": "$x$ " * 2900,
    "a book": "2x " * 100_000,
    "mutual": r"$q = r$, $r = q$, $\nabla f = r$",
}


@pytest.mark.parametrize("spec", [GRADIENT, MEAN, L1_LOSS], ids=lambda spec: spec.name)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_goes_to_a_person(text, spec):
    assert judge_formula(text, spec).verdict is REVIEW


def test_an_answer_that_takes_too_long_goes_to_a_person():
    judgement = judge_formula(HOSTILE["sums"], GRADIENT, seconds=0.0)
    assert "it takes too much work to evaluate" in judgement.reason


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(
            r"Since $\nabla\|x\|_2 = x/\|x\|_2$, the gradient of the squared norm is $2x$",
            GRADIENT,
            id="intermediate",
        ),
        pytest.param(r"Least squares: $L(w)=\|Xw-y\|_2^2$. Here: $\|Xw-y\|_1$", L1_LOSS, id="contrast"),
        pytest.param(
            r"$\mu=\frac1{|D|}\sum_{x\in D}x$ with $D=\{x_1,\dots,x_n\}$", MEAN, id="a set that was not read"
        ),
        pytest.param(r"$\mu=\sum_{i=1}^n x_i$ divided by $n$", MEAN, id="divided in words"),
        pytest.param(
            r"$L(\beta_0,\beta)=\|y-\beta_0\mathbf 1-X\beta\|_1$", L1_LOSS, id="an intercept with index 0"
        ),
        pytest.param(
            r"$L=\sum_{i=1}^n|y_i-w_0-\sum_{j=1}^d w_jx_{ij}|$", L1_LOSS, id="an intercept in a sum"
        ),
    ],
)
def test_a_right_answer_beside_something_else_is_never_rejected(text, spec):
    assert judge_formula(text, spec).verdict in (ACCEPT, REVIEW)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(
            r"$\partial f/\partial x_i=2x_i$. Hence $\nabla f=\mathrm{diag}(2x_1,\dots,2x_d)$",
            GRADIENT,
            id="last line",
        ),
        pytest.param(
            r"$\mu_j=\frac1n\sum_i x_{ij}$, $\mu=\frac1d\sum_j\mu_j$", MEAN, id="last line in terms of itself"
        ),
        pytest.param(r"$L(w)=\|Xw-y\|_1$^2", L1_LOSS, id="a power outside"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$ plus a ridge penalty", L1_LOSS, id="a penalty in words"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$, squared", L1_LOSS, id="squared in words"),
        pytest.param("The gradient is the norm of $2x$", GRADIENT, id="the norm of it"),
        pytest.param("minus $2x$", GRADIENT, id="minus in words"),
        pytest.param("$2x$ + 1", GRADIENT, id="a sum outside"),
        pytest.param(r"$\nabla f = 2x$ + 1", GRADIENT, id="a sum outside, with a heading"),
        pytest.param(r"$\nabla f = 2x$ * 3", GRADIENT, id="a product outside"),
        pytest.param(r"2 * $x$ + $x$ is the gradient $2x$ / 2", GRADIENT, id="a quotient outside"),
        pytest.param(r"$\nabla f = 2x$ divided by two", GRADIENT, id="halved in words"),
        pytest.param(r"If $d=1$ then $\nabla f = 2x$", GRADIENT, id="a special case"),
        pytest.param(r"If all entries are positive, $\nabla f = 2x$", GRADIENT, id="a special case in words"),
        pytest.param(r"It is not $L=\|Xw-y\|_1$ but its square", L1_LOSS, id="not, but"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$, but squared", L1_LOSS, id="but squared"),
        pytest.param("Это не $\\nabla f=2x$", GRADIENT, id="not in Russian"),
        pytest.param("답은 $\\nabla f=2x$ 이 아니다", GRADIENT, id="not in Korean"),
        pytest.param(r"$L(w) = \|Xw-y\|_1 \ge 5$", L1_LOSS, id="an inequality that fails"),
    ],
)
def test_a_right_formula_is_not_accepted_with_something_that_changes_it(text, spec):
    assert judge_formula(text, spec).verdict is REVIEW


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(r"$\nabla f(x) = 2x$ where $d \ge 1$", GRADIENT, id="a side fact"),
        pytest.param("Answer:\n* $\\nabla f(x) = 2x$\n+ where $d$ is any number", GRADIENT, id="a list"),
        pytest.param(r"*$\nabla f(x) = 2x$* and **$2x$**", GRADIENT, id="emphasis"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$ is not differentiable but convex.", L1_LOSS, id="not, but"),
        pytest.param(r"$L(w)=\|Xw-y\|_1$. However, it isn't smooth", L1_LOSS, id="however"),
        pytest.param(r"We use $L(w)=\|Xw-y\|_1$ instead of the square.", L1_LOSS, id="instead of squares"),
        pytest.param(
            r"If the rows of $X$ are the points, then $L(w)=\|Xw-y\|_1$", L1_LOSS, id="if, of what is given"
        ),
        pytest.param(r"If $f(x)=x^Tx$ then $\nabla f(x)=2x$", GRADIENT, id="if, of the function"),
        pytest.param("Ответ: $\\nabla f(x)=2x$", GRADIENT, id="Cyrillic"),
        pytest.param("정답은 $\\nabla f(x)=2x$ 입니다", GRADIENT, id="Hangul"),
        pytest.param(r"$L(w) = \|Xw-y\|_1 \ge 0$", L1_LOSS, id="an inequality that holds"),
        pytest.param(
            r"The norm of $x$ squared has the gradient $\nabla f = 2x$", GRADIENT, id="the norm of x"
        ),
    ],
)
def test_words_that_change_no_formula_cost_nothing(text, spec):
    assert judge_formula(text, spec).verdict is ACCEPT


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param(r"$L=\sum_{i=1}^n|y_i-w_0-\sum_{j=1}^d w_jx_{ij}|$", L1_LOSS, id="w_0 in a sum"),
        pytest.param(r"$L(\beta_0,\beta)=\|y-\beta_0\mathbf 1-X\beta\|_1$", L1_LOSS, id="beta_0"),
        pytest.param(r"$\|X\beta + \beta_0 1 - y\|_1$", L1_LOSS, id="beta_0 times 1"),
        pytest.param(r"$L=\|Xw+w_0-y\|_1$", L1_LOSS, id="a number added to a vector"),
        pytest.param(r"$\|y-\alpha\mathbf{1}-X\beta\|_1$", L1_LOSS, id="alpha"),
        pytest.param(
            r"$\sum_i |y_i-\beta_0-\beta_1 x_{i1}-\dots-\beta_d x_{id}|$", L1_LOSS, id="an ellipsis after it"
        ),
        pytest.param(r"$\mu = \mathbb{E}[x] = \frac1n\sum_i x_i$", MEAN, id="an expectation"),
        pytest.param(r"$\mu = \text{mean}(x) = \frac1n\sum_i x_i$", MEAN, id="a mean"),
        pytest.param(r"$\mu = \langle x \rangle = \frac1n\sum_i x_i$", MEAN, id="an average"),
        pytest.param(r"$\mu = \frac1n\sum x$", MEAN, id="a sum of all points"),
    ],
)
def test_intercepts_and_means_are_read(text, spec):
    judgement = judge_formula(text, spec)
    assert judgement.verdict is ACCEPT, judgement.reason


@pytest.mark.parametrize(
    ("text", "spec", "verdict"),
    [
        pytest.param(r"$L=\|y-\beta_0\mathbf 1-X\beta\|_2$", L1_LOSS, REJECT, id="another norm"),
        pytest.param(r"$L=\sum_i(y_i-\beta_0-x_i^T\beta)^2$", L1_LOSS, REJECT, id="squares"),
        pytest.param(r"$L=\|Xw-y_0\|_1$", L1_LOSS, REVIEW, id="no intercept"),
        pytest.param(r"$\mu = \mathbb{E}[x] = \sum_i x_i$", MEAN, REVIEW, id="not an expectation"),
        pytest.param(r"$\mu = \mathbb{E}[x]$", MEAN, REVIEW, id="only a name"),
        pytest.param(r"$\mu = \text{mean}(x)$", MEAN, REVIEW, id="only a word"),
        pytest.param(r"$\mu = \sum x$", MEAN, REJECT, id="a sum"),
    ],
)
def test_what_else_stands_beside_an_intercept_or_a_mean_counts(text, spec, verdict):
    assert judge_formula(text, spec).verdict is verdict


@pytest.mark.parametrize(
    "piece", ["if ", "if $x$ ", "but it is ", "not the ", "instead of the ", "$x$", "or "]
)
def test_phrases_are_read_in_one_pass(piece):
    """Each would take minutes with a search that goes back."""
    text = piece * (12_000 // len(piece))
    assert without_conditions(f"{text}$f$").endswith("$f$")
    assert casts_doubt(f"{text} wrong")


@pytest.mark.parametrize(
    "between",
    [" ", "\n", " and ", " with a ", " \t", "norm of "],
    ids=["spaces", "lines", "and", "with a", "tabs", "norms"],
)
def test_what_stands_beside_a_formula_is_read_in_one_pass(between):
    """Each of these took minutes with a search that went back."""
    repeated = between * (12_000 // len(between))
    assert not computes_beside(f"{FORMULA}{repeated}.")
    assert not computes_beside(f"a{repeated}.")
