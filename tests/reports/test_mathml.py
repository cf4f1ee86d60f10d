import re

import pytest

from grader.reports import markup
from grader.reports.mathml import LONGEST, formulas, mathml

from .hostile import HTML, harmless

FORMULAS = [
    r"\nabla f(x) = 2x",
    r"\|x\|_2^2 = \sum_{i=1}^d x_i^2",
    r"\frac{\partial f}{\partial x_k}",
    r"\hat{\mu} = \frac1n \sum_{i=1}^n x_i",
    r"\left\lVert Xw - y \right\rVert_1",
    r"\mathcal{L}(w) = \mathbb{E}\left[ |y - \hat{y}| \right]",
    r"\arg\min_{\mu \in \mathbb{R}^d} g(\mu)",
    r"\underset{w}{\operatorname{argmin}}\; \ell(w)",
    r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
    r"\begin{cases} 1 & x > 0 \\ -1 & \text{otherwise} \end{cases}",
    r"\begin{align} a &= b \\ &= c \end{align}",
    r"\begin{eqnarray} a &=& b \end{eqnarray}",
    r"\begin{gather*} a \\ b \end{gather*}",
    r"\begin{alignat}{2} a &= b \end{alignat}",
    r"a = b \\ c = d",
    r"\int_{-\infty}^{\infty} e^{-x^2} dx = \sqrt{\pi}",
    r"\overline{x}, \tilde{x}, \vec{x}, \dot{x}, \bar{\mathbf{x}}",
    r"x^\top A x \geq 0 \quad \forall x \neq 0",
    r"\sigma(z) = \frac{1}{1 + e^{-z}}",
    r"\log \prod_i p_i \approx \sum_i \ln p_i",
    r"\lim_{n \to \infty} \left( 1 + \tfrac{1}{n} \right)^n",
    r"\boxed{x = 2}",
    r"\binom{n}{k} \cdot \sqrt[3]{x}",
    r"\underbrace{a + b}_{c}",
    r"f'(x) = x''",
    r"\mathbf{1}^T \mathbf{1} = n",
    r"A \setminus B \subseteq C \cup D",
    r"\lfloor x \rfloor + \lceil y \rceil",
    r"\text{für alle } x \text{ 均值}",
    r"\nabla^2 g \succ 0 \implies \mu^* \text{ is unique} \tag{1}",
]


@pytest.mark.parametrize("latex", FORMULAS)
def test_formulas_of_many_kinds_are_typeset(latex):
    drawn = mathml(latex)
    assert drawn is not None
    inside, source = re.fullmatch(
        r'<math display="inline"><semantics><mrow>(.*)</mrow><annotation encoding="application/x-tex">(.*)'
        "</annotation></semantics></math>",
        drawn,
    ).groups()
    assert markup.Markup(source).unescape() == latex
    assert "\\" not in inside


@pytest.mark.parametrize(
    "latex", ["", "x_", r"\frac{", r"\norm{x}", r"\left( x", "{" * 900, "x" * (LONGEST + 1)]
)
def test_what_cannot_be_converted_is_none(latex):
    assert mathml(latex) is None


@pytest.mark.parametrize(
    ("latex", "kept"),
    [
        pytest.param(r"\text{<b onclick=alert(1)>x</b>}", "&lt;b", id="tags are text"),
        pytest.param(r"\text{&lt;script&gt;}", "&lt;script&gt;", id="entities are text"),
        pytest.param(r"\href{javascript:alert(1)}{x}", "<mi>x</mi>", id="a link is what it shows"),
        pytest.param(r"\style{background:url(//e.org)}{x}", "<mi>x</mi>", id="a style is dropped"),
        pytest.param(r"\color{white}{x}", "<mi>x</mi>", id="a colour is dropped"),
        pytest.param(r"\hspace{999em} x", "<mi>x</mi>", id="so is a width beyond the page"),
    ],
)
def test_a_formula_does_nothing_but_show(latex, kept):
    drawn = mathml(latex).partition("<annotation")[0]
    assert kept in drawn
    assert not re.search(
        r"<(script|b|a)\b|href|style=|onclick=|white|999", drawn.replace("onclick=alert(1)&", "")
    )


@pytest.mark.parametrize("text", HTML)
def test_hostile_html_in_a_formula_is_text(text):
    shown = formulas(f"$\\text{{{text}}}$ and {text}")
    harmless(shown)
    assert not re.search(r"<(?!/?m|/?semantics|/?annotation)", shown)


def test_only_formulas_of_a_text_are_typeset():
    shown = formulas(r"$x$ costs $5 or $6 < $$y$$, \$z$ and US$a$")
    assert shown == f"{mathml('x')} costs $5 or $6 &lt; {mathml('y')}, \\$z$ and US$a$"
    shown = formulas(r"\(x\) or \[y\], but not \(\d+\), (x) or \(z")
    assert shown == rf"{mathml('x')} or {mathml('y')}, but not \(\d+\), (x) or \(z"
