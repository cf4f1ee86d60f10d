"""The page `commands` of the guide, written from the commands themselves.

After a change of a command: `python -m grader.cli.reference > grader/guide/commands.md`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from typer import Context
from typer.core import TyperArgument

from grader.cli.app import command
from grader.cli.help import Command, Group

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = """\
# All commands and their options

`grader COMMAND --help` shows the same for one command. `grader --install-completion` makes your shell complete
commands, options and their values; it works for the shell in which it is typed, and `grader --show-completion`
prints the script for that one. For any other, `_GRADER_COMPLETE=source_zsh grader` prints it, or `source_fish` or
`source_bash`. `grader --version` prints the version.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([INTRODUCTION, *_commands(command(), "grader")])


def _commands(group: Group, path: str) -> Iterator[str]:
    context = Context(group, info_name=path)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, Group):
            yield from _commands(found, f"{path} {name}")
        elif isinstance(found, Command):
            yield from _command(found, f"{path} {name}")


def _command(found: Command, path: str) -> Iterator[str]:
    context = Context(found, info_name=path)
    yield f"## {path}\n"
    yield f"{found.help}\n"
    yield "```\n" + "\n".join(found.examples) + "\n```\n"
    records = [(parameter, parameter.get_help_record(context)) for parameter in found.params]
    yield "| argument or option | meaning |\n|---|---|"
    yield from (
        f"| {_name(parameter, record[0])} | {_cell(record[1])} |" for parameter, record in records if record
    )
    yield ""


def _name(parameter: Any, record: str) -> str:
    name = parameter.display_name_raw if isinstance(parameter, TyperArgument) else record
    return f"`{_cell(name)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("  ", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
