"""How a library is changed: in place, and looking the same from outside."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ledger import Ledger

Function = Callable[..., Any]
Patch = Callable[["Ledger"], None]


def give(owner: Any, name: str, value: Any) -> None:
    """Set an attribute that the owner did not have, or that is not a function."""
    setattr(owner, name, value)


def wrap(owner: Any, name: str, around: Callable[[Function], Function]) -> None:
    """Replace a function or method by another, made around it."""
    stock = getattr(owner, name)
    setattr(owner, name, functools.wraps(stock)(around(stock)))


def rename_keyword(owners: list[Any], function: str, old: str, new: str | None, ledger: Ledger) -> None:
    """Take the keyword `old` for `new`; where `new` is None it has no effect any more."""
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
