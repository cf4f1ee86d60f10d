"""Does a loss history hold what the run computed? Compared with the run's trace, and with the weights it left."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from grader.analysis import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from grader.analysis.training import Trace

TRAINING, TEST = "training", "test"
CLEARLY = 0.9
"""What falls to this share of itself has fallen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How exactly losses can be compared, as relative differences: that depends on the data and the minibatches."""

    same: float
    """The mean over minibatches and the mean over points differ by less, although the last minibatch is smaller."""
    apart: float
    """From this difference on, two losses are different."""
    spike: int
    """For this many epochs in a row the loss of a fast learner may be anywhere."""


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
    tolerance: Tolerance

    @property
    def path(self) -> tuple[float, ...]:
        """The mean training loss of each epoch."""
        return tuple(each.loss for each in self.trace.epochs)


def misfit(which: str, values: Sequence[float] | None, account: Account) -> str:
    """What is wrong with a history, in a few words; nothing if it is right."""
    if values is None:
        return "missing"
    if len(values) != account.epochs:
        return f"{len(values)} {'entry' if len(values) == 1 else 'entries'}"
    if not _finite(values):
        return "not finite" if _finite(account.path) else ""
    return _against_trace(which, values, account) or _against_weights(which, values, account)


def doubt(which: str, values: Sequence[float], account: Account) -> str:
    """Why a history that ends as the run does may not be the run's: it is longer, or leaves the run's path."""
    path = account.path
    if 0 < len(path) < len(values) and all(0 < each.steps <= each.batches for each in account.trace.epochs):
        passes = "pass" if len(path) == 1 else "passes"
        return f"has {len(values)} entries, while the run made {len(path)} {passes} over its data"
    if len(path) != len(values) or not _finite((*path, *values)) or path[-1] >= path[0]:
        return ""  # another loop than one over the loader, or one that diverged: no path to compare with
    factor, above = scale_of(which, values, account), _above_training(which, account)
    # Measured while or after an epoch's steps, so between that epoch's mean and the next one's.
    off = [
        not 0.8 * min(before, after) <= value / factor <= 1.2 * above * max(before, after)
        for value, before, after in zip(values, path, (*path[1:], path[-1]), strict=True)
    ]
    spike = account.tolerance.spike
    for epoch in range(len(off) - spike):
        if all(off[epoch : epoch + spike + 1]):
            return f"is {values[epoch]:.4g} after epoch {epoch + 1}, in which the mean loss was {path[epoch]:.4g}"
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
    others = [(number, 10.0**-decimals) for number, decimals in numbers.written(text) if decimals > 1]
    for loss in account.path:
        own = next((one for one in others if abs(one[0] - loss) <= one[1]), None)
        if own is not None:
            others.remove(own)
    final = account.final[TEST]
    return len(others) >= len(account.path) > 0 and any(
        abs(number / loss - 1) <= account.tolerance.same for number, _ in others for loss in final if loss > 0
    )


def _against_trace(which: str, values: Sequence[float], account: Account) -> str:
    path = account.path
    if len(path) != len(values) or not _finite(path):
        return ""
    if min(values) >= values[0] > 0 and path[-1] < CLEARLY * path[0]:
        added = [values[0], *(after - before for before, after in pairwise(values))]
        sums = proportional(added, path, tolerance=0.3)
        return "adds up the losses of all epochs so far" if sums else "not falling"
    if max(path) < 1.04 * min(path):
        return ""  # the weights hardly moved, so all losses look alike
    if which == TEST:
        return "holds the training losses" if proportional(values, path, tolerance=0.005) else ""
    last = [each.last for each in account.trace.epochs if each.steps > 1]
    if proportional(values, last, tolerance=0.001):
        return "holds only the loss of each epoch's last minibatch"
    epoch = (
        _edited(values, path, account.tolerance) if len(account.trace.passes) == len(path) else 0
    )  # nothing else trained
    return f"is not what the run computed in epoch {epoch}" if epoch else ""


def _edited(values: Sequence[float], path: Sequence[float], tolerance: Tolerance) -> int:
    """The first epoch in which a history that otherwise is the run's own says something else; 0 if none."""
    ratios = [value / loss for value, loss in zip(values, path, strict=True)]
    off = [abs(ratio / (statistics.median(ratios) or 1) - 1) for ratio in ratios]
    if 2 * sum(each < 0.001 for each in off) <= len(off):
        return 0
    return next((epoch for epoch, each in enumerate(off, 1) if each > tolerance.same), 0)


def _against_weights(which: str, values: Sequence[float], account: Account) -> str:
    if which == TRAINING and proportional(values, account.path, tolerance=0.03):
        return ""
    final = account.final[which]
    factor = _scale(values[-1], which, account, tolerance=0.12)
    if final and factor is None:
        return f"ends with {values[-1]:.4g}, which is not the loss of the final weights"
    other = TRAINING if which == TEST else TEST
    for own, others in zip(final, account.final[other], strict=False):
        if is_rather(values[-1] / (factor or 1), others, than=own, tolerance=account.tolerance):
            return f"holds losses of the {other} set"
    return ""


def is_rather(loss: float, one: float, *, than: float, tolerance: Tolerance) -> bool:
    """Is a loss clearly not `than`, but `one`?"""
    off, near = abs(loss / than - 1), abs(loss / one - 1)
    return off > tolerance.apart and near < min(tolerance.same, off / 4)


def _above_training(which: str, account: Account) -> float:
    """By which factor the test loss is above the training loss in the end; at least 1."""
    pairs = zip(account.final[which], account.final[TRAINING], strict=True)
    return max([1.0, *(own / training for own, training in pairs if training > 0)])


def _scale(value: float, which: str, account: Account, *, tolerance: float) -> float | None:
    ends = account.final[which] or account.path[-1:]  # of a network that can't be recomputed
    factors = (scale(value, loss, account.scales[which], tolerance=tolerance) for loss in ends)
    return next((factor for factor in factors if factor is not None), None)


def _finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))


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
