"""Named values as plain data: what a name was bound to after a cell, without the object itself.

Every encoding is a JSON object with a ``"type"``: number, text, tensor, ndarray, series (a list of scalars,
as one array), list, mapping, module, dataset, loader, optimizer, function, other, none.
"""

from __future__ import annotations

import inspect
import math
import numbers
import sys
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .log import MOST_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .log import Arrays

    Encoder = Callable[[str, Any, Arrays, int], dict[str, Any]]

MOST_TEXT = 4000
MOST_ITEMS = 20_000
MOST_MEMBERS = 1000
MOST_DEPTH = 4


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
    tensors = of_torch()
    if tensors is not None and isinstance(value, tensors.Tensor):
        single: float | None = tensors.single(value)
        return single
    if isinstance(value, (np.ndarray, np.generic)):
        return float(value.item()) if value.size == 1 and value.dtype.kind in "fiub" else None
    return float(value) if isinstance(value, numbers.Real) else None


def _sequence(name: str, value: list[Any] | tuple[Any, ...], arrays: Arrays, depth: int) -> dict[str, Any]:
    items = value[:MOST_ITEMS]
    fields: dict[str, Any] = {"container": type(value).__name__, "length": len(value)}
    scalars = [scalar(item) for item in items]
    if items and all(number is not None for number in scalars):
        kinds = sorted({type(item).__name__ for item in items})[:5]
        tensors = of_torch()
        live = tensors is not None and any(map(tensors.is_live, items))
        series = arrays.keep(name, np.array(scalars, np.float64))
        return {"type": "series", "of": kinds, "requires_grad": live, **fields, **series}
    inner = [encode(f"{name}.{i}", item, arrays, depth + 1) for i, item in enumerate(items[:MOST_MEMBERS])]
    return {"type": "list", **fields, "items": inner}


def _mapping(name: str, value: Mapping[Any, Any], arrays: Arrays, depth: int) -> dict[str, Any]:
    pairs = list(value.items())[:200]
    inner = {str(key)[:100]: encode(f"{name}.{key}", item, arrays, depth + 1) for key, item in pairs}
    return {"type": "mapping", "items": inner}


def _text(_name: str, value: str, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {"type": "text", "value": value[:MOST_TEXT], "length": len(value)}


def _function(_name: str, value: Any, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {"type": "function", "name": value.__name__, "signature": str(inspect.signature(value))[:300]}


def _other(_name: str, value: Any, _arrays: Arrays, _depth: int) -> dict[str, Any]:
    return {"type": "other", "class": type(value).__name__, "repr": repr(value)[:300]}


PLAIN: tuple[tuple[Any, Encoder], ...] = (
    (np.ndarray, lambda name, value, arrays, _: {"type": "ndarray", **arrays.keep(name, value)}),
    (np.generic, lambda name, value, arrays, depth: encode(name, value.item(), arrays, depth)),
    (numbers.Number, lambda _name, value, _arrays, _depth: {"type": "number", "value": number(value)}),
    (str, _text),
    ((list, tuple), _sequence),
    (dict, _mapping),
)


def of_torch() -> Any:
    """Our module about torch's own objects, once this kernel has imported torch; else None."""
    return _of_torch() if "torch" in sys.modules else None


@lru_cache
def _of_torch() -> Any:
    try:
        from . import tensors  # noqa: PLC0415 - imports torch
    except Exception:  # noqa: BLE001 - a student's own module may have that name
        return None
    return tensors


@lru_cache
def _encoders(tensors: Any) -> tuple[tuple[Any, Encoder], ...]:
    first, last = (tensors.TENSORS, tensors.OBJECTS) if tensors is not None else ((), ())
    none, function = (type(None), lambda *_: {"type": "none"}), (types.FunctionType, _function)
    return (none, *first, *PLAIN, *last, function)


def _encoder(value: Any) -> Encoder:
    return next((encoder for kind, encoder in _encoders(of_torch()) if isinstance(value, kind)), _other)
