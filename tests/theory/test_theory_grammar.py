"""One table from what is typed to the tree, printed on a line; and the values of trees."""

import numpy as np
import pytest

from grader.theory.latex.dots import unfolded
from grader.theory.latex.evaluate import Evaluator
from grader.theory.latex.fuel import Fuel, IllTyped, Unread
from grader.theory.latex.grammar import canonical, formula, parse
from grader.theory.latex.nodes import Dots, Name
from grader.theory.latex.printing import shown
from grader.theory.latex.spans import cell
from grader.theory.latex.statements import statements
from grader.theory.latex.tokens import tokenize
from grader.theory.latex.values import Algebra, same, value
from grader.theory.latex.worlds import Reading, World

FUNCTIONS = frozenset({"f", "L", "J"})


def read(text, **options):
    return shown(parse(tokenize(text), Fuel(), functions=FUNCTIONS, **options))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (r"2\mathbf{x}", "2·x"),
        (r"2 \, \vec x", "2·x"),
        ("2\N{MATHEMATICAL BOLD SMALL X}", "2·x"),
        ("½x", "1/2·x"),
        ("x̄", "bar(x)"),
        ("ŷᵢ", "hat(y)_{i}"),
        (r"\hat{\mathbf{y}}_i", "hat(y)_{i}"),
        (r"\hat{y_i}", "hat(y)_{i}"),
        (r"{1 \over n} x", "1/n·x"),
        (r"\frac12 x", "1/2·x"),
        (r"\dfrac{a}{b}", "a/b"),
        (r"x^2y", "x^2·y"),
        (r"n^{-1}", "n^(-1)"),
        (r"x^{(i)}", "x_{i}"),
        (r"X_{i,:}", "X_{i}"),
        (r"X_{ij}", "X_{i, j}"),
        (r"x^{\mathsf{T}}", "xᵀ"),
        (r"x^\intercal", "xᵀ"),
        (r"\mu^*", "mu"),
        (r"\mu_{opt}", "mu"),
        (r"\mu^{\text{MLE}}", "mu"),
        (r"\|x\|_2^2", "‖x‖_2^2"),
        (r"\|x\|^2_2", "‖x‖_2^2"),
        (r"\left\lVert x \right\rVert_{\ell_1}", "‖x‖_1"),
        ("||x||_{L1}", "‖x‖_1"),
        ("‖x‖₁", "‖x‖_1"),
        ("|x|_1", "‖x‖_1"),
        (r"|\,|a| - b|", "||a| - b|"),
        (r"\big| a \big|", "|a|"),
        (r"\langle w, x_i \rangle", "⟨w, x_{i}⟩"),
        (r"\sum_{i=1}^n x_i", "sum_{i=1}^n x_{i}"),
        (r"\sum\limits_{1 \le i \le n} x_i", "sum_{i=1}^n x_{i}"),
        (r"\sum_{i \in [n]} x_i", "sum_{i=1}^n x_{i}"),
        (r"\sum_{i \in \{1, \dots, n\}} x_i", "sum_{i=1}^n x_{i}"),
        (r"\sum_i a_i - b", "sum_{i} a_{i} - b"),
        (r"\nabla_x f(x)", "∇_x(f(x))"),
        (r"\nabla f(x)_i", "∇(f(x))_{i}"),
        (r"\nabla f(x) d", "∇(f(x))·d"),
        (r"\nabla x^T x", "∇(xᵀ·x)"),
        (r"\frac{\partial f}{\partial x_i}", "∇_x_{i}(f())"),
        (r"\partial f / \partial x_i", "∇_x_{i}(f())"),
        (r"\partial_{x_i} f", "∇_x_{i}(f())"),
        (r"\frac{\mathrm{d}}{\mathrm{d}x} x^T x", "∇_x(xᵀ·x)"),
        ("df/dx", "∇_x(f())"),
        ("f'(x)", "f(x)'"),
        (r"D f(x)", "∇(f(x))"),
        (r"\underset{w}{\arg\min} \|w\|_1", "argmin_w (‖w‖_1)"),
        (r"\operatorname*{arg\,min}_w \|w\|_1", "argmin_w (‖w‖_1)"),
        (r"\max_i |r_i|", "max_{i} |r_{i}|"),
        (r"\begin{bmatrix} 2x_1 \\ \vdots \\ 2x_d \end{bmatrix}", "[2·x_{1}, …, 2·x_{d}]"),
        (
            r"\begin{cases} a & \text{if } a \ge 0 \\ -a & \text{otherwise} \end{cases}",
            "{a if a ≥ 0; -a otherwise}",
        ),
        (r"x_1 x_2 \cdots x_n", "x_{1}·x_{2}·…·x_{n}"),
        (r"\text{mean}(x_1, \dots, x_n)", "mean(x_{1}, …, x_{n})"),
        (r"\mathcal{L}_{\ell_1}(w)", "L(w)"),
        (r"b + a", "a + b"),
        (r"\frac{1}{2}(a - b)", "1/2·(a - b)"),
    ],
)
def test_a_formula_is_read_as(text, tree):
    assert read(text) == tree


def test_a_wide_reading_lets_the_sum_reach_to_the_end():
    assert read(r"\sum_i a_i - b", wide=True) == "sum_{i} (a_{i} - b)"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"\frac{1}{n", "a brace { is never closed"),
        (r"x_1 + x_2 - \cdots + x_n", "a minus before an ellipsis"),
        (r"\sum_{i=1}_i x_i", "two things below a sum"),
        (r"\sum_{x \in S} x", "the set below the sum"),
        (r"x \unknown y", r"the command “\\unknown”"),
        (r"\begin{tikzpicture}", "the environment tikzpicture"),
        (r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}", "several rows and columns"),
        (r"\mathbb{E}[x^2]", "the expectation of something"),
        ("()", "an empty bracket"),
        ("1234567890123456", "too many digits"),
        ("(" * 40 + "x" + ")" * 40, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_says_why(text, why):
    with pytest.raises(Unread, match=why):
        read(text)


@pytest.mark.parametrize(("name", "known"), [("w", "w"), (r"\hat{y}", "hat y"), (r"\mu", "mu")])
def test_a_name_is_known_by_one_spelling(name, known):
    assert canonical(name) == known


X = value([[1, 2], [3, 4], [5, 6]])
WORLD = World(
    values={
        "X": X,
        "w": value([[1], [-1]]),
        "y": value([[1], [2], [3]]),
        "b": value(2.0),
        "ones": np.ones((3, 1)),
    },
    families={"x": X},
    sizes={"n": 3, "d": 2},
    synonyms={"N": "n"},
    offsets=frozenset({"b"}),
)


def worth(text, **reading):
    node = parse(tokenize(text), Fuel(), functions=FUNCTIONS)
    return Evaluator(WORLD, Reading(name="", **reading), Fuel())(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X w", [[-1], [-1], [-1]]),
        ("Xw + b - y", [[0], [-1], [-2]]),
        (r"\|Xw - y\|_1", 9),
        (r"\|Xw - y\|_\infty", 4),
        (r"\|y\|", 14**0.5),
        (r"\sum_{i=1}^n x_i", [[9], [12]]),
        (r"\sum_i |y_i - x_i^T w|", 9),
        (r"\sum_{i=1}^{N} x_{i2}", 12),
        (r"\sum_{j} w_j X_{2j}", -1),
        (r"\frac{1}{n} X^T \mathbf{1}", [[3], [4]]),
        (r"y_1 + \dots + y_n", 6),
        (r"\prod_i y_i", 6),
        (r"\max_i y_i", 3),
        (r"\text{mean}(x_1, \dots, x_n)", [[3], [4]]),
        (r"\text{median}(y_1, \dots, y_n)", 2),
        (r"\langle w, x_2 \rangle", -1),
        (r"w \cdot x_2", -1),
        (r"y \odot y", [[1], [4], [9]]),
        (r"\sqrt[3]{8}", 2),
        (r"I_2 w", [[1], [-1]]),
        (r"[y_1, \dots, y_n]^T", [[1, 2, 3]]),
        (r"\frac{\partial}{\partial w} \|Xw - y\|_2^2", [[-62], [-80]]),
        (r"\frac{\partial}{\partial w_2} (w_2)^3", 3),
        (r"\begin{cases} 1 & b \le 1 \\ y_2 & \text{else} \end{cases}", 2),
    ],
)
def test_a_formula_is_worth(text, expected):
    assert same(worth(text), value(expected))


@pytest.mark.parametrize(
    "text",
    [
        "X + w",
        "y + 1",
        "w^2",
        "X^T w",
        r"\frac{1}{w}",
        "y_4",
        "y_0",
        r"\frac{1}{0}",
        r"\sqrt{-1}",
        r"\|X\|_1",
        "w_{12}",
    ],
)
def test_an_ill_typed_formula_has_no_value(text):
    with pytest.raises(IllTyped):
        worth(text)


@pytest.mark.parametrize(
    "text", ["z", "g(w)", r"\sum 1", "2^T w", r"\nabla z", r"\frac{\partial}{\partial w} Xw"]
)
def test_an_unknown_thing_is_left_to_a_person(text):
    with pytest.raises(Unread):
        worth(text)


def test_indices_may_count_from_zero():
    assert same(worth(r"\sum_{i=0}^{n-1} y_i", base=0), value(6))


def test_a_loose_algebra_says_what_it_guessed():
    algebra = Algebra(loose=True)
    assert same(algebra.multiply(value([[1], [2]]), value([[3], [4]])), value(11))
    assert algebra.guesses == {"a missing transpose"}


def test_the_written_items_of_a_list_are_believed_over_its_pattern():
    items = formula(r"[2x_1, 2x_2, \dots, x_d]").items
    assert [shown(item) for item in unfolded(items, lambda _: 3, 3)] == ["2·x_{1}", "2·x_{2}", "x_{d}"]


def test_an_ellipsis_without_a_pattern_is_not_filled_in():
    with pytest.raises(Unread, match="ellipsis"):
        unfolded((Name("a"), Dots(), Name("b")), lambda _: 3, 3)


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        pytest.param("so $a$ and $$b$$", ["a", "b"], id="dollars"),
        pytest.param(r"\(a\) \[b\]", ["a", "b"], id="backslashes"),
        pytest.param(r"\\(a\\) \\[b\\]", ["a", "b"], id="doubled-backslashes"),
        pytest.param("$`a`$ and ```math\nb\n```", ["a", "b"], id="fences"),
        pytest.param(r"costs 5\$, so $a$", ["a"], id="escaped-dollar"),
        pytest.param("The gradient is 2x.", ["2x"], id="words"),
        pytest.param("mu = (1/n) sum_{i=1}^n x_i", [r"\mu  = (1/n) \sum _{i=1}^n x_i"], id="ascii"),
        pytest.param("x<sub>i</sub><sup>2</sup>", ["x_{i}^{2}"], id="html"),
        pytest.param("x**2", ["x^2"], id="python-power"),
        pytest.param("**2x**", ["2x"], id="bold"),
        pytest.param("1a) 2x", ["2x"], id="label"),
        pytest.param("# **Question 1 (a)** 2x", ["2x"], id="heading"),
        pytest.param("import numpy\n# $2x$\nprint(3)", ["2x"], id="comment"),
        pytest.param('answer = r"$2x$"', ["2x"], id="string"),
        pytest.param(
            r"\documentclass{article}\begin{document}\section{1a} $2x$\end{document}", ["2x"], id="file"
        ),
    ],
)
def test_the_maths_of_a_cell_is_found(text, formulas):
    assert list(cell(text).formulas) == formulas


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"a = b, \quad c", [["a", "b"], ["c"]]),
        (r"a &= b \\ &= c", [["a", "b", "c"]]),
        (r"a = b \implies c = g", [["a", "b"], ["c", "g"]]),
        (r"a \in \mathbb{R}^d", [["a"]]),
        (r"a_i = b_i, \quad i = 1, \dots, n", [["a_{i}", "b_{i}"]]),
        (r"a_i \quad \forall i \in \{1, \dots, n\}", [["a_{i}"]]),
        (r"\text{where } a = b", [["a", "b"]]),
        (r"a \overset{!}{=} b", [["a", "b"]]),
        (r"[a, b] = c", [["[a, b]", "c"]]),
    ],
)
def test_a_formula_is_cut_into_statements(text, found):
    parts = statements(text, Fuel(), functions=FUNCTIONS)
    assert [[shown(side) for side in part.sides] for part in parts if not part.problem] == found
