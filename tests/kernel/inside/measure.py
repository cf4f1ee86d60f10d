"""How long a training step takes: stock loaders, fast ones, and fast ones for a notebook that says `.cuda()`.

    python tests/kernel/inside/measure.py [DATA] [ROUNDS]

`DATA` holds FashionMNIST/raw; without it, random pixels of the same size serve. Each variant lives in a process
of its own; they take turns every 25 steps. A quantile of many short turns says more than a mean: on a busy
machine whole seconds are slow. The first line also shows that all of them computed the same losses.
"""
# ruff: noqa: T201 - what it measured is its output

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from conftest import write_idx
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from grader.kernel.inside import compat, dataroot, fastdata

STEPS, QUANTILES = 25, (0.01, 0.1, 0.25, 0.5)


def steps(data, gpu):
    """One training step at a time, as homework 1 has them; yields the loss."""
    dataroot.install({}, SimpleNamespace(data=data))
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    net = net.cuda() if gpu else net
    optimizer, criterion = torch.optim.SGD(net.parameters(), lr=0.01), torch.nn.CrossEntropyLoss()
    dataset = datasets.FashionMNIST(data, transform=transforms.ToTensor())
    while True:
        for images, labels in DataLoader(dataset, batch_size=64, shuffle=True):
            inputs, targets = (images.cuda(), labels.cuda()) if gpu else (images, labels)
            optimizer.zero_grad()
            loss = criterion(net(inputs), targets)
            loss.backward()
            optimizer.step()
            yield loss.item()


def serve(turns, data, fast, gpu):
    torch.set_num_threads(1)
    if fast:
        fastdata.install({}, None)
    if gpu:
        compat.install({"source": "net.cuda()"})
    training = steps(data, gpu)
    while turns.recv():
        next(training)  # what another process left in the caches is not ours to pay
        started = time.perf_counter()
        losses = [next(training) for _ in range(STEPS)]
        turns.send(((time.perf_counter() - started) / STEPS, losses[-1]))


def measured(data, rounds):
    """Seconds a step, for each variant one number a turn; and the losses."""
    variants = {"stock": (False, False), "fast": (True, False), "fast, .cuda()": (True, True)}
    ends = {}
    for name, flags in variants.items():
        ends[name], other = multiprocessing.Pipe()
        multiprocessing.Process(target=serve, args=(other, data, *flags), daemon=True).start()
    turns = {name: [] for name in variants}
    for _ in range(rounds):
        for name, end in ends.items():
            end.send(True)
            turns[name].append(end.recv())
    return turns


def main():
    data, rounds = [*sys.argv[1:], None, None][:2]
    with tempfile.TemporaryDirectory() as folder:
        turns = measured(data or random_pixels(Path(folder)), int(rounds or 60))
    print("same losses:", len({tuple(loss for _, loss in taken) for taken in turns.values()}) == 1)
    for name, taken in turns.items():
        times = sorted(seconds for seconds, _ in taken)
        cells = [f"{times[int(len(times) * part)] * 1e6:9.1f}" for part in QUANTILES]
        print(f"{name:15}", *cells, "µs a step at quantiles", QUANTILES)
    for base, other in (("stock", "fast"), ("fast", "fast, .cuda()")):
        ratios = [b[0] / a[0] for a, b in zip(turns[base], turns[other], strict=True)]
        print(f"{other} / {base}: median of turns {statistics.median(ratios):.3f}")


def random_pixels(folder):
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for split, size in (("train", 60_000), ("t10k", 100)):
        write_idx(raw / f"{split}-images-idx3-ubyte", draw.integers(0, 256, (size, 28, 28), dtype="uint8"))
        write_idx(raw / f"{split}-labels-idx1-ubyte", draw.integers(0, 10, size, dtype="uint8"))
    return str(folder)


if __name__ == "__main__":
    main()
