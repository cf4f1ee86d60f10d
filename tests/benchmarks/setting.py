"""What all benchmarks share: how large, how often, on which data, on what machine."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from grader import datasets
from grader.assignment import load, locate
from grader.datasets import fashion_mnist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
DATA_VARIABLE = "FASHION_MNIST_ROOT"
"""Tells a kernel without our data path where the data are; the benchmarks' notebooks look there first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    runs: int = 3
    profile: str = "full"
    students: int = 200
    """Of the largest class."""
    class_size: int = 12
    """Of the class that is graded again."""
    jobs: int = 2
    assignment: Path = field(default_factory=lambda: locate("hw1"))
    hand_ins: Path = ROOT / "submissions"
    cache: Path = field(default_factory=lambda: datasets.user_cache() / "benchmarks")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """Of the person who calls, before we set anything for our own workers."""
    say: Callable[[str], None] = print
    """Is told what is being measured."""

    @property
    def master(self) -> Path:
        return load(self.assignment).master

    @property
    def dataset(self) -> datasets.Dataset:
        cache = datasets.user_cache()
        if self.profile == "quick":
            return fashion_mnist.subset(cache)
        return fashion_mnist.fetch(env=os.environ, cache=cache)

    @property
    def peer_environment(self) -> dict[str, str]:
        """For programs that know nothing of our data path."""
        return {**self.environment, DATA_VARIABLE: str(self.dataset.root)}

    def rounds(self, what: str, runs: int | None = None) -> Iterator[int]:
        runs = runs or self.runs
        for number in range(1, runs + 1):
            self.say(f"{what}: {number} of {runs}")
            yield number


def machine() -> str:
    """One line about what the figures were taken on; a loaded machine gives figures that mean little."""
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({processor()}), {memory:.0f} GiB, load {load:.1f} at the end, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, torch {version('torch')}, "
        f"nbclient {version('nbclient')}"
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
