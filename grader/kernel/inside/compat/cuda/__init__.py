"""CUDA on a machine without it: each tensor stays on the CPU, and says that it is where the notebook put it.

`torch.cuda.is_available()` stays False, which is true, and keeps guarded code on its CPU branch. Unguarded code
(`.cuda()`, `.to("cuda")`, `device="cuda"`) works, and a tensor or a model that was left behind raises what a
GPU would have raised.
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
