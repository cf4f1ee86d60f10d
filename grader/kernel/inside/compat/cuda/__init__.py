"""CUDA on a machine without a GPU: each tensor stays on the CPU but reports the device that the notebook chose.

`torch.cuda.is_available()` truthfully stays False, so guarded code takes its CPU branch. Unguarded code (`.cuda()`,
`.to("cuda")`, `device="cuda"`) works, and a tensor or model left on the wrong device raises the error that it
would raise with a GPU.
"""
# ruff: noqa: TID252 - the loader picks our package's name, so no absolute one is known

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from . import factories, modules, runtime, tensors
from .placement import Referee, lend, mark
from .tensors import say_their_device

__all__ = ["install", "say_their_device"]

if TYPE_CHECKING:
    from ..ledger import Ledger


def install(ledger: Ledger) -> None:
    mark(torch.Tensor, None)
    lend(torch.Tensor, lent=False)
    referee = Referee(ledger)
    tensors.install(ledger, referee)
    factories.install(ledger)
    modules.install(ledger, referee)
    runtime.install(ledger, referee)
