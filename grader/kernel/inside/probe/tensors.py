"""Torch's own objects as plain data: tensors, networks, optimizers, data sets and loaders. Imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from .values import MOST_TEXT, number

if TYPE_CHECKING:
    from .log import Arrays
    from .values import Encoder

WEIGHTS = 16 << 20


def single(value: Tensor) -> float | None:
    """A tensor with one element as a float; None for any other."""
    return float(value.detach()) if value.numel() == 1 else None


def is_live(value: Any) -> bool:
    """Whether this is a tensor that still has its graph."""
    return isinstance(value, Tensor) and value.requires_grad


def _tensor(name: str, value: Tensor, arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {
        "type": "tensor",
        "requires_grad": value.requires_grad,
        "torch_dtype": str(value.dtype),
        **arrays.keep(name, as_array(value)),
    }


def as_array(tensor: Tensor) -> np.ndarray[Any, Any]:
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    array: np.ndarray[Any, Any] = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def _module(name: str, value: torch.nn.Module, arrays: Arrays, _depth: int) -> dict[str, Any]:
    state = [item for item in value.state_dict().items() if isinstance(item[1], Tensor)]
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
        "data_shape": list(data.shape) if isinstance(data, (Tensor, np.ndarray)) else None,
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


def _length(value: Any) -> int | None:
    try:
        return len(value)
    except Exception:  # noqa: BLE001 - a stream has no length, and a student's class any error
        return None


TENSORS: tuple[tuple[Any, Encoder], ...] = ((Tensor, _tensor),)
OBJECTS: tuple[tuple[Any, Encoder], ...] = (
    (torch.nn.Module, _module),
    (torch.optim.Optimizer, _optimizer),
    (DataLoader, _loader),
    (Dataset, _dataset),
)
