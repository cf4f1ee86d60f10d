"""Is this picture that sample? Pixels compared after undoing what displaying may do to them.

A picture counts as the same if its pixels are an increasing or decreasing linear function of the sample's:
normalising, scaling to 0-255 and inverting change neither what is shown nor the absolute correlation. From which
correlation on (`alike`) two pictures are the same one depends on how alike a data set's pictures are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from grader.evidence import Value

MOST_PIXELS = 4_000_000
LARGEST = 1e30
FLAT = 1e-6
"""A window that varies less than this share of its picture shows nothing."""


def drawn(figures: Iterable[Value]) -> list[NDArray[Any]]:
    """All image arrays that figures show, in the order in which they were drawn, as (height, width) floats."""
    pictures = []
    for figure in figures:
        axes = figure.fields.get("axes")
        for axis in axes if isinstance(axes, list) else ():
            images = axis.get("images") if isinstance(axis, dict) else None
            for image in images if isinstance(images, list) else ():
                data = image.get("data") if isinstance(image, dict) else None
                name = data.get("array") if isinstance(data, dict) else None
                array = figure.arrays.get(name) if isinstance(name, str) else None
                grey = greyscale(array) if array is not None else None
                if grey is not None:
                    pictures.append(grey)
    return pictures


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
