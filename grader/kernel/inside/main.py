"""Starts a kernel: seeds, our modules, then an IPython kernel that runs a notebook.

Runs as a script (a cold kernel) or is called in a fork of a warm process. Nothing but plain data comes in:
one JSON request and descriptors. Imports nothing by our package's name, which is not visible here.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import random
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a prelude module learns about its kernel."""

    evidence_fd: int
    """A file of fixed size. What is written there is read by the harness after this process is dead."""
    data: str
    """The folder of the assignment's data; empty if it has none."""
    seed: int


def load(name: str) -> ModuleType:
    """A module or package of this folder, by a private name: a student's `import probe` must not find it."""
    private = f"_grader_{name}"
    if private in sys.modules:
        return sys.modules[private]
    file = HERE / name / "__init__.py"
    spec = importlib.util.spec_from_file_location(private, file if file.is_file() else HERE / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"no module {name} beside {__file__}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module
    spec.loader.exec_module(module)
    return module


NEED_TORCH = {"dataroot", "fastdata"}


def load_all() -> None:
    """Every module of this folder: what a warm process has read and compiled, its forks need not."""
    names = {
        path.name.removesuffix(".py") for path in HERE.iterdir() if path.name.endswith(".py") or path.is_dir()
    }
    unwanted = {"main", "__init__", "__pycache__"} | (set() if "torchvision" in sys.modules else NEED_TORCH)
    for name in sorted(names - unwanted):
        load(name)


def seed_everything(seed: int) -> None:
    import numpy as np  # noqa: PLC0415 - heavy, and in a warm kernel long since imported

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global state is what notebooks draw from
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
        torch.set_num_threads(1)  # a result must not depend on the number of cores


def seed_before_first_cell(shell: Any, seed: int) -> None:
    """Seed again when the first cell comes: a kernel's own start draws numbers too."""

    def once(_: object) -> None:
        shell.events.unregister("pre_run_cell", once)
        seed_everything(seed)

    shell.events.register("pre_run_cell", once)


def unpack_support(file: int | str, folder: str) -> None:
    with open(file, "rb") as opened, tarfile.open(fileobj=opened) as tar:  # noqa: PTH123 - may be a descriptor
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python has it since 3.11.4
        tar.extractall(folder)  # noqa: S202 - we wrote it


def link_data(data: str, folder: str) -> None:
    """The data beside the notebook, unless something that was handed in has their name."""
    if os.path.lexists(folder):
        return
    try:
        Path(folder).symlink_to(data)
    except OSError:
        if os.name != "nt":
            raise
        shutil.copytree(data, folder)  # Windows lets only administrators make links


def run(request: dict[str, Any]) -> None:
    """Serve one notebook, in the current folder, until the kernel is shut down or killed.

    `request`: connection (jupyter's connection info), sockets (five listening descriptors: shell, iopub,
    stdin, control, heartbeat; on Windows none), evidence and support (descriptors, on Windows names of files;
    support may be None), seed, data (a folder,
    or empty), folder (a name under which the notebook finds that too, or empty), imports (modules, before the
    seeds are set), prelude (names of modules in this folder), options (one entry a module), output_cell
    (bytes), limits (numbers that the sandbox enforces; nobody reads them in an unconfined kernel). It is empty
    when the first cell runs: what it says is not for students.
    """
    app = prepared(request)
    request.clear()
    app.start()


def prepared(request: Mapping[str, Any]) -> Any:
    """The kernel's app, ready to serve."""
    if request["support"] is not None:
        unpack_support(request["support"], ".")
    if request["folder"]:
        link_data(request["data"], request["folder"])
    for name in request["imports"]:
        importlib.import_module(name)
    seed_everything(request["seed"])
    evidence = request["evidence"]
    if isinstance(evidence, str):
        evidence = os.open(evidence, os.O_RDWR | getattr(os, "O_BINARY", 0))
    context = Context(evidence_fd=evidence, data=request["data"], seed=request["seed"])
    load("outcap").install(request["output_cell"])
    prelude = [(name, load(name)) for name in request["prelude"]]
    for name, module in prelude:
        module.install(request["options"].get(name, {}), context)
    app = load("app").initialize(request["connection"], request["sockets"])
    for _, module in prelude:
        if hasattr(module, "attach"):
            module.attach(app.shell)
    seed_before_first_cell(app.shell, request["seed"])
    return app


def cold(request: int | str, user: int | None = None) -> None:
    """Serve one notebook in this process. `request` is the descriptor or the name of a JSON file.

    Given a `user`, root becomes that user first, and gives up whatever a notebook does not need.
    """
    with open(request, "rb") as file:  # noqa: PTH123 - may be a descriptor
        fields = json.load(file)
    if user is not None:
        load("forkserver").confine.lock_down(fields["limits"], user)
    run(fields)


def main(command: str, *arguments: str) -> None:
    """`cold REQUEST [USER]`, or `serve CONTROL STATUS WARM [nested] [preload]`.

    REQUEST, CONTROL and STATUS are numbers of descriptors (REQUEST may be a file's name), WARM is a list of module
    names separated by commas.
    """
    if sys.path and Path(sys.path[0]).resolve() == HERE:
        del sys.path[0]
    sys.argv = ["ipykernel_launcher"]
    if command == "cold":
        request, *user = arguments
        cold(int(request) if request.isdigit() else request, *map(int, user))
    else:
        control, status, warm, *options = arguments
        forkserver = load("forkserver")
        if "preload" in options:
            forkserver.warm_up(filter(None, warm.split(",")), load_all)
        forkserver.serve(run, int(control), int(status), nested="nested" in options)


if __name__ == "__main__":
    main(*sys.argv[1:])
