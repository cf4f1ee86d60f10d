"""The data set as the checks read it: arrays, never the student's objects. What is computed from them is kept.

The judge judges the reference before any student, in the process that it forks for each of them: what the reference
needs is computed once for all.
"""

import math
from functools import cache

from grader.analysis.linear import Linear
from grader.datasets.fashion_mnist import load

SIDE = 28
"""Pixels of a row, and of a column."""
NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
"""Of the classes, in the order of their labels."""
FEATURES, CLASSES = SIDE * SIDE, len(NAMES)
UNTRAINED = math.log(CLASSES)
"""The loss of a network that finds all classes equally likely."""
ALIKE = 0.999
"""Correlation from which on two pictures are the same one.

Measured: rounding a normalised picture to bytes leaves 0.9999; of the 245 million pairs of a class in the whole
data set 35 lie above 0.999 (near duplicates, up to 0.99997), and none of them is among the first ten test images,
whose nearest other image is at 0.987. At 0.99 there would be 499 such pairs.
"""

arrays = cache(load)
"""The images (n, 28, 28) and labels (n,) of a data set's two splits."""


def split(data, *, train):
    """Images (n, 28, 28) and labels (n,)."""
    every = arrays(data)
    return (every.train_images, every.train_labels) if train else (every.test_images, every.test_labels)


def size(data, *, train):
    """How many points a split has."""
    return len(split(data, train=train)[1])


def linear_layer(module):
    """The linear layer that a network is; None if it is not a single one, from all pixels to all classes."""
    return Linear.of(module, features=FEATURES, classes=CLASSES)


def network(work):
    """The name of the network: `net`, unless another one was trained and it was not."""
    trained = work.evidence.trained
    named = [name for name in trained if (value := work.value(name)) and value.kind == "module"]
    return "net" if not named or "net" in trained else named[-1]


def scores(data, layer, *, train, softmaxed=False):
    """What a layer achieves on a split, see `Linear.scores`."""
    return _scores(data, layer, train, softmaxed)


@cache
def _scores(data, layer, train, softmaxed):
    return layer.scores(*split(data, train=train), softmaxed=softmaxed)
