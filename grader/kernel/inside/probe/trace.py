"""The training trace: one byte per event, in chronological order.

The data set of a loader tells from which split each batch came. At intervals the autograd graph is searched too,
to see which batch the loss was really computed from (`provenance`). Each hook costs one list append and suppresses
errors raised by a student's object, since it runs in the middle of the student's own code.
"""

from __future__ import annotations

import math
from array import array
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import dataloader

from .log import Arrays
from .tensors import root
from .values import encode

if TYPE_CHECKING:
    from collections.abc import Callable


class Event(IntEnum):
    TRAIN = 1  # a batch of the training split, fetched with gradients enabled
    TEST = 2
    OTHER = 3
    TRAIN_NO_GRAD = 4
    TEST_NO_GRAD = 5
    OTHER_NO_GRAD = 6
    ZERO_GRAD = 7
    BACKWARD = 8
    STEP = 9
    PASS = 10  # a loader's iteration began


MOST_EVENTS = 8_000_000
MOST_LOADERS = 500
RECENT = 8
"""Fetched batches that are kept alive, so that their storage addresses are not reused while we compare them."""
SAVED = ("_saved_mat1", "_saved_self", "_saved_input", "_saved_other", "_saved_mat2")


class Trace:
    def __init__(self) -> None:
        self.events = array("B")
        self.losses = array("d")
        self.loaders: list[dict[str, Any]] = []
        self.optimizers: list[dict[str, Any]] = []
        self.provenance: dict[str, int] = {}
        self._recent: list[tuple[int, int, Any]] = []
        self._backwards = self._foreign = 0
        self._latest: int = Event.OTHER
        self._seen: set[int] = set()
        self._moved: dict[int, torch.Tensor] = {}

    def moved(self, module: Any) -> bool:
        """Has an optimizer stepped on a parameter of this module that had a gradient?"""
        with suppress(Exception):
            return any(id(parameter) in self._moved for parameter in module.parameters())
        return False

    def cut(self, name: str, arrays: Arrays) -> dict[str, Any]:
        """The events since the last cut, as plain data."""
        fields = {
            "events": arrays.keep(f"{name}.events", _bytes(self.events), MOST_EVENTS),
            "losses": arrays.keep(f"{name}.losses", _floats(self.losses), MOST_EVENTS),
            "loaders": self.loaders,
            "optimizers": self.optimizers,
            "provenance": self.provenance,
        }
        self.events, self.losses = array("B"), array("d")
        self.loaders, self.optimizers, self.provenance = [], [], {}
        self._seen.clear()
        return fields

    def note(self, event: int) -> None:
        if len(self.events) < MOST_EVENTS:
            self.events.append(event)

    def iteration(self, loader: Any) -> int:
        """Record that an iteration over `loader` began. Returns the event to record for each of its batches."""
        self.note(Event.PASS)
        if len(self.loaders) < MOST_LOADERS:
            self.loaders.append({"at": len(self.events) - 1, **encode("", loader, Arrays())})
        with suppress(Exception):
            train = getattr(root(loader.dataset), "train", None)
            return Event.TRAIN if train is True else Event.TEST if train is False else Event.OTHER
        return Event.OTHER

    def batch(self, event: int, batch: Any) -> None:
        self.note(event if torch.is_grad_enabled() else event + 3)
        self._latest = event
        first = batch[0] if isinstance(batch, (list, tuple)) and batch else batch
        with suppress(Exception):
            self._recent.append((first.untyped_storage().data_ptr(), event, first))
            del self._recent[:-RECENT]

    def backward(self, loss: torch.Tensor) -> None:
        self.note(Event.BACKWARD)
        if len(self.losses) < MOST_EVENTS:
            self.losses.append(_single(loss))
        if self._is_sampled():
            seen = "?"
            with suppress(Exception):
                seen = self._splits_in(loss)
            self.provenance[seen] = self.provenance.get(seen, 0) + 1

    def _is_sampled(self) -> bool:
        """True for the first gradients, then occasionally, and for those that seem to come from another split."""
        self._backwards += 1
        self._foreign += self._latest != Event.TRAIN
        foreign = self._latest != Event.TRAIN and self._foreign <= 50
        return foreign or self._backwards <= 50 or self._backwards % 64 == 0

    def stepped(self, optimizer: torch.optim.Optimizer) -> None:
        self.note(Event.STEP)
        if id(optimizer) not in self._seen and len(self.optimizers) < 50:
            self._seen.add(id(optimizer))
            self.optimizers.append(encode("", optimizer, Arrays()))
            for group in optimizer.param_groups:
                self._moved |= {id(each): each for each in group["params"] if each.grad is not None}

    def _splits_in(self, loss: torch.Tensor) -> str:
        """The splits of the batches in the loss: `train`, `test` or `other`, joined by +; `?` if unknown."""
        known = {pointer: event for pointer, event, _ in self._recent}
        found: set[str] = set()
        visited: set[Any] = set()
        todo = [loss.grad_fn]
        while todo and len(visited) < 300:
            node = todo.pop()
            if node is None or node in visited:
                continue
            visited.add(node)
            for attribute in SAVED:
                saved = _attribute(node, attribute)
                if isinstance(saved, torch.Tensor):
                    event = known.get(saved.untyped_storage().data_ptr())
                    if event:
                        found.add(Event(event).name.lower())
            todo += [parent for parent, _ in node.next_functions]
        return "+".join(sorted(found)) or "?"


def _attribute(node: Any, name: str) -> Any:
    try:
        return getattr(node, name, None)
    except RuntimeError:  # freed by an earlier backward
        return None


def _single(loss: torch.Tensor) -> float:
    """A loss as a number, or NaN if it is not one, so that every gradient has an entry."""
    with suppress(Exception):
        return float(loss.detach())
    return math.nan


def _bytes(events: array[int]) -> np.ndarray[Any, Any]:
    return np.frombuffer(events.tobytes(), np.uint8)


def _floats(losses: array[float]) -> np.ndarray[Any, Any]:
    return np.frombuffer(losses.tobytes(), np.float64)


def hook(trace: Trace) -> None:
    """Install hooks in torch that report loaders, gradients and steps to `trace`."""
    _hook_loaders(trace)
    _hook_zero_grad(trace, torch.optim.Optimizer)
    _hook_zero_grad(trace, torch.nn.Module)
    backward = torch.Tensor.backward

    def noted_backward(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        trace.backward(self)
        return backward(self, *args, **kwargs)  # type: ignore[no-untyped-call]  # torch annotates no backward

    torch.Tensor.backward = noted_backward  # type: ignore[method-assign]
    register_optimizer_step_post_hook(lambda optimizer, _args, _kwargs: trace.stepped(optimizer))


def _hook_loaders(trace: Trace) -> None:
    iterator = dataloader._BaseDataLoaderIter  # noqa: SLF001 - the one place that every loader passes
    begin: Callable[..., None] = iterator.__init__
    restart: Callable[..., None] = iterator._reset  # noqa: SLF001 - as above
    fetch: Callable[[Any], Any] = iterator.__next__

    def noted_begin(self: Any, loader: Any) -> None:
        begin(self, loader)
        self._grader_event = trace.iteration(loader)

    def noted_restart(self: Any, loader: Any, first_iter: bool = False) -> None:
        restart(self, loader, first_iter)
        if not first_iter:  # workers that persist serve the next pass with the same iterator
            self._grader_event = trace.iteration(loader)

    def noted_fetch(self: Any) -> Any:
        batch = fetch(self)
        trace.batch(self._grader_event, batch)
        return batch

    iterator.__init__ = noted_begin  # type: ignore[method-assign]
    iterator._reset = noted_restart  # type: ignore[method-assign]  # noqa: SLF001 - as above
    iterator.__next__ = noted_fetch  # type: ignore[method-assign]


def _hook_zero_grad(trace: Trace, owner: type[Any]) -> None:
    zero_grad: Callable[..., None] = owner.zero_grad

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        trace.note(Event.ZERO_GRAD)
        zero_grad(self, *args, **kwargs)

    owner.zero_grad = noted
