"""What works on this machine, found out by trying."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from grader.datasets import fashion_mnist as datasets
from grader.errors import DatasetError
from grader.kernel.sandbox import probe_host
from grader.keys import PACKAGES
from grader.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `works` is None where there is nothing to work or fail."""

    what: str
    works: bool | None
    detail: str


def examine(data: Path | None = None) -> list[Finding]:
    return [*_machine(), *_data(data), *_sandboxes(), *_limits()]


def _machine() -> Iterator[Finding]:
    memory = psutil.virtual_memory()
    yield Finding("python", None, f"{platform.python_version()} on {platform.platform()}")
    yield Finding(
        "packages", None, ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    )
    yield Finding("cores", None, f"{os.cpu_count()}")
    yield Finding(
        "memory", None, f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB available"
    )
    bwrap = shutil.which("bwrap")
    yield Finding("bubblewrap", bwrap is not None, bwrap or "install the package bubblewrap")


def _data(explicit: Path | None) -> Iterator[Finding]:
    try:
        found = datasets.find(explicit, env=os.environ, cache=datasets.user_cache())
    except DatasetError as error:
        yield Finding("data set", False, str(error))
        return
    detail = f"{found.root} ({found.provenance})" if found else "not found; `grader data fetch` gets it"
    yield Finding("data set", found is not None, detail)


def _sandboxes() -> Iterator[Finding]:
    """Each kind of confinement, by a real launch."""
    cache = datasets.user_cache()
    for attempt in probe_host(datasets.subset(cache).root, limits=Limits()):
        yield Finding(f"sandbox {attempt.mode}", attempt.works, attempt.why)


def _limits() -> Iterator[Finding]:
    for entry in dataclasses.fields(Limits):
        yield Finding(f"limit {entry.name}", None, f"{getattr(Limits(), entry.name)}")
