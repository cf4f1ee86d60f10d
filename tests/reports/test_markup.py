"""Text that students printed becomes harmless, and pictures are shown only if they are genuine."""

import re
from base64 import b64encode

import pytest

from grader.reports import markdown, markup

from .hostile import HTML, MARKDOWN, SVG, harmless

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


@pytest.mark.parametrize("html", HTML)
def test_hostile_html_becomes_harmless(html):
    harmless(markup.fragment(html))


@pytest.mark.parametrize("source", MARKDOWN)
def test_hostile_markdown_becomes_harmless(source):
    harmless(markdown.render(source))


@pytest.mark.parametrize("text", [*HTML, *MARKDOWN, *SVG])
def test_hostile_text_is_text(text):
    for shown in (markup.terminal(text), markup.code(text), markup.inline_code(f"`{text}` and {text}")):
        assert not re.search(r"<(?!/?(span|code)\b)", shown)
        harmless(shown)


@pytest.mark.parametrize("svg", SVG)
def test_an_svg_with_active_content_is_not_shown(svg):
    assert markup.image("image/svg+xml", svg) is None


def test_an_svg_by_matplotlib_is_shown_from_its_first_tag():
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">\n'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><defs>'
        '<style type="text/css">*{stroke-linejoin: round}</style></defs><g clip-path="url(#p)">'
        f'<use xlink:href="#m"/><image xlink:href="data:image/png;base64,{PNG}"/></g></svg>'
    )
    expected = b64encode(svg[svg.index("<svg") :].encode()).decode()
    assert markup.image("image/svg+xml", svg) == f"data:image/svg+xml;base64,{expected}"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("image/png", b64encode(b"<svg onload=alert(1)>" * 3).decode(), id="not a PNG"),
        pytest.param("image/jpeg", PNG, id="a PNG that says JPEG"),
        pytest.param("image/png", PNG + '" onerror="alert(1)', id="breaks out of the attribute"),
        pytest.param("image/png", "", id="empty"),
        pytest.param("image/png", PNG + "A" * 3_000_000, id="too large"),
        pytest.param("text/html", PNG, id="not a picture type"),
    ],
)
def test_a_picture_must_match_its_declared_type(kind, data):
    assert markup.image(kind, data) is None


def test_a_picture_with_line_breaks_is_joined():
    assert markup.image("image/png", PNG[:9] + "\n" + PNG[9:] + "\n") == f"data:image/png;base64,{PNG}"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        pytest.param(
            '<table border="1" class="dataframe"><tr style="x"><th></th><th colspan="2">a</th></tr></table>',
            '<table><tbody><tr><td></td><th colspan="2">a</th></tr></tbody></table>',
            id="a data frame, whose empty header becomes a data cell",
        ),
        pytest.param(
            '<a href="https://x.org/?a=1">b</a>',
            '<a href="https://x.org/?a=1" rel="noopener noreferrer nofollow">b</a>',
            id="a link",
        ),
        pytest.param(
            f'<img src="data:image/png;base64,{PNG}">',
            f'<img src="data:image/png;base64,{PNG}" alt="A picture in the notebook">',
            id="an embedded picture",
        ),
        pytest.param(
            '<img src="pixel.png">',
            "<em>[external picture, not loaded]</em>",
            id="a picture elsewhere",
        ),
    ],
)
def test_honest_html_keeps_its_meaning(html, shown):
    assert markup.fragment(html) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred\x1b[0m plain", '<span class="ansi-red">red</span> plain', id="colour"),
        pytest.param("\x1b[1;92mok\x1b[39m!", '<span class="ansi-green">ok</span>!', id="bold and bright"),
        pytest.param("\x1b[38;5;196mx\x1b[0m", "x", id="256 colours are left out"),
        pytest.param("\x1b]8;;http://e.org\x07link\x1b]8;;\x07", "link", id="terminal hyperlink"),
        pytest.param("\x1b[2J\x1b[1A\x1b(Bx", "x", id="cursor movements"),
        pytest.param(" 10%\r 50%\r100%\ndone", "100%\ndone", id="progress bar"),
        pytest.param("50%\r", "50%", id="unfinished progress bar"),
        pytest.param("a\r\nb", "a\nb", id="Windows line ends"),
        pytest.param("a\x00\x07b\ud800", "a\ufffd\ufffdb\ufffd", id="control characters"),
        pytest.param("a < b & c", "a &lt; b &amp; c", id="escaped"),
    ],
)
def test_terminal_text(text, shown):
    assert markup.terminal(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("`net` learned", "<code>net</code> learned", id="code"),
        pytest.param("a ` alone", "a ` alone", id="a single backtick"),
        pytest.param("`<b>` & c", "<code>&lt;b&gt;</code> &amp; c", id="escaped"),
    ],
)
def test_backticks_in_a_sentence(text, shown):
    assert markup.inline_code(text) == shown
