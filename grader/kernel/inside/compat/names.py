"""Names that libraries have removed since 2018, restored where the notebook uses them.

The module's `__getattr__` looks them up, so a real name always wins and nothing is imported early.
"""

from __future__ import annotations

import collections.abc
import fractions
import inspect
import math
import re
import sys
import time
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from IPython import display
from matplotlib import cm
from matplotlib_inline import backend_inline
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ledger import Ledger


@dataclass(frozen=True, slots=True)
class Old:
    """A removed name, its replacement, and how it is written today."""

    module: ModuleType
    name: str
    value: Any
    modern: str

    def occurs_in(self, source: str) -> bool:
        if self.name not in source:
            return False
        named = "|".join(map(re.escape, _names_of(self.module, source)))
        imported = rf"^\s*from\s+{re.escape(self.module.__name__)}\s+import\s[^\n]*\b{self.name}\b"
        used = rf"\b(?:{named})\.{self.name}\b|{imported}"
        return re.search(used, source, re.MULTILINE) is not None


def _names_of(module: ModuleType, source: str) -> list[str]:
    """The names by which the source refers to a module: its own, its last part, and its import aliases."""
    full = module.__name__
    last = full.rpartition(".")[2]
    imported = rf"import\s+{re.escape(full)}\s+as\s+(\w+)|from\s+[\w.]+\s+import\s+{last}\s+as\s+(\w+)"
    return [full, last, *("".join(match) for match in re.findall(imported, source))]


def olds(module: ModuleType, spelled: str, names: dict[str, tuple[Any, str]]) -> list[Old]:
    return [
        Old(module, name, value, f"Write {modern} instead of {spelled}.{name}.")
        for name, (value, modern) in names.items()
    ]


_NUMPY: dict[str, tuple[Any, str]] = {
    **{kind.__name__: (kind, kind.__name__) for kind in (int, float, complex, object, str)},
    "unicode": (str, "str"),
    "float_": (np.float64, "np.float64"),
    "complex_": (np.complex128, "np.complex128"),
    "int0": (np.intp, "np.intp"),
    "bool8": (np.bool_, "np.bool_"),
    "unicode_": (np.str_, "np.str_"),
    "string_": (np.bytes_, "np.bytes_"),
    **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), (np.inf, "np.inf")),
    "NINF": (-np.inf, "-np.inf"),
    **dict.fromkeys(("NaN", "NAN"), (np.nan, "np.nan")),
    "product": (np.prod, "np.prod"),
    "cumproduct": (np.cumprod, "np.cumprod"),
    "alltrue": (np.all, "np.all"),
    "sometrue": (np.any, "np.any"),
    "round_": (np.round, "np.round"),
    "row_stack": (np.vstack, "np.vstack"),
    "mat": (np.asmatrix, "np.asmatrix"),
    "rank": (np.ndim, "np.ndim"),
    "trapz": (getattr(np, "trapezoid", None), "np.trapezoid"),
    "in1d": (lambda values, known, **kwargs: np.isin(np.ravel(values), known, **kwargs), "np.isin"),
    "msort": (lambda values: np.sort(values, axis=0), "np.sort(..., axis=0)"),
    "asscalar": (lambda values: values.item(), "values.item()"),
    "asfarray": (lambda values, dtype=np.float64: np.asarray(values, dtype), "np.asarray(values, float)"),
    "VisibleDeprecationWarning": (np.exceptions.VisibleDeprecationWarning, "np.exceptions"),
}

_ABSTRACT = ("Callable", "Hashable", "Iterable", "Iterator", "Mapping", "MutableMapping", "Sequence", "Set")

_TABLE = [
    *olds(np, "np", _NUMPY),
    *olds(
        collections,
        "collections",
        {name: (getattr(collections.abc, name), f"collections.abc.{name}") for name in _ABSTRACT},
    ),
    *olds(time, "time", {"clock": (time.perf_counter, "time.perf_counter()")}),
    *olds(fractions, "fractions", {"gcd": (math.gcd, "math.gcd")}),
    *olds(inspect, "inspect", {"getargspec": (inspect.getfullargspec, "inspect.getfullargspec")}),
    *olds(
        Image,
        "Image",
        {
            "ANTIALIAS": (Image.Resampling.LANCZOS, "Image.LANCZOS"),
            "LINEAR": (Image.Resampling.BILINEAR, "Image.BILINEAR"),
            "CUBIC": (Image.Resampling.BICUBIC, "Image.BICUBIC"),
        },
    ),
    *olds(cm, "cm", {"get_cmap": (plt.get_cmap, "plt.get_cmap")}),
    *olds(plt, "plt", {"hold": (lambda *_: None, "nothing (axes now always keep earlier drawings)")}),
    *olds(
        display,
        "display",
        {
            "set_matplotlib_formats": (
                backend_inline.set_matplotlib_formats,
                "matplotlib_inline.backend_inline.set_matplotlib_formats",
            )
        },
    ),
]


def install(source: str, ledger: Ledger, more: Iterable[Old] = ()) -> None:
    """Restore those names of our table, and of `more`, that occur in the notebook."""
    used: dict[ModuleType, dict[str, Old]] = {}
    for old in (*_TABLE, *more):
        if old.name not in vars(old.module) and old.occurs_in(source):
            used.setdefault(old.module, {})[old.name] = old
    for module, olds in used.items():
        _answer(module, olds, ledger)
    if "torch._six" in source:
        _give_six(ledger)


def _answer(module: ModuleType, olds: dict[str, Old], ledger: Ledger) -> None:
    answer_before = getattr(module, "__getattr__", None)

    def answer(name: str) -> Any:
        old = olds.get(name)
        if old is not None:
            ledger.use(f"{module.__name__}.{name}", old.modern)
            return old.value
        if answer_before is not None:
            return answer_before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)

    module.__getattr__ = answer  # type: ignore[method-assign]  # PEP 562


def _give_six(ledger: Ledger) -> None:
    """`torch._six`, which torch provided for Python 2 compatibility until 2.0."""
    six = ModuleType("torch._six")
    kept = {
        "string_classes": ((str, bytes), "(str, bytes)"),
        "int_classes": (int, "int"),
        "container_abcs": (collections.abc, "collections.abc"),
        "inf": (math.inf, "math.inf"),
        "nan": (math.nan, "math.nan"),
    }
    _answer(six, {old.name: old for old in olds(six, "torch._six", kept)}, ledger)
    sys.modules["torch._six"] = six
