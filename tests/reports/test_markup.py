"""Text that students printed becomes harmless, and pictures are shown only if they are genuine."""

import re
import struct
from base64 import b64encode

import pytest

from grader.reports import images, markdown, markup

from .hostile import HTML, MARKDOWN, MATHS, SVG, harmless

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


@pytest.mark.parametrize("html", HTML)
def test_hostile_html_becomes_harmless(html):
    harmless(markup.fragment(html))


@pytest.mark.parametrize("source", MARKDOWN)
def test_hostile_markdown_becomes_harmless(source):
    harmless(markdown.render(source))


@pytest.mark.parametrize("text", [*HTML, *MARKDOWN, *SVG])
def test_hostile_text_is_text(text):
    for shown in (markup.terminal(text), markup.code(text), markup.sentence(f"`{text}` and {text}")):
        assert not re.search(rf"<(?!/?(span|code|math|{'|'.join(MATHS)})\b)", shown)
        harmless(shown)


@pytest.mark.parametrize("svg", SVG)
def test_an_svg_with_active_content_is_not_shown(svg):
    assert images.image("image/svg+xml", svg) is None


def test_an_svg_by_matplotlib_is_shown_from_its_first_tag():
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">\n'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><defs>'
        '<style type="text/css">*{stroke-linejoin: round}</style></defs><g clip-path="url(#p)">'
        f'<use xlink:href="#m"/><image xlink:href="data:image/png;base64,{PNG}"/></g></svg>'
    )
    expected = b64encode(svg[svg.index("<svg") :].encode()).decode()
    assert images.image("image/svg+xml", svg) == f"data:image/svg+xml;base64,{expected}"


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
    assert images.image(kind, data) is None


def test_a_picture_with_line_breaks_is_joined():
    assert images.image("image/png", PNG[:9] + "\n" + PNG[9:] + "\n") == f"data:image/png;base64,{PNG}"


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
    assert markup.sentence(text) == shown


def png(width, height):
    return b64encode(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(20)
    ).decode()


def gif(width, height):
    return b64encode(b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)).decode()


def jpeg(width, height, before=1):
    segments = struct.pack(">HH", 0xFFE0, 16) + bytes(14)
    frame = struct.pack(">HHBHH", 0xFFC2, 17, 8, height, width) + bytes(20)
    return b64encode(b"\xff\xd8" + segments * before + frame).decode()


@pytest.mark.parametrize(("kind", "draw"), [("png", png), ("gif", gif), ("jpeg", jpeg)])
def test_a_picture_of_more_pixels_than_a_browser_should_hold_is_not_shown(kind, draw):
    shown = images.image(f"image/{kind}", draw(4000, 3000))
    assert images.pixels(shown) == 12_000_000
    assert images.image(f"image/{kind}", draw(20_000, 20_000)) is None


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("png", png(9, 9)[:20], id="PNG cut off"),
        pytest.param("jpeg", jpeg(9, 9, before=5000), id="JPEG whose size never comes"),
        pytest.param(
            "jpeg", b64encode(b"\xff\xd8\xff\xe0" + bytes(3000)).decode(), id="JPEG of empty segments"
        ),
    ],
)
def test_a_picture_that_does_not_say_its_size_is_not_shown(kind, data):
    assert images.image(f"image/{kind}", data) is None


def uses(depth, each=10, reference='<use href="#a{}"/>'):
    """Elements that each draw the next one ten times."""
    nested = "".join(f'<g id="a{n}">{reference.format(n + 1) * each}</g>' for n in range(depth))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{nested}<rect id="a{depth}"/></svg>'


@pytest.mark.parametrize(
    "svg",
    [
        pytest.param(uses(9), id="use of use"),
        pytest.param(uses(60, each=2), id="doubled sixty times"),
        pytest.param(uses(9, reference="<rect fill='url(#a{})'/>"), id="patterns of patterns"),
        pytest.param(uses(9, reference="<rect style='mask: url( \"#a{}\" )'/>"), id="masks in a style"),
        pytest.param(
            '<svg><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g></svg>', id="a circle"
        ),
        pytest.param('<svg><g id="a"><use href="#a"/></g></svg>', id="itself"),
        pytest.param("<svg>" + "<g>" * 1000 + "</g>" * 1000 + "</svg>", id="deep"),
        pytest.param("<svg>" + "<path/>" * 120_000 + "</svg>", id="many elements"),
        pytest.param("<svg><style>* { fill: url(#p) }</style></svg>", id="pattern in a style sheet"),
        pytest.param(
            f'<svg><image href="data:image/png;base64,{png(20_000, 20_000)}"/></svg>', id="huge picture in it"
        ),
        pytest.param(
            "<svg><filter id='f'>" + "<feMorphology radius='200'/>" * 20 + "</filter>"
            "<rect filter='url(#f)'/></svg>",
            id="filter",
        ),
        pytest.param(
            "<svg><marker id='m'>" + "<circle r='3'/>" * 2000 + "</marker>"
            "<path marker-mid='url(#m)' d='M0 0" + " 1 1" * 80_000 + "'/></svg>",
            id="marker at each vertex",
        ),
        pytest.param("<svg><pattern id='p'/><rect fill='url(#p)'/></svg>", id="pattern"),
        pytest.param("<svg><svg:mask id='p'/></svg>", id="mask"),
        pytest.param("<svg><g></svg>", id="malformed"),
    ],
)
def test_an_svg_that_would_hang_a_browser_is_not_shown(svg):
    assert images.image("image/svg+xml", svg) is None


def test_an_svg_with_many_markers_is_shown():
    """As a scatter plot of ten thousand points is one path, used again and again."""
    points = '<use xlink:href="#m" x="1" y="1" clip-path="url(#p)"/>' * 10_000
    svg = (
        '<svg xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<defs><path id="m"/><clipPath id="p"><rect/></clipPath></defs>'
        f"<g>{points}</g></svg>"
    )
    assert images.image("image/svg+xml", svg) is not None


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div>" * 40_000, id="deep"),
        pytest.param("<div></x>" * 40_000, id="deep behind false ends"),
        pytest.param("".join(f"<b id={n}>" for n in range(5500)) + "<p>x" * 5500, id="text open everywhere"),
        pytest.param("".join(f"<b id={n}>" for n in range(200)) + "<p>x" * 5500, id="less of it"),
        pytest.param("".join(f"<i id={n}><p>" for n in range(5500)), id="in turn"),
    ],
)
def test_html_that_grows_when_it_is_parsed_is_not(html):
    assert markup.fragment(html) is None
    assert len(markdown.render("*a **b " * 2000 + html[:1000])) < 200_000


def test_ordinary_html_is_within_the_limits():
    cells = "".join(f"<td>{n}</td>" for n in range(20))
    table = f"<div><style>td {{}}</style><table><tbody>{f'<tr><th>1</th>{cells}</tr>' * 500}</tbody></table></div>"
    assert markup.fragment(table).count("<td>") == 10_000
    assert markup.fragment("<p>one<p>two<ul><li>three<li>four</ul>" * 500).count("<li>") == 1000


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("grading@example.org", "mailto:grading@example.org"),
        ("(a.b+c@sub.example.org).", "mailto:a.b+c@sub.example.org"),
        ("https://example.org", "https://example.org"),
        ("https://example.org:8080/a/b?c=d&e=%20#f,", "https://example.org:8080/a/b?c=d&amp;e=%20#f"),
        ("http://example.org", ""),
        ("javascript:alert(1)", ""),
        ("https://me@example.org", ""),
        ('https://example.org/"onclick="x', ""),
        ("mailto:a@example.org?body=x", ""),
        ("@home", ""),
    ],
)
def test_an_address_is_a_link_and_all_else_is_text(text, target):
    shown = markup.linked(f"Ask  {text} <b>")
    assert re.findall('href="([^"]*)"', shown) == [target] * bool(target)
    assert shown.striptags() == f"Ask {text} <b>"
    harmless(shown)
