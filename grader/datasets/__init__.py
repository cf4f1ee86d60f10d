"""Data sets that an assignment may name: found on this machine, verified by their sums, never taken on trust.

`named` gives a set of the registry, `archives` the files that an assignment lists itself; `NOTHING` is the
choice of an assignment that needs no data.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from grader.datasets.archives import Archive, archives
from grader.datasets.model import NOTHING, VARIABLE, Arrays, Dataset, Place, Source, user_cache
from grader.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NAMES",
    "NOTHING",
    "VARIABLE",
    "Archive",
    "Arrays",
    "Dataset",
    "Place",
    "Source",
    "archives",
    "load",
    "named",
    "user_cache",
]

NAMES: Mapping[str, str] = {"fashion-mnist": "grader.datasets.fashion_mnist"}
"""Each named set, and the module that is its `Source`. A new set is a module and a line here."""


def named(name: str) -> Source:
    """The source of a named set.

    Raises:
        DatasetError: there is no such set.
    """
    if name == NOTHING.name:
        return NOTHING
    if name not in NAMES:
        raise DatasetError(f"There is no data set {name!r}. There are: {', '.join(NAMES)}.")
    source: Source = importlib.import_module(NAMES[name])
    return source


def load(dataset: Dataset) -> Arrays | None:
    """A data set as arrays, for the judge; None if it is not one that has a form as such.

    Raises:
        DatasetError: its files are not what they say.
    """
    return named(dataset.name).load(dataset) if dataset.name in NAMES else None
