"""Makes a process warm: imports what notebooks import, and still has one thread and no student's data."""

from __future__ import annotations

import gc
import importlib
import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MODULES = (
    "numpy",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "matplotlib_inline.config",
    "IPython.core.completer",
    "IPython.core.history",
    "IPython.core.pylabtools",
    "IPython.display",
    "PIL.Image",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "concurrent.futures",
    "ipykernel.comm",
    "ipykernel.debugger",
    "ipykernel.heartbeat",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "multiprocessing",
    "sqlite3",
    "urllib.request",
)
"""What every notebook's kernel imports, whatever the assignment."""


def warm_up(modules: Iterable[str], load_all: Callable[[], None]) -> None:
    """Import `MODULES` and the assignment's own `modules`, then our code, which may build on them."""
    for name in (*MODULES, *modules):
        importlib.import_module(name)
    load_all()
    draw_a_figure()
    if "torch.utils.data" in sys.modules:
        train_no_network()
    gc.collect()
    gc.freeze()  # else the first collection in each kernel would touch, and so copy, every page


def draw_a_figure() -> None:
    """Fonts, the Agg renderer, PNG. Not through pyplot, whose state notebooks would inherit."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([1, 2], label="a line")
    axes.set_title("a title")
    axes.legend()
    axes.imshow([[0.0, 1.0]], cmap="gray")
    figure.savefig(io.BytesIO(), format="png")


def train_no_network() -> None:
    """Forward only: autograd's threads, which `backward` would start, do not survive a fork."""
    import torch  # noqa: PLC0415 - not before this process is meant to be warm
    from torch.utils.data import DataLoader, TensorDataset  # noqa: PLC0415

    torch.set_num_threads(1)
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for (batch,) in DataLoader(TensorDataset(torch.zeros(8, 3)), batch_size=4):
        optimizer.zero_grad(set_to_none=True)
        network(batch)
