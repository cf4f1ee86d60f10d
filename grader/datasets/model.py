"""What a data set is, and what everything that provides one can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "GRADER_DATA"
"""The environment variable that names a folder with data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A verified data set."""

    name: str
    root: Path | None
    """The folder that notebooks read, and nothing else of this machine; None if there is nothing to read."""
    complete: bool = True
    """False for a sample, whose grades are provisional."""
    lacks: range = range(0)
    """Numbers of points that a part of the whole set has and the same part of this sample has not."""
    provenance: str = ""
    sums: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The sha256 of each file, by its name."""
    folder: str = ""
    """The folder beside a notebook as which it finds `root`; empty if it finds it otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place where a data set is looked for; `found` says whether its files are there, unverified."""

    name: str
    path: Path
    found: bool


class Source(Protocol):
    """Provides one data set. `explicit` is a folder that the user named; `cache` keeps verified copies."""

    @property
    def name(self) -> str: ...

    def find(self, explicit: Path | None = None, *, env: Mapping[str, str], cache: Path) -> Dataset | None:
        """The whole set, without any network; None if it is nowhere but has a `subset`.

        Raises:
            DatasetError: files are there but wrong, or missing where nothing can stand in for them.
        """

    def fetch(self, explicit: Path | None = None, *, env: Mapping[str, str], cache: Path) -> Dataset:
        """The whole set, downloaded if that is the only way.

        Raises:
            DatasetError: as for `find`, or it can't be downloaded.
        """

    def where(
        self, explicit: Path | None = None, *, env: Mapping[str, str], cache: Path
    ) -> tuple[Place, ...]:
        """The places where `find` looks, in its order."""

    def subset(self, cache: Path) -> Dataset | None:
        """A small sample that is always at hand; None if there is none."""


@dataclass(frozen=True, slots=True)
class _Nothing:
    """The choice of no data: none is looked for, and nothing is provisional for want of it."""

    name: str = "none"

    def find(self, _explicit: Path | None = None, *, env: Mapping[str, str], cache: Path) -> Dataset:  # noqa: ARG002 - a Source's signature
        return Dataset(name=self.name, root=None)

    fetch = find

    def where(
        self,
        _explicit: Path | None = None,
        *,
        env: Mapping[str, str],  # noqa: ARG002
        cache: Path,  # noqa: ARG002
    ) -> tuple[Place, ...]:
        return ()

    def subset(self, _cache: Path) -> None:
        return None


NOTHING = _Nothing()


def user_cache() -> Path:
    """Name the folder in which this user's verified copies are kept."""
    return platformdirs.user_cache_path("grader")
