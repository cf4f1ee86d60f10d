"""One linear layer, recomputed from the weights that a run left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.evidence import Value

NORMALIZE = re.compile(
    r"Normalize\(mean=(?:tensor\()?[\[(]?(?P<mean>-?\d+(?:\.\d*)?(?:e[-+]?\d+)?),?[\])]*, "
    r"std=(?:tensor\()?[\[(]?(?P<std>\d+(?:\.\d*)?(?:e[-+]?\d+)?),?[\])]*[,)]"
)
BLOCK = 2000
"""Images whose outputs are looked at together."""
FEW = 100
"""Images whose product with a layer OpenBLAS computes as they lie there: packing more takes twice as long."""
LARGEST = 1e30
"""No weight of a network that learned anything is near."""


@dataclass(frozen=True, eq=False)
class Linear:
    """One linear layer, logits = x Wᵀ + b, as recomputed by us: weight (classes, features), bias (classes,).

    Layers of equal weights are equal, so that a rubric may `functools.cache` what it computes from one.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Linear)
            and np.array_equal(self.weight, other.weight)
            and np.array_equal(self.bias, other.bias)
        )

    def __hash__(self) -> int:
        return hash((self.weight.tobytes(), self.bias.tobytes()))

    @classmethod
    def of(cls, module: Value | None, *, features: int, classes: int) -> Linear | None:
        """The layer, if the module's parameters are exactly those of one; None if we can't recompute it."""
        state = list(module.state.values()) if module is not None else []
        weights = [array for array in state if array.shape == (classes, features)]
        biases = [array for array in state if array.shape == (classes,)]
        if len(weights) != 1 or len(biases) > 1 or len(weights) + len(biases) != len(state):
            return None
        # float32 ends at 3e38; logits of weights near that are not numbers any more.
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

    def scores(self, images: NDArray[np.uint8], labels: NDArray[Any], *, softmaxed: bool = False) -> Scores:
        """What it achieves on images (n, h, w) of bytes, which it sees in [0, 1], as `ToTensor` makes them.

        Args:
            images: of bytes.
            labels: (n,).
            softmaxed: whether the logits go through a needless softmax before the loss.
        """
        pixels = images.reshape(len(images), -1)
        weight = (self.weight / np.float32(255)).T
        seen = np.empty((min(FEW, len(pixels)), len(weight)), np.float32)
        classes, loss = len(self.bias), 0.0
        confusion = np.zeros(classes * classes, np.intp)
        for at in range(0, len(pixels), BLOCK):
            own = labels[at : at + BLOCK]
            outputs = np.empty((len(own), classes), np.float32)
            for few in range(0, len(own), FEW):
                part = seen[: len(own) - few]
                np.copyto(part, pixels[at + few : at + few + len(part)])
                np.matmul(part, weight, out=outputs[few : few + FEW])
            # By class first: NumPy is several times as fast along a first axis as along a short last one.
            logits = np.ascontiguousarray((outputs + self.bias).T)
            met = own.astype(np.intp) * classes + logits.argmax(axis=0)
            confusion += np.bincount(met, minlength=classes * classes)
            logs = _log_softmax(logits)
            loss += _cross_entropy(_log_softmax(np.exp(logs)) if softmaxed else logs, own)
        counts = confusion.reshape(classes, classes)
        return Scores(
            int(counts.trace()) / len(pixels), loss / len(pixels), tuple(map(tuple, counts.tolist()))
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """What a layer achieves on a set."""

    accuracy: float
    """The share of points whose largest logit is that of their label."""
    loss: float
    """The mean cross-entropy, in nats."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """How many points of each class, by their label, have their largest logit at which class."""


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of (classes, n)."""
    shifted: NDArray[np.float32] = logits - logits.max(axis=0)
    shifted -= np.log(np.exp(shifted).sum(axis=0))
    return shifted


def _cross_entropy(logs: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """The sum over n points, from the logarithms of their shares, (classes, n)."""
    return -float(logs[labels, np.arange(len(labels))].sum(dtype=np.float64))


def normalisation(dataset: Value | None) -> tuple[float, float]:
    """Mean and deviation of the `Normalize` in a data set's transform; (0, 1) if there is none."""
    text = dataset.text("transform") if dataset is not None else ""
    match = NORMALIZE.search(text)
    mean, deviation = (float(match["mean"]), float(match["std"])) if match else (0.0, 1.0)
    return (mean, deviation) if 0 < deviation < LARGEST and abs(mean) < LARGEST else (0.0, 1.0)
