"""Functions that create tensors and accept or inherit a device."""
# ruff: noqa: TID252 - the loader picks our package's name, so no absolute one is known

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils._device import _device_constructors

from ..patching import Function, give, wrap
from .placement import CPU, MODERN, called_by_library, device_of, mark, marked, named

if TYPE_CHECKING:
    from ..ledger import Ledger

LIKE = ("zeros_like", "full_like", "empty_like", "rand_like", "randn_like", "randint_like")
"""Not `ones_like`, which torch itself calls at each backward pass."""
METHODS = ("new", "new_tensor", "new_zeros", "new_ones", "new_full", "new_empty")


def install(ledger: Ledger) -> None:
    def around(stock: Function) -> Function:
        def make(*args: Any, **kwargs: Any) -> Any:
            device = named(kwargs.get("device"))
            if device is not None and device != CPU:
                ledger.use("device='cuda'", MODERN)
                kwargs["device"] = CPU
            made = stock(*args, **kwargs)
            model: Any = args[0] if args else None
            if isinstance(model, torch.Tensor) and device is None:
                device = marked(model) if called_by_library() else device_of(model)
            elif device is None:
                device = CPU
            if isinstance(made, torch.Tensor) and made is not model:
                mark(made, device)
            return made

        return make

    constructors = {function.__name__ for function in _device_constructors()}
    for name in {*constructors, *LIKE, "from_numpy"}:
        if hasattr(torch, name):
            wrap(torch, name, around)
    for name in METHODS:
        wrap(torch.Tensor, name, around)
    _parameters_keep_their_device()


def _parameters_keep_their_device() -> None:
    stock = torch.nn.Parameter.__new__

    def new(cls: Any, data: Any = None, requires_grad: bool = True) -> Any:
        parameter: Any = stock(cls, data, requires_grad)
        if isinstance(data, torch.Tensor):
            mark(parameter, device_of(data))
        return parameter

    give(torch.nn.Parameter, "__new__", staticmethod(new))
