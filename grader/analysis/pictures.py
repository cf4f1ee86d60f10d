"""Is this picture that sample? Pixels compared after undoing what displaying may do to them.

A picture counts as the same if its pixels are an increasing or decreasing linear function of the sample's:
normalising, scaling to 0-255 and inverting change neither what is shown nor the absolute correlation. From which
correlation on (`alike`) two pictures are the same one depends on how alike a data set's pictures are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from grader.evidence import Value

MOST_PIXELS = 4_000_000
LARGEST = 1e30
FLAT = 1e-6
"""A window that varies less than this share of its picture shows nothing."""
FAINT, COVERING = 0.01, 0.5
"""Below the one opacity an image can't be seen; from the other on it covers what lies behind it."""
ENLARGED = 0.95
"""Correlation of a picture, reduced again, and its sample: smooth interpolation leaves 0.97 of clothes."""
DIFFERING = 0.001
"""The share of a picture's variance that its sample need not explain."""
CONTRAST = 0.02
"""The share of the range of colours that a picture takes up at least if anything can be seen in it."""


def drawn(figures: Iterable[Value]) -> list[NDArray[Any]]:
    """All image arrays that can be seen in figures, in the order of drawing, as (height, width) floats.

    An image that a later one in the same place covers can't be seen.
    """
    pictures = []
    for figure in figures:
        axes = figure.fields.get("axes")
        images = [image for axis in (axes if isinstance(axes, list) else ()) for image in _images(axis)]
        covering = [_extent(image) if _opacity(image) >= COVERING else None for image in images]
        for number, image in enumerate(images, 1):
            extent = _extent(image)
            if _opacity(image) < FAINT or (extent is not None and extent in covering[number:]):
                continue
            data = image.get("data")
            name = data.get("array") if isinstance(data, dict) else None
            array = figure.arrays.get(name) if isinstance(name, str) else None
            if array is not None and (grey := greyscale(array)) is not None:
                coloured = np.squeeze(array).ndim > 2
                pictures.append(grey if coloured else _within_limits(grey, image.get("clim")))
    return pictures


def labels(figure: Value) -> str:
    """The titles and texts of a figure."""
    axes = figure.fields.get("axes")
    found: list[Any] = [figure.fields.get("title")]
    for axis in axes if isinstance(axes, list) else ():
        texts = axis.get("texts") if isinstance(axis, dict) else None
        found += [axis.get("title"), *texts] if isinstance(texts, list) else []
    return "\n".join(each for each in found if isinstance(each, str))


def _images(axis: Any) -> list[dict[str, Any]]:
    images = axis.get("images") if isinstance(axis, dict) else None
    return [image for image in (images if isinstance(images, list) else ()) if isinstance(image, dict)]


def _extent(image: Mapping[str, Any]) -> list[Any] | None:
    """Where an image lies: its axes within the figure, and its edges within them."""
    extent = image.get("extent")
    return extent if isinstance(extent, list) else None


def _opacity(image: Mapping[str, Any]) -> float:
    opacity = image.get("opacity")
    return opacity if isinstance(opacity, int | float) else 1.0


def _within_limits(grey: NDArray[np.float64], limits: Any) -> NDArray[np.float64]:
    """A picture as it is; all black if the limits of its colours leave it no contrast."""
    match limits:
        case [int() | float() as low, int() | float() as high] if low < high < LARGEST and low > -LARGEST:
            contrast = np.ptp(grey.clip(low, high)) / (high - low)
            return grey if contrast >= CONTRAST else np.zeros_like(grey)
        case _:
            return grey


def greyscale(array: NDArray[Any]) -> NDArray[np.float64] | None:
    """An image array of any usual shape as (height, width): singleton and colour axes are undone."""
    if array.size > 4 * MOST_PIXELS:
        return None
    squeezed = np.squeeze(np.asarray(array, np.float64))
    if squeezed.ndim == 3 and squeezed.shape[-1] in (3, 4):
        squeezed = squeezed[..., :3].mean(axis=-1)
    elif squeezed.ndim == 3 and squeezed.shape[0] in (3, 4):
        squeezed = squeezed[:3].mean(axis=0)
    if squeezed.ndim != 2 or not 0 < squeezed.size <= MOST_PIXELS:
        return None
    return squeezed if np.abs(squeezed).max() < LARGEST else None  # NaN is not below either


def same(picture: NDArray[Any], sample: NDArray[Any], *, alike: float) -> bool:
    """Are two (height, width) pictures the same, also if one is transposed?"""
    return any(
        one.shape == sample.shape and abs(correlation(one, sample)) >= alike for one in (picture, picture.T)
    )


def resembles(picture: NDArray[Any], sample: NDArray[Any]) -> bool:
    """May a picture be the sample in another form: enlarged, upside down, or with a colour map applied?"""
    factor = picture.shape[0] // sample.shape[0]
    if factor < 1 or picture.shape != tuple(factor * side for side in sample.shape):
        return False
    height, width = sample.shape
    small = picture.reshape(height, factor, width, factor).mean(axis=(1, 3))
    return any(
        correlation(one, sample) >= (ENLARGED if factor > 1 else 1 - DIFFERING) or _depends(one, sample)
        for one in (small, small[::-1])
    )


def _depends(picture: NDArray[Any], sample: NDArray[Any]) -> bool:
    """Is a picture's grey a function of the sample's, as after a colour map, jumps and all?"""
    values, group = np.unique(sample.ravel(), return_inverse=True)
    if not 2 <= len(values) <= sample.size / 2 or not np.ptp(picture):
        return False  # any picture is a function of a sample whose values are all distinct
    grey = picture.ravel()
    means = np.bincount(group, grey) / np.bincount(group)
    return bool(np.square(grey - means[group]).sum() <= DIFFERING * np.square(grey - grey.mean()).sum())


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    a, b = np.asarray(one, np.float64).ravel(), np.asarray(other, np.float64).ravel()
    a, b = a - a.mean(), b - b.mean()
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norm) if norm > 0 else 0.0


def shown(pictures: Sequence[NDArray[Any]], samples: Sequence[NDArray[Any]], *, alike: float) -> list[bool]:
    """For each sample, is it shown: as a picture of its own, or within a larger one (a grid, a strip)?"""
    return [
        any(same(each, sample, alike=alike) or within(each, sample, alike=alike) for each in pictures)
        for sample in samples
    ]


def within(picture: NDArray[Any], sample: NDArray[Any], *, alike: float) -> bool:
    """Does a larger picture hold the sample, upright, at any position?

    Takes n log n for n pixels: correlation by the Fourier transform, the windows' spread by running sums.
    """
    if picture.shape == sample.shape or any(a < b for a, b in zip(picture.shape, sample.shape, strict=True)):
        return False
    whole = np.asarray(picture, np.float64) - picture.mean()
    scale = np.abs(whole).max()
    if scale == 0:
        return False
    whole /= scale
    wanted = np.asarray(sample, np.float64) - sample.mean()
    # The sample's mean is zero, so the windows' own means drop out of the inner product.
    inner = _sliding_inner(whole, wanted)
    sums, squares = (_sliding_sum(each, sample.shape) for each in (whole, whole * whole))
    deviation = np.sqrt(np.maximum(squares - sums * sums / wanted.size, 0.0))
    spread = deviation * np.linalg.norm(wanted)
    seen = deviation > FLAT * np.sqrt(wanted.size)
    return bool((np.abs(inner[seen]) >= alike * spread[seen]).any()) and bool(wanted.any())


def _sliding_inner(whole: NDArray[np.float64], part: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inner product of `part` with each window of its size, (rows, columns) of positions."""
    spectrum = np.fft.rfft2(whole) * np.conj(np.fft.rfft2(part, whole.shape))
    rows, columns = (a - b + 1 for a, b in zip(whole.shape, part.shape, strict=True))
    return np.fft.irfft2(spectrum, whole.shape)[:rows, :columns]


def _sliding_sum(whole: NDArray[np.float64], window: tuple[int, ...]) -> NDArray[np.float64]:
    """The sum over each window."""
    height, width = window
    sums = np.pad(whole.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    total: NDArray[np.float64] = (
        sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    )
    return total
