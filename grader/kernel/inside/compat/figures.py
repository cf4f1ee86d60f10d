"""Calls of matplotlib that no longer accept the arguments that they used to accept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import axes, backend_bases, figure, gridspec, style

from .patching import Function, Patch, give, rename_keyword, wrap

if TYPE_CHECKING:
    from .ledger import Ledger


def grids_take_whole_floats(ledger: Ledger) -> None:
    """`add_subplot(2, 20/2, i)` occurs in the templates of many courses."""

    def whole(value: Any) -> Any:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            ledger.use("subplot(float)", "Write 20//2 instead of 20/2: rows and columns are whole numbers.")
            return int(value)
        return value

    def around_place(stock: Function) -> Any:
        return staticmethod(lambda figure, args: stock(figure, tuple(map(whole, args))))

    def around_grid(stock: Function) -> Function:
        def lay_out(self: Any, rows: Any, columns: Any, *args: Any, **kwargs: Any) -> None:
            stock(self, whole(rows), whole(columns), *args, **kwargs)

        return lay_out

    placed = "_from_subplot_args"
    give(gridspec.SubplotSpec, placed, around_place(getattr(gridspec.SubplotSpec, placed)))
    wrap(gridspec.GridSpecBase, "__init__", around_grid)


def current_axes_take_a_projection(ledger: Ledger) -> None:
    def around(stock: Function) -> Function:
        def gca(*args: Any, projection: str | None = None) -> Any:
            if projection is None:
                return stock(*args)
            ledger.use("gca(projection=)", "Write fig.add_subplot(projection='3d') instead of gca(...).")
            return (args[0] if args else plt.gcf()).add_subplot(projection=projection)

        return gca

    wrap(figure.FigureBase, "gca", around)
    wrap(plt, "gca", around)


def seaborn_styles_keep_their_names(ledger: Ledger) -> None:
    def today(name: Any) -> Any:
        if not (isinstance(name, str) and re.fullmatch(r"seaborn(-(?!v0_8).*)?", name)):
            return name
        modern = name.replace("seaborn", "seaborn-v0_8")
        ledger.use(f"style {name!r}", f"Write {modern!r} instead of {name!r}.")
        return modern

    def around(stock: Function) -> Function:
        def choose(names: Any, *args: Any, **kwargs: Any) -> Any:
            chosen = [today(name) for name in names] if isinstance(names, list | tuple) else today(names)
            return stock(chosen, *args, **kwargs)

        return choose

    wrap(style, "use", around)
    wrap(style, "context", around)


def windows_have_titles(ledger: Ledger) -> None:
    def set_window_title(_: Any, title: str) -> None:
        ledger.use("canvas.set_window_title()", f"Write fig.canvas.manager.set_window_title({title!r}).")

    give(backend_bases.FigureCanvasBase, "set_window_title", set_window_title)


def histograms_take_normed(ledger: Ledger) -> None:
    rename_keyword([axes.Axes], "hist", "normed", "density", ledger)


def grid_lines_take_b(ledger: Ledger) -> None:
    rename_keyword([axes.Axes], "grid", "b", "visible", ledger)


def annotations_take_s(ledger: Ledger) -> None:
    rename_keyword([axes.Axes, plt], "annotate", "s", "text", ledger)


def backends_take_warn(ledger: Ledger) -> None:
    rename_keyword([mpl], "use", "warn", None, ledger)


CHANGES: dict[str, Patch] = {
    r"\bgca\(\s*projection": current_axes_take_a_projection,
    r"['\"]seaborn(-(?!v0_8)[\w-]+)?['\"]": seaborn_styles_keep_their_names,
    r"\.set_window_title\(": windows_have_titles,
    r"\bnormed\s*=": histograms_take_normed,
    r"\bgrid\([^\n]*\bb\s*=": grid_lines_take_b,
    r"\bannotate\([^\n]*\bs\s*=": annotations_take_s,
    r"\.use\([^\n]*\bwarn\s*=": backends_take_warn,
}
"""Each change by a regular expression that matches code in need of it."""
