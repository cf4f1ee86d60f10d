"""One cell, run to see whether kernels of a launcher work here, and how they are confined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbformat.v4 import new_code_cell, new_notebook

from grader.errors import HarnessError
from grader.kernel.guard import run_notebook
from grader.kernel.interface import KernelRequest
from grader.model import Ending

if TYPE_CHECKING:
    from pathlib import Path

    from grader.kernel.interface import Launcher
    from grader.limits import Limits


def shown(launcher: Launcher, data: Path | None, limits: Limits, source: str) -> str:
    """What a cell shows in a kernel of `launcher`. Raises `HarnessError` if it can't be run."""
    nb = new_notebook(  # type: ignore[no-untyped-call]
        cells=[new_code_cell(source)]  # type: ignore[no-untyped-call]
    )
    with launcher.kernel(KernelRequest(seed=0, data=data, limits=limits)) as kernel:
        run = run_notebook(
            nb, kernel, limits=limits, cell_deadline=30.0, notebook_deadline=60.0, on_cell=lambda _: None
        )
    if run.ending is not Ending.FINISHED:
        raise HarnessError(f"a kernel starts but cannot run a cell: {run.detail}")
    return str(nb.cells[0].outputs[0].data["text/plain"])
