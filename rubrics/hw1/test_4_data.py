"""Parts 4.1 to 4.4: looking at the data."""

import re
from decimal import Decimal
from functools import partial
from itertools import pairwise

import numpy as np

from grader import award, fail, question, review, skip
from grader.analysis import numbers, pictures

from .data import ALIKE, FEATURES, SIDE, arrays, size

POINTS = {"training": 60000, "test": 10000}
"""Of the complete data set."""
TEN = Decimal("0.5")
"""Points for all ten images; fewer of them, and images of another loader, are worth a share."""
CAPTURING = re.compile(r"^[ \t]*%%capture\b|\bcapture_output\(", re.MULTILINE)
MOST_TWICE = 1000
"""How many numbers are looked for a second time."""
MOST_PICTURES = 20
"""How many pictures are looked up in a data set."""
same, are_shown = partial(pictures.same, alike=ALIKE), partial(pictures.shown, alike=ALIKE)


@question("4.1", points=0.25)
def test_displays_array_and_tensor(student):
    """The array `a` and the tensor `b` are displayed."""
    answer = student.answer("4.1")
    seen = [
        name
        for name in ("a", "b")
        if any(displayed(value, answer.text, tensor=name == "b") for value in student.values(name, "4.1"))
    ]
    if len(seen) == 2:
        return
    details = {
        "expected": "a and b in the output",
        "actual": answer.error or shortened(answer.text) or "no output",
        "hint": "Call `print` for each of them: on its own, a cell shows only the value of its last line.",
    }
    values = [value for name in ("a", "b") for value in student.values(name, "4.1")]
    if seen == ["a"] and any(displayed_twice(value, answer.text) for value in values):
        review("The numbers are displayed twice, but not as a tensor.", points=0.125, **details)
    if seen:
        award(0.125, f"Only `{seen[0]}` is displayed.", **details)
    fail("Neither `a` nor `b` is displayed.", **details)


def displayed(value, text, *, tensor):
    """Do the numbers of an array stand in the output, in the way that such an array is printed?"""
    if value.array is None or value.array.size == 0:
        return False
    blocks = text.split("tensor(")
    own = blocks[1:] if tensor else [blocks[0], *(after_tensor(block) for block in blocks[1:])]
    own.append("\n".join(own))  # as displayed row by row
    every = np.asarray(value.array, np.float64).ravel()
    # Of more than a thousand numbers only the corners are printed.
    wanted = every[:50] if every.size <= 1000 else every[[0, 1, 2, -3, -2, -1]]
    return any(all_shown(block, wanted) or numbers.lists(block, every) for block in own)


def displayed_twice(value, text):
    """Do the numbers of an array stand in the output twice, one after the other?"""
    if value.array is None or value.array.size == 0:
        return False
    every = np.asarray(value.array, np.float64).ravel()
    return every.size <= MOST_TWICE and numbers.lists(text, [*every, *every])


def all_shown(text, values):
    apart = text.replace(" ", "  ").replace(",", ", ")  # the integers 100 200 are not 100 thousand
    shown = np.array(numbers.numbers_in(apart))
    if shown.size == 0:
        return False
    return all(np.isclose(shown, value, rtol=1e-3, atol=6e-5).any() for value in values)


def after_tensor(block):
    """What follows the tensor that a block of output begins with."""
    depth = 1
    for at, character in enumerate(block):
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return block[at:]
    return ""


@question("4.2", points=0.5)
def test_shows_the_size_of_the_data(student, data):
    """The numbers of training points, of test points and of features are shown."""
    answer = student.answer("4.2")
    elsewhere = student.text_displaying("trainingdata", "testdata", "image")
    text = f"{answer.text}\n{answer.markdown}\n{elsewhere}"
    wanted = {
        "training points": {size(data, train=True), POINTS["training"]},
        "test points": {size(data, train=False), POINTS["test"]},
        "features": {FEATURES},
    }
    missing = [what for what, counts in wanted.items() if not any(numbers.mentions(text, n) for n in counts)]
    if "features" in missing and has_shape(text):
        missing.remove("features")
    if not missing:
        return
    details = {
        "expected": "the numbers of training points, of test points and of features",
        "actual": answer.error or shortened(answer.text) or "no output",
        "hint": "Ask both sets for their length and an image for its shape, and print that: comments are not read.",
    }
    if len(missing) == len(wanted):
        fail("None of the three numbers is shown.", **details)
    award("0.30" if len(missing) == 1 else "0.15", f"Not shown: {' and '.join(missing)}.", **details)


def has_shape(text):
    """28 and 28 side by side, as in a printed shape."""
    found = numbers.numbers_in(text.replace(",", " , "))
    return (SIDE, SIDE) in pairwise(found)


@question("4.3", points=0.5)
def test_shows_the_sample_image(student, data, exhibits):
    """The sample `image` is shown."""
    shown = shown_in(student, "4.3")
    first = arrays(data).train_images[0]
    samples = [*samples_of(student), first]  # `image` may be something else by the end of the cell
    if any(same(picture, sample) for picture in shown for sample in samples):
        return
    exhibits.images(
        "The sample, and what was shown",
        series=[one("the sample", "reference", samples[:1]), one("shown", "student", shown[:5])],
    )
    details = {
        "expected": "the 28x28 pixels of `image`",
        "actual": f"{counted(len(shown))}, the first of {shown[0].shape[0]}x{shown[0].shape[1]} pixels",
        "hint": "Draw `image` itself: of its shape 1x28x28 a picture has only 28x28.",
    }
    if any(pictures.resembles(picture, sample) for picture in shown for sample in samples):
        review("The picture looks like the sample `image`, but in another form.", **details)
    fail("The picture that is shown is not the sample `image`.", **details)


def samples_of(student):
    """What `image` was while the question was answered, as pictures of one channel."""
    values = [value.array for value in student.values("image", "4.3") if value.array is not None]
    greys = [pictures.greyscale(array) for array in values]
    return [grey for grey in greys if grey is not None and grey.shape == (SIDE, SIDE)]


@question("4.4", points=0.5)
def test_shows_the_first_ten_test_images(student, data, exhibits):
    """The first ten images of the first minibatch of `testDataLoader` are shown."""
    shown = shown_in(student, "4.4")
    test = list(arrays(data).test_images[:10])
    batch = images_of(student.value("images", "4.4"))
    right, other, source = sum(are_shown(shown, test)), 0, "another set"
    if batch is not None:
        count = sum(are_shown(shown, batch[:10]))
        from_ = which(batch[:10], data)
        if from_ == "test":  # a test loader that shuffles has another first minibatch
            right = max(right, count)
        else:
            other, source = count, "the training set" if from_ == "training" else source
    if right == 10:
        return
    if other < 10 and (training := count_among(shown, arrays(data).train_images)) > other:
        other, source = training, "the training set"
    exhibit(exhibits, test, shown)
    details = {
        "expected": "ten images: the first ten of the first minibatch of testDataLoader",
        "actual": f"{right} of them, in {counted(len(shown))}",
        "hint": "Draw the first ten of `images`: one picture each, or all in one grid.",
    }
    drawn = shown[:MOST_PICTURES]
    if all(any(pictures.resembles(each, image) for each in drawn) for image in test):
        review("The pictures look like the ten images, but in another form.", **details)
    if right and 2 * right >= other:
        are = "is" if right == 1 else "are"
        award(TEN * right / 10, f"Only {right} of the ten images {are} shown.", **details)
    if other:
        details |= {"actual": f"{other} from {source}", "hint": "Look at which loader `images` came from."}
        how_many = "The ten images are" if other == 10 else f"Only {counted(other)},"
        award(TEN / 2 * other / 10, f"{how_many} from {source}.", **details)
    if batch is None and count_among(shown, arrays(data).test_images):
        review("The pictures are from the test set. Are they the first ten of a minibatch?", **details)
    fail("None of the ten images is shown.", **details)


def count_among(shown, known):
    """How many different images of a set are shown, each as a picture of its own, up to ten."""
    found = []
    for picture in shown[:MOST_PICTURES]:
        is_new = picture.shape == (SIDE, SIDE) and not any(same(picture, one) for one in found)
        if is_new and is_among(picture, known):
            found.append(picture)
    return min(len(found), 10)


def shown_in(student, name):
    """The pictures that a question's cells showed, or the end of this check."""
    answer = student.answer(name)
    shown = pictures.drawn(student.figures(name))
    if shown:
        return shown
    if answer.pictures:
        review("A picture was displayed, but not by matplotlib, so its pixels were not recorded.")
    if answer.error:
        fail("The cell ended with an error before it showed a picture.", actual=answer.error)
    if not answer.found:
        skip("No cell answers this question.")
    if CAPTURING.search(answer.source):
        fail(
            "No picture is shown: the cell captures its output.",
            expected="a picture drawn by matplotlib",
            actual="none",
            hint="Remove what captures the output, or show in a later cell what was captured.",
        )
    return fail(
        "No picture is shown.",
        expected="a picture drawn by matplotlib",
        actual="none",
        hint="Draw it with matplotlib, and let the cell display the figure.",
    )


def counted(pictures_shown):
    return "1 picture" if pictures_shown == 1 else f"{pictures_shown} pictures"


def images_of(value):
    """A batch of images (n, 28, 28), or None."""
    if value is None or value.array is None or value.array.size % FEATURES or value.array.size == 0:
        return None
    return value.array.reshape(-1, SIDE, SIDE)


def which(images, data):
    """The split that a few images are from, by their pixels."""
    for name, known in (("test", arrays(data).test_images), ("training", arrays(data).train_images)):
        if all(is_among(image, known) for image in images):
            return name
    return ""


def is_among(image, known):
    """Is this image, on any linear scale, one of the known ones of shape (n, 28, 28)?"""
    low, high = image.min(), image.max()
    if high <= low:
        return False
    # The usual ToTensor scale, or whatever stretches the image to the bytes it was made from.
    for scaled in (image * 255, (image - low) / (high - low) * 255):
        near = np.abs(known[:, SIDE // 2, ::3] - scaled[SIDE // 2, ::3]).max(axis=1) <= 1
        if any(same(candidate, image) for candidate in known[near]):
            return True
    return False


def exhibit(exhibits, wanted, shown):
    exhibits.images(
        "The ten images, and what was shown",
        series=[one("expected", "reference", wanted), one("shown", "student", shown[:10])],
    )


def one(label, who, images):
    return {"label": label, "who": who, "images": [as_bytes(image) for image in images]}


def as_bytes(image):
    """Rows of bytes, stretched to the full range; large pictures thinned out."""
    step = max(1, int(np.ceil(max(image.shape) / 300)))
    small = np.asarray(image, np.float64)[::step, ::step]
    low, high = small.min(), small.max()
    return ((small - low) / ((high - low) or 1) * 255).round().astype(int).tolist()


def shortened(text):
    return text.strip()[:400]
