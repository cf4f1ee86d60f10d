"""Named values as plain data: what a name was bound to after a cell, without the object itself.

Every encoding is a JSON object with a ``"type"``: number, text, tensor, ndarray, series (a list of scalars,
as one array), list, mapping, module, dataset, loader, optimizer, function, other, none.
"""

from __future__ import annotations

import inspect
import math
import numbers
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from .log import MOST_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .log import Arrays

MOST_TEXT = 4000
MOST_ITEMS = 20_000
MOST_MEMBERS = 1000
MOST_DEPTH = 4
WEIGHTS = 16 << 20


def encode(name: str, value: Any, arrays: Arrays, depth: int = 0) -> dict[str, Any]:
    """Describe `value`. If its own methods raise an error, the description says so."""
    arrays.entries += 1
    if arrays.entries > MOST_ENTRIES or depth > MOST_DEPTH:
        return _unseen(value)
    try:
        return _encoder(value)(name, value, arrays, depth)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - any object's methods may run here
        return {**_unseen(value), "error": type(error).__name__}


def _unseen(value: Any) -> dict[str, Any]:
    return {"type": "other", "class": type(value).__name__, "repr": ""}


def number(value: Any) -> float | int | str | None:
    """A finite real number unchanged, NaN and infinities as text (JSON lacks them), otherwise None."""
    if isinstance(value, (bool, int)):
        return int(value) if abs(value) < 1 << 63 else str(value)[:80]
    if isinstance(value, complex):
        return None
    real = float(value)
    return real if math.isfinite(real) else repr(real)


def scalar(value: Any) -> float | None:
    """A number, or a tensor or array with one element, as a float; None for anything else."""
    if isinstance(value, torch.Tensor):
        return float(value.detach()) if value.numel() == 1 else None
    if isinstance(value, (np.ndarray, np.generic)):
        return float(value.item()) if value.size == 1 and value.dtype.kind in "fiub" else None
    return float(value) if isinstance(value, numbers.Real) else None


def _tensor(name: str, value: torch.Tensor, arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {
        "type": "tensor",
        "requires_grad": value.requires_grad,
        "torch_dtype": str(value.dtype),
        **arrays.keep(name, as_array(value)),
    }


def as_array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    array: np.ndarray[Any, Any] = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def _sequence(name: str, value: list[Any] | tuple[Any, ...], arrays: Arrays, depth: int) -> dict[str, Any]:
    items = value[:MOST_ITEMS]
    fields: dict[str, Any] = {"container": type(value).__name__, "length": len(value)}
    scalars = [scalar(item) for item in items]
    if items and all(number is not None for number in scalars):
        kinds = sorted({type(item).__name__ for item in items})[:5]
        live = any(isinstance(item, torch.Tensor) and item.requires_grad for item in items)
        series = arrays.keep(name, np.array(scalars, np.float64))
        return {"type": "series", "of": kinds, "requires_grad": live, **fields, **series}
    inner = [encode(f"{name}.{i}", item, arrays, depth + 1) for i, item in enumerate(items[:MOST_MEMBERS])]
    return {"type": "list", **fields, "items": inner}


def _mapping(name: str, value: Mapping[Any, Any], arrays: Arrays, depth: int) -> dict[str, Any]:
    pairs = list(value.items())[:200]
    inner = {str(key)[:100]: encode(f"{name}.{key}", item, arrays, depth + 1) for key, item in pairs}
    return {"type": "mapping", "items": inner}


def _module(name: str, value: torch.nn.Module, arrays: Arrays, _depth: int) -> dict[str, Any]:
    state = [item for item in value.state_dict().items() if isinstance(item[1], torch.Tensor)]
    return {
        "type": "module",
        "class": type(value).__name__,
        "repr": repr(value)[:MOST_TEXT],
        "training": value.training,
        "parameters": sum(parameter.numel() for parameter in value.parameters()),
        "layers": [type(child).__name__ for child in value.modules() if not list(child.children())][:100],
        "state": {
            key[:100]: arrays.keep(f"{name}.{key}", as_array(tensor), WEIGHTS) for key, tensor in state[:200]
        },
    }


def _optimizer(_name: str, value: torch.optim.Optimizer, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    groups = [
        {
            **{key: number(item) for key, item in group.items() if isinstance(item, (bool, int, float))},
            "shapes": [list(parameter.shape) for parameter in group["params"]][:50],
        }
        for group in value.param_groups[:5]
    ]
    return {"type": "optimizer", "class": type(value).__name__, "groups": groups}


def _length(value: Any) -> int | None:
    try:
        return len(value)
    except Exception:  # noqa: BLE001 - a stream has no length, and a student's class any error
        return None


def root(dataset: Any) -> Any:
    """The data set below any number of `Subset`s."""
    for _ in range(8):
        if type(dataset) is not Subset:
            break
        dataset = dataset.dataset
    return dataset


def _dataset(_name: str, value: Any, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    base = root(value)
    data = getattr(base, "data", None)
    return {
        "type": "dataset",
        "class": type(value).__name__,
        "root": type(base).__name__,
        "train": base.train if isinstance(getattr(base, "train", None), bool) else None,
        "length": _length(value),
        "data_shape": list(data.shape) if isinstance(data, (torch.Tensor, np.ndarray)) else None,
        "transform": repr(getattr(base, "transform", None))[:300],
    }


def _loader(name: str, value: DataLoader[Any], arrays: Arrays, depth: int) -> dict[str, Any]:
    return {
        "type": "loader",
        "batch_size": value.batch_size,
        "batches": _length(value),
        "sampler": type(value.sampler).__name__,
        "drop_last": value.drop_last,
        "dataset": _dataset(name, value.dataset, arrays, depth),
    }


def _text(_name: str, value: str, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {"type": "text", "value": value[:MOST_TEXT], "length": len(value)}


def _function(_name: str, value: Any, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {"type": "function", "name": value.__name__, "signature": str(inspect.signature(value))[:300]}


def _other(_name: str, value: Any, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {"type": "other", "class": type(value).__name__, "repr": repr(value)[:300]}


ENCODERS: tuple[tuple[Any, Callable[[str, Any, Arrays, int], dict[str, Any]]], ...] = (
    (type(None), lambda *_: {"type": "none"}),
    (torch.Tensor, _tensor),
    (np.ndarray, lambda name, value, arrays, _: {"type": "ndarray", **arrays.keep(name, value)}),
    (np.generic, lambda name, value, arrays, depth: encode(name, value.item(), arrays, depth)),
    (numbers.Number, lambda _name, value, _arrays, _depth: {"type": "number", "value": number(value)}),
    (str, _text),
    ((list, tuple), _sequence),
    (dict, _mapping),
    (torch.nn.Module, _module),
    (torch.optim.Optimizer, _optimizer),
    (DataLoader, _loader),
    (Dataset, _dataset),
    (types.FunctionType, _function),
)


def _encoder(value: Any) -> Callable[[str, Any, Arrays, int], dict[str, Any]]:
    return next((encoder for kind, encoder in ENCODERS if isinstance(value, kind)), _other)
