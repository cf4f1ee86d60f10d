"""Calls that concern the machine rather than a tensor: defaults, saved files, `torch.cuda` itself."""
# ruff: noqa: TID252 - the loader picks our package's name, so no absolute one is known

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._device import DeviceContext

from ..patching import Function, give, wrap
from .modules import place
from .placement import CPU, GPU, MODERN, Referee, called_by_library, mark, named
from .tensors import full_name

if TYPE_CHECKING:
    from ..ledger import Ledger

NO_EFFECT = "There is no GPU here, so this call did nothing or returned a placeholder."
NO_GPU = "no GPU: graded on a CPU"
BY_DEFAULT = "The notebook makes the GPU the default device for new tensors"
CPU_DEVICE = torch.device(CPU)
ASKED = "The notebook asks whether there is a GPU, and there is none here"


class Event:
    """A CUDA event that uses the CPU's clock."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.record()

    def record(self, *_: Any) -> None:
        self.seconds = time.perf_counter()

    def elapsed_time(self, later: Event) -> float:
        return (later.seconds - self.seconds) * 1000

    def synchronize(self) -> None: ...

    def wait(self, *_: Any) -> None: ...

    def query(self) -> bool:
        return True


class Scope:
    """A stream or a device, alone or as a context manager."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> Scope:  # noqa: PYI034 - nobody inherits from it
        return self

    def __exit__(self, *_: object) -> None: ...

    def synchronize(self) -> None: ...


class Properties:
    name = NO_GPU
    total_memory = multi_processor_count = major = minor = 0


ANSWERS: dict[str, Any] = {
    **dict.fromkeys(("synchronize", "set_device", "init", "ipc_collect", "empty_cache")),
    **dict.fromkeys(("reset_peak_memory_stats", "reset_max_memory_allocated", "reset_max_memory_cached")),
    **dict.fromkeys(("memory_allocated", "max_memory_allocated", "memory_cached", "max_memory_cached"), 0),
    **dict.fromkeys(("memory_reserved", "max_memory_reserved", "current_device"), 0),
    "get_device_name": NO_GPU,
    "get_device_properties": Properties(),
    "get_device_capability": (0, 0),
    "mem_get_info": (0, 0),
    "memory_summary": "",
    "memory_stats": {},
    "current_stream": Scope(),
}


def install(ledger: Ledger, referee: Referee) -> None:
    for name, value in ANSWERS.items():
        give(torch.cuda, name, _answering(ledger, name, value))
    for name, stand_in in {"Event": Event, "Stream": Scope, "stream": Scope, "device": Scope}.items():
        give(torch.cuda, name, stand_in)
    _say_that_there_is_no_gpu(referee)
    _defaults_stay_on_the_cpu(ledger, referee)
    _files_load_on_the_cpu(ledger)


def _answering(ledger: Ledger, name: str, value: Any) -> Function:
    def answer(*_: Any, **__: Any) -> Any:
        if not called_by_library():
            ledger.use(f"torch.cuda.{name}()", NO_EFFECT)
        return value

    return answer


def _say_that_there_is_no_gpu(referee: Referee) -> None:
    def around(stock: Function) -> Function:
        def question() -> Any:
            if not called_by_library():
                referee.stop_checking(ASKED)
            return stock()

        return question

    wrap(torch.cuda, "is_available", around)
    wrap(torch.cuda, "device_count", around)


def _defaults_stay_on_the_cpu(ledger: Ledger, referee: Referee) -> None:
    def is_gpu(device: Any, what: str) -> bool:
        name = named(device)
        if name in (None, CPU):
            return False
        ledger.use(what, MODERN)
        referee.stop_checking(BY_DEFAULT)
        return True

    def around_type(stock: Function) -> Function:
        def set_default_tensor_type(kind: Any) -> None:
            name = full_name(kind)
            is_gpu(GPU if ".cuda." in name else CPU, "set_default_tensor_type(cuda)")
            stock(name.replace(".cuda.", "."))

        return set_default_tensor_type

    def around_device(stock: Function) -> Function:
        return lambda device: None if is_gpu(device, "set_default_device('cuda')") else stock(device)

    def around_context(stock: Function) -> Function:
        return lambda self, device: stock(
            self, CPU_DEVICE if is_gpu(device, "with torch.device()") else device
        )

    wrap(torch, "set_default_tensor_type", around_type)
    wrap(torch, "set_default_device", around_device)
    wrap(DeviceContext, "__init__", around_context)


def _files_load_on_the_cpu(ledger: Ledger) -> None:
    def around(stock: Function) -> Function:
        def load(file: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
            device = named(map_location)
            loaded = stock(file, CPU if device or map_location is None else map_location, *args, **kwargs)
            if device is not None:
                _mark_all(loaded, device)
                if device != CPU:
                    ledger.use(
                        "torch.load(map_location='cuda')", "Write torch.load(path, map_location=device)."
                    )
            return loaded

        return load

    wrap(torch, "load", around)


def _mark_all(value: Any, device: str) -> None:
    if isinstance(value, torch.nn.Module):
        place(value, device)
    elif isinstance(value, torch.Tensor):
        mark(value, device)
    elif isinstance(value, dict):
        for part in value.values():
            _mark_all(part, device)
