"""Operations that combine tensors and so check their devices: models, their input, layers and losses."""
# ruff: noqa: TID252 - the loader picks our package's name, so no absolute one is known
# ruff: noqa: SLF001 - `_grader_device` is ours, and torch has no public interface for the rest

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import DataParallel, Linear, Module, functional
from torch.utils.data import Subset, TensorDataset
from torch.utils.data.dataloader import _BaseDataLoaderIter
from torchvision.datasets import VisionDataset

from ..patching import Function, give, wrap
from .placement import CPU, GPU, MODERN, Referee, device_of, mark, moved, named
from .tensors import destination

if TYPE_CHECKING:
    from ..ledger import Ledger

LAYERS = {"linear": "addmm", "conv1d": "conv1d", "conv2d": "conv2d"}
LOSSES = {
    "cross_entropy": "nll_loss_forward",
    "nll_loss": "nll_loss_forward",
    "mse_loss": "mse_loss",
    "l1_loss": "l1_loss",
    "binary_cross_entropy": "binary_cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy_with_logits",
}
PRODUCTS = ((torch, "matmul"), (torch, "mm"), *((torch.Tensor, n) for n in ("matmul", "mm", "__matmul__")))


def install(ledger: Ledger, referee: Referee) -> None:
    _models_move(ledger)
    _parallel_models_fetch_their_input(ledger)
    _loaders_yield_on_the_cpu()
    wrap(Linear, "forward", _linear_layer(referee))
    for name, operation in LAYERS.items():
        wrap(functional, name, _layer(referee, operation))
    for name, operation in LOSSES.items():
        wrap(functional, name, _pair(referee, "target", operation))
    for owner, name in PRODUCTS:
        wrap(owner, name, _pair(referee, "mat2", "mm"))


def place(model: Module, device: str) -> Module:
    for tensor in itertools.chain(model.parameters(), model.buffers()):
        mark(tensor, device)
    return model


def _models_move(ledger: Ledger) -> None:
    def cuda(self: Module, device: Any = None) -> Module:
        ledger.use("module.cuda()", MODERN)
        return place(self, named(device) or GPU)

    def cpu(self: Module) -> Module:
        return place(self, CPU)

    def around_to(stock: Function) -> Function:
        def to(self: Module, *args: Any, **kwargs: Any) -> Module:
            device, args, kwargs = destination(args, kwargs)
            if device is not None and device != CPU:
                ledger.use("module.to('cuda')", MODERN)
            if args or kwargs:
                stock(self, *args, **kwargs)
            return place(self, device) if device else self

        return to

    give(Module, "cuda", cuda)
    give(Module, "cpu", cpu)
    wrap(Module, "to", around_to)


def _parallel_models_fetch_their_input(ledger: Ledger) -> None:
    def around_init(stock: Function) -> Function:
        def init(self: Any, module: Module, *args: Any, **kwargs: Any) -> None:
            stock(self, module, *args, **kwargs)
            ledger.use("DataParallel", "Leave DataParallel out: with one device it does nothing.")
            place(module, GPU)

        return init

    def around_forward(stock: Function) -> Function:
        def forward(self: Any, *inputs: Any, **kwargs: Any) -> Any:
            there = [moved(value, GPU) if isinstance(value, torch.Tensor) else value for value in inputs]
            return stock(self, *there, **kwargs)

        return forward

    wrap(DataParallel, "__init__", around_init)
    wrap(DataParallel, "forward", around_forward)


def _loaders_yield_on_the_cpu() -> None:
    def around(stock: Function) -> Function:
        def next_batch(self: Any) -> Any:
            batch = stock(self)
            devices = self._grader_devices
            if devices is None:
                devices = self._grader_devices = _devices_of_batches(self)
            if devices and type(batch) is list:
                for part, device in zip(batch, devices, strict=False):
                    if type(part) is torch.Tensor:
                        part._grader_device, part._grader_lent = device, True  # type: ignore[attr-defined]
            return batch

        return next_batch

    give(_BaseDataLoaderIter, "_grader_devices", None)
    wrap(_BaseDataLoaderIter, "__next__", around)


def _devices_of_batches(iterator: Any) -> tuple[str | None, ...]:
    """The devices of the parts of a batch; empty if the notebook's own code made it."""
    dataset = iterator._dataset
    while type(dataset) is Subset:
        dataset = dataset.dataset
    if not str(getattr(iterator._collate_fn, "__module__", "")).startswith("torch."):
        return ()
    if type(dataset) is TensorDataset:
        return tuple(map(device_of, dataset.tensors))
    if isinstance(dataset, VisionDataset) and _is_torchvisions(dataset.transform):
        return CPU, CPU
    return ()


def _is_torchvisions(transform: Any) -> bool:
    steps = getattr(transform, "transforms", [transform])
    return all(
        type(step).__module__.startswith("torchvision.") and not hasattr(step, "lambd") for step in steps
    )


def _layer(referee: Referee, operation: str) -> Any:
    """A function of an input and a weight, whose output is on the device of the weight."""

    def around(stock: Function) -> Function:
        def compute(input: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - torch's name
            referee.require_same_device(weight, input, "mat1", operation)
            output = stock(input, weight, *args, **kwargs)
            mark(output, device_of(weight))
            return output

        return compute

    return around


def _linear_layer(referee: Referee) -> Any:
    """`Linear.forward` with the check inside it: a wrapper function would cost 1 % of an epoch."""
    compute: Function = functional.linear

    def around(_: Function) -> Function:
        def forward(self: Any, input: Any) -> Any:  # noqa: A002 - torch's name
            weight = self.weight
            here = weight._grader_device
            if here is not getattr(input, "_grader_device", here):
                base = input._base
                if base is None or here is not base._grader_device:
                    referee.require_same_device(weight, input, "mat1", "addmm")
            output: Any = compute(input, weight, self.bias)
            if here is CPU or not output.requires_grad:  # otherwise it can be inferred from the graph
                output._grader_device = here
            return output

        return forward

    return around


def _pair(referee: Referee, argument: str, operation: str) -> Any:
    """A function whose first two arguments must be on the same device.

    An unmarked tensor combined with one on the GPU is accepted: layers on the CPU mark their results.
    """

    def around(stock: Function) -> Function:
        def compute(input: Any, other: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - torch's name
            here, there = getattr(input, "_grader_device", None), getattr(other, "_grader_device", None)
            if here is not there and (here is not None or there is CPU):
                referee.require_same_device(input, other, argument, operation)
            return stock(input, other, *args, **kwargs)

        return compute

    return around
