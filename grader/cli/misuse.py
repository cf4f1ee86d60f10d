"""Words on the command line that no command understands: what is wrong in one line, and what to type instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from grader.cli.console import meant

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

_CHOICE = re.compile(r"(?:Value error, )?(.*) is not one of .*", re.DOTALL)
_TOO_MANY = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", re.DOTALL)


def explained(error: typer.TyperException) -> str:
    """What is wrong, and where to look."""
    context: Any = getattr(error, "ctx", None)
    said = _of_option(error, context) or _of_value(error) or error.format_message()
    text = " ".join(said.split())
    end = "" if text.endswith((".", "?", "!")) else "."
    return f"{text}{end} See `{context.command_path if context else 'grader'} --help`."


def _of_option(error: Any, context: Any) -> str:
    """An unknown option, one that lacks a value, one that takes none; or too many arguments."""
    if extra := _TOO_MANY.fullmatch(error.message):
        return f"Too many arguments: {extra[1]}. Put a name that contains spaces in quotes."
    name = getattr(error, "option_name", None)
    if name is None:
        return ""
    option = next((each for each in context.command.params if name in each.opts), None) if context else None
    if option is None:
        near: Sequence[str] = getattr(error, "possibilities", None) or ()
        near = [each for each in near if each.startswith(name)] or near
        return f"There is no option {name}." + (f" Did you mean {' or '.join(sorted(near))}?" if near else "")
    if option.is_flag:
        return f"{name} takes no value. Write just {name}."
    return f"{name} needs a value: {option.metavar or _either(_choices(option))}."


def _of_value(error: Any) -> str:
    """A value that is missing, or is not one that the option or argument takes."""
    parameter = getattr(error, "param", None)
    if parameter is None:
        return ""
    name = "/".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar
    if type(error).__name__ == "MissingParameter":
        return f"{name} is missing ({parameter.help[0].lower()}{parameter.help[1:].rstrip('.')})."
    if wrong := _CHOICE.fullmatch(error.message):
        choices = _choices(parameter)
        instead = meant(wrong[1].strip("'"), choices) or f"Choose {_either(choices)}."
        return f"{name}: there is no {wrong[1]}. {instead}"
    return f"{name}: {_of_number(error.__cause__) or error.message}"


def _of_number(cause: Any) -> str:
    """What is wrong with a number, from the first thing that pydantic has against it."""
    first: dict[str, Any] = cause.errors()[0] if hasattr(cause, "errors") else {}
    match first.get("type"):
        case "int_parsing" | "int_from_float":
            return f"{first['input']!r} is not a whole number."
        case "float_parsing":
            return f"{first['input']!r} is not a number."
        case "greater_than_equal":
            return f"must be {first['ctx']['ge']} or more, not {first['input']}."
    return ""


def _choices(parameter: Any) -> list[str]:
    return [str(getattr(each, "value", each)) for each in parameter.type_descriptor.choices]


def _either(choices: Sequence[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
