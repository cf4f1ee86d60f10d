"""Turns text that students wrote or printed into harmless HTML.

The result is safe to include in a page: it runs nothing, loads nothing and changes no styles. The pages' content
security policy enforces the same once more.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from xml.parsers import expat

import nh3
from markupsafe import Markup, escape
from pygments import highlight  # type: ignore[import-untyped]  # publishes no types
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # same
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # same

from grader.legible import ESCAPE, legible, link, overwritten
from grader.limits import MIB
from grader.reports.mathml import formulas

LARGEST_IMAGE = 2 * MIB
MOST_PIXELS = 40_000_000
"""Of one picture: 160 MB in a browser."""
MOST_SEGMENTS = 1000
"""Of a JPEG, before the one that gives its size."""
MOST_DRAWN = 100_000
"""Elements of an SVG that a browser draws; one of a scatter plot with 10,000 points has 20,000."""
DEEPEST = 250
"""How deep elements may be nested."""
MOST_WORK = 500_000
"""The depths of all tags of a piece of HTML, added up; a table of 60 rows and 20 columns stays below 10,000."""

_MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}
_CODE = Markup("<code>{}</code>")
_COLOURED = Markup('<span class="{}">{}</span>')
_LOCAL_URL = re.compile(r"url\(\s*+[\"']?+#([^\"')]*+)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_REFUSED_SVG = re.compile(
    r"<!entity|<\?xml-stylesheet|<(?:[\w-]+:)?(?:script|foreignobject|iframe|embed|object|handler|animate|set)\b"
    r"|<(?:[\w-]+:)?(?:filter|fe[a-z]+|marker|pattern|mask)\b"
    r"|[\s\"'/]on\w+\s*=|javascript:|@import|\\|url\(\s*+[\"']?+(?!\#)"
    r"|href\s*=\s*+[\"']?+(?!\#|data:image/(?:png|jpeg|gif);)",
    re.IGNORECASE,
)
"""What runs or loads something, and what a browser draws once a pixel, a vertex or a tile: no plot needs it."""


def image(kind: str, data: str) -> str | None:
    """A data URI for a PNG, JPEG, GIF or SVG image; None if `data` is not an image of this kind."""
    if kind == "image/svg+xml":
        return _svg(data)
    packed = "".join(data.split())
    if kind not in _MAGIC or len(packed) > LARGEST_IMAGE * 4 // 3 or not _BASE64.fullmatch(packed):
        return None
    content = b64decode(packed + "==")
    if not content.startswith(_MAGIC[kind]) or not 0 <= _pixels(content) <= MOST_PIXELS:
        return None
    return f"data:{kind};base64,{packed}"


def pixels(image: str) -> int:
    """How many pixels a browser must hold for one of these images; of an SVG, 0."""
    kind, _, packed = image.partition(";base64,")
    return _pixels(b64decode(packed)) if kind.removeprefix("data:") in _MAGIC else 0


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


# --- pictures ---


def _pixels(content: bytes) -> int:
    """Width times height, from the header of a PNG, GIF or JPEG; -1 if it has none."""
    try:
        if content.startswith(_MAGIC["image/png"]):
            width, height = struct.unpack_from(">II", content, 16)
        elif content.startswith(_MAGIC["image/gif"]):
            width, height = struct.unpack_from("<HH", content, 6)
        else:
            at = 2
            for _ in range(MOST_SEGMENTS):
                marker, length = struct.unpack_from(">HH", content, at)
                if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
                    break
                at += 2 + length
            else:
                return -1
            height, width = struct.unpack_from(">HH", content, at + 5)
    except struct.error:
        return -1
    return int(width * height)


class _SvgSize:
    """Counts the elements of an SVG as a browser draws them: each `use` as all that it refers to, and so on."""

    def __init__(self) -> None:
        self._inside = [""]
        """The innermost element with an id, at each level."""
        self._counts: Counter[str] = Counter()
        self._needs: defaultdict[str, list[str]] = defaultdict(list)

    @classmethod
    def is_bounded(cls, drawing: str) -> bool:
        """Is it well-formed, and small enough?"""
        size, parser = cls(), expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = size._begin
        parser.EndElementHandler = lambda _: size._inside.pop()
        parser.CharacterDataHandler = size._text
        try:
            parser.Parse(drawing.encode("utf-8", "replace"), True)
            return size._total() <= MOST_DRAWN
        except (expat.ExpatError, CycleError, OverflowError):
            return False

    def _begin(self, _: str, attributes: dict[str, str]) -> None:
        around, name = self._inside[-1], attributes.get("id", "")
        here = name or around
        self._counts[around] += 1
        if name:
            self._needs[around].append(name)
        for key, value in attributes.items():
            self._needs[here] += _LOCAL_URL.findall(value)
            if key.endswith("href"):
                self._refer(here, value)
        self._inside.append(here)
        if len(self._inside) > DEEPEST:
            raise OverflowError

    def _refer(self, here: str, target: str) -> None:
        embedded = _DATA_URI.fullmatch(target)
        if embedded and image(embedded[1], embedded[2]) is None:
            raise OverflowError
        if not embedded:
            self._needs[here].append(target.removeprefix("#"))

    def _text(self, text: str) -> None:
        if "url(" in text:  # of a style sheet, which may apply it to everything
            raise OverflowError

    def _total(self) -> int:
        drawn: dict[str, int] = {}
        for name in TopologicalSorter(self._needs).static_order():
            drawn[name] = min(self._counts[name] + sum(drawn[each] for each in self._needs[name]), 1 << 60)
        return drawn.get("", self._counts[""])


def _svg(text: str) -> str | None:
    """A data URI for an SVG without active content. Browsers run no scripts in images; we refuse them anyway."""
    drawing = text[max(text.find("<svg"), 0) :]
    if not drawing.startswith("<svg") or len(drawing) > LARGEST_IMAGE or _REFUSED_SVG.search(drawing):
        return None
    if not _SvgSize.is_bounded(drawing):
        return None
    return "data:image/svg+xml;base64," + b64encode(drawing.encode("utf-8", "replace")).decode()


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
_DATA_URI = re.compile(r"data:(image/\w+);base64,(.*)", re.DOTALL)
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
            found = _DATA_URI.fullmatch(value)
            return image(found[1], found[2]) if found else None
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
