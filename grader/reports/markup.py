"""Turns text that students wrote or printed into harmless HTML.

The result is safe to include in a page: it runs nothing, loads nothing and changes no styles. The pages' content
security policy enforces the same once more.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from functools import lru_cache

import nh3
from markupsafe import Markup, escape
from pygments import highlight  # type: ignore[import-untyped]  # publishes no types
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # same
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # same

from grader.limits import MIB

LARGEST_IMAGE = 2 * MIB

_MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}
_CODE = Markup("<code>{}</code>")
_COLOURED = Markup('<span class="{}">{}</span>')
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ACTIVE_SVG = re.compile(
    r"<!entity|<\?xml-stylesheet|<(?:[\w-]+:)?(?:script|foreignobject|iframe|embed|object|handler|animate|set)\b"
    r"|[\s\"'/]on\w+\s*=|javascript:|@import|\\|url\(\s*+[\"']?+(?!\#)"
    r"|href\s*=\s*+[\"']?+(?!\#|data:image/(?:png|jpeg|gif);)",
    re.IGNORECASE,
)


def png(data: str) -> str | None:
    """A data URI, or None if `data` is not a PNG image in base64, as notebooks store it."""
    return image("image/png", data)


def image(kind: str, data: str) -> str | None:
    """A data URI for a PNG, JPEG, GIF or SVG image; None if `data` is not an image of this kind."""
    if kind == "image/svg+xml":
        return _svg(data)
    packed = "".join(data.split())
    if kind not in _MAGIC or len(packed) > LARGEST_IMAGE * 4 // 3 or not _BASE64.fullmatch(packed):
        return None
    if not b64decode(packed[:16] + "==").startswith(_MAGIC[kind]):
        return None
    return f"data:{kind};base64,{packed}"


def code(source: str) -> Markup:
    """Python with syntax highlighting."""
    return Markup(highlight(source, _python(), _colours()))  # noqa: S704 - pygments escapes


def fragment(html: str) -> Markup:
    """HTML reduced to text, tables, lists, links and embedded pictures."""
    cleaned = _EMPTY_HEADER.sub(r"<td\1></td>", _cleaner().clean(html))
    return Markup(_PICTURE.sub(_only_embedded, cleaned))  # noqa: S704 - nh3 cleaned it


def inline_code(text: str) -> Markup:
    """A sentence in which backticks mark code, as in a docstring."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )


def terminal(text: str) -> Markup:
    """What a terminal would show: without overwritten lines, with the eight colours, without other escapes."""
    pieces, style = [], ""
    for part in _ESCAPE.split(_overwritten(text)):
        codes = _SGR.fullmatch(part)
        if codes:
            style = _style(codes[1], style)
        elif part and not part.startswith("\x1b"):
            plain = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", part)
            pieces.append(
                Markup('<span class="{}">{}</span>').format(style, plain) if style else escape(plain)
            )
    return Markup().join(pieces)


# --- pictures ---


def _svg(text: str) -> str | None:
    """A data URI for an SVG without active content. Browsers run no scripts in images; we refuse them anyway."""
    drawing = text[max(text.find("<svg"), 0) :]
    if not drawing.startswith("<svg") or len(drawing) > LARGEST_IMAGE or _ACTIVE_SVG.search(drawing):
        return None
    return "data:image/svg+xml;base64," + b64encode(drawing.encode("utf-8", "replace")).decode()


# --- HTML ---

_EMPTY_HEADER = re.compile(r"<th((?: (?:colspan|rowspan)=\"\w+\")*)>\s*</th>")
_PICTURE = re.compile(r"<img[^>]*>")
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

_ESCAPE = re.compile(r"(\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?)")
_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def _overwritten(text: str) -> str:
    """`text` with only the last version of each line that carriage returns overwrite, as progress bars do."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(next((piece for piece in reversed(line.split("\r")) if piece), "") for line in lines)


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


@lru_cache(maxsize=1)
def _colours() -> HtmlFormatter:
    return HtmlFormatter(nowrap=True)
