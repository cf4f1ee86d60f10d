"""What a notebook has on Colab: Colab's own modules, TensorBoard, a user who answers `input()`."""
# ruff: noqa: T201 - what is printed is the student's output

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ipykernel.kernelbase import Kernel

from .patching import Function, give, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ledger import Ledger

NO_DRIVE = "There is no Google Drive outside Colab: keep files next to the notebook and use relative paths."


def wants_colab(source: str) -> bool:
    return "google.colab" in source or "/content" in source


def wants_tensorboard(source: str) -> bool:
    return "tensorboard" in source.lower() and importlib.util.find_spec("tensorboard") is None


def wants_answers(source: str) -> bool:
    return bool(re.search(r"\binput\(|\bgetpass\b", source))


# Modules that only Colab, or an extra package, has


class _Quiet(ModuleType):
    """A module in which every name is a function that does nothing, or a module like this one."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Quiet(name)

    def __call__(self, *_: Any, **__: Any) -> None:
        pass


def give_colab(ledger: Ledger) -> None:
    colab = _Quiet("google.colab")
    parts = {
        name: _Quiet(f"google.colab.{name}")
        for name in (
            "auth",
            "data_table",
            "drive",
            "files",
            "output",
            "patches",
            "runtime",
            "userdata",
            "widgets",
        )
    }
    vars(parts["drive"])["mount"] = _counted(ledger, "google.colab.drive", _mount)
    vars(parts["files"])["upload"] = _counted(ledger, "google.colab.files", _upload)
    vars(parts["patches"])["cv2_imshow"] = _counted(ledger, "google.colab.patches", _show)
    for name, module in (("google", _Quiet("google")), ("google.colab", colab)):
        sys.modules.setdefault(name, module)
        module.__path__ = []
    vars(sys.modules["google"])["colab"] = colab
    for name, module in parts.items():
        vars(colab)[name] = module
        sys.modules[f"google.colab.{name}"] = module
    _stay_in_place(ledger)


def _counted(ledger: Ledger, what: str, function: Function) -> Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        ledger.use(what, NO_DRIVE)
        return function(*args, **kwargs)

    return call


def _mount(where: str, *_: Any, **__: Any) -> None:
    print(f"Mounted at {where}")


def _upload(*_: Any, **__: Any) -> dict[str, bytes]:
    """Behave as if the student had selected every file next to the notebook."""
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}


def _show(image: Any) -> None:
    """Show an array as Colab does: clipped to bytes, its colours in OpenCV's order, BGR."""
    import numpy as np  # noqa: PLC0415 - seldom needed
    from IPython.display import display  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    pixels = np.asarray(image).clip(0, 255).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    display(Image.fromarray(pixels))  # type: ignore[no-untyped-call]


def _stay_in_place(ledger: Ledger) -> None:
    def around(stock: Function) -> Function:
        def chdir(path: Any) -> None:
            if str(path).startswith("/content") and not Path(path).is_dir():
                ledger.use("os.chdir('/content')", NO_DRIVE)
            else:
                stock(path)

        return chdir

    def around_mkdir(stock: Function) -> Function:
        def mkdir(path: Any, *args: Any, **kwargs: Any) -> None:
            if str(path).startswith("/content") and not Path("/content").is_dir():
                ledger.use("os.mkdir('/content')", NO_DRIVE)
            else:
                stock(path, *args, **kwargs)

        return mkdir

    wrap(os, "chdir", around)
    wrap(os, "mkdir", around_mkdir)  # os.makedirs and Path.mkdir come here, too


def give_tensorboard(ledger: Ledger) -> None:
    class SummaryWriter:
        def __init__(self, *_: Any, **__: Any) -> None:
            ledger.use("SummaryWriter", "TensorBoard is not installed here, so its output is not shown.")

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

        def __enter__(self) -> SummaryWriter:  # noqa: PYI034 - nobody inherits from it
            return self

        def __exit__(self, *_: object) -> None:
            pass

    for name in ("torch.utils.tensorboard", "tensorboardX"):
        module = sys.modules[name] = _Quiet(name)
        vars(module)["SummaryWriter"] = SummaryWriter


# Answers to input()


def give_answers(answers: Iterable[str], ledger: Ledger) -> None:
    """Let `input()` return the prepared answers in turn, then empty lines, since there is no user."""
    remaining = iter(answers)

    def answer(_: Any, prompt: object = "", *__: Any) -> str:
        ledger.use("input()", "Assign the value in the cell: nobody can type an answer during grading.")
        given = next(remaining, "")
        print(f"{prompt}{given}")
        return given

    give(Kernel, "raw_input", answer)
    give(Kernel, "getpass", answer)
