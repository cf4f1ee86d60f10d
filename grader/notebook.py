"""Reads a file that was handed in as a notebook into one valid form, or refuses it in one clear sentence.

The file is not trusted: its size is checked before it is read, its nesting before it is traversed, and its
structure before it is passed to nbformat.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import stat
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4.convert import upgrade_output
from nbformat.validator import get_validator

from grader.errors import NotebookError
from grader.limits import MIB, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

CELL_TYPES = ("code", "markdown", "raw")
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
_from_json: Callable[[Any], NotebookNode] = nbformat.v4.to_notebook
_node: Callable[[Any], NotebookNode] = nbformat.from_dict
_validator: Callable[[int, int], Any] = get_validator
_modern_output: Callable[[NotebookNode], NotebookNode] = upgrade_output
NEWEST = 4
"""The newest format that is read. The cells tell the older ones apart."""
LONGEST_NUMBER = 400
"""Digits. Python converts no more than 4300 of an integer; a longer one is infinite."""
UNREAD = "unread"
"""The key in a cell's metadata that says why the cell could not be read."""
MOST_UNREAD = 5
"""How many unread cells are named."""
MALFORMED = (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError)
RESAVE = "open it in Jupyter or Colab, save it, and hand in that copy"


def read(path: Path, *, limits: Limits) -> NotebookNode:
    """Read `path` as a valid nbformat 4.5 notebook whose cells have unique ids.

    Older formats and other encodings are converted. Missing ids, counts, outputs and metadata are filled in
    deterministically. Saved outputs are kept where they are valid. A raw cell that says so stands in for one that
    cannot be read, see `unread`.

    Raises:
        NotebookError: the file is not a Python notebook; the message names the file and the next step.
    """
    try:
        return parse(_contents(path, limits))
    except NotebookError as error:
        raise NotebookError(f"{shown(path.name)}: {error}") from error


def parse(contents: bytes) -> NotebookNode:
    """Like `read`, for the contents of a file; error messages then name no file."""
    document = _document(_text(contents))
    _refuse_other_languages(document)
    return _validated(_with_ids(document, [_tidy(cell) for cell in document["cells"]]))


def unread(notebook: NotebookNode) -> dict[int, str]:
    """The cells that could not be read, by their index, and why: ``its source is missing``."""
    return {
        index: str(cell.metadata[UNREAD])
        for index, cell in enumerate(notebook.cells)
        if UNREAD in cell.metadata
    }


def told(reasons: Mapping[int, str]) -> str:
    """The result of `unread` as a sentence; cells are counted from 1."""
    named = [f"{index + 1} ({why})" for index, why in list(reasons.items())[:MOST_UNREAD]]
    more = len(reasons) - len(named)
    return f"These cells could not be read: {', '.join(named)}{f' and {more} more' if more else ''}."


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """A copy of the notebook as if it had never been run."""
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return bare


def content_key(notebook: NotebookNode) -> str:
    """A SHA-256 of everything that a run depends on: cells in order, their tags and the grader's metadata."""
    content = [notebook.metadata.get("grader"), *map(_cell_content, notebook.cells)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def shown(name: str) -> str:
    """A file name from an unknown source, made safe to print on one line."""
    return name if name.isprintable() else ascii(name)


def _cell_content(cell: NotebookNode) -> list[Any]:
    # Tags count: `raises-exception` and `skip-execution` change what nbclient does.
    return [cell.cell_type, cell.source, cell.metadata.get("tags"), cell.metadata.get("grader")]


def _contents(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotebookError("this is not a regular file; give the path of a .ipynb file")
        _refuse_size(status.st_size, limits.notebook_file)
        with path.open("rb") as file:
            contents = file.read(limits.notebook_file + 1)
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


def _text(contents: bytes) -> str:
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


def _document(text: str) -> dict[str, Any]:
    """The JSON object in a text, with a list of cells, which may be of any form."""
    try:
        document = json.loads(text, strict=False, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise NotebookError(_broken_json(text, error)) from error
    except RecursionError as error:
        raise NotebookError(_too_deep()) from error
    if _depth(document) > DEEPEST:
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


def _depth(value: Any) -> int:
    """The nesting depth of lists and dicts, measured without recursion."""
    level, depth = [value], 0
    while level:
        level = [child for parent in level for child in _children(parent)]
        depth += 1
    return depth


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
        cells = [cell for sheet in sheets for cell in _list(_dict(sheet).get("cells"))]
    if not isinstance(cells, list):
        raise NotebookError(f"it is JSON but not a notebook: it has no list of cells; {RESAVE}")
    if len(cells) > MOST_CELLS:
        raise NotebookError(f"it has more than {MOST_CELLS} cells, unlike any genuine notebook; {RESAVE}")
    return cells


def _refuse_other_languages(document: dict[str, Any]) -> None:
    metadata = _dict(document.get("metadata"))
    kernel, language = _dict(metadata.get("kernelspec")), _dict(metadata.get("language_info"))
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


def _tidy(cell: Any) -> dict[str, Any]:
    """Keep the fields of a cell that format 4.5 defines, and fill in those that it requires."""
    if not isinstance(cell, dict):
        return _stand_in({}, f"it is {_json_name(cell)}, not a cell", "")
    cell = _modern(cell)
    kind, source = _kind(cell), _source(cell.get("source"))
    if source is None:
        found = "missing" if cell.get("source") is None else f"{_json_name(cell['source'])}, not text"
        return _stand_in(cell, f"its source is {found}", "")
    if kind not in CELL_TYPES:
        named = f"its type `{shown(kind[:20])}` is unknown" if kind else "its type is missing"
        return _stand_in(cell, named, source)
    tidy = {
        "id": cell.get("id"),
        "cell_type": kind,
        "metadata": {key: value for key, value in _dict(cell.get("metadata")).items() if key != UNREAD},
        "source": source,
    }
    if kind == "code":
        return tidy | {"outputs": _list(cell.get("outputs")), "execution_count": _count(cell)}
    return tidy | {key: cell[key] for key in ("attachments",) if isinstance(cell.get(key), dict)}


def _stand_in(cell: dict[str, Any], why: str, source: str) -> dict[str, Any]:
    """A raw cell in place of one that cannot be read. It keeps the text, if there is any, for a person."""
    return {
        "id": cell.get("id"),
        "cell_type": "raw",
        "metadata": _grader_only(_dict(cell.get("metadata"))) | {UNREAD: why},
        "source": f"{source}\n\n[This cell could not be read: {why}.]".lstrip("\n"),
    }


def _modern(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell of an older format with the names that format 4 gives to its fields."""
    kind = _kind(cell)
    if kind == "heading":
        text = " ".join((_source(cell.get("source")) or "").split())
        level = cell.get("level")
        hashes = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        return cell | {"cell_type": "markdown", "source": f"{hashes} {text}"}
    if kind == "code" and "input" in cell and "source" not in cell:
        outputs = [*_modern_outputs(_list(cell.get("outputs")))]
        return cell | {
            "source": cell["input"],
            "outputs": outputs,
            "execution_count": cell.get("prompt_number"),
        }
    return cell | {"cell_type": "markdown"} if kind == "html" else cell


def _modern_outputs(outputs: list[Any]) -> Iterator[NotebookNode]:
    for output in outputs:
        if isinstance(output, dict) and "json" not in output:  # text that holds JSON, of any depth
            with suppress(*MALFORMED):
                yield _modern_output(_node(output))


def _kind(cell: dict[str, Any]) -> str:
    """The type of a cell; only code has outputs and a count."""
    kind = cell.get("cell_type")
    if isinstance(kind, str):
        return kind.strip().lower()
    return "code" if kind is None and ("outputs" in cell or "execution_count" in cell) else ""


def _source(source: Any) -> str | None:
    """The text of a cell; None if it is none."""
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        return None
    return "".join(lines).replace("\r\n", "\n")


def _json_name(value: Any) -> str:
    """What JSON calls a value."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _count(cell: dict[str, Any]) -> int | None:
    number = cell.get("execution_count")
    return number if type(number) is int and number >= 0 else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _with_ids(document: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Give each cell a valid, unique id; the first of several cells with the same id keeps it."""
    taken = {cell["id"] for cell in cells if _is_id(cell["id"])}
    seen: set[str] = set()
    for position, cell in enumerate(cells):
        if not _is_id(cell["id"]) or cell["id"] in seen:
            cell["id"] = next(name for name in _names(position) if name not in taken)
            taken.add(cell["id"])
        seen.add(cell["id"])
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": _dict(document.get("metadata")), "cells": cells}


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", value) is not None


def _names(position: int) -> Iterator[str]:
    yield f"cell-{position}"
    yield from (f"cell-{position}-{again}" for again in count(1))


def _validated(document: dict[str, Any]) -> NotebookNode:
    """Build the notebook. Invalid outputs, attachments and metadata are dropped where they are."""
    for candidate in _candidates(document):
        with suppress(*MALFORMED):
            notebook = _from_json(copy.deepcopy(candidate))
            nbformat.validate(notebook)
            return notebook
    raise NotebookError(f"its cells do not follow notebook format 4; {RESAVE}")


def _candidates(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    valid = document | {"cells": [_valid(cell) for cell in document["cells"]]}
    yield valid
    yield valid | {"metadata": _grader_only(document["metadata"])}


def _valid(cell: dict[str, Any]) -> dict[str, Any]:
    """As much of a cell as follows the format."""
    quiet = cell | {"outputs": []} if cell["cell_type"] == "code" else cell
    bare = quiet | {"metadata": _grader_only(cell["metadata"])}
    bare.pop("attachments", None)
    return next((fuller for fuller in (cell, quiet) if _is_valid(fuller)), bare)


def _is_valid(cell: dict[str, Any]) -> bool:
    alone = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    try:
        _validator(4, 5).validate(
            _from_json(copy.deepcopy(alone))
        )  # explains nothing, and is 50 times faster
    except MALFORMED:
        return False
    return True


def _grader_only(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key in {"grader", UNREAD}}
