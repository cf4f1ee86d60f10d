"""From the bytes of a file to a JSON object with a list of cells, which may be of any form."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING, Any

from grader.errors import NotebookError
from grader.limits import MIB, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_CELLS = 5_000
DEEPEST = 100
"""Genuine notebooks nest about 15 levels (interactive plots); recursive code that runs later fails near 300."""

LOOKALIKES = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"<", "a web page"),
)
KERNELS = {
    "ir": "R",
    "julia": "Julia",
    "xcpp": "C++",
    "octave": "Octave",
    "bash": "Bash",
    "ijavascript": "JavaScript",
}
NEWEST = 4
"""The newest format that is read. The cells tell the older ones apart."""
LONGEST_NUMBER = 400
"""Digits. Python converts no more than 4300 of an integer; a longer one is infinite."""
RESAVE = "open it in Jupyter or Colab, save it, and hand in that copy"


def contents_of(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotebookError("this is not a regular file; give the path of a .ipynb file")
        _refuse_size(status.st_size, limits.notebook_file)
        with path.open("rb") as file:
            contents = file.read(min(status.st_size, limits.notebook_file) + 1)
            if len(contents) > status.st_size:  # it grows; no more memory is taken than it needs
                contents += file.read(limits.notebook_file + 1 - len(contents))
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise NotebookError(f"it cannot be read ({reason}); check the path and its permissions") from error
    _refuse_size(len(contents), limits.notebook_file)
    return contents


def _refuse_size(size: int, limit: int) -> None:
    if size > limit:
        raise NotebookError(
            f"its size of {size / MIB:.0f} MiB is over the limit of {limit / MIB:.0f} MiB for a notebook; "
            "clear its outputs, save it, and hand in that copy"
        )


def decoded(contents: bytes) -> str:
    if not contents.strip(b"\x00 \t\r\n"):
        raise NotebookError("the file is empty; save the notebook again and hand in that copy")
    for magic, what in LOOKALIKES:
        if contents.lstrip().startswith(magic):
            raise NotebookError(f"this is {what}, not a notebook; download the .ipynb file itself")
    encoding = json.detect_encoding(contents)  # UTF-8, UTF-16 or UTF-32, with a byte order mark or without
    # What is not valid there is Windows-1252, as old editors save it.
    text = contents.decode(encoding, "surrogateescape" if encoding.startswith("utf-8") else "ignore")
    return re.sub(r"[\udc80-\udcff]", _from_windows, text).rstrip("\x00 \t\r\n")


def _from_windows(escaped: re.Match[str]) -> str:
    return bytes([ord(escaped[0]) - 0xDC00]).decode("cp1252", "replace")


def loaded(text: str) -> dict[str, Any]:
    """The JSON object in a text, with a list of cells, which may be of any form."""
    try:
        document = json.loads(text, strict=False, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise NotebookError(_broken_json(text, error)) from error
    except RecursionError as error:
        raise NotebookError(_too_deep()) from error
    if depth(document) > DEEPEST:
        raise NotebookError(_too_deep())
    if not isinstance(document, dict):
        raise NotebookError(f"it is JSON but not a notebook; {RESAVE}")
    document = _without_surrogates(document) if re.search(r"\\u[dD]", text) else document
    return document | {"cells": _cells(document)}


def _whole(digits: str) -> float:
    return int(digits) if len(digits) < LONGEST_NUMBER else float(digits)


def _broken_json(text: str, error: json.JSONDecodeError) -> str:
    where = f"line {error.lineno}, column {error.colno}"
    if text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
        return f"its JSON breaks off at {where}; the file was probably truncated in transfer, so hand it in again"
    damage = ", and it contains NUL bytes" if "\x00" in text else ""
    return f"it is not JSON ({error.msg}: {where}){damage}; {RESAVE}"


def _too_deep() -> str:
    return f"its JSON is nested more than {DEEPEST} levels deep, unlike any genuine notebook; {RESAVE}"


def depth(value: Any) -> int:
    """The nesting depth of lists and dicts, measured without recursion."""
    level, levels = [value], 0
    while level:
        level = [child for parent in level for child in _children(parent)]
        levels += 1
    return levels


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _without_surrogates(value: Any) -> Any:
    """Replace lone surrogates, which JSON can express but a UTF-8 file cannot contain."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(child) for key, child in value.items()}
    return [_without_surrogates(child) for child in value] if isinstance(value, list) else value


def _cells(document: dict[str, Any]) -> list[Any]:
    """The cells of any format: until format 3 they were in worksheets."""
    version = re.match(r"\s*(\d+)", str(document.get("nbformat"))[:20])
    if version and int(version[1]) > NEWEST:
        raise NotebookError(
            f"notebook format {version[1]} is newer than {NEWEST}, the newest known; {RESAVE}"
        )
    cells, sheets = document.get("cells"), document.get("worksheets")
    if not isinstance(cells, list) and isinstance(sheets, list):
        cells = [cell for sheet in sheets for cell in as_list(as_dict(sheet).get("cells"))]
    if not isinstance(cells, list):
        raise NotebookError(f"it is JSON but not a notebook: it has no list of cells; {RESAVE}")
    if len(cells) > MOST_CELLS:
        raise NotebookError(f"it has more than {MOST_CELLS} cells, unlike any genuine notebook; {RESAVE}")
    return cells


def refuse_other_languages(document: dict[str, Any]) -> None:
    metadata = as_dict(document.get("metadata"))
    kernel, language = as_dict(metadata.get("kernelspec")), as_dict(metadata.get("language_info"))
    stated = [
        name for name in (kernel.get("language"), language.get("name")) if isinstance(name, str) and name
    ]
    if any("python" in name.lower() for name in stated):
        return  # then the kernel may be called anything
    named = next(iter(stated), None) or _kernel_language(kernel.get("name"))
    if named is not None:
        raise NotebookError(
            f"it is written for {shown(named[:40])}, and only Python notebooks are graded; "
            "choose a Python kernel, save it, and hand in that copy"
        )


def _kernel_language(name: Any) -> str | None:
    """The language of a kernel with a well-known name; None for environments with a name of their own."""
    stem = re.split(r"[^a-z]", name.lower())[0] if isinstance(name, str) else ""
    return KERNELS.get(stem)


def shown(name: str) -> str:
    """A file name from an unknown source, made safe to print on one line."""
    return name if name.isprintable() else ascii(name)


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
