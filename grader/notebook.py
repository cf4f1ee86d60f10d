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

from grader.errors import NotebookError
from grader.limits import MIB, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

CELL_TYPES = ("code", "markdown", "raw")
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
_from_json_3: Callable[[Any], NotebookNode] = nbformat.v3.to_notebook_json
_from_json_4: Callable[[Any], NotebookNode] = nbformat.v4.to_notebook
_convert: Callable[[NotebookNode, int], NotebookNode] = nbformat.convert
MALFORMED = (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError)
RESAVE = "open it in Jupyter or Colab, save it, and hand in that copy"


def read(path: Path, *, limits: Limits) -> NotebookNode:
    """Read `path` as a valid nbformat 4.5 notebook whose cells have unique ids.

    Older formats are upgraded. Missing ids, counts, outputs and metadata are filled in deterministically. Saved
    outputs are kept where they are valid.

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
    return _validated(_with_ids(document, _tidy_cells(document)))


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
    if not contents.strip():
        raise NotebookError("the file is empty; save the notebook again and hand in that copy")
    for magic, what in LOOKALIKES:
        if contents.lstrip().startswith(magic):
            raise NotebookError(f"this is {what}, not a notebook; download the .ipynb file itself")
    if b"\x00" in contents:
        raise NotebookError(f"it contains NUL bytes, so it is damaged or not UTF-8 text; {RESAVE}")
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookError(f"it is not UTF-8 text (byte {error.start}); {RESAVE}") from error


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotebookError(_broken_json(text, error)) from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise NotebookError(f"its JSON contains an absurdly long number; {RESAVE}") from error
    except RecursionError as error:
        raise NotebookError(_too_deep()) from error
    if _depth(document) > DEEPEST:
        raise NotebookError(_too_deep())
    if not isinstance(document, dict):
        raise NotebookError(f"it is JSON but not a notebook; {RESAVE}")
    return _upgraded(_without_surrogates(document) if re.search(r"\\u[dD]", text) else document)


def _broken_json(text: str, error: json.JSONDecodeError) -> str:
    where = f"line {error.lineno}, column {error.colno}"
    if text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
        return f"its JSON breaks off at {where}; the file was probably truncated in transfer, so hand it in again"
    return f"it is not JSON ({error.msg}: {where}); {RESAVE}"


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


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Convert a format 3 document to format 4; return one in format 4 unchanged."""
    version = document.get("nbformat", 4)
    if version == 3 and isinstance(document.get("worksheets"), list):
        return _from_format_3(document)
    if version != 4 and ("cells" in document or "worksheets" in document):
        raise NotebookError(f"notebook format {shown(str(version)[:20])} is neither 3 nor 4; {RESAVE}")
    if not isinstance(document.get("cells"), list):
        raise NotebookError(f"it is JSON but not a notebook: it has no list of cells; {RESAVE}")
    return document


def _from_format_3(document: dict[str, Any]) -> dict[str, Any]:
    try:
        for sheet in document["worksheets"]:
            for cell in sheet["cells"]:
                cell.setdefault("outputs", [])
        metadata = _dict(document.get("metadata"))
        old = _from_json_3({**document, "metadata": metadata})
        new: dict[str, Any] = _convert(old, 4)
    except MALFORMED as error:
        raise NotebookError(
            f"it claims notebook format 3, but its cells do not follow it; {RESAVE}"
        ) from error
    for cell in new["cells"]:
        cell.pop("id", None)  # the conversion chooses ids at random
    return new


def _refuse_other_languages(document: dict[str, Any]) -> None:
    metadata = _dict(document.get("metadata"))
    kernel, language = _dict(metadata.get("kernelspec")), _dict(metadata.get("language_info"))
    named = kernel.get("language") or _kernel_language(kernel.get("name")) or language.get("name")
    if isinstance(named, str) and "python" not in named.lower():
        raise NotebookError(
            f"it is written for {shown(named[:40])}, and only Python notebooks are graded; "
            "choose a Python kernel, save it, and hand in that copy"
        )


def _kernel_language(name: Any) -> str | None:
    """The language of a kernel with a well-known name; None for environments with a name of their own."""
    stem = re.split(r"[^a-z]", name.lower())[0] if isinstance(name, str) else ""
    return KERNELS.get(stem)


def _tidy_cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [_tidy(number, cell) for number, cell in enumerate(document["cells"], start=1)]


def _tidy(number: int, cell: Any) -> dict[str, Any]:
    """Keep the fields of a cell that format 4.5 defines, and fill in those that it requires."""
    if not isinstance(cell, dict):
        raise NotebookError(f"cell {number} is a {type(cell).__name__}, not a cell; {RESAVE}")
    kind = cell.get("cell_type")
    if kind not in CELL_TYPES:
        raise NotebookError(f"cell {number} has the unknown type `{shown(str(kind)[:20])}`; {RESAVE}")
    tidy = {
        "id": cell.get("id"),
        "cell_type": kind,
        "metadata": _dict(cell.get("metadata")),
        "source": _source(number, cell.get("source", "")),
    }
    if kind == "code":
        return tidy | {"outputs": _list(cell.get("outputs")), "execution_count": _count(cell)}
    return tidy | {key: cell[key] for key in ("attachments",) if isinstance(cell.get(key), dict)}


def _source(number: int, source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise NotebookError(f"the source of cell {number} is not text; {RESAVE}")
    return "".join(lines).replace("\r\n", "\n")


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
    """Build the notebook, dropping invalid outputs, attachments and metadata if necessary."""
    for simplified in _simplifications(document):
        with suppress(*MALFORMED):
            notebook = _from_json_4(copy.deepcopy(simplified))
            nbformat.validate(notebook)
            return notebook
    raise NotebookError(f"its cells do not follow notebook format 4; {RESAVE}")


def _simplifications(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    cells = [cell | {"outputs": []} if cell["cell_type"] == "code" else cell for cell in document["cells"]]
    yield document | {"cells": cells}
    bare = [
        {key: value for key, value in cell.items() if key != "attachments"}
        | {"metadata": _grader_only(cell["metadata"])}
        for cell in cells
    ]
    yield document | {"metadata": _grader_only(document["metadata"]), "cells": bare}


def _grader_only(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key == "grader"}
