"""Figures as data: what was drawn, read from matplotlib's objects when a figure is displayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .values import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from .log import Arrays

MOST_AXES = 200


def describe(figure: Figure, name: str, arrays: Arrays) -> dict[str, Any]:
    axes = [_axes(ax, f"{name}.{i}", arrays) for i, ax in enumerate(figure.axes[:MOST_AXES])]
    return {"title": figure.get_suptitle()[:300], "axes": axes}


def _axes(ax: Axes, name: str, arrays: Arrays) -> dict[str, Any]:
    legend = ax.get_legend()
    return {
        "title": ax.get_title()[:300],
        "xlabel": ax.get_xlabel()[:300],
        "ylabel": ax.get_ylabel()[:300],
        "yscale": ax.get_yscale(),
        "legend": [text.get_text()[:200] for text in legend.get_texts()] if legend else [],
        "texts": [text.get_text()[:200] for text in ax.texts[:50]],
        "lines": [
            {
                "label": str(line.get_label())[:200],
                "x": arrays.keep(f"{name}.x{i}", _floats(line.get_xdata(orig=False))),
                "y": arrays.keep(f"{name}.y{i}", _floats(line.get_ydata(orig=False))),
            }
            for i, line in enumerate(ax.lines[:50])
        ],
        "images": [
            {
                "cmap": image.get_cmap().name,
                "clim": [None if limit is None else number(limit) for limit in image.get_clim()],
                "extent": [number(edge) for edge in (*ax.get_window_extent().bounds, *image.get_extent())],
                "opacity": _opacity(image) if ax.get_visible() and image.get_visible() else 0.0,
                "data": arrays.keep(f"{name}.i{i}", np.ma.getdata(np.ma.asarray(image.get_array()))),
            }
            for i, image in enumerate(sorted(ax.images, key=lambda image: image.get_zorder())[:50])
        ],
    }


def _opacity(image: AxesImage) -> float:
    """How opaque an image is in the mean; what is masked or NaN is transparent."""
    data: np.ma.MaskedArray[Any, Any] = np.ma.asarray(image.get_array())
    alpha = image.get_alpha()
    opaque = ~np.ma.getmaskarray(data) & np.isfinite(np.ma.getdata(data))
    channel = 1.0
    if data.ndim == 3 and data.shape[-1] == 4:
        channel = float(data[..., 3].mean()) / (1 if data.dtype.kind == "f" else 255)
    return float(opaque.mean()) * channel * float(np.mean(1.0 if alpha is None else alpha))


def _floats(data: Any) -> np.ndarray[Any, Any]:
    return np.asarray(data, np.float64)
