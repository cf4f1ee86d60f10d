"""Turns text that students wrote or printed into harmless HTML.

The result is safe to include in a page: it runs nothing, loads nothing and changes no styles. The pages' content
security policy enforces the same once more.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import nh3
from markupsafe import Markup, escape
from pygments import highlight  # type: ignore[import-untyped]  # publishes no types
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # same
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # same

from grader.legible import ESCAPE, legible, link, overwritten
from grader.reports import images
from grader.reports.mathml import formulas

DEEPEST = 250
"""How deep elements may be nested."""
MOST_WORK = 500_000
"""The depths of all tags of a piece of HTML, added up; a table of 60 rows and 20 columns stays below 10,000."""

_CODE = Markup("<code>{}</code>")
_COLOURED = Markup('<span class="{}">{}</span>')


def code(source: str, *, marked: int | None = None) -> Markup:
    """Python with syntax highlighting, and a mark on one line, counted from 1."""
    return Markup(highlight(source, _python(), _colours(marked)))  # noqa: S704 - pygments escapes


def fragment(html: str) -> Markup | None:
    """HTML reduced to text, tables, lists, links and embedded pictures; None if it is too much to parse."""
    if not _is_bounded(html):
        return None
    cleaned = _EMPTY_HEADER.sub(r"<td\1></td>", _cleaner().clean(legible(html)))
    return Markup(_PICTURE.sub(_only_embedded, cleaned))  # noqa: S704 - nh3 cleaned it


def sentence(text: str) -> Markup:
    """A sentence in which backticks mark code, as in a docstring, and dollar signs formulas."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return formulas(text)
    return Markup().join(
        _CODE.format(part) if index % 2 else formulas(part) for index, part in enumerate(parts)
    )


def linked(text: str) -> Markup:
    """Text in which e-mail and https addresses are links."""
    return Markup(" ").join(map(_linked, text.split()))


def _linked(word: str) -> Markup:
    address = word.strip(".,;:!?()\"'")
    if not (target := link(address)):
        return escape(word)
    before, _, after = word.partition(address)
    return Markup('{}<a href="{}">{}</a>{}').format(before, target, address, after)


def terminal(text: str) -> Markup:
    """What a terminal would show: without overwritten lines, with the eight colours, without other escapes."""
    pieces, style = [], ""
    for part in _ESCAPES.split(overwritten(text)):
        codes = _SGR.fullmatch(part)
        if codes:
            style = _style(codes[1], style)
        elif part and not part.startswith("\x1b"):
            plain = legible(part)
            pieces.append(_COLOURED.format(style, plain) if style else escape(plain))
    return Markup().join(pieces)


# --- HTML ---

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,20}+)")
_CLOSE_THEMSELVES = frozenset(
    """
    area base br col dd dt embed hr img input li link meta option p source tbody td tfoot th thead tr track wbr
    """.split()  # noqa: SIM905 - as below
)


def _is_bounded(html: str) -> bool:
    """Is this little enough to parse? A parser repeats every open element of text wherever a block begins."""
    open_now: Counter[str] = Counter()
    depth = work = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _CLOSE_THEMSELVES:
            work += depth
        elif not tag[1]:
            open_now[name] += 1
            depth += 1
            work += depth
        elif open_now[name]:
            open_now[name] -= 1
            depth -= 1
        if depth > DEEPEST or work > MOST_WORK:
            return False
    return True


_EMPTY_HEADER = re.compile(r"<th((?: (?:colspan|rowspan)=\"\w+\")*)>\s*</th>")
_PICTURE = re.compile(r"<img[^<>]*>")
_LINK = re.compile(r"(https?|mailto):", re.IGNORECASE)
_SHORT_WORD = re.compile(r"\w{1,8}")

_TAGS = set(
    """
    a b blockquote br caption cite code col colgroup dd del dfn div dl dt em h4 h5 h6 hr i img ins kbd li mark
    ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var
    """.split()  # noqa: SIM905 - a list of fifty strings reads worse
)
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_DROPPED_WITH_CONTENT = set(
    """
    button embed head iframe math noscript object option script select style svg template textarea title
    """.split()  # noqa: SIM905 - as above
)


def _attribute(tag: str, name: str, value: str) -> str | None:
    match tag, name:
        case "a", "href":
            return value if _LINK.match(value) else None
        case "img", "src":
            found = images.DATA_URI.fullmatch(value)
            return images.image(found[1], found[2]) if found else None
        case _, "rel" | "class" | "alt":
            return value
    return value if _SHORT_WORD.fullmatch(value) else None


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        allowed_classes={"code": {"math"}, "pre": {"math"}},
        set_tag_attribute_values={"img": {"alt": "A picture in the notebook"}},
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )


def _only_embedded(picture: re.Match[str]) -> str:
    return picture[0] if " src=" in picture[0] else "<em>[external picture, not loaded]</em>"


# --- terminal text and code ---

_ESCAPES = re.compile(f"({ESCAPE.pattern})")
_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def _style(codes: str, style: str) -> str:
    """The CSS class after one escape sequence. Backgrounds, faint text and 256 colours are ignored."""
    for number in (int(code[:3]) for code in codes.split(";") if code) if codes else (0,):
        if number in (38, 48):
            break
        if number in (0, 39):
            style = ""
        elif 30 <= number <= 37 or 90 <= number <= 97:
            style = "ansi-" + _COLOURS[number % 10]
    return style


@lru_cache(maxsize=1)
def _python() -> PythonLexer:
    return PythonLexer(stripnl=False, ensurenl=False)


@lru_cache(maxsize=32)
def _colours(marked: int | None) -> HtmlFormatter:
    return HtmlFormatter(nowrap=True, hl_lines=() if marked is None else (marked,))
