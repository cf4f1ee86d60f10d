"""FashionMNIST: found, verified, refused. The embedded subset stands in for the full set, which is large."""

import gzip
import hashlib
import shutil
import struct
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torchvision
from machine import lacks

from grader.datasets import fashion_mnist as datasets
from grader.datasets.fashion_mnist import EMBEDDED, FULL, RAW, SUBSET, TEST_LABELS, TRAIN_IMAGES
from grader.errors import DatasetError

ADVICE = (
    "install it with `apt-get install dataset-fashion-mnist`, or name a folder that holds it with `--data`"
)
SMALL = replace(SUBSET, name="small", complete=True)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path):
    """Hold the four files as the system's package does: flat, compressed."""
    return shutil.copytree(EMBEDDED, tmp_path / "source")


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    found = datasets.find(env={}, cache=tmp_path_factory.mktemp("full"))
    if found is None:
        lacks("package", "the full FashionMNIST is not installed")
    return datasets.load(found)


def files(root):
    return sorted(path.name for path in (root / RAW).iterdir())


def decompress(folder, into):
    into.mkdir(parents=True, exist_ok=True)
    for name in SMALL.files:
        (into / name).write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))


# Where it is looked for -----------------------------------------------------------------------------------


@pytest.mark.parametrize("nesting", ["", "FashionMNIST/raw", "raw", "FashionMNIST", "fashion-mnist"])
@pytest.mark.parametrize("raw", [True, False], ids=["raw", "gz"])
def test_the_usual_nestings_are_known(tmp_path, cache, source, nesting, raw):
    given = tmp_path / "given"
    if raw:
        decompress(source, given / nesting)
    else:
        shutil.copytree(source, given / nesting)
    found = datasets.find(given, env={}, cache=cache, edition=SMALL)
    assert found == datasets.Dataset(
        name="fashion-mnist",
        root=SMALL.folder(cache),
        complete=True,
        provenance=f"--data ({given})",
        sums={name: digest for name, (_, digest) in SMALL.files.items()},
    )
    assert files(found.root) == sorted(SMALL.files)


def test_the_places_are_tried_in_order(tmp_path, cache, source):
    packaged = replace(SMALL, package=source)
    variable = shutil.copytree(source, tmp_path / "variable")
    explicit = shutil.copytree(source, tmp_path / "explicit")
    env = {"GRADER_DATA": str(variable)}

    def provenance(given=None, env=None):
        return datasets.find(given, env=env or {}, cache=cache, edition=packaged).provenance

    assert provenance() == f"the system's package ({source})"
    assert provenance() == f"the cache ({packaged.folder(cache)})"
    assert provenance(env=env) == f"$GRADER_DATA ({variable})"
    assert provenance(explicit, env) == f"--data ({explicit})"


def test_where_tells_every_place_and_what_is_there(tmp_path, cache, source):
    places = datasets.where(
        tmp_path / "nothing",
        env={"GRADER_DATA": "/gone"},
        cache=cache,
        edition=replace(SMALL, package=source),
    )
    assert [(place.name, place.path, place.found) for place in places] == [
        ("--data", tmp_path / "nothing", False),
        ("$GRADER_DATA", Path("/gone"), False),
        ("the cache", SMALL.folder(cache), False),
        ("the system's package", source, True),
    ]


def test_nothing_anywhere_is_none(cache, tmp_path):
    absent = replace(SMALL, package=tmp_path / "gone")
    assert datasets.find(env={"GRADER_DATA": ""}, cache=cache, edition=absent) is None
    assert not cache.exists()


@pytest.mark.parametrize("name", ["--data", "$GRADER_DATA"])
def test_a_place_named_on_purpose_must_hold_it(tmp_path, cache, source, name):
    explicit, env = (tmp_path, {}) if name == "--data" else (None, {"GRADER_DATA": str(tmp_path)})
    shutil.move(source, tmp_path / "elsewhere")
    with pytest.raises(DatasetError) as refusal:
        datasets.find(explicit, env=env, cache=cache, edition=SMALL)
    assert str(refusal.value) == f"{name} names {tmp_path}, which holds no FashionMNIST; {ADVICE}"


# What is refused ------------------------------------------------------------------------------------------


def refusal(source, cache):
    with pytest.raises(DatasetError) as raised:
        datasets.find(source, env={}, cache=cache, edition=SMALL)
    return str(raised.value)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b[:200_000]], ids=["without its end", "in half"]
)
def test_a_truncated_archive_is_refused_with_both_sums(source, cache, damage):
    path = source / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    assert refusal(source, cache).startswith(f"{path}: ")
    assert refusal(source, cache).endswith(f", not {SMALL.files[TRAIN_IMAGES][1]}; {ADVICE}")


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"short", "cut short"), (b"x" * 1008, "not FashionMNIST's"), (b"x" * 1009, "not FashionMNIST's")],
    ids=["truncated", "wrong", "too long"],
)
def test_a_wrong_file_is_refused_with_both_sums(source, cache, content, what):
    path = source / TEST_LABELS
    path.write_bytes(content)
    actual, expected = hashlib.sha256(content).hexdigest(), SMALL.files[TEST_LABELS][1]
    assert refusal(source, cache) == f"{path}: {what}: its sha256 is {actual}, not {expected}; {ADVICE}"
    assert not cache.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + b"\xff" * 20]
)
def test_an_archive_that_is_none_is_refused(source, cache, content):
    path = source / f"{TEST_LABELS}.gz"
    path.write_bytes(content)
    nothing = hashlib.sha256(b"").hexdigest()
    assert refusal(source, cache).startswith(f"{path}: cut short: its sha256 is {nothing}, not ")


def test_an_archive_that_unpacks_for_ever_is_read_to_the_size_it_may_have(source, cache):
    path = source / f"{TEST_LABELS}.gz"
    path.write_bytes(gzip.compress(bytes(50 << 20)))
    seen = hashlib.sha256(bytes(SMALL.files[TEST_LABELS][0] + 1)).hexdigest()
    assert f"its sha256 is {seen}, not" in refusal(source, cache)


def test_missing_files_are_named(source, cache):
    (source / f"{TEST_LABELS}.gz").unlink()
    (source / f"{TRAIN_IMAGES}.gz").unlink()
    assert refusal(source, cache) == (
        f"{source}: FashionMNIST is incomplete, without {TRAIN_IMAGES}, {TEST_LABELS}; {ADVICE}"
    )


def test_a_file_that_may_not_be_read_is_named(source, cache, monkeypatch):
    def denied(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(datasets.gzip, "open", denied)
    path = source / f"{TRAIN_IMAGES}.gz"
    assert refusal(source, cache) == f"{path}: it cannot be read (Permission denied); check its permissions"


def test_a_damaged_copy_in_the_cache_is_refused(source, cache):
    root = datasets.find(source, env={}, cache=cache, edition=SMALL).root
    path = root / RAW / TEST_LABELS
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    for place in (None, source):
        message = refusal(place, cache)
        assert message.startswith(f"{path}: cut short: its sha256 is ")
        assert message.endswith(f"; remove the folder {root} and try again")


def test_a_cache_that_cannot_be_written_is_named(source, tmp_path):
    (tmp_path / "file").touch()
    assert refusal(source, tmp_path / "file") == (
        f"{tmp_path / 'file'}: the cache cannot be written (File exists); set $XDG_CACHE_HOME"
    )


# The copy in the cache ------------------------------------------------------------------------------------


def test_kernels_may_only_read_the_copy(cache):
    dataset = datasets.subset(cache)
    assert {path.stat().st_mode & 0o777 for path in (dataset.root / RAW).iterdir()} == {0o444}
    assert [path.name for path in cache.iterdir()] == [dataset.root.name]


def test_processes_that_race_get_the_same_whole_copy(cache):
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(datasets.subset, [cache] * 4))
    assert len(set(found)) == 1
    assert [path.name for path in cache.iterdir()] == [found[0].root.name]


def test_the_loser_of_a_race_uses_the_winners_copy(cache, source):
    winner = datasets.find(source, env={}, cache=cache, edition=SMALL)
    contents = {name: (winner.root / RAW / name).read_bytes() for name in SMALL.files}
    datasets._publish(contents, winner.root, cache)
    assert [path.name for path in cache.iterdir()] == [winner.root.name]


# Download -------------------------------------------------------------------------------------------------


def test_fetch_takes_what_is_there_first(source, cache):
    found = datasets.fetch(
        source, env={}, cache=cache, edition=SMALL, download=lambda _: pytest.fail("network")
    )
    assert found.provenance == f"--data ({source})"


def test_fetch_downloads_into_the_cache_and_verifies(source, cache, tmp_path):
    absent = replace(SMALL, package=tmp_path / "gone")
    found = datasets.fetch(
        env={}, cache=cache, edition=absent, download=lambda to: decompress(source, to / RAW)
    )
    assert found.root == absent.folder(cache)
    assert found.provenance == "torchvision's download"
    assert files(found.root) == sorted(SMALL.files)


def test_a_download_of_something_else_is_refused(source, cache):
    def wrong(folder):
        decompress(source, folder / RAW)
        (folder / RAW / TEST_LABELS).write_bytes(b"sign in first")

    with pytest.raises(DatasetError, match=f"{TEST_LABELS}: cut short: its sha256 is"):
        datasets.fetch(env={}, cache=cache, edition=SMALL, download=wrong)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("Error downloading x.gz:\nTried …"), "Error downloading x.gz"),
        (URLError("no network"), "<urlopen error no network>"),
        (ConnectionResetError(104, "Connection reset by peer"), "[Errno 104] Connection reset by peer"),
    ],
    ids=["mirrors", "network", "connection"],
)  # fmt: skip
def test_a_failed_download_says_what_to_do(cache, error, reason):
    def fail(_folder):
        raise error

    with pytest.raises(DatasetError) as refusal:
        datasets.fetch(env={}, cache=cache, edition=SMALL, download=fail)
    assert str(refusal.value) == f"FashionMNIST could not be downloaded ({reason}); {ADVICE}"


def test_torchvisions_download_is_the_default(cache, source, monkeypatch):
    def download(_self):
        decompress(source, Path(_self.raw_folder))

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", download)
    found = datasets.fetch(env={}, cache=cache, edition=SMALL)
    assert files(found.root) == sorted(SMALL.files)


# Arrays ---------------------------------------------------------------------------------------------------


def test_the_subset_holds_as_many_of_each_class(cache):
    arrays = datasets.load(datasets.subset(cache))
    assert (arrays.train_images.shape, arrays.test_images.shape) == ((5000, 28, 28), (1000, 28, 28))
    assert np.bincount(arrays.train_labels).tolist() == [500] * 10
    assert np.bincount(arrays.test_labels).tolist() == [100] * 10
    assert not arrays.train_images.flags.writeable


def test_torchvision_loads_the_subset_as_it_is(cache):
    dataset = datasets.subset(cache)
    arrays = datasets.load(dataset)
    for train, images in ((True, arrays.train_images), (False, arrays.test_images)):
        loaded = torchvision.datasets.FashionMNIST(root=dataset.root, train=train)
        assert np.array_equal(loaded.data.numpy(), images)


def test_the_subset_is_small_provisional_and_has_its_notice():
    assert not SUBSET.complete
    assert sum(path.stat().st_size for path in EMBEDDED.iterdir()) <= 3_000_000
    assert "Copyright (c) 2017 Zalando SE" in (EMBEDDED / "NOTICE").read_text()


def test_the_subset_is_the_first_images_of_each_class_of_the_real_data(full, cache):
    arrays = datasets.load(datasets.subset(cache))

    def first(labels, each):
        return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in range(10)]))

    train, test = first(full.train_labels, 500), first(full.test_labels, 100)
    assert np.array_equal(arrays.train_images, full.train_images[train])
    assert np.array_equal(arrays.train_labels, full.train_labels[train])
    assert np.array_equal(arrays.test_images, full.test_images[test])
    assert np.array_equal(arrays.test_labels, full.test_labels[test])


def test_the_full_set_is_what_the_assignment_says(full):
    assert full.train_images.shape == (60_000, 28, 28)
    assert full.test_images.shape == (10_000, 28, 28)


def idx(*shape, kind=8, data=None):
    content = bytes(int(np.prod(shape))) if data is None else data
    return bytes((0, 0, kind, len(shape))) + struct.pack(f">{len(shape)}I", *shape) + content


def unverified(folder, **changed):
    """Lay out a tiny data set without any check, one file of it changed."""
    contents = {
        "train_images": idx(2, 28, 28),
        "train_labels": idx(2),
        "t10k_images": idx(1, 28, 28),
        "t10k_labels": idx(1),
    }
    (folder / RAW).mkdir(parents=True)
    for name, content in (contents | changed).items():
        stem = name.replace("_", "-")
        (folder / RAW / f"{stem}-idx{3 if 'images' in name else 1}-ubyte").write_bytes(content)
    return datasets.Dataset(name="fashion-mnist", root=folder, complete=True, provenance="a test")


def test_headers_that_fit_are_read(tmp_path):
    assert datasets.load(unverified(tmp_path)).train_images.shape == (2, 28, 28)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_images": b"\0\0"}, "train-images-idx3-ubyte: not an IDX file of 3 dimensions"),
        ({"train_images": idx(2, 784)}, "train-images-idx3-ubyte: not an IDX file of 3 dimensions"),
        ({"train_labels": idx(2, kind=13)}, "train-labels-idx1-ubyte: not an IDX file of 1 dimensions"),
        ({"train_labels": idx(3, data=b"\0\0")}, "its header promises (3,), its length is another"),
        ({"train_images": idx(2**31, 2**31, 4, data=b"")}, "its header promises (2147483648, 2147483648, 4)"),
        ({"train_labels": idx(3)}, "raw: images and labels do not belong together"),
        ({"t10k_images": idx(1, 784, 1)}, "raw: images and labels do not belong together"),
        ({"t10k_labels": idx(1, data=b"\x0a")}, "raw: images and labels do not belong together"),
    ],
    ids=["too short", "dimensions", "no bytes", "length", "overflow", "count", "shape", "class 10"],
)  # fmt: skip
def test_headers_that_do_not_fit_are_refused(tmp_path, changed, message):
    with pytest.raises(DatasetError) as refusal:
        datasets.load(unverified(tmp_path, **changed))
    assert message in str(refusal.value)
    assert str(refusal.value).endswith(ADVICE)


def test_the_sums_are_those_of_the_assignment():
    assert [sum_[:8] for _, sum_ in FULL.files.values()] == ["c59f468a", "bad3541b", "5b4141f0", "0402a96d"]
