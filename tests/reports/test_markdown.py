import time

import pytest

from grader.reports import markdown
from grader.reports.mathml import mathml


def formula(latex, block=False):
    typeset = str(mathml(latex, block=block))
    return f'<div class="math">{typeset}</div>' if block else typeset


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param(r"so $\|x\|_2^2$ and *b*", formula(r"\|x\|_2^2") + " and <em>b</em>", id="inline"),
        pytest.param(
            "$$x$$ so $$y$$", f"<p>{formula('x')} so {formula('y')}</p>", id="two displays on a line"
        ),
        pytest.param("a $$x$$ b", f"<p>a {formula('x')} b</p>", id="display within a line"),
        pytest.param(r"\(a_1\) or \[b_2\]", f"{formula('a_1')} or {formula('b_2')}", id="TeX"),
        pytest.param("$$\nx\n= y\n$$", formula("x\n= y", block=True), id="no heading made of ="),
        pytest.param(
            "it is\n$$\nx\n+ y\n$$\nand",
            "<p>it is</p>\n" + formula("x\n+ y", block=True) + "\n<p>and</p>",
            id="interrupts a paragraph",
        ),
        pytest.param("- a\n  $$x$$\n- b", "<li>a" + formula("x", block=True), id="in a list"),
        pytest.param(r"3$\times$3", "<p>3" + formula(r"\times") + "3</p>", id="between digits"),
        pytest.param("$a<b>c</b>$", formula("a<b>c</b>"), id="HTML in a formula"),
        pytest.param(
            "\\begin{align*}\na\n\n- b\n\\end{align*}",
            formula("\\begin{align*}\na\n\n- b\n\\end{align*}", block=True),
            id="environment",
        ),
        pytest.param("> $$\n> x\n> $$", "<blockquote>\n" + formula("x", block=True), id="in a quotation"),
        pytest.param("it costs $5 and $6", "<p>it costs $5 and $6</p>", id="amounts of money"),
        pytest.param("`$x$`", "<code>$x$</code>", id="code"),
        pytest.param("$$\nx", "<p>$$\nx</p>", id="never closed"),
        pytest.param(
            "a <!-- BEGIN SOLUTION --> b", "<p>a  b</p>", id="comments are invisible, as in Jupyter"
        ),
        pytest.param(r"$\undefined<i>$", r'<code class="math">\undefined&lt;i&gt;</code>', id="unknown"),
        pytest.param(
            "$$\n\\frac{<i>\n$$",
            '<pre class="math"><code>\\frac{&lt;i&gt;</code></pre>',
            id="unknown on a line of its own",
        ),
    ],
)
def test_formulas_are_typeset_or_stay_as_they_were_typed(source, shown):
    assert shown in markdown.render(source)


def test_headings_are_below_those_of_the_page_and_skip_no_level():
    html = markdown.render("# a\n### b\n###### c\n## d")
    assert [html.count(f"<h{level}>") for level in range(1, 7)] == [0, 0, 0, 1, 2, 1]


def test_an_attached_picture_is_embedded():
    source = "![a](attachment:my%20plot.png)"
    data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
    assert f'src="data:image/png;base64,{data}"' in markdown.render(
        source, {"my plot.png": {"image/png": data}}
    )
    assert "not loaded" in markdown.render(source, {})


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(r"\(a" * 6000, id="formulas never closed"),
        pytest.param("\\begin{align}\n" * 1400, id="environments never closed"),
        pytest.param("$$a\n" * 5000, id="displays never closed"),
        pytest.param("> $$a\n" * 3300, id="displays in a quotation"),
        pytest.param("[" * 20_000, id="brackets"),
        pytest.param(">" * 20_000, id="quotations"),
    ],
)
def test_a_cell_made_to_be_slow_is_rendered_within_seconds(source):
    """Processor time, which a busy machine does not stretch much; without limits these take up to 90 s."""
    began = time.process_time()
    assert markdown.render(source)
    assert time.process_time() - began < 6
