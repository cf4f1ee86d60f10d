"""Functions that change a library in place while keeping its public interface."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ledger import Ledger

Function = Callable[..., Any]
Patch = Callable[["Ledger"], None]


def give(owner: Any, name: str, value: Any) -> None:
    """Set an attribute that `owner` lacks or that is not a function."""
    setattr(owner, name, value)


def wrap(owner: Any, name: str, around: Callable[[Function], Function]) -> None:
    """Replace a function or method by a wrapper around it."""
    stock = getattr(owner, name)
    setattr(owner, name, functools.wraps(stock)(around(stock)))


def rename_keyword(owners: list[Any], function: str, old: str, new: str | None, ledger: Ledger) -> None:
    """Accept the keyword `old` in place of `new`; ignore it if `new` is None."""
    called = owners[0].__name__ if function == "__init__" else function
    modern = f"Write {new}= instead of {old}=." if new else f"Leave {old}= out."

    def around(stock: Function) -> Function:
        def call(*args: Any, **kwargs: Any) -> Any:
            if old in kwargs:
                ledger.use(f"{called}({old}=)", modern)
                value = kwargs.pop(old)
                if new:
                    kwargs[new] = value
            return stock(*args, **kwargs)

        return call

    for owner in owners:
        wrap(owner, function, around)
