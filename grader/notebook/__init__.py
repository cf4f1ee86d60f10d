"""Reads a file that was handed in as a notebook into one valid form, or refuses it in one clear sentence.

The file is not trusted: its size is checked before it is read, its nesting before it is traversed, and its
structure before it is passed to nbformat.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbformat.validator import get_validator

from grader.errors import NotebookError
from grader.notebook.cells import MALFORMED, grader_only, tidied, told, unread
from grader.notebook.document import (
    RESAVE,
    as_dict,
    contents_of,
    decoded,
    loaded,
    refuse_other_languages,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from grader.limits import Limits

__all__ = ["content_key", "parse", "read", "shown", "told", "unread", "without_outputs"]

_from_json: Callable[[Any], NotebookNode] = nbformat.v4.to_notebook
_validator: Callable[[int, int], Any] = get_validator


def read(path: Path, *, limits: Limits) -> NotebookNode:
    """Read `path` as a valid nbformat 4.5 notebook whose cells have unique ids.

    Older formats and other encodings are converted. Missing ids, counts, outputs and metadata are filled in
    deterministically. Saved outputs are kept where they are valid. A raw cell that says so stands in for one that
    cannot be read, see `unread`.

    Raises:
        NotebookError: the file is not a Python notebook; the message names the file and the next step.
    """
    try:
        return parse(contents_of(path, limits))
    except NotebookError as error:
        raise NotebookError(f"{shown(path.name)}: {error}") from error


def parse(contents: bytes) -> NotebookNode:
    """Like `read`, for the contents of a file; error messages then name no file."""
    document = loaded(decoded(contents))
    refuse_other_languages(document)
    return _validated(_with_ids(document, [tidied(cell) for cell in document["cells"]]))


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


def _cell_content(cell: NotebookNode) -> list[Any]:
    # Tags count: `raises-exception` and `skip-execution` change what nbclient does.
    return [cell.cell_type, cell.source, cell.metadata.get("tags"), cell.metadata.get("grader")]


def _with_ids(document: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Give each cell a valid, unique id; the first of several cells with the same id keeps it."""
    taken = {cell["id"] for cell in cells if _is_id(cell["id"])}
    seen: set[str] = set()
    for position, cell in enumerate(cells):
        if not _is_id(cell["id"]) or cell["id"] in seen:
            cell["id"] = next(name for name in _names(position) if name not in taken)
            taken.add(cell["id"])
        seen.add(cell["id"])
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": as_dict(document.get("metadata")), "cells": cells}


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
            _validator(4, 5).validate(notebook)  # explains nothing, and is 50 times faster
            return notebook
    raise NotebookError(f"its cells do not follow notebook format 4; {RESAVE}")


def _candidates(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    valid = document | {"cells": [_valid(cell) for cell in document["cells"]]}
    yield valid
    yield valid | {"metadata": grader_only(document["metadata"])}


def _valid(cell: dict[str, Any]) -> dict[str, Any]:
    """As much of a cell as follows the format."""
    quiet = cell | {"outputs": []} if cell["cell_type"] == "code" else cell
    bare = quiet | {"metadata": grader_only(cell["metadata"])}
    bare.pop("attachments", None)
    return next((fuller for fuller in (cell, quiet) if _is_valid(fuller)), bare)


def _is_valid(cell: dict[str, Any]) -> bool:
    alone = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    try:
        _validator(4, 5).validate(_from_json(copy.deepcopy(alone)))
    except MALFORMED:
        return False
    return True
