from functools import partial

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from torch.nn.functional import interpolate
from torchvision.utils import make_grid

from grader.analysis import pictures
from grader.datasets import fashion_mnist as datasets
from grader.evidence import Value

same, shown, within = (
    partial(compare, alike=0.999) for compare in (pictures.same, pictures.shown, pictures.within)
)


@pytest.fixture(scope="session")
def arrays(tmp_path_factory):
    return datasets.load(datasets.subset(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def ten(arrays):
    return arrays.test_images[:10]


def as_batch(images):
    return torch.tensor(np.array(images)).unsqueeze(1).float() / 255


DISPLAYED = {
    "as it is": lambda image: image,
    "between 0 and 1": lambda image: image / 255,
    "float32": lambda image: (image / 255).astype(np.float32),
    "float16": lambda image: (image / 255).astype(np.float16),
    "normalised": lambda image: (image / 255 - 0.5) / 0.5,
    "standardised": lambda image: (image / 255 - 0.286) / 0.353,
    "normalised and rounded to bytes": lambda image: (((image / 255 - 0.5) / 0.5 + 1) * 127).astype(np.uint8),
    "inverted": lambda image: 255 - image,
    "with a channel in front": lambda image: image[None],
    "with a channel behind": lambda image: image[..., None],
    "with many": lambda image: image[None, ..., None, None],
    "in three colours": lambda image: np.repeat(image[..., None], 3, axis=-1),
    "with opacity": lambda image: np.dstack([image / 255] * 3 + [np.ones((28, 28))]),
    "channels first": lambda image: np.repeat(image[None], 3, axis=0),
    "transposed": lambda image: image.T,
}


@pytest.mark.parametrize("displayed", DISPLAYED.values(), ids=DISPLAYED)
def test_displaying_leaves_a_picture_what_it_is(ten, displayed):
    for image in ten:
        grey = pictures.greyscale(displayed(image))
        assert same(grey, image)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(np.fliplr, id="mirrored"),
        pytest.param(np.flipud, id="upside down"),
        pytest.param(lambda image: np.roll(image, 1, axis=1), id="shifted by a pixel"),
        pytest.param(lambda image: image[:27], id="cropped"),
        pytest.param(lambda image: image > 127, id="black and white"),
        pytest.param(np.zeros_like, id="black"),
    ],
)
def test_another_picture_is_another(ten, changed):
    assert not any(same(changed(image), image) for image in ten)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.zeros((0, 28)), id="nothing"),
        pytest.param(np.zeros(784), id="flat"),
        pytest.param(np.zeros((2, 28, 28)), id="two channels"),
        pytest.param(np.zeros((10, 28, 28, 3)), id="a batch"),
        pytest.param(np.full((28, 28), np.nan), id="NaN"),
        pytest.param(np.full((28, 28), np.inf), id="infinite"),
        pytest.param(np.full((28, 28), 1e300), id="beyond squaring"),
        pytest.param(np.zeros((5000, 5000), np.uint8), id="a wall"),
    ],
)
def test_what_is_no_picture_is_none(array):
    assert pictures.greyscale(array) is None


# --- within a larger picture ----------------------------------------------------------------------------


def strip(images):
    return np.concatenate(list(images), axis=1)


LAYOUTS = {
    "one grid, padded": lambda images: make_grid(as_batch(images), nrow=5).permute(1, 2, 0).numpy(),
    "one row, padded": lambda images: make_grid(as_batch(images), nrow=10).permute(1, 2, 0).numpy(),
    "a grid of the default width": lambda images: make_grid(as_batch(images)).permute(1, 2, 0).numpy(),
    "a grid on white": lambda images: make_grid(as_batch(images), pad_value=1).permute(1, 2, 0).numpy(),
    "a normalised grid": lambda images: make_grid(as_batch(images), normalize=True, padding=0)[0].numpy(),
    "a horizontal strip": strip,
    "a vertical strip": lambda images: np.concatenate(list(images), axis=0),
    "a strip, inverted": lambda images: 255 - strip(images),
    "a view of the batch": lambda images: np.asarray(images).reshape(280, 28),
    "among fifty others": lambda images: strip([*images, *[np.eye(28) * 200] * 50]),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_samples_are_found_within_one_picture(ten, layout):
    picture = pictures.greyscale(np.asarray(layout(ten)))
    assert shown([picture], list(ten)) == [True] * 10


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_other_samples_are_not(arrays, layout):
    picture = pictures.greyscale(np.asarray(layout(arrays.test_images[:10])))
    assert not any(shown([picture], list(arrays.test_images[10:20])))


def test_only_the_samples_that_are_there_are_found(ten):
    assert shown([strip(ten[:4]), ten[7]], list(ten)) == [i in (0, 1, 2, 3, 7) for i in range(10)]


def test_a_figure_for_each_sample(ten):
    assert shown([image / 255 for image in ten], list(ten)) == [True] * 10


@pytest.mark.parametrize(
    ("picture", "sample"),
    [
        pytest.param(np.zeros((100, 100)), np.eye(28), id="black"),
        pytest.param(np.full((100, 100), 0.1), np.eye(28), id="one grey"),
        pytest.param(np.eye(100), np.zeros((28, 28)), id="an empty sample"),
        pytest.param(np.eye(20), np.eye(28), id="too small"),
        pytest.param(np.zeros((27, 500)), np.eye(28), id="too low"),
    ],
)
def test_nothing_is_found_where_nothing_is(picture, sample):
    assert not within(picture, sample)


def test_a_large_picture_takes_no_quadratic_time_or_memory(ten):
    """Each of four million windows has 784 pixels: what is computed must not have them all."""
    wall = np.zeros((2000, 2000))
    wall[1500:1528, 300:328] = ten[3]
    assert within(wall, ten[3])
    assert not within(wall, ten[4])


# --- in figures -----------------------------------------------------------------------------------------


def figure(axes, **arrays):
    return Value(0, {"axes": axes}, arrays)


def test_pictures_come_in_the_order_in_which_they_were_drawn(ten):
    def drawn(*names):
        return {"images": [{"data": {"array": name}} for name in names]}

    figures = [figure([drawn("a", "b")], a=ten[0], b=ten[1]), figure([drawn(), drawn("c")], c=ten[2])]
    found = pictures.drawn(figures)
    assert [next(i for i in range(10) if same(one, ten[i])) for one in found] == [0, 1, 2]


PLACE = [0, 0, 1, 1, -0.5, 27.5, 27.5, -0.5]
OTHER_PLACE = [0.5, 0, 1, 1, -0.5, 27.5, 27.5, -0.5]


@pytest.mark.parametrize(
    ("facts", "seen"),
    [
        pytest.param([{"extent": PLACE}] * 3, [2], id="on top of each other"),
        pytest.param([{"extent": PLACE}, {"extent": OTHER_PLACE}], [0, 1], id="side by side"),
        pytest.param([{}, {}], [0, 1], id="anywhere"),
        pytest.param([{"extent": PLACE}, {"extent": PLACE, "opacity": 0.3}], [0, 1], id="below a film"),
        pytest.param([{"extent": PLACE, "opacity": 0}, {"extent": OTHER_PLACE}], [1], id="transparent"),
        pytest.param([{"extent": PLACE}, {"extent": PLACE, "opacity": 0}], [0], id="below a transparent one"),
        pytest.param([{"extent": 7, "opacity": "x", "clim": [None, 3]}] * 2, [0, 1], id="forged"),
    ],
)
@pytest.mark.parametrize("shared", [True, False], ids=["one axes", "axes of their own"])
def test_only_what_nothing_covers_is_seen(ten, facts, seen, shared):
    images = [{"data": {"array": f"i{i}"}} | each for i, each in enumerate(facts)]
    axes = [{"images": images}] if shared else [{"images": [each]} for each in images]
    found = pictures.drawn([figure(axes, **{f"i{i}": ten[i] for i in range(len(facts))})])
    assert [next(i for i in range(10) if same(one, ten[i])) for one in found] == seen


@pytest.mark.parametrize(
    ("limits", "seen"),
    [([0, 255], True), ([100, 150], True), ([-300, 600], True), ([300, 400], False), ([0, 1e6], False)],
)
def test_a_picture_in_one_colour_shows_nothing(ten, limits, seen):
    image = {"data": {"array": "a"}, "clim": limits}
    assert same(pictures.drawn([figure([{"images": [image]}], a=ten[0])])[0], ten[0]) is seen


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda image: np.kron(image, np.ones((10, 10))), id="enlarged"),
        pytest.param(
            lambda image: interpolate(as_batch([image]), scale_factor=4, mode="bilinear")[0], id="smoothly"
        ),
        pytest.param(np.flipud, id="upside down"),
        pytest.param(colormaps["magma"], id="in a colour map"),
        pytest.param(colormaps["jet"], id="that is not monotonic"),
    ],
)
def test_a_sample_in_another_form_is_resembled_and_others_are_not(ten, changed):
    for image in ten:
        found = pictures.greyscale(np.asarray(changed(image)))
        assert [pictures.resembles(found, each) for each in ten] == [
            np.array_equal(each, image) for each in ten
        ]


@pytest.mark.parametrize(
    "picture", [np.zeros((28, 28)), np.ones((56, 56)), np.eye(28), np.eye(20), np.eye(60)]
)
def test_what_is_no_sample_resembles_none(ten, picture):
    assert not any(pictures.resembles(picture, image) for image in (*ten, np.zeros((28, 28))))


def test_a_sample_of_distinct_values_is_not_resembled_by_any_picture(ten):
    distinct = ten[0] + np.arange(28 * 28).reshape(28, 28) / 1000
    assert not pictures.resembles(ten[1], distinct)
    assert pictures.resembles(np.flipud(distinct), distinct)


@pytest.mark.parametrize(
    "axes",
    [
        None,
        7,
        [7],
        [{"images": 7}],
        [{"images": [7]}],
        [{"images": [{"data": 7}]}],
        [{"images": [{"data": {"array": [1]}}]}],
    ],
    ids=str,
)
def test_what_is_no_figure_shows_nothing(axes):
    assert pictures.drawn([figure(axes)]) == []
