"""Pictures made small enough that a page of sixty opens at once. The executed notebook has the originals."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOM = 320_000
"""Characters of all the pictures of a page."""
WIDTHS = (640, 400, 280, 200, 140)
"""In pixels, one after the other, until the pictures fit."""
QUALITY = 75
_MOST_AS_IT_IS = 30_000
"""Characters of one that can't be made smaller: a drawing in SVG, or one that can't be decoded."""


def fitted(images: Iterable[str]) -> dict[str, str]:
    """Data URIs, each with the one that is shown in its place; empty if it is too large to show."""
    chosen = list(images)
    shown = {image: image for image in chosen}
    for width in WIDTHS:
        if sum(len(shown[image]) for image in chosen) <= ROOM:
            break
        shown = {image: thumbnail(image, width) for image in shown}
    return shown


@lru_cache(maxsize=256)
def thumbnail(image: str, width: int) -> str:
    """A picture at most so wide, or as it is if that is smaller or can't be done."""
    _, _, packed = image.partition(";base64,")
    small = io.BytesIO()
    try:
        with Image.open(io.BytesIO(b64decode(packed))) as picture:
            picture.thumbnail((width, 2 * width))
            picture.save(small, "WEBP", quality=QUALITY, method=2)
    except Exception:  # noqa: BLE001 - a decoder may fail in any way at what strangers have drawn
        return image if len(image) <= _MOST_AS_IT_IS else ""
    made = "data:image/webp;base64," + b64encode(small.getvalue()).decode()
    return min(image, made, key=len)
