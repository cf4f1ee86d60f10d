"""What one output of a cell says to somebody who reads the screen."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from grader.legible import ESCAPE, overwritten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

TAG = re.compile(
    r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE
)
WARNING = re.compile(r"^[^\n:]*:\d+: \w*Warning\b.*(?:\n[ \t]+.*)*", re.MULTILINE)
BAR = re.compile(
    r"(?:\d{1,3}%\|[^|\n]{0,300}\|[^\[\n]{0,80}|\d{1,15}it )"
    r"\[[^,\]\n]{0,80}(?:,[^,\]=\n]{0,80}(?=[,\]]))?"
)
"""A progress bar: its share, its counts, its times and its speed, but not what code adds to it."""


def shown(output: Mapping[str, Any]) -> Iterator[str]:
    """The text of an output; nothing of a traceback, a warning or a picture."""
    if output["output_type"] == "stream":
        text = ESCAPE.sub("", str(output["text"]))
        yield _without_notices(text) if output.get("name") == "stderr" else text
    elif output["output_type"] in ("execute_result", "display_data") and "image/png" not in output["data"]:
        data = output["data"]
        plain = str(data.get("text/plain", ""))
        if plain and not (plain.startswith("<") and plain.endswith(">")):
            yield ESCAPE.sub("", plain)
        else:  # it only names an object that the other forms show
            yield from (str(data[form]) for form in ("text/markdown", "text/latex") if form in data)
            yield html.unescape(TAG.sub(" ", str(data.get("text/html", "")))) or plain


def _without_notices(text: str) -> str:
    """What code wrote to stderr itself: no warnings, and of progress bars only what was written beside them."""
    return WARNING.sub("", BAR.sub(" ", overwritten(text)))
