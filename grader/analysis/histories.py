"""Does a loss history hold what the run computed? Compared with the run's trace, and with the weights it left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from grader.analysis import numbers
from grader.analysis.training import proportional, scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.analysis.training import Trace

TRAINING, TEST = "training", "test"
SAME = 0.012
"""A mean over minibatches and one over points differ by less, the last minibatch being smaller."""
APART = 0.04
"""From this difference on two losses can be told apart."""
CLEARLY = 0.9
"""What falls to this share of itself has fallen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What we know of a run's losses ourselves. Splits are `training` and `test`."""

    trace: Trace
    epochs: int
    """How many the training should have."""
    final: Mapping[str, Sequence[float]]
    """By split, what the mean loss of the final weights may be; empty if it can't be recomputed."""
    scales: Mapping[str, Sequence[float]]
    """By split, what losses are usually multiplied with: sums and means over minibatches, points and both."""

    @property
    def path(self) -> tuple[float, ...]:
        """The mean training loss of each epoch."""
        return tuple(each.loss for each in self.trace.epochs)


def misfit(which: str, values: Sequence[float] | None, account: Account) -> str:
    """What is wrong with a history, in a few words; nothing if it is right."""
    if values is None:
        return "not there"
    if len(values) != account.epochs:
        return f"{len(values)} {'entry' if len(values) == 1 else 'entries'}"
    if not _finite(values):
        return "not finite" if _finite(account.path) else ""
    return _against_trace(which, values, account) or _against_weights(which, values, account)


def doubt(which: str, values: Sequence[float], account: Account) -> str:
    """Where a history that ends as the run does leaves its path: that is not what was computed there."""
    path = account.path
    if len(path) != len(values) or not _finite((*path, *values)) or path[-1] >= path[0]:
        return ""  # another loop than one over the loader, or one that diverged: no path to compare with
    factor = scale_of(which, values, account)
    for epoch, (value, before, after) in enumerate(
        zip(values, path, (*path[1:], path[-1]), strict=True), start=1
    ):
        # Measured while or after this epoch's steps, so between this epoch's mean and the next one's.
        if not 0.8 * min(before, after) <= value / factor <= 1.3 * max(before, after):
            return f"{value:.4g} after epoch {epoch}, whose own mean was {before:.4g}"
    return ""


def scale_of(which: str, values: Sequence[float], account: Account) -> float:
    """The usual factor between a history and mean losses; 1 if it is none of them."""
    return _scale(values[-1], which, account, tolerance=0.3) or 1


def is_printed(which: str, values: Sequence[float] | None, text: str, account: Account) -> bool:
    """Does a text show the losses: those of the history, the same as means, or those that the run computed?"""
    forms = []
    if values is not None:
        factor = scale_of(which, values, account)
        forms += [values, [value / factor for value in values]]
    if which == TRAINING:
        forms += [account.path, [each.loss * each.steps for each in account.trace.epochs]]
    shown = any(len(form) > 0 and numbers.shown(text, form) >= 0.9 for form in forms)
    return shown or (which == TEST and _ends_in_a_column(text, account))


def _ends_in_a_column(text: str, account: Account) -> bool:
    """Beside the training losses, is there a number for each epoch, and the final test loss among them?"""
    others = [
        number
        for number, decimals in numbers.written(text)
        if decimals > 1 and not any(abs(number - loss) <= 10.0**-decimals for loss in account.path)
    ]
    final = account.final[TEST]
    return len(others) >= len(account.path) > 0 and any(
        abs(number / loss - 1) <= SAME for number in others for loss in final if loss > 0
    )


def _against_trace(which: str, values: Sequence[float], account: Account) -> str:
    path = account.path
    if len(path) != len(values) or not _finite(path):
        return ""
    if min(values) >= values[0] > 0 and path[-1] < CLEARLY * path[0]:
        added = [values[0], *(after - before for before, after in pairwise(values))]
        sums = proportional(added, path, tolerance=0.3)
        return "adds up the losses of all epochs so far" if sums else "not falling"
    if max(path) < (1 + APART) * min(path):
        return ""  # the weights hardly moved, so all losses look alike
    if which == TEST and proportional(values, path, tolerance=0.005):
        return "holds the training losses"
    last = [each.last for each in account.trace.epochs if each.steps > 1]
    if which == TRAINING and proportional(values, last, tolerance=0.001):
        return "holds the loss of each epoch's last minibatch alone"
    return ""


def _against_weights(which: str, values: Sequence[float], account: Account) -> str:
    if which == TRAINING and proportional(values, account.path, tolerance=0.03):
        return ""
    final = account.final[which]
    factor = _scale(values[-1], which, account, tolerance=0.12)
    if final and factor is None:
        return f"ends with {values[-1]:.4g}, while the weights give {final[0]:.4g}"
    other = TRAINING if which == TEST else TEST
    for own, others in zip(final, account.final[other], strict=False):
        mean = values[-1] / (factor or 1)
        if abs(mean / others - 1) < SAME and abs(own / others - 1) > APART:
            return f"holds the {other} losses" if other == TEST else "holds losses of the training set"
    return ""


def _scale(value: float, which: str, account: Account, *, tolerance: float) -> float | None:
    factors = (
        scale(value, loss, account.scales[which], tolerance=tolerance) for loss in account.final[which]
    )
    return next((factor for factor in factors if factor is not None), None)


def _finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))
