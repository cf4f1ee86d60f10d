"""JSON as this program writes and reads it: readable, typed, with decimals that are never binary floats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from grader.errors import HarnessError, UsageError

T = TypeVar("T")

_INDENT = "  "
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair of surrogates: one character
    r"|\\(?P<alone>u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\."
)


def write(value: Any) -> str:
    r"""Plain data or a msgspec Struct as indented JSON; a list of plain values takes one line.

    Numbers that JSON does not have (NaN, infinities) become null. Half of a surrogate pair, which fits into no
    file, becomes the six characters of its escape, as in ``\ud800``.

    Raises:
        HarnessError: this is not plain data, or nested too deeply.
    """
    try:
        return _laid_out(msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=_plain), "\n")
    except (TypeError, RecursionError) as error:
        raise HarnessError(f"These data can't be written as JSON: {error}.") from error


def read(text: str, form: type[T], *, source: str, remedy: str) -> T:
    """The value of type `form` that the text holds.

    Raises:
        UsageError: it holds none. `source` says where the text is from, `remedy` what to do.
    """
    try:
        return msgspec.json.decode(_ESCAPE.sub(_kept_whole, text) if "\\u" in text else text, type=form)
    except msgspec.ValidationError as error:
        problem = f"has the wrong form ({error})"
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        problem = f"is not JSON ({error})"
    except RecursionError:
        problem = "is nested too deeply"
    raise UsageError(f"{source} {problem}; {remedy}.")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # numbers and arrays of numpy
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a type that JSON has")


def _laid_out(value: Any, newline: str) -> str:
    inner = newline + _INDENT
    match value:
        case Decimal():
            return format(value, "f")
        case dict() if value:
            entries = [f"{_line(str(key))}: {_laid_out(item, inner)}" for key, item in value.items()]
            return f"{{{inner}" + f",{inner}".join(entries) + f"{newline}}}"
        case list() | tuple() if any(isinstance(item, (dict, list, tuple, Decimal)) for item in value):
            return f"[{inner}" + f",{inner}".join(_laid_out(item, inner) for item in value) + f"{newline}]"
        case list() | tuple():
            return msgspec.json.format(_line(value), indent=0)
    return _line(value)


def _line(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(value)).decode()


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
    return value


def _kept_whole(escape: re.Match[str]) -> str:
    """What an escape becomes when it is read: only half of a surrogate pair becomes something else."""
    return rf"\\{escape['alone']}" if escape["alone"] else escape[0]
