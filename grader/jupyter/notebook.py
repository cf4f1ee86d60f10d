"""The notebook that a student is working in, as a file, and what the kernel knows of its state."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.jupyter import CheckError
from grader.jupyter.table import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_IT = "name it: %check homework.ipynb"


@dataclass(frozen=True)
class Found:
    """The file to check."""

    path: Path
    state: str
    """Of when it is."""
    warning: str = ""
    """Given if it is known to be older than what is on the screen."""


def find(named: str, names: Mapping[str, Any], ran: Mapping[str, float], folder: Path) -> Found:
    """The notebook to check.

    Args:
        named: what the student calls it; may be empty.
        names: the kernel's variables; VS Code leaves the notebook's path there.
        ran: when each cell last ran, by what it holds.
        folder: an empty one. Colab's notebook is no file, so it is written there.

    Raises:
        CheckError: it can't be found or read.
    """
    if "google.colab" in sys.modules and not named:
        # Before any file: the blank notebook of the kit may lie there, by the same name.
        return Found(_from_colab(folder), "as it is on your screen")
    path = Path(named).expanduser() if named else _open_one(names)
    try:
        saved, text = path.stat().st_mtime, path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CheckError(f"{path} can't be read ({error.strerror}). Check its name") from None
    at = time.strftime("%Y-%m-%d at %H:%M:%S", time.localtime(saved))
    # One that is named may be another one than that in which cells ran.
    return Found(path, f"as saved on {at}", "" if named else _unsaved(text, saved, ran))


def without_magics(source: str) -> str:
    """What there is in a cell besides magics: nothing in one that only runs `%check`."""
    lines = (line.rstrip() for line in source.splitlines())
    return "\n".join(line for line in lines if not line.startswith("%")).strip()


def _open_one(names: Mapping[str, Any]) -> Path:
    """The file of the kernel's notebook, as VS Code and Jupyter Server tell it to the kernel."""
    told = (names.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME"))
    for path in map(Path, filter(None, told)):
        if path.suffix == ".ipynb" and path.is_file():
            return path
    found = list(Path.cwd().glob("*.ipynb"))
    if len(found) != 1:
        count = "There are several notebooks" if found else "There is no notebook"
        raise CheckError(f"{count} in {Path.cwd()}. Save yours, and {NAME_IT}")
    return found[0]


def _from_colab(folder: Path) -> Path:
    """The notebook as Colab's page has it, as a file in this folder."""
    from google.colab import _message  # type: ignore[import-not-found]  # noqa: PLC0415 - only Colab has it

    try:
        notebook = _message.blocking_request("get_ipynb", request="", timeout_sec=30)["ipynb"]
        called = str(notebook["metadata"].get("colab", {}).get("name", "notebook"))
    except Exception:  # noqa: BLE001 - Colab's own errors; where no answer comes in time, it returns None
        raise CheckError(
            f"Colab did not hand over your notebook. Try again; or download it, upload it, and {NAME_IT}"
        ) from None
    stem = re.sub(r"[^\w -]", "_", called.removesuffix(".ipynb"))
    path = folder / f"{stem}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def _unsaved(text: str, saved: float, ran: Mapping[str, float]) -> str:
    """A warning if a cell ran after the file was saved and is not in it.

    Of a cell that was edited and not run, or ran before the extension was loaded, nothing is known.
    """
    cells = _sources(text)
    newer = [cell for cell, at in ran.items() if cell and at > saved and cell not in cells]
    if not cells or not newer:
        return ""
    line = shortened(newer[-1].splitlines()[0], 60)
    return (
        f"The file is older than your screen: you ran “{line}” after you saved it, and that cell is not in the "
        "file. Save your notebook, and run %check again."
    )


def _sources(text: str) -> set[str]:
    """What the code cells of a notebook hold; nothing if it can't be read."""
    try:
        cells = json.loads(text)["cells"]
        return {without_magics("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"}
    except (ValueError, TypeError, LookupError, RecursionError):
        return set()
