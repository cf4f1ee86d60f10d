"""The text layer of a PDF. It may be hostile: a class's are read in a process of their own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pypdf import PdfReader

if TYPE_CHECKING:
    from pathlib import Path

MOST_TEXT = 20_000
"""Characters that are kept: more than a person reads to find an answer."""
MOST_PAGES = 100
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a file is said once, by `problem`


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLayer:
    """What can be copied from a PDF as text."""

    text: str = ""
    problem: str = ""
    """Why some or all of it is missing, completing "it …"."""


def text_layer(path: Path) -> TextLayer:
    """Read the first pages of a PDF.

    Raises:
        MemoryError: it is too much.
    """
    pages: list[str] = []
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            return TextLayer(problem="is encrypted")
        number = len(reader.pages)
        while len(pages) < min(number, MOST_PAGES) and sum(map(len, pages)) <= MOST_TEXT:
            pages.append(reader.pages[len(pages)].extract_text().strip())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged file makes pypdf raise errors of any kind
        return TextLayer(text=_joined(pages), problem=_broken_off(len(pages)))
    text = _joined(pages)
    if not text:
        return TextLayer(problem="has no text layer, so it is probably a scan")
    if len(pages) < number or len(text) > MOST_TEXT:
        return TextLayer(
            text=text[:MOST_TEXT], problem=f"has more text than is shown: {number:,} pages in all"
        )
    return TextLayer(text=text)


def _joined(pages: list[str]) -> str:
    return "\n\n".join(filter(None, pages))


def _broken_off(pages: int) -> str:
    return f"is damaged after page {pages}" if pages else "is damaged, or not a PDF"
