"""FashionMNIST: found on this machine, verified byte by byte, laid out as torchvision expects it.

What a caller gets is always a folder in our cache, whose four files carry the right sha256. The sums are
those of the decompressed files: packages compress them differently.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.datasets.cache import make_readable, scratch
from grader.datasets.model import VARIABLE, Dataset, Place
from grader.errors import DatasetError
from grader.places import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

name = "fashion-mnist"
"""In assignment.toml. This module is the set's `Source`."""
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
RAW = Path("FashionMNIST", "raw")
NESTINGS = (Path(), RAW, Path("raw"), Path("FashionMNIST"), Path("fashion-mnist"))
ADVICE = (
    "install it with `apt-get install dataset-fashion-mnist`, or name a folder that holds it with `--data`"
)

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Images (n, 28, 28) and labels (n,) of 0-9, all uint8 and read-only."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Four files by their names, with the decompressed size and sha256 that each must have."""

    name: str
    complete: bool
    files: Mapping[str, tuple[int, str]]
    package: Path | None = None
    """Where the system's package manager puts it."""

    def folder(self, cache: Path) -> Path:
        digest = hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()
        return cache / f"{self.name}-{digest[:8]}"


FULL = Edition(
    name=name,
    complete=True,
    package=DEBIAN,
    files={
        TRAIN_IMAGES: (47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        TRAIN_LABELS: (60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        TEST_IMAGES: (7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        TEST_LABELS: (10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    },
)
SUBSET = Edition(
    name="fashion-mnist-subset",
    complete=False,
    files={
        TRAIN_IMAGES: (3_920_016, "444ed5f7ce17397f236f5eba17dd507d3f6912f04edd3e4f1701cdf82f2cc0c5"),
        TRAIN_LABELS: (5_008, "35d691216f65485d010cc635af5574a9dc04aa5060de9be64ab6e5cb5ead38e9"),
        TEST_IMAGES: (784_016, "7cee33c3c6414b1b86c25e665a6c4f41584269de3b7cc9768b1d351922845eef"),
        TEST_LABELS: (1_008, "3128d790775889812b73c4f13923559c8b9e281d112c6ea7862acf60a206a909"),
    },
)
"""The first 500 training and the first 100 test images of each class, in the full set's order."""
LACKING = range(1_001, 60_001)
"""More points than the subset's test images, up to all training images."""


def find(
    explicit: Path | None = None,
    *,
    env: Mapping[str, str],
    cache: Path,
    edition: Edition = FULL,
) -> Dataset | None:
    """Find the whole data set without any network; None if it is nowhere.

    Raises:
        DatasetError: files are there but wrong, or a place that was named on purpose holds none.
    """
    for place in where(explicit, env=env, cache=cache, edition=edition):
        if place.found:
            return _laid_out(place, edition, cache)
        if place.name in ("--data", f"${VARIABLE}"):
            raise DatasetError(f"{place.name} names {place.path}, which holds no FashionMNIST; {ADVICE}")
    return None


def fetch(
    explicit: Path | None = None,
    *,
    env: Mapping[str, str],
    cache: Path,
    edition: Edition = FULL,
    download: Callable[[Path], None] | None = None,
) -> Dataset:
    """Find the whole data set, or download it (with torchvision's own code) into the cache.

    Raises:
        DatasetError: as for `find`, or the download failed.
    """
    if found := find(explicit, env=env, cache=cache, edition=edition):
        return found
    with scratch(cache) as folder:
        try:
            (download or _download)(folder)
        except (OSError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(":")
            raise DatasetError(f"FashionMNIST could not be downloaded ({reason}); {ADVICE}") from error
        place = Place(name="the download", path=folder, found=True)
        return replace(_laid_out(place, edition, cache), provenance="torchvision's download")


def where(
    explicit: Path | None = None,
    *,
    env: Mapping[str, str],
    cache: Path,
    edition: Edition = FULL,
) -> tuple[Place, ...]:
    """List the places where `find` looks, in its order."""
    places = (
        ("--data", explicit),
        (f"${VARIABLE}", Path(env[VARIABLE]) if env.get(VARIABLE) else None),
        ("the cache", edition.folder(cache)),
        ("the system's package", edition.package),
    )
    return tuple(
        Place(name=name, path=path, found=bool(_located(path, edition))) for name, path in places if path
    )


def subset(cache: Path) -> Dataset:
    """Lay out the embedded subset: real images, too few for grades that are final."""
    found = _laid_out(Place(name="the embedded subset", path=EMBEDDED, found=True), SUBSET, cache)
    return replace(found, lacks=LACKING)


def load(dataset: Dataset) -> Arrays:
    """Read the four files as arrays.

    Raises:
        DatasetError: a header does not fit its file.
    """
    if dataset.root is None:
        raise DatasetError("FashionMNIST has no folder here; run the notebooks again.")
    raw = dataset.root / RAW
    arrays = Arrays(
        train_images=_read_idx(raw / TRAIN_IMAGES, 3),
        train_labels=_read_idx(raw / TRAIN_LABELS, 1),
        test_images=_read_idx(raw / TEST_IMAGES, 3),
        test_labels=_read_idx(raw / TEST_LABELS, 1),
    )
    for images, labels in (
        (arrays.train_images, arrays.train_labels),
        (arrays.test_images, arrays.test_labels),
    ):
        if images.shape != (len(labels), 28, 28) or labels.max(initial=0) > 9:
            raise DatasetError(f"{raw}: images and labels do not belong together; {ADVICE}")
    return arrays


def _laid_out(place: Place, edition: Edition, cache: Path) -> Dataset:
    """Verify what lies at `place` and give its copy in the cache, made now if it is not there."""
    final = edition.folder(cache)
    if place.path != final:
        contents = _verified(place.path, edition, remedy=ADVICE)
        if not final.exists():
            _publish(contents, final, cache)
    _verified(final, edition, remedy=f"remove the folder {final} and try again")
    return Dataset(
        name=name,
        root=final,
        complete=edition.complete,
        provenance=f"{place.name} ({place.path})",
        sums={file: digest for file, (_, digest) in edition.files.items()},
    )


def _publish(contents: Mapping[str, bytes], final: Path, cache: Path) -> None:
    """Write the files and make them appear at `final` all at once, whoever else does the same."""
    with scratch(cache) as folder:
        raw = folder / "new" / RAW
        raw.mkdir(parents=True)
        for name, content in contents.items():
            (raw / name).write_bytes(content)
        make_readable(folder / "new")
        try:
            (folder / "new").rename(final)
        except OSError:
            if not final.exists():
                raise


def _located(place: Path, edition: Edition) -> dict[str, Path]:
    """Find the files that are there, decompressed or not, in the first nesting that has any."""
    for nesting in NESTINGS:
        candidates = {
            name: (place / nesting / name, place / nesting / f"{name}.gz") for name in edition.files
        }
        found = {
            name: path for name, paths in candidates.items() for path in reversed(paths) if path.is_file()
        }
        if found:
            return found
    return {}


def _verified(place: Path, edition: Edition, *, remedy: str) -> dict[str, bytes]:
    paths = _located(place, edition)
    if missing := [name for name in edition.files if name not in paths]:
        raise DatasetError(f"{place}: FashionMNIST is incomplete, without {', '.join(missing)}; {remedy}")
    return {name: _checked(paths[name], *expected, remedy=remedy) for name, expected in edition.files.items()}


def _checked(path: Path, size: int, expected: str, *, remedy: str) -> bytes:
    content = _content(path, size)
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        what = "cut short" if len(content) < size else "not FashionMNIST's"
        raise DatasetError(f"{path}: {what}: its sha256 is {actual}, not {expected}; {remedy}")
    return content


def _content(path: Path, size: int) -> bytes:
    """Read at most one byte more than `size`; of a damaged archive, what comes before the damage."""
    try:
        if path.suffix != ".gz":
            with path.open("rb") as file:
                return file.read(size + 1)
        return _unpacked(path, size)
    except OSError as error:
        raise DatasetError(f"{path}: it cannot be read ({error.strerror}); check its permissions") from error


def _unpacked(path: Path, size: int) -> bytes:
    content = bytearray()
    with suppress(EOFError, zlib.error, gzip.BadGzipFile), gzip.open(path) as file:
        while chunk := file.read(min(1 << 20, size + 1 - len(content))):
            content += chunk
    return bytes(content)


def _read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read unsigned bytes in the IDX format: magic number, sizes as big-endian int32, then the data."""
    content = path.read_bytes()
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes((0, 0, 8, dimensions)):
        raise DatasetError(f"{path}: not an IDX file of {dimensions} dimensions; {ADVICE}")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if len(content) - start != np.prod(shape, dtype=object):
        raise DatasetError(f"{path}: its header promises {shape}, its length is another; {ADVICE}")
    # Copied, as NumPy asks for huge pages: a fork of this process reads those sooner.
    array = np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()
    array.setflags(write=False)
    return array


def _download(folder: Path) -> None:
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415 - takes seconds, and is rarely needed

    FashionMNIST(root=folder, train=True, download=True)
