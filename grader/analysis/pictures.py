"""Is this picture that sample? Pixels compared after undoing what displaying may do to them.

A picture counts as the same if its pixels are an increasing or decreasing linear function of the sample's:
normalising, scaling to 0-255 and inverting change neither what is shown nor the correlation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from grader.evidence import Value

ALIKE = 0.99
"""Correlation from which on two pictures are the same one. Two different Fashion-MNIST pictures of a class can
reach 0.97."""
MOST_PIXELS = 4_000_000


def drawn(figures: Iterable[Value]) -> list[NDArray[Any]]:
    """All image arrays that figures show, in the order in which they were drawn, as (height, width) floats."""
    pictures = []
    for figure in figures:
        axes = figure.facts.get("axes")
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
    squeezed = np.squeeze(np.asarray(array, np.float64))
    if squeezed.ndim == 3 and squeezed.shape[-1] in (3, 4):
        squeezed = squeezed[..., :3].mean(axis=-1)
    elif squeezed.ndim == 3 and squeezed.shape[0] in (3, 4):
        squeezed = squeezed[:3].mean(axis=0)
    if squeezed.ndim != 2 or squeezed.size > MOST_PIXELS or not np.isfinite(squeezed).all():
        return None
    return squeezed


def same(picture: NDArray[Any], sample: NDArray[Any]) -> bool:
    """Are two (height, width) pictures the same, also if one is transposed?"""
    return any(
        one.shape == sample.shape and abs(correlation(one, sample)) >= ALIKE for one in (picture, picture.T)
    )


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    a, b = np.asarray(one, np.float64).ravel(), np.asarray(other, np.float64).ravel()
    a, b = a - a.mean(), b - b.mean()
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norm) if norm > 0 else 0.0


def shown(pictures: Sequence[NDArray[Any]], samples: Sequence[NDArray[Any]]) -> list[bool]:
    """For each sample, is it shown: as a picture of its own, or within a larger one (a grid, a strip)?"""
    return [
        any(same(picture, sample) or within(picture, sample) for picture in pictures) for sample in samples
    ]


def within(picture: NDArray[Any], sample: NDArray[Any]) -> bool:
    """Does a larger picture hold the sample, upright, at any position?"""
    height, width = sample.shape
    if picture.shape == sample.shape or picture.shape[0] < height or picture.shape[1] < width:
        return False
    positions = (picture.shape[0] - height + 1) * (picture.shape[1] - width + 1)
    if positions > 200_000:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(picture, sample.shape)
    wanted = np.asarray(sample, np.float64) - sample.mean()
    # The sample has mean zero, so the windows' own means drop out of the inner product.
    inner = np.einsum("ijkl,kl->ij", windows, wanted, optimize=True)
    spread = windows.std(axis=(2, 3)) * np.sqrt(wanted.size) * np.linalg.norm(wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        return bool(np.nanmax(np.abs(inner) / spread, initial=0.0) >= ALIKE)
