"""A training run, read from its trace."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from grader.evidence import Evidence

# The events of a trace, as kernel/inside/probe/trace.py writes them.
TRAIN, TEST, OTHER, TRAIN_NO_GRAD, TEST_NO_GRAD, OTHER_NO_GRAD, ZERO_GRAD, BACKWARD, STEP, PASS = range(1, 11)
BATCHES = frozenset({TRAIN, TEST, OTHER, TRAIN_NO_GRAD, TEST_NO_GRAD, OTHER_NO_GRAD})
MOST_EVENTS = 8_000_000
LARGEST = 1e30
"""No learning rate is near."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over a loader in which losses went backward or the optimizer stepped."""

    split: int
    """`TRAIN`, `TEST` or `OTHER`: what its loader draws from."""
    steps: int
    loss: float
    """The mean of the losses that went backward; NaN if none was a single number."""
    first: float = math.nan
    """The first of these losses."""
    last: float = math.nan
    batches: int = 0
    """How many minibatches its loader has; 0 if that is not known."""
    points: int = 0
    """How many points its loader draws from; 0 if that is not known."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer as it was at its first step."""

    method: str
    """Its class."""
    rate: float
    momentum: float = 0.0
    scheduled: bool = False
    """A scheduler changes the rate."""

    def __str__(self) -> str:
        momentum = f", momentum {self.momentum:g}" if self.momentum else ""
        return (
            f"{self.method}, learning rate {self.rate:g}{momentum}{', scheduled' if self.scheduled else ''}"
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened during some cells. Counts are of optimizer steps unless they say otherwise."""

    steps: int
    steps_on_train: int
    steps_on_test: int
    steps_on_other: int
    steps_without_zero_grad: int
    steps_without_backward: int
    backwards: int
    passes: tuple[Pass, ...]
    provenance: Mapping[str, int]
    """Which splits' batches the sampled losses were computed from."""
    optimizers: tuple[Optimizer, ...] = ()
    """Those that stepped."""
    held_out: int = 0
    """How many minibatches that are not of the training split were fetched."""

    @property
    def trained(self) -> bool:
        return self.steps > 0

    @property
    def epochs(self) -> tuple[Pass, ...]:
        """The passes over the training split, or over whatever was taken for it."""
        return tuple(each for each in self.passes if each.split == TRAIN) or self.passes

    @property
    def epoch_losses(self) -> tuple[float, ...]:
        """The mean loss of each pass that learned from the training split."""
        return tuple(each.loss for each in self.passes if each.split == TRAIN)


def trace(evidence: Evidence, cells: Collection[int] | None = None) -> Trace:
    """The trace of some cells, or of the whole run."""
    records = [record for record in evidence.cells if cells is None or record.cell in cells]
    events, losses = [np.empty(0, np.uint8)], [np.empty(0, np.float64)]
    provenance: dict[str, int] = {}
    loaders: dict[int, tuple[int, int]] = {}
    optimizers: list[Optimizer] = []
    for record in records:
        fields = record.fields.get("trace")
        fields = fields if isinstance(fields, dict) else {}
        begun = sum(map(len, events))
        loaders |= {begun + at: sizes for at, sizes in _loaders(fields.get("loaders"))}
        optimizers += _optimizers(fields.get("optimizers"))
        events.append(_array(fields.get("events"), record.arrays, np.uint8))
        losses.append(_array(fields.get("losses"), record.arrays, np.float64))
        for split, count in _counts(fields.get("provenance")):
            provenance[split] = provenance.get(split, 0) + count
    return _read(
        np.concatenate(events)[:MOST_EVENTS],
        np.concatenate(losses)[:MOST_EVENTS],
        loaders,
        provenance=provenance,
        optimizers=tuple(dict.fromkeys(optimizers)),
    )


def _read(
    events: NDArray[np.uint8],
    losses: NDArray[np.float64],
    loaders: Mapping[int, tuple[int, int]],
    **known: Any,
) -> Trace:
    """Count over events (n,), of which each BACKWARD has the next loss. A step belongs to the batch before it."""
    steps, backwards, begun = (np.flatnonzero(events == kind) for kind in (STEP, BACKWARD, PASS))
    no_loss = np.full(max(0, len(backwards) - len(losses)), math.nan)
    losses = np.concatenate([losses[: len(backwards)], no_loss])
    batch = _splits(events)
    previous = np.concatenate([[-1], steps[:-1]])
    of_step, of_loss = (np.searchsorted(begun, at, side="right") for at in (steps, backwards))
    passes = []
    for number in np.union1d(of_step, of_loss).tolist():
        own_steps, own_losses = steps[of_step == number], losses[of_loss == number]
        used = np.concatenate([batch[own_steps], batch[backwards[of_loss == number]]])
        seen = own_losses.tolist() or [math.nan]
        sizes = loaders.get(int(begun[number - 1]), (0, 0)) if number else (0, 0)
        split = int(np.bincount(used).argmax())
        passes.append(Pass(split, len(own_steps), sum(seen) / len(seen), seen[0], seen[-1], *sizes))
    return Trace(
        steps=len(steps),
        steps_on_train=int((batch[steps] == TRAIN).sum()),
        steps_on_test=int((batch[steps] == TEST).sum()),
        steps_on_other=int((batch[steps] == OTHER).sum()),
        steps_without_zero_grad=int((_last(events == ZERO_GRAD)[steps] < previous).sum()),
        steps_without_backward=int((_last(events == BACKWARD)[steps] < previous).sum()),
        backwards=len(backwards),
        passes=tuple(passes),
        held_out=int(np.isin(events, (TEST, OTHER, TEST_NO_GRAD, OTHER_NO_GRAD)).sum()),
        **known,
    )


def _splits(events: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At each event the split of the last batch that was fetched, whether gradients were on or not: (n,)."""
    last = _last(np.isin(events, tuple(BATCHES)))
    kinds = np.where(last >= 0, events[np.maximum(last, 0)], OTHER)
    return np.where(kinds > OTHER, kinds - OTHER, kinds).astype(np.uint8)


def _last(happened: NDArray[np.bool_]) -> NDArray[np.intp]:
    """At each event the index of the last one until then that is so, or -2: (n,)."""
    last: NDArray[np.intp] = np.maximum.accumulate(np.where(happened, np.arange(len(happened)), -2))
    return last


def _array(fields: Any, arrays: Mapping[str, NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    name = fields.get("array") if isinstance(fields, dict) else None
    array = arrays.get(name) if isinstance(name, str) else None
    if array is None or array.dtype != np.dtype(dtype) or array.ndim != 1:
        return np.empty(0, dtype)
    return array


def _counts(fields: Any) -> Iterable[tuple[str, int]]:
    return [
        (split, count)
        for split, count in (fields.items() if isinstance(fields, dict) else ())
        if type(count) is int and count > 0
    ]


def _loaders(fields: Any) -> Iterable[tuple[int, tuple[int, int]]]:
    """For each pass, the event it began with, and its loader's number of batches and points."""
    for loader in fields if isinstance(fields, list) else ():
        match loader:
            case {"at": int(at), "batches": int(batches), "dataset": {"length": int(points)}}:
                yield at, (batches, points)


def _optimizers(fields: Any) -> Iterable[Optimizer]:
    for optimizer in fields if isinstance(fields, list) else ():
        match optimizer:
            case {"class": str(name), "groups": [{"lr": int() | float() as rate} as group, *_]} if (
                abs(rate) < LARGEST
            ):
                momentum = group.get("momentum")
                known = isinstance(momentum, int | float) and 0 < momentum < LARGEST
                yield Optimizer(
                    name[:80],
                    float(rate),
                    momentum=float(momentum) if known else 0.0,
                    scheduled="initial_lr" in group,  # which a scheduler writes there
                )
