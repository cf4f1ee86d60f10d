"""The device on which each tensor would be on a machine with a GPU. All of them really are on the CPU.

A tensor is marked where its device is certain: created by a factory, moved by the notebook, yielded by a loader,
or returned by a layer. Other devices are inferred on demand: a view's from its base, a result's from the
parameters used to compute it. An unknown device never raises an error.
"""
# ruff: noqa: TID252 - the loader picks our package's name, so no absolute one is known
# ruff: noqa: SLF001 - `_grader_device` is ours, and torch has no public interface for the rest

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from types import FrameType

    from ..ledger import Ledger

CPU = "cpu"
GPU = "cuda:0"
MODERN = "Write device = torch.device('cuda' if torch.cuda.is_available() else 'cpu'), then .to(device)."
DEEPEST = 64
LIBRARIES = ("torch", "_grader_", "grader.")
"""Callers that see the real device of a tensor, because they compute with it."""

true_data: Any = torch.Tensor.data.__get__  # type: ignore[attr-defined]


def mark(tensor: Any, device: str | None) -> None:
    tensor._grader_device = device


def marked(tensor: Any) -> str | None:
    device: str | None = tensor._grader_device
    return device


def lend(tensor: Any, *, lent: bool = True) -> None:
    """Note that only the notebook's loop refers to this batch, so that a copy of it may share its memory."""
    tensor._grader_lent = lent


def device_of(tensor: Any) -> str | None:
    """`cpu`, `cuda:0`, or None if unknown."""
    if tensor._grader_device is not None:
        return marked(tensor)
    if tensor._base is not None and tensor._base._grader_device is not None:
        return device_of(tensor._base)
    return _device_of_result(tensor.grad_fn)


def _device_of_result(node: Any) -> str | None:
    """The device of the first parameter behind a result. Stops at a clone, which may have been a move."""
    for _ in range(DEEPEST):
        if node is None or node.name() == "CloneBackward0":
            return None
        if hasattr(node, "variable"):
            return device_of(node.variable)
        node = next((behind for behind, _ in node.next_functions if behind is not None), None)
    return None


def is_on_gpu(tensor: Any) -> bool:
    return (device_of(tensor) or CPU) != CPU


def named(device: Any) -> str | None:
    """The full name of a CPU or CUDA device given in any spelling; None for any other value."""
    if type(device) is int:
        return f"cuda:{device}"
    if not isinstance(device, str | torch.device):
        return None
    kind, _, index = str(device).partition(":")
    if kind == "cuda":
        return sys.intern(f"cuda:{index or 0}")  # devices are then compared by identity first
    return CPU if kind == "cpu" else None


def moved(tensor: Any, device: str) -> torch.Tensor:
    """The tensor as `.to(device)` returns it: itself if it is there already, else a copy.

    A batch fresh from a loader shares its memory with its copy: to copy it would cost 4 % of an epoch.
    """
    if (tensor._grader_device or device_of(tensor)) == device:
        return tensor  # type: ignore[no-any-return]
    origin = tensor if tensor._base is None else tensor._base
    there: torch.Tensor = (
        true_data(tensor) if origin._grader_lent and not tensor.requires_grad else tensor.clone()
    )
    there._grader_device = device  # type: ignore[attr-defined]
    return there


def called_by_library() -> bool:
    """Whether the calling function was called by code that must see the real devices."""
    caller: str = sys._getframe(2).f_globals.get("__name__", "")
    return caller.startswith(LIBRARIES)


def _called_for_a_probe() -> bool:
    """Whether the student's code runs on behalf of a rubric, on tensors that the notebook never placed."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("_grader_probe"):
            return True
        frame = frame.f_back
    return False


class Referee:
    """Raises the errors that a GPU raises when tensors on two known devices are combined."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.certain = True

    def stop_checking(self, because: str) -> None:
        """Check nothing from now on: tensors are no longer where they would be on a machine with a GPU."""
        if self.certain:
            self.certain = False
            self._ledger.use(
                "device mismatches: could not be checked",
                f"{because}: a tensor left on the wrong device would not be noticed.",
            )

    def require_same_device(self, first: Any, second: Any, argument: str, operation: str) -> None:
        """Raise unless `second`, which is passed as `argument`, is on the same device as `first`."""
        if not (self.certain and isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)):
            return
        here, there = device_of(first), device_of(second)
        if here is not None and there is not None and here != there and not _called_for_a_probe():
            raise RuntimeError(_mismatch(here, there, argument, operation))

    def allow_array(self, tensor: torch.Tensor) -> None:
        if self.certain and is_on_gpu(tensor) and not _called_for_a_probe():
            raise TypeError(
                f"can't convert {device_of(tensor)} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )


def _mismatch(here: str, there: str, argument: str, operation: str) -> str:
    if operation.startswith("conv"):
        weight, given = (
            "torch.FloatTensor" if on == CPU else "torch.cuda.FloatTensor" for on in (here, there)
        )
        return f"Input type ({given}) and weight type ({weight}) should be the same"
    first, second = sorted((here, there), reverse=True)
    return (
        f"Expected all tensors to be on the same device, but found at least two devices, {first} and {second}! "
        f"(when checking argument for argument {argument} in method wrapper_{operation})"
    )
