"""A training run, read from its trace and recomputed from the weights it left."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from grader.evidence import Evidence, Value

# The events of a trace, as kernel/inside/probe/trace.py writes them.
TRAIN, TEST, OTHER, TRAIN_NO_GRAD, TEST_NO_GRAD, OTHER_NO_GRAD, ZERO_GRAD, BACKWARD, STEP, PASS = range(1, 11)
BATCHES = frozenset({TRAIN, TEST, OTHER, TRAIN_NO_GRAD, TEST_NO_GRAD, OTHER_NO_GRAD})
MOST_EVENTS = 8_000_000
NORMALIZE = re.compile(
    r"Normalize\(mean=(?:tensor\()?[\[(]?(?P<mean>-?\d+(?:\.\d*)?(?:e[-+]?\d+)?),?[\])]*, "
    r"std=(?:tensor\()?[\[(]?(?P<std>\d+(?:\.\d*)?(?:e[-+]?\d+)?),?[\])]*[,)]"
)
LARGEST = 1e30
"""No weight of a network that learned anything is near."""


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
    optimizers: tuple[tuple[str, float], ...] = ()
    """Class and learning rate of each optimizer that stepped, NaN if the rate is no number."""

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
    optimizers: list[tuple[str, float]] = []
    for record in records:
        facts = record.facts.get("trace")
        facts = facts if isinstance(facts, dict) else {}
        begun = sum(map(len, events))
        loaders |= {begun + at: sizes for at, sizes in _loaders(facts.get("loaders"))}
        optimizers += _optimizers(facts.get("optimizers"))
        events.append(_array(facts.get("events"), record.arrays, np.uint8))
        losses.append(_array(facts.get("losses"), record.arrays, np.float64))
        for split, count in _counts(facts.get("provenance")):
            provenance[split] = provenance.get(split, 0) + count
    reader = _Reader(map(float, np.concatenate(losses)[:MOST_EVENTS]), loaders)
    for event in np.concatenate(events)[:MOST_EVENTS].tobytes():
        reader.read(event)
    return reader.trace(provenance, tuple(dict.fromkeys(optimizers)))


class _Reader:
    """Walks through a trace's events, counting."""

    def __init__(self, losses: Iterable[float], loaders: Mapping[int, tuple[int, int]]) -> None:
        self._losses = iter(losses)
        self._loaders = loaders
        self._at = 0
        self._steps = {TRAIN: 0, TEST: 0, OTHER: 0}
        self._unzeroed = self._unlearned = self._backwards = 0
        self._passes: list[Pass] = []
        self._batch = OTHER
        self._zeroed = self._learned = False
        self._during: list[float] = []
        self._used: Counter[int] = Counter()
        self._stepped = 0
        self._sizes = 0, 0

    def read(self, event: int) -> None:
        if event in BATCHES:
            self._batch = event if event <= OTHER else event - 3
        elif event == ZERO_GRAD:
            self._zeroed = True
        elif event == BACKWARD:
            self._backwards += 1
            self._learned = True
            self._during.append(next(self._losses, math.nan))
            self._used[self._batch] += 1
        elif event == STEP:
            self._step()
        elif event == PASS:
            self._end_pass()
            self._sizes = self._loaders.get(self._at, (0, 0))
        self._at += 1

    def trace(self, provenance: Mapping[str, int], optimizers: tuple[tuple[str, float], ...]) -> Trace:
        self._end_pass()
        return Trace(
            steps=sum(self._steps.values()),
            steps_on_train=self._steps[TRAIN],
            steps_on_test=self._steps[TEST],
            steps_on_other=self._steps[OTHER],
            steps_without_zero_grad=self._unzeroed,
            steps_without_backward=self._unlearned,
            backwards=self._backwards,
            passes=tuple(self._passes),
            provenance=provenance,
            optimizers=optimizers,
        )

    def _step(self) -> None:
        self._steps[self._batch] += 1
        self._used[self._batch] += 1
        self._stepped += 1
        self._unzeroed += not self._zeroed
        self._unlearned += not self._learned
        self._zeroed = self._learned = False

    def _end_pass(self) -> None:
        if self._used:
            losses = self._during or [math.nan]
            split = max(self._used, key=lambda each: self._used[each])
            mean = sum(losses) / len(losses)
            self._passes.append(Pass(split, self._stepped, mean, losses[0], losses[-1], *self._sizes))
        self._during, self._used, self._stepped = [], Counter(), 0


def _array(facts: Any, arrays: Mapping[str, NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    name = facts.get("array") if isinstance(facts, dict) else None
    array = arrays.get(name) if isinstance(name, str) else None
    if array is None or array.dtype != np.dtype(dtype) or array.ndim != 1:
        return np.empty(0, dtype)
    return array


def _counts(facts: Any) -> Iterable[tuple[str, int]]:
    return [
        (split, count)
        for split, count in (facts.items() if isinstance(facts, dict) else ())
        if type(count) is int and count > 0
    ]


def _loaders(facts: Any) -> Iterable[tuple[int, tuple[int, int]]]:
    """For each pass, the event it began with, and its loader's number of batches and points."""
    for loader in facts if isinstance(facts, list) else ():
        match loader:
            case {"at": int(at), "batches": int(batches), "dataset": {"length": int(points)}}:
                yield at, (batches, points)


def _optimizers(facts: Any) -> Iterable[tuple[str, float]]:
    for optimizer in facts if isinstance(facts, list) else ():
        match optimizer:
            case {"class": str(name), "groups": [{"lr": int() | float() as rate}, *_]} if abs(rate) < LARGEST:
                yield name[:80], float(rate)


@dataclass(frozen=True)
class Linear:
    """One linear layer, logits = x Wᵀ + b, as recomputed by us: weight (classes, features), bias (classes,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, module: Value | None, *, features: int, classes: int) -> Linear | None:
        """The layer, if the module's parameters are exactly those of one; None if we can't recompute it."""
        state = list(module.state.values()) if module is not None else []
        weights = [array for array in state if array.shape == (classes, features)]
        biases = [array for array in state if array.shape == (classes,)]
        if len(weights) != 1 or len(biases) > 1 or len(weights) + len(biases) != len(state):
            return None
        # float32 ends at 3e38; logits of weights near that are no numbers any more.
        if not all(array.dtype.kind == "f" for array in state):
            return None
        if not all((np.abs(array.astype(np.float64)) < LARGEST).all() for array in state):
            return None
        bias = biases[0] if biases else np.zeros(classes)
        return cls(weights[0].astype(np.float32), bias.astype(np.float32))

    def before(self, normalised: tuple[float, float]) -> Linear:
        """The layer that makes of inputs what this one makes of (inputs - mean) / deviation."""
        mean, deviation = normalised
        weight = self.weight / np.float32(deviation)
        return Linear(weight, self.bias - np.float32(mean) * weight.sum(axis=1))

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, classes), from inputs of shape (n, features)."""
        return inputs @ self.weight.T + self.bias


def accuracy(logits: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """The share of points, (n, classes), whose largest logit is that of their label, (n,)."""
    return float((logits.argmax(axis=1) == labels).mean())


def cross_entropy(logits: NDArray[np.float32], labels: NDArray[Any], *, softmaxed: bool = False) -> float:
    """The mean cross-entropy, in nats; of what a needless softmax makes of the logits, if `softmaxed`."""
    exact = logits.astype(np.float64)
    logs = _log_softmax(_softmax(exact) if softmaxed else exact)
    return float(-logs[np.arange(len(labels)), labels].mean())


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = logits - logits.max(axis=1, keepdims=True)
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.exp(_log_softmax(logits))
    return shares


def normalisation(dataset: Value | None) -> tuple[float, float]:
    """Mean and deviation of the `Normalize` in a data set's transform; (0, 1) if there is none."""
    text = dataset.text("transform") if dataset is not None else ""
    match = NORMALIZE.search(text)
    mean, deviation = (float(match["mean"]), float(match["std"])) if match else (0.0, 1.0)
    return (mean, deviation) if 0 < deviation < LARGEST and abs(mean) < LARGEST else (0.0, 1.0)


def inputs(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images (n, h, w) of bytes as `ToTensor` makes them: (n, h*w) in [0, 1]."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= 255
    return flat


def proportional(history: Sequence[float], losses: Sequence[float], *, tolerance: float) -> bool:
    """Are two runs of numbers the same up to one constant factor?"""
    if len(history) != len(losses) or not history:
        return False
    ratios = [
        one / other for one, other in zip(history, losses, strict=True) if other and math.isfinite(other)
    ]
    middle = statistics.median(ratios) if len(ratios) == len(history) else 0.0
    return middle > 0 and all(abs(ratio / middle - 1) <= tolerance for ratio in ratios)


def scale(history: float, loss: float, scales: Iterable[float], *, tolerance: float) -> float | None:
    """By which usual factor a history's entry differs from a mean loss, or None if by no usual one."""
    if loss <= 0 or history <= 0:
        return None
    factor = history / loss
    return next((one for one in scales if abs(factor / one - 1) <= tolerance), None)
