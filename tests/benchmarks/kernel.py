"""How soon a kernel has run a first cell that imports what the assignment needs."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from nbformat.v4 import new_code_cell, new_notebook

from grader.execution.execute import PRELUDE
from grader.kernel import KernelRequest
from grader.kernel.guard import run_notebook
from grader.model import Ending

from . import ours, stock
from .rows import Row

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grader.session import Session

    from .setting import Setting

IMPORTS = "import torch\nimport torchvision\nimport matplotlib.pyplot as plt"


def rows(setting: Setting) -> list[Row]:
    cold, warm = [], []
    with TemporaryDirectory() as folder, ours.session(setting) as session:
        for _ in setting.rounds("kernel"):
            cold.append(_stock(Path(folder), dict(setting.environment)))
            warm.append(_warm(session))
    first, whole = zip(*cold, strict=True), zip(*warm, strict=True)
    (before, before_all), (after, after_all) = tuple(first), tuple(whole)
    return [
        Row(
            what="kernel: from asking to the first cell's end (imports of torch, torchvision, pyplot)",
            before=before,
            after=after,
            at_most=0.3,
            note=f"cold stock nbclient; warm, sandbox {session.launch().enforced['mode']}",
        ),
        Row(what="kernel: the same, and shut down", before=before_all, after=after_all),
    ]


def _notebook() -> NotebookNode:
    return new_notebook(cells=[new_code_cell(IMPORTS)])


def _stock(folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until the cell was through, and until the kernel was gone."""
    client = stock.client(_notebook(), folder)
    started = time.perf_counter()
    with client.setup_kernel(env=environment, stderr=subprocess.DEVNULL):
        client.execute_cell(client.nb.cells[0], 0)
        first = time.perf_counter() - started
    return first, time.perf_counter() - started


def _warm(session: Session) -> tuple[float, float]:
    limits = session.assignment.limits
    options = {"probe": {"names": [], "probes": ""}, "compat": {"source": IMPORTS, "strict": False}}
    request = KernelRequest(
        seed=ours.SEED, data=session.dataset.root, limits=limits, prelude=PRELUDE, options=options
    )
    begun: list[float] = []
    started = time.perf_counter()
    with session.launch().kernel(request) as kernel:
        run = run_notebook(
            _notebook(), kernel, limits=limits, cell_deadline=60, notebook_deadline=60,
            on_cell=lambda _: begun.append(time.perf_counter()),
        )  # fmt: skip
    whole = time.perf_counter() - started
    if run.ending is not Ending.FINISHED:
        raise RuntimeError(f"the imports ended as {run.ending}: {run.detail}")
    return begun[0] - started + run.cells[0].seconds, whole
