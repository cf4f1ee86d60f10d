"""One cell of a file in the form of format 4.5, whatever form it had; or one that says it could not be read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4.convert import upgrade_output

from grader.notebook.document import as_dict, as_list, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CELL_TYPES = ("code", "markdown", "raw")
_node: Callable[[Any], NotebookNode] = nbformat.from_dict
_modern_output: Callable[[NotebookNode], NotebookNode] = upgrade_output
UNREAD = "unread"
"""The key in a cell's metadata that says why the cell could not be read."""
MOST_UNREAD = 5
"""How many unread cells are named."""
MALFORMED = (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError)


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


def tidied(cell: Any) -> dict[str, Any]:
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
        "metadata": {key: value for key, value in as_dict(cell.get("metadata")).items() if key != UNREAD},
        "source": source,
    }
    if kind == "code":
        return tidy | {"outputs": as_list(cell.get("outputs")), "execution_count": _count(cell)}
    return tidy | {key: cell[key] for key in ("attachments",) if isinstance(cell.get(key), dict)}


def _stand_in(cell: dict[str, Any], why: str, source: str) -> dict[str, Any]:
    """A raw cell in place of one that cannot be read. It keeps the text, if there is any, for a person."""
    return {
        "id": cell.get("id"),
        "cell_type": "raw",
        "metadata": grader_only(as_dict(cell.get("metadata"))) | {UNREAD: why},
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
        outputs = [*_modern_outputs(as_list(cell.get("outputs")))]
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


def grader_only(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key in {"grader", UNREAD}}
