"""Calls of torch and torchvision whose arguments, results or meaning have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torchvision
from torch.autograd._functions import Resize
from torch.optim import Optimizer, lr_scheduler
from torch.utils.data.dataloader import _BaseDataLoaderIter
from torchvision import transforms

from .patching import Function, Patch, give, rename_keyword, wrap

if TYPE_CHECKING:
    from .ledger import Ledger


def iterators_have_next(ledger: Ledger) -> None:
    def next_batch(self: Any) -> Any:
        ledger.use("iterator.next()", "Write next(iterator) instead of iterator.next().")
        return next(self)

    give(_BaseDataLoaderIter, "next", next_batch)


def schedulers_take_verbose(ledger: Ledger) -> None:
    for scheduler in list(vars(lr_scheduler).values()):
        if (
            isinstance(scheduler, type)
            and issubclass(scheduler, lr_scheduler.LRScheduler)
            and "__init__" in vars(scheduler)
        ):
            rename_keyword([scheduler], "__init__", "verbose", None, ledger)


def whole_objects_load(ledger: Ledger) -> None:
    """Since 2.6 `torch.load` refuses a pickled model by default. The sandbox makes loading one safe here."""

    def around(stock: Function) -> Function:
        def load(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("weights_only") is None:
                ledger.use(
                    "torch.load(path)",
                    "torch.load now reads weights only: save net.state_dict() and load that into a network.",
                )
                kwargs["weights_only"] = False
            return stock(*args, **kwargs)

        return load

    wrap(torch, "load", around)


def resize_is_quiet(ledger: Ledger) -> None:
    def resize(self: torch.Tensor, *sizes: Any) -> Any:
        ledger.use("tensor.resize()", "Write tensor.reshape(28, 28) instead of tensor.resize(28, 28).")
        return Resize.apply(self, sizes)

    give(torch.Tensor, "resize", resize)


def gradients_are_cleared_to_zero(ledger: Ledger) -> None:
    """Since 2.0 `zero_grad` sets gradients to None where it used to leave zeros."""

    def around(stock: Function) -> Function:
        def zero_grad(self: Any, set_to_none: bool = False) -> Any:
            ledger.use(
                "zero_grad()", "zero_grad() now sets .grad to None: check for None before using .grad."
            )
            return stock(self, set_to_none=set_to_none)

        return zero_grad

    wrap(Optimizer, "zero_grad", around)
    wrap(torch.nn.Module, "zero_grad", around)


def live_losses_become_arrays(ledger: Ledger) -> None:
    """Let a single number that still has its graph become part of an array.

    With the NumPy of 2021 a list of such tensors became an array of objects, which matplotlib turned into
    floats. NumPy now asks each one for an array, which torch refuses if it requires grad. A tensor of more
    than one number was refused then, too.
    """

    def around(stock: Function) -> Function:
        def as_array(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if self.dim() or not self.requires_grad:
                return stock(self, *args, **kwargs)
            ledger.use(
                "array of live losses", "Store loss.item(): a loss tensor keeps its whole graph in memory."
            )
            return stock(self.detach(), *args, **kwargs)

        return as_array

    wrap(torch.Tensor, "__array__", around)


def grids_take_range(ledger: Ledger) -> None:
    for function in ("make_grid", "save_image"):
        rename_keyword([torchvision.utils], function, "range", "value_range", ledger)


def transforms_take_resample(ledger: Ledger) -> None:
    for transform in (transforms.RandomRotation, transforms.RandomAffine):
        rename_keyword([transform], "__init__", "resample", "interpolation", ledger)


def transforms_take_fillcolor(ledger: Ledger) -> None:
    rename_keyword([transforms.RandomAffine], "__init__", "fillcolor", "fill", ledger)


# Linear algebra that now only raises


class Symeig(NamedTuple):
    eigenvalues: torch.Tensor
    eigenvectors: torch.Tensor


class Solution(NamedTuple):
    solution: torch.Tensor
    LU: torch.Tensor


class LeastSquares(NamedTuple):
    solution: torch.Tensor
    QR: torch.Tensor


def _qr(a: torch.Tensor, some: bool = True) -> Any:
    return torch.linalg.qr(a, "reduced" if some else "complete")


def _symeig(a: torch.Tensor, eigenvectors: bool = False, upper: bool = True) -> Symeig:
    values, vectors = torch.linalg.eigh(a, "U" if upper else "L")
    return Symeig(values, vectors if eigenvectors else a.new_empty(0))


def _eig(a: torch.Tensor, eigenvectors: bool = False) -> Symeig:
    values, vectors = torch.linalg.eig(a)
    return Symeig(torch.view_as_real(values), vectors.real if eigenvectors else a.new_empty(0))


def _solve(b: torch.Tensor, a: torch.Tensor) -> Solution:
    return Solution(torch.linalg.solve(a, b), torch.linalg.lu_factor(a).LU)


def _lstsq(b: torch.Tensor, a: torch.Tensor) -> LeastSquares:
    """The rows below the solution are filled so that their squares add up to the residual's, as they did."""
    solution = torch.linalg.lstsq(a, b).solution
    below = b.new_zeros(max(a.shape[0] - a.shape[1], 0), b.shape[1])
    if len(below):
        below[0] = (a @ solution - b).norm(dim=0)
    return LeastSquares(torch.cat([solution, below]), torch.linalg.qr(a).R)


def _cholesky(a: torch.Tensor, upper: bool = False) -> Any:
    return torch.linalg.cholesky(a, upper=upper)


def _matrix_rank(a: torch.Tensor, tol: float | None = None, symmetric: bool = False) -> Any:
    return torch.linalg.matrix_rank(a, atol=tol, hermitian=symmetric)


REMOVED_ALGEBRA: dict[str, tuple[Function, str]] = {
    "qr": (_qr, "torch.linalg.qr(A)"),
    "symeig": (_symeig, "torch.linalg.eigh(A)"),
    "eig": (_eig, "torch.linalg.eig(A)"),
    "solve": (_solve, "torch.linalg.solve(A, B), with A first,"),
    "lstsq": (_lstsq, "torch.linalg.lstsq(A, B), with A first,"),
    "cholesky": (_cholesky, "torch.linalg.cholesky(A)"),
    "matrix_rank": (_matrix_rank, "torch.linalg.matrix_rank(A)"),
}


def _algebra_works(name: str) -> Patch:
    function, modern = REMOVED_ALGEBRA[name]

    def patch(ledger: Ledger) -> None:
        def call(*args: Any, **kwargs: Any) -> Any:
            ledger.use(f"torch.{name}()", f"Write {modern} instead of torch.{name}.")
            return function(*args, **kwargs)

        give(torch, name, call)
        if hasattr(torch.Tensor, name):
            give(torch.Tensor, name, call)

    return patch


GRADIENT = r"(?<!autograd)\.grad\b(?!\s*[,)])|^(?![^\n]*\bprint\()[^\n]*(?<!autograd)\.grad\b"
"""A gradient that is used: `print(x.grad)` only shows it, and None is shown as well as zeros are."""
CHANGES: dict[str, Patch] = {
    r"\.next\(\s*\)": iterators_have_next,
    r"\bverbose\s*=": schedulers_take_verbose,
    r"\btorch\.load\b": whole_objects_load,
    r"\.resize\(": resize_is_quiet,
    rf"(?sm)zero_grad.*(?:{GRADIENT})|(?:{GRADIENT}).*zero_grad": gradients_are_cleared_to_zero,
    r"(make_grid|save_image)\([^\n]*\brange\s*=": grids_take_range,
    r"\bresample\s*=": transforms_take_resample,
    r"\bfillcolor\s*=": transforms_take_fillcolor,
    **{rf"(?<!linalg)\.{name}\(": _algebra_works(name) for name in REMOVED_ALGEBRA},
}
"""Each change by a regular expression that matches code in need of it."""
