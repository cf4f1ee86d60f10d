"""The notebooks that are measured: the solved reference, and classes made by copying the sample class."""

from __future__ import annotations

import json
import tomllib
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell

from .setting import DATA_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbformat import NotebookNode

MARKERS = ("### BEGIN SOLUTION", "### END SOLUTION", "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->")
ROOT = f"import os\nroot = os.environ.get({DATA_VARIABLE!r}, './data')"
HISTORIES = "print(repr(train_loss_history))\nprint(repr(test_loss_history))"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
RUNS_TO_ITS_END = ("finished", "error")
"""A hand-in that waits for a deadline would measure the deadline."""


def seeded(seed: int) -> str:
    return f"{ROOT}\nimport torch\ntorch.manual_seed({seed})"


def solved(master: Path, *, first: str, last: str = "") -> NotebookNode:
    """The master as a student hands it in who got everything right. `first` has to say where `root` is."""
    nb = nbformat.read(master, as_version=4)
    nb.metadata["kernelspec"] = KERNEL
    for cell in nb.cells:
        lines = [line for line in cell.source.split("\n") if line.strip() not in MARKERS]
        cell.source = "\n".join(lines).replace("'./data'", "root")
    nb.cells = [new_code_cell(first), *nb.cells, *(new_code_cell(text) for text in [last] if text)]
    return nb


def printed(nb: NotebookNode) -> str:
    """What the last cell printed."""
    return "".join(output.text for output in nb.cells[-1].outputs if output.output_type == "stream")


def write_class(folder: Path, notebooks: Sequence[NotebookNode], name: str) -> Path:
    """One folder a student, as `grader run` takes it."""
    for number, nb in enumerate(notebooks, 1):
        path = folder / f"student-{number:03d}" / name
        path.parent.mkdir(parents=True)
        nbformat.write(nb, path)
    return folder


def copy_class(hand_ins: Path, folder: Path, size: int) -> Path:
    """A class of `size`, copied from the sample class; no two are alike."""
    sources = sorted(path for path in hand_ins.glob("*/*.ipynb") if _ends(path))
    for number, source in enumerate(islice(cycle(sources), size), 1):
        place = folder / f"student-{number:03d}"
        place.mkdir(parents=True)
        (place / source.name).write_text(edited(source.read_text("utf-8"), number), "utf-8")
    return folder


def edited(text: str, number: int) -> str:
    """The same notebook with a comment more in its last code cell."""
    document: dict[str, Any] = json.loads(text)
    cell = [cell for cell in document["cells"] if cell["cell_type"] == "code"][-1]
    cell["source"] = f"{''.join(cell['source'])}\n# edit {number}"
    return json.dumps(document)


def _ends(path: Path) -> bool:
    expected = path.with_name("expected.toml")
    if not expected.exists():
        return True
    return tomllib.loads(expected.read_text("utf-8"))["ending"] in RUNS_TO_ITS_END
