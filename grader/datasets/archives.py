"""Archives that an assignment lists by file name and sha256: found on this machine, verified, unpacked.

A zip or a tar is unpacked, any other file is copied as it is. Notebooks find all of it in `data/` beside them.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.datasets.cache import make_readable, scratch
from grader.datasets.model import VARIABLE, Dataset, Place
from grader.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER = "data"
DOWNLOADS = "archives"
"""The folder of the cache in which a user may keep archives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A file by its name, and the sha256 that it must have."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archives:
    """The `Source` of an assignment's own archives."""

    wanted: tuple[Archive, ...]
    beside: Path
    """The assignment's folder."""

    @property
    def name(self) -> str:
        return ", ".join(archive.file for archive in self.wanted)

    def find(self, explicit: Path | None = None, *, env: Mapping[str, str], cache: Path) -> Dataset:
        places = self.where(explicit, env=env, cache=cache)
        files = [self._located(archive, places) for archive in self.wanted]
        root = cache / f"archives-{self._digest()[:16]}"
        if not root.exists():
            _unpack(files, root, cache)
        folders = dict.fromkeys(str(path.parent) for path in files)
        return Dataset(
            name=self.name,
            root=root,
            provenance=", ".join(folders),
            sums={archive.file: archive.sha256 for archive in self.wanted},
            folder=FOLDER,
        )

    fetch = find

    def where(
        self, explicit: Path | None = None, *, env: Mapping[str, str], cache: Path
    ) -> tuple[Place, ...]:
        places = (
            ("--data", explicit),
            (f"${VARIABLE}", Path(env[VARIABLE]) if env.get(VARIABLE) else None),
            ("beside the assignment", self.beside),
            ("the cache", cache / DOWNLOADS),
        )
        return tuple(
            Place(name=name, path=path, found=any((path / each.file).is_file() for each in self.wanted))
            for name, path in places
            if path
        )

    def subset(self, _cache: Path) -> None:
        return None

    def _located(self, archive: Archive, places: Iterable[Place]) -> Path:
        """The first file of that name, if it has the right sum."""
        paths = [place.path / archive.file for place in places]
        for path in paths:
            if path.is_file():
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                if digest != archive.sha256:
                    raise DatasetError(
                        f"{path}: its sha256 is {digest}, not {archive.sha256} as assignment.toml says; "
                        "replace the file, or correct the sum."
                    )
                return path
        raise DatasetError(
            f"{archive.file} was not found in {', '.join(str(path.parent) for path in paths)}; "
            "put it into one of these folders, or name another one with --data."
        )

    def _digest(self) -> str:
        return hashlib.sha256("\n".join(map(repr, self.wanted)).encode()).hexdigest()


def archives(wanted: Iterable[Archive], *, beside: Path) -> _Archives:
    """The source of archives that an assignment in the folder `beside` lists."""
    return _Archives(wanted=tuple(wanted), beside=beside)


def _unpack(files: Iterable[Path], root: Path, cache: Path) -> None:
    """Unpack all of them into `root`, which appears at once, whoever else does the same."""
    with scratch(cache) as folder:
        new = folder / "new"
        new.mkdir()
        for file in files:
            _unpack_one(file, new)
        make_readable(new)
        try:
            new.rename(root)
        except OSError:
            if not root.exists():
                raise


def _unpack_one(file: Path, folder: Path) -> None:
    if not hasattr(tarfile, "data_filter") and tarfile.is_tarfile(file):
        raise DatasetError(f"{file} can't be unpacked safely by Python before 3.11.4; pack it as a zip.")
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)  # noqa: S202 - names that lead out of the folder are made harmless
        elif tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
        else:
            shutil.copyfile(file, folder / file.name)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        RuntimeError,  # encrypted, or (NotImplementedError) compressed in a way that Python does not know
        OSError,  # two entries of which one would have to be both a file and a folder
    ) as error:
        raise DatasetError(f"{file} can't be unpacked: {error}.") from error
