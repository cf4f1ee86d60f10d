"""Text that students wrote or printed, as a screen shows it, and without what nobody sees and a terminal obeys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NAMED = 10
"""Names that a message lists."""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
"""A colour, or another command to a terminal."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but tab and the ends of lines, and halves of surrogate pairs, which no file can hold."""
_ADDRESS = re.compile(
    r"(?P<mail>[\w.+-]+@[\w.-]+\w)|https://[\w.-]+(?::\d+)?(?:/[\w./~%?&=#+,:;-]*)?", re.ASCII
)


def legible(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def overwritten(text: str) -> str:
    """`text` with only the last version of each line that carriage returns overwrite, as progress bars do."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(next((piece for piece in reversed(line.split("\r")) if piece), "") for line in lines)


def link(word: str) -> str:
    """Where a link on this word may lead: it is an e-mail or https address; empty if it is neither."""
    found = _ADDRESS.fullmatch(word)
    return "" if found is None else f"mailto:{word}" if found["mail"] else word


def listing(names: Sequence[str]) -> str:
    """Names, the first of them if there are many."""
    more = f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"
