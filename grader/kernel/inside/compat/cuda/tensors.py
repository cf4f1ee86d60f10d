"""Tensors: how they move, and which device they report."""
# ruff: noqa: TID252 - the loader picks our package's name, so no absolute one is known

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..patching import Function, give, wrap
from .placement import CPU, GPU, MODERN, Referee, called_by_library, device_of, is_on_gpu, mark, moved, named

if TYPE_CHECKING:
    from ..ledger import Ledger

KINDS = ("Float", "Double", "Half", "Int", "Long", "Short", "Byte", "Char", "Bool")


def install(ledger: Ledger, referee: Referee) -> None:
    _move(ledger)
    _convert(ledger)
    _carry_their_device()
    _say_whether_they_are_on_the_gpu()
    _become_arrays_only_on_the_cpu(referee)


def destination(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[str | None, tuple[Any, ...], dict[str, Any]]:
    """The device that `.to(...)` names, and its other arguments, which matter here only as a dtype."""
    target = kwargs.get("device", args[0] if args else None)
    if isinstance(target, torch.Tensor):
        return device_of(target), args, kwargs
    device = named(target)
    if device is None:
        return None, args, kwargs
    if "device" in kwargs:
        return device, args, {key: value for key, value in kwargs.items() if key != "device"}
    return device, args[1:], kwargs


def _move(ledger: Ledger) -> None:
    def cuda(self: torch.Tensor, device: Any = None, *_: Any, **__: Any) -> torch.Tensor:
        ledger.use("tensor.cuda()", MODERN)
        return moved(self, GPU if device is None else named(device) or GPU)

    def around_cpu(stock: Function) -> Function:
        return lambda self, **kwargs: stock(self, **kwargs) if called_by_library() else moved(self, CPU)

    def around_to(stock: Function) -> Function:
        def to(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if called_by_library():
                return stock(self, *args, **kwargs)
            device, args, kwargs = destination(args, kwargs)
            if device is not None and device != CPU:
                ledger.use("tensor.to('cuda')", MODERN)
            converted = stock(self, *args, **kwargs) if args or kwargs else self
            if converted is self:
                return moved(self, device) if device else self
            mark(converted, device or device_of(self))
            return converted

        return to

    give(torch.Tensor, "cuda", cuda)
    give(torch.Tensor, "pin_memory", lambda self, *_: self)
    wrap(torch.Tensor, "cpu", around_cpu)
    wrap(torch.Tensor, "to", around_to)


class CudaType(type):
    """`torch.cuda.FloatTensor` and the like: creates, recognises and is a target type for tensors on the GPU."""

    on_cpu: Any
    ledger: Ledger

    def __call__(cls, *args: Any) -> torch.Tensor:
        cls.ledger.use("torch.cuda.FloatTensor()", MODERN)
        made: torch.Tensor = cls.on_cpu(*args)
        mark(made, GPU)
        return made

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.on_cpu) and is_on_gpu(value)


def _convert(ledger: Ledger) -> None:
    """`.type(...)` may name a device as well as a dtype."""

    def around(stock: Function) -> Function:
        def convert(self: torch.Tensor, dtype: Any = None, *_: Any, **__: Any) -> Any:
            if called_by_library():
                return stock(self) if dtype is None else stock(self, dtype)
            if dtype is None:
                return stock(self).replace("torch.", "torch.cuda.") if is_on_gpu(self) else stock(self)
            if isinstance(dtype, torch.dtype):
                converted = stock(self, dtype)
                mark(converted, device_of(self))
                return converted
            name = full_name(dtype)
            if ".cuda." in name:
                ledger.use("tensor.type('torch.cuda...')", MODERN)
            return moved(stock(self, name.replace(".cuda.", ".")), GPU if ".cuda." in name else CPU)

        return convert

    wrap(torch.Tensor, "type", around)
    for kind in KINDS:
        body = {"on_cpu": getattr(torch, f"{kind}Tensor"), "ledger": ledger, "__module__": "torch.cuda"}
        give(torch.cuda, f"{kind}Tensor", CudaType(f"{kind}Tensor", (), body))


def full_name(kind: Any) -> str:
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__name__}"


def _carry_their_device() -> None:
    stock: Any = torch.Tensor.data

    def around_detach(detach: Function) -> Function:
        def detached(self: torch.Tensor) -> Any:
            result = detach(self)
            mark(result, device_of(self))
            return result

        return detached

    def get(self: Any) -> Any:
        data = stock.__get__(self)
        mark(data, self._grader_device)
        return data

    def put(self: Any, data: torch.Tensor) -> None:
        stock.__set__(self, data)
        mark(self, device_of(data))

    wrap(torch.Tensor, "detach", around_detach)
    give(torch.Tensor, "data", property(get, put))


def say_their_device(_: Ledger) -> None:
    """Patch `.device` only for notebooks that read it, since optimizers read it too, at every step."""
    stock: Any = torch.Tensor.device

    def device(self: torch.Tensor) -> Any:
        where = None if called_by_library() else device_of(self)
        return torch.device(where) if where else stock.__get__(self)

    give(torch.Tensor, "device", property(device))


def _say_whether_they_are_on_the_gpu() -> None:
    stock: Any = torch.Tensor.is_cuda

    def is_cuda(self: torch.Tensor) -> Any:
        return stock.__get__(self) if called_by_library() else is_on_gpu(self)

    def get_device(self: torch.Tensor) -> int:
        return int((device_of(self) or CPU).partition(":")[2] or -1)

    give(torch.Tensor, "is_cuda", property(is_cuda))
    give(torch.Tensor, "get_device", get_device)


def _become_arrays_only_on_the_cpu(referee: Referee) -> None:
    def around_numpy(stock: Function) -> Function:
        def numpy(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if not called_by_library():
                referee.allow_array(self)
            return stock(self, *args, **kwargs)

        return numpy

    def around_array(stock: Function) -> Function:
        def as_array(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if self.dim() and not called_by_library():  # a list of single numbers could be plotted then
                referee.allow_array(self)
            return stock(self, *args, **kwargs)

        return as_array

    wrap(torch.Tensor, "numpy", around_numpy)
    wrap(torch.Tensor, "__array__", around_array)
