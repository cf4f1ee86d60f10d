"""Pictures that students' notebooks displayed, as data URIs that are safe and small enough for a browser."""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter
from xml.parsers import expat

from grader.limits import MIB

LARGEST_IMAGE = 2 * MIB
MOST_PIXELS = 40_000_000
"""Of one picture: 160 MB in a browser."""
MOST_SEGMENTS = 1000
"""Of a JPEG, before the one that gives its size."""
MOST_DRAWN = 100_000
"""Elements of an SVG that a browser draws; one of a scatter plot with 10,000 points has 20,000."""
DEEPEST = 250
"""How deep elements of an SVG may be nested."""

DATA_URI = re.compile(r"data:(image/\w+);base64,(.*)", re.DOTALL)
_MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}
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
        embedded = DATA_URI.fullmatch(target)
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
