"""Patches change the whole process, so each case runs in a fresh fork of one warmed server."""

from __future__ import annotations

import multiprocessing
import struct
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from apart import answer

HERE = Path(__file__).parent
WARM = ["test_dataroot", "test_fastdata", "test_compat_fidelity"]
"""The modules that the server imports, and with them torch, torchvision and pyplot."""
SPLITS = {"train": 192, "t10k": 80}


def write_idx(path, values):
    """Write bytes as MNIST does: a magic number (8 is "unsigned byte"), the shape, the values."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + values.tobytes())


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder like `Context.data`: a small FashionMNIST of random pixels."""
    folder = tmp_path_factory.mktemp("data")
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for split, size in SPLITS.items():
        write_idx(raw / f"{split}-images-idx3-ubyte", draw.integers(0, 256, (size, 28, 28), dtype="uint8"))
        write_idx(raw / f"{split}-labels-idx1-ubyte", draw.integers(0, 10, size, dtype="uint8"))
    return folder


@pytest.fixture
def context(data):
    return SimpleNamespace(data=str(data), evidence_fd=-1, seed=0)


@pytest.fixture(scope="session")
def alone():
    """`alone(function, *arguments)` returns the result of calling the function in a separate process."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(WARM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))
        forkserver.ensure_running()

    def run(function, *arguments):
        receiver, sender = server.Pipe(duplex=False)
        process = server.Process(target=answer, args=(sender, function, arguments))
        process.start()
        sender.close()
        try:
            problem, value = receiver.recv()
        except EOFError:
            pytest.fail(f"{function.__name__}{arguments} ended its process")
        finally:
            process.join()
        if problem:
            pytest.fail(problem)
        return value

    return run
