"""Why a network did not learn as it should have: what an experienced teaching assistant sees in its trace.

Each mistake has its own sentence. The order matters: the first that fits explains those below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from grader.analysis.training import TRAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.analysis.training import Pass, Trace

ENOUGH = 0.75
"""Of the training set: a fifth of it may be kept for validation."""


class Mistake(StrEnum):
    NO_STEP = "The optimizer's `step()` was never called, so the weights never moved."
    NO_BACKWARD = "`backward()` was never called, so there were no gradients to learn from."
    NEVER_CLEARED = "Gradients were never cleared: each step used the sum of all gradients so far."
    SELDOM_CLEARED = (
        "Gradients were cleared only occasionally: most steps used a sum that included old gradients."
    )
    NEW_NETWORK = "Every epoch started with a new network, so nothing that was learned was kept."
    OTHER_NETWORK = "The optimizer updates the parameters of another network: the loss never changed."
    SOFTMAX = "The loss was given softmax outputs; cross-entropy takes logits and applies softmax itself."
    ONE_BATCH = "The network was trained on only one minibatch per epoch."
    PART = "The network was trained on only part of the training set."
    RATE = "The learning rate is far outside the range in which this network learns."

    @property
    def certain(self) -> bool:
        """Is this a mistake even if the network learned in spite of it?"""
        return self is not Mistake.RATE

    @property
    def hint(self) -> str:
        """Where to look for it. It names no line of a solution."""
        return HINTS[self]


HINTS = {
    Mistake.NO_STEP: "Look at what happens to the weights once the gradients are known.",
    Mistake.NO_BACKWARD: "Look at where the gradients that the optimizer uses are computed.",
    Mistake.NEVER_CLEARED: "Look at what happens to the gradients between two steps.",
    Mistake.SELDOM_CLEARED: "Compare how often the gradients are cleared with how often the optimizer steps.",
    Mistake.NEW_NETWORK: "Look at what is created anew each time the loop over epochs begins again.",
    Mistake.OTHER_NETWORK: "Compare the network that computes the loss with the one that the optimizer was given.",
    Mistake.SOFTMAX: "Look at what happens to the outputs of the network before they reach the loss.",
    Mistake.ONE_BATCH: "Look at how many minibatches an epoch goes through before the next one begins.",
    Mistake.PART: "Count the points that one epoch goes through, and compare them with the training set.",
    Mistake.RATE: "Try other learning rates, and watch how the loss changes from epoch to epoch.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A trace, and what else is known about the training."""

    trace: Trace
    points: int
    """In the whole training set."""
    clears_by_hand: bool
    """The code touches gradients itself, which no trace shows."""
    softmaxed: bool
    """The losses that went backward are those of softmaxed outputs."""
    rates: tuple[float, float]
    """The lowest and the highest learning rate at which plain SGD learns anything here."""

    @property
    def epochs(self) -> tuple[Pass, ...]:
        """The passes over the training split that learned, or were meant to."""
        return tuple(each for each in self.trace.passes if each.split == TRAIN)


def mistakes(run: Run) -> tuple[Mistake, ...]:
    """All that went wrong with the training itself; what explains most comes first."""
    return tuple(mistake for mistake, made in SIGNS.items() if made(run))


def _no_step(run: Run) -> bool:
    return run.trace.backwards > 0 and run.trace.steps == 0 and not run.clears_by_hand


def _no_backward(run: Run) -> bool:
    return run.trace.steps > 0 and run.trace.backwards == 0 and not run.clears_by_hand


def _never_cleared(run: Run) -> bool:
    return _uncleared(run) and run.trace.steps_without_zero_grad >= run.trace.steps - 1


def _seldom_cleared(run: Run) -> bool:
    return _uncleared(run) and run.trace.steps_without_zero_grad < run.trace.steps - 1


def _uncleared(run: Run) -> bool:
    trace = run.trace
    return (
        trace.steps > 1
        and trace.backwards > 0
        and not run.clears_by_hand
        and trace.steps_without_zero_grad > 0.5 * trace.steps
    )


def _new_network(run: Run) -> bool:
    """Does every epoch begin as badly as the first, and end better?"""
    first = [each.first for each in run.epochs]
    return (
        len(first) > 2
        and all(each.steps > 2 and each.loss < 0.9 * each.first for each in run.epochs)
        and min(first[1:]) > 0.85 * first[0]
    )


def _other_network(run: Run) -> bool:
    """Is the mean loss the same in every epoch, but for what shuffling does, although the optimizer stepped?"""
    losses = [each.loss for each in run.epochs if each.steps]
    return (
        len(losses) > 2 and all(map(math.isfinite, losses)) and max(losses) - min(losses) < 0.01 * max(losses)
    )


def _one_batch(run: Run) -> bool:
    return len(run.epochs) > 1 and all(each.steps == 1 < each.batches for each in run.epochs)


def _part(run: Run) -> bool:
    shares = [
        min(each.points / run.points, each.steps / each.batches if each.steps else 1.0)
        for each in run.epochs
        if each.points and each.batches
    ]
    return bool(shares) and median(shares) < ENOUGH


def _rate(run: Run) -> bool:
    slowest, fastest = run.rates
    return bool(run.trace.optimizers) and all(
        one.method == "SGD" and not slowest <= one.rate <= fastest for one in run.trace.optimizers
    )


SIGNS: dict[Mistake, Callable[[Run], bool]] = {
    Mistake.NO_STEP: _no_step,
    Mistake.NO_BACKWARD: _no_backward,
    Mistake.NEVER_CLEARED: _never_cleared,
    Mistake.SELDOM_CLEARED: _seldom_cleared,
    Mistake.RATE: _rate,
    Mistake.NEW_NETWORK: _new_network,
    Mistake.OTHER_NETWORK: _other_network,
    Mistake.SOFTMAX: lambda run: run.softmaxed,
    Mistake.ONE_BATCH: _one_batch,
    Mistake.PART: _part,
}
