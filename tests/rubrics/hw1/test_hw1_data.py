"""The data set as the checks read it, and what the thresholds were chosen by."""

import numpy as np
import pytest
from hw1.data import ALIKE, CLASSES, FEATURES, arrays, linear_layer, scores, size

from grader.analysis import pictures
from grader.analysis.linear import Linear
from grader.datasets import fashion_mnist as datasets
from grader.evidence import Value


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return datasets.subset(tmp_path_factory.mktemp("cache"))


def layer(seed=0, classes=CLASSES):
    draw = np.random.default_rng(seed)
    weight, bias = draw.normal(size=(classes, FEATURES)), draw.normal(size=classes)
    return Linear(weight.astype(np.float32), bias.astype(np.float32))


def test_the_data_set_is_read_once(data):
    assert arrays(data) is arrays(data)
    assert (size(data, train=True), size(data, train=False)) == (5000, 1000)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("softmaxed", [True, False])
def test_scores_are_the_layers_on_that_split(data, train, softmaxed):
    every = arrays(data)
    images, labels = (
        (every.train_images, every.train_labels) if train else (every.test_images, every.test_labels)
    )
    expected = layer().scores(images, labels, softmaxed=softmaxed)
    assert scores(data, layer(), train=train, softmaxed=softmaxed) == expected


def test_scores_of_equal_layers_are_computed_once(data, monkeypatch):
    before = scores(data, layer(5), train=False)
    monkeypatch.setattr(Linear, "scores", None)
    assert scores(data, layer(5), train=False, softmaxed=False) is before
    with pytest.raises(TypeError):
        scores(data, layer(6), train=False)


def test_only_one_layer_from_all_pixels_to_all_classes_is_linear():
    def module(**arrays):
        state = {"state": {name: {"array": name} for name in arrays}}
        return Value(0, {"type": "module", **state}, arrays)

    weight = np.zeros((CLASSES, FEATURES), np.float32)
    assert linear_layer(None) is None
    assert linear_layer(module(weight=weight[:9])) is None


def test_another_picture_of_the_same_class_is_another(data):
    """The highest correlations between different pictures, by class: what the threshold was chosen by."""
    every, alike = arrays(data), 0
    for label in range(CLASSES):
        images = every.train_images[every.train_labels == label].reshape(-1, FEATURES).astype(np.float64)
        images -= images.mean(axis=1, keepdims=True)
        images /= np.linalg.norm(images, axis=1, keepdims=True)
        alike += int((np.triu(images @ images.T, 1) >= ALIKE).sum())
    assert alike <= 1


def test_the_first_ten_test_images_are_like_no_other(data):
    every = arrays(data)
    others = np.concatenate([every.test_images[10:], every.train_images])
    for image in every.test_images[:10]:
        assert max(pictures.correlation(image, other) for other in others[:1500]) < 0.99
