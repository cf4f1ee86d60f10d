from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import SPLITS, write_idx
from torchvision import datasets

from grader.kernel.inside import dataroot

ROOTS = ["data", "~/datasets", "/content/drive/My Drive/no such folder", "/proc/unwritable"]


def first_image(call, context):
    family, root, options = call
    installed = options.pop("installed", True)

    def offline(url, *_, **__):
        raise RuntimeError(f"no network for {url}")

    datasets.mnist.download_and_extract_archive = offline
    if installed:
        dataroot.install({}, context)
    if family == "a subclass":
        chosen = type("MyFashion", (datasets.FashionMNIST,), {})
    elif family == "another mirror":
        chosen = datasets.FashionMNIST
        chosen.resources = [("https://mirror.test/" + name, md5) for name, md5 in chosen.resources]
    else:
        chosen = getattr(datasets, family)
    try:
        dataset = chosen(root, **options)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return len(dataset), dataset.data[0].tolist(), str(dataset.root)


@pytest.mark.parametrize("download", [False, True])
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("root", ROOTS)
def test_any_root_holds_the_data_set(alone, context, root, train, download):
    call = ("FashionMNIST", root, {"train": train, "download": download})
    size, _, told = alone(first_image, call, context)
    assert size == SPLITS["train" if train else "t10k"]
    assert told == str(Path(root).expanduser())


@pytest.mark.parametrize("family", ["a subclass", "another mirror"])
def test_what_the_files_are_counts_not_the_name_of_the_class(alone, context, family):
    assert alone(first_image, (family, "./data", {"download": True}), context)[0] == SPLITS["train"]


def test_without_it_nothing_is_found(alone, context):
    call = ("FashionMNIST", "./data", {"installed": False})
    assert alone(first_image, call, context) == (
        "RuntimeError: Dataset not found. You can use download=True to download it"
    )


@pytest.mark.parametrize(
    ("family", "options"),
    [
        pytest.param("MNIST", {"download": True}, id="a family member we do not hold"),
        pytest.param("EMNIST", {"download": True, "split": "letters"}, id="emnist"),
        pytest.param("QMNIST", {"download": True}, id="qmnist"),
        pytest.param("MNIST", {}, id="no download"),
        pytest.param("CIFAR10", {}, id="another data set"),
    ],
)
def test_other_data_sets_fail_as_they_do_offline(alone, context, tmp_path, family, options):
    stock = alone(first_image, (family, tmp_path, {**options, "installed": False}), context)
    assert isinstance(stock, str)
    assert alone(first_image, (family, tmp_path, options), context) == stock


def test_nothing_is_copied_or_created(alone, context, tmp_path):
    alone(first_image, ("FashionMNIST", tmp_path / "root", {"download": True}), context)
    assert list(tmp_path.iterdir()) == []


def test_the_students_own_complete_copy_wins(alone, context, tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for split in SPLITS:
        write_idx(raw / f"{split}-images-idx3-ubyte", np.full((3, 28, 28), 7, dtype="uint8"))
        write_idx(raw / f"{split}-labels-idx1-ubyte", np.zeros(3, dtype="uint8"))
    size, image, _ = alone(first_image, ("FashionMNIST", str(tmp_path), {}), context)
    assert (size, image[0][0]) == (3, 7)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    assert alone(first_image, ("FashionMNIST", str(tmp_path), {}), context)[0] == SPLITS["train"]


def test_the_root_may_be_a_path_object(alone, context):
    assert alone(first_image, ("FashionMNIST", Path("data"), {}), context)[0] == SPLITS["train"]
