"""Batches of the MNIST family, eight times faster and the same to the last bit.

Torchvision turns every image into a PIL image, an array and a tensor, and only then stacks a batch. Where
all of that is known to come to one `index_select` and one division, we do just those. Whatever isn't
exactly that plain case (a transform, a dataset, a sampler, a collate function or a monkeypatch of the
student's) takes the original code. Nothing is cached: a batch is made from the dataset as it is at that
moment. Random numbers are drawn by the original samplers, in the original order.

Runs inside the student's kernel and imports nothing of ours.
"""
# ruff: noqa: SLF001 - torch has no public interface between a loader's sampler and its dataset

from __future__ import annotations

import signal
from collections import deque
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import as_tensor, index_select, tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
)
from torch.utils.data._utils import collate, fetch, pin_memory
from torch.utils.data.dataloader import _BaseDataLoaderIter
from torchvision.datasets import mnist
from torchvision.transforms import functional, transforms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Batch = list[torch.Tensor]
as_dtype = torch.Tensor.to  # as it was before anybody patched it

FAMILY = (mnist.MNIST, mnist.FashionMNIST, mnist.KMNIST)
PLAIN_INDICES = {int, np.int64}
PLAIN_SAMPLERS = (SequentialSampler, RandomSampler, SubsetRandomSampler)
PLAIN_DTYPES = {torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool}
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def install(_options: dict[str, Any], _context: object) -> None:
    """Serve what is plain by the fast path, in this process even when the loader asks for workers."""
    stock = _replaceable()
    fetch_one_by_one: Callable[..., Any] = fetch._MapDatasetFetcher.fetch
    start_iterator = DataLoader._get_iterator

    def fetch_batch(self: fetch._MapDatasetFetcher, index: Any) -> Any:
        if self.auto_collation and self.collate_fn is collate.default_collate and _undisturbed(stock):
            batch = _fast_batch(self.dataset, index)
            if batch is not None:
                return batch
        return fetch_one_by_one(self, index)

    def get_iterator(self: DataLoader[Any]) -> Any:
        if self.num_workers > 0 and _needs_no_workers(self) and _undisturbed(stock):
            self.check_worker_number_rationality()
            return _ServedHere(self)
        with _interrupts_held_back():
            return start_iterator(self)

    fetch._MapDatasetFetcher.fetch = fetch_batch  # type: ignore[method-assign]
    DataLoader._get_iterator = get_iterator  # type: ignore[method-assign]


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Have workers that start in the block ignore interrupts, which end a cell and reach all its processes.

    Workers that persist are needed by the cells after it. They still end with the loader, or the kernel.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where no signal reaches them
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _replaceable() -> tuple[Any, ...]:
    """All that a fast batch stands in for, as it is now: a student may have replaced any of it."""
    return (
        *(family.__getitem__ for family in FAMILY),
        transforms.ToTensor.__call__,
        transforms.Normalize.forward,
        transforms.Compose.__call__,
        functional.to_tensor,
        functional.normalize,
        Subset.__getitem__,
        Subset.__getitems__,
        TensorDataset.__getitem__,
        collate.default_collate,
        dict(collate.default_collate_fn_map),
    )


def _undisturbed(stock: tuple[Any, ...]) -> bool:
    """False, too, under a torch mode (a default device, say), which would see other calls than it should."""
    modes = torch._C._len_torch_function_stack() + torch._C._len_torch_dispatch_stack()
    return modes == 0 and _replaceable() == stock


def _fast_batch(dataset: Any, index: Any) -> Batch | None:
    """The batch that the original code would collate, or None for the original code to do it."""
    if type(index) is not list or not index:
        return None
    while type(dataset) is Subset:
        if type(dataset.indices) not in (list, range, np.ndarray) or "__getitems__" in vars(dataset):
            return None
        if not _all_within(index, len(dataset.indices)):
            return None
        index = [dataset.indices[i] for i in index]
        dataset = dataset.dataset
    tensors = _tensors(dataset)
    if tensors is None or not _all_within(index, min(map(len, tensors))):
        return None
    rows = tensor(index)
    batch = [index_select(values, 0, rows) for values in tensors]  # data[rows] takes ten times as long
    if type(dataset) is not TensorDataset:
        return _transformed(batch, dataset.transform)
    return batch


def _all_within(index: list[Any], size: int) -> bool:
    return set(map(type, index)) <= PLAIN_INDICES and min(index) >= 0 and max(index) < size


def _tensors(dataset: Any) -> tuple[torch.Tensor, ...] | None:
    """The plain tensors whose rows are the dataset's samples."""
    if hasattr(dataset, "__getitems__"):
        return None
    if type(dataset) is TensorDataset:
        return dataset.tensors if dataset.tensors and all(map(_is_plain, dataset.tensors)) else None
    if type(dataset) not in FAMILY or dataset.target_transform is not None:
        return None
    images, targets = dataset.data, dataset.targets
    if not (_is_plain(images) and images.dtype is torch.uint8 and images.dim() == 3 and images.numel()):
        return None
    if not (_is_plain(targets) and targets.dtype is torch.int64 and targets.dim() == 1):
        return None
    return images, targets


def _is_plain(values: Any) -> bool:
    return (
        type(values) is torch.Tensor
        and values.layout is torch.strided
        and values.is_cpu
        and values.dtype in PLAIN_DTYPES
        and values.dim() > 0
        and not values.requires_grad
        and not values.is_nested
    )


def _transformed(batch: Batch, transform: Any) -> Batch | None:
    """`ToTensor`, then any number of `Normalize`, for the whole batch; None for any other transform."""
    steps = transform.transforms if type(transform) is transforms.Compose else [transform]
    if type(steps) is not list or not steps or type(steps[0]) is not transforms.ToTensor:
        return None
    if not all(map(_is_plain_normalize, steps[1:])):
        return None
    dtype = torch.get_default_dtype()
    images, targets = batch
    images = as_dtype(images.unsqueeze_(1), dtype).div_(255)
    for step in steps[1:]:
        mean, std = (as_tensor(value, dtype=dtype).view(-1, 1, 1) for value in (step.mean, step.std))
        if std.item() == 0:
            return None
        images.sub_(mean).div_(std)
    return [images, targets]


def _is_plain_normalize(step: Any) -> bool:
    return (
        type(step) is transforms.Normalize
        and "forward" not in vars(step)
        and not any(getattr(step, hooks) for hooks in HOOKS)
        and all(_is_one_number(values) for values in (step.mean, step.std))
    )


def _is_one_number(values: Any) -> bool:
    return type(values) in (list, tuple) and len(values) == 1 and type(values[0]) in (int, float)


def _needs_no_workers(loader: DataLoader[Any]) -> bool:
    """Whether all that workers would do is the fast path, which takes less time than to hand it a batch."""
    plain = (
        type(loader) is DataLoader
        and type(loader.batch_sampler) is BatchSampler
        and type(loader.sampler) in PLAIN_SAMPLERS
        and loader.collate_fn is collate.default_collate
        and loader.worker_init_fn is None
        and loader.multiprocessing_context is None
        and not loader.persistent_workers
        and loader.timeout == 0
    )
    return plain and _fast_batch(loader.dataset, [0]) is not None


class _ServedHere(_BaseDataLoaderIter):
    """What a loader with workers yields, without them. Indices are drawn as far ahead as workers would be."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        fetcher = fetch._MapDatasetFetcher(
            self._dataset, self._auto_collation, self._collate_fn, self._drop_last
        )
        self._fetch: Callable[..., Any] = fetcher.fetch
        self._pin: Callable[..., Any] = pin_memory.pin_memory
        ahead = (loader.prefetch_factor or 1) * loader.num_workers
        self._ahead = deque(islice(self._sampler_iter, ahead))

    def _next_data(self) -> Any:
        if not self._ahead:
            raise StopIteration
        batch = self._fetch(self._ahead.popleft())
        self._ahead.extend(islice(self._sampler_iter, 1))
        return self._pin(batch, self._pin_memory_device) if self._pin_memory else batch
