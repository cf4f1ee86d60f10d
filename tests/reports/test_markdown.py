import time

import pytest

from grader.reports import markdown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param(
            r"so $\|x\|_2^2$ and *b*", r'<code class="math">\|x\|_2^2</code> and <em>b</em>', id="inline"
        ),
        pytest.param("a $$x$$ b", '<p>a <code class="math">x</code> b</p>', id="display within a line"),
        pytest.param(
            r"\(a_1\) or \[b_2\]", '<code class="math">a_1</code> or <code class="math">b_2</code>', id="TeX"
        ),
        pytest.param(
            "$$\nx\n= y\n$$", '<pre class="math"><code>x\n= y</code></pre>', id="no heading made of ="
        ),
        pytest.param(
            "it is\n$$\nx\n+ y\n$$\nand",
            '<p>it is</p>\n<pre class="math"><code>x\n+ y</code></pre>\n<p>and</p>',
            id="interrupts a paragraph",
        ),
        pytest.param("- a\n  $$x$$\n- b", '<li>a<pre class="math">', id="in a list"),
        pytest.param(r"3$\times$3", r'<p>3<code class="math">\times</code>3</p>', id="between digits"),
        pytest.param(
            "$a<b>c</b>$ and\n\n$$\n<script>\n$$",
            '<code class="math">a&lt;b&gt;c&lt;/b&gt;</code> and</p>\n<pre class="math"><code>&lt;script&gt;<',
            id="HTML in a formula",
        ),
        pytest.param(
            "\\begin{align*}\na\n\n- b\n\\end{align*}",
            "\\begin{align*}\na\n\n- b\n\\end{align*}</code>",
            id="environment",
        ),
        pytest.param(
            "> $$\n> x\n> $$", '<blockquote>\n<pre class="math"><code>x</code>', id="in a quotation"
        ),
        pytest.param("it costs $5 and $6", "<p>it costs $5 and $6</p>", id="amounts of money"),
        pytest.param("`$x$`", "<code>$x$</code>", id="code"),
        pytest.param("$$\nx", "<p>$$\nx</p>", id="never closed"),
        pytest.param(
            "a <!-- BEGIN SOLUTION --> b", "<p>a  b</p>", id="comments are invisible, as in Jupyter"
        ),
    ],
)
def test_formulas_stay_readable_source(source, shown):
    assert shown in markdown.render(source)


def test_headings_are_below_those_of_the_page_and_skip_no_level():
    html = markdown.render("# a\n### b\n###### c\n## d")
    assert [html.count(f"<h{level}>") for level in range(1, 7)] == [0, 0, 0, 1, 2, 1]


def test_an_attached_picture_is_embedded():
    source = "![a](attachment:my%20plot.png)"
    data = "iVBORw0KGgoAAAAA"
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
