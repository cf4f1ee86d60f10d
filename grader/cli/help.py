"""How help looks: plain text, because rich alone takes longer to import than help may take."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from grader.cli.console import meant

if TYPE_CHECKING:
    from typer._click import Context
    from typer.core import TyperOption

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
EXAMPLES = "\n\nExamples:\n"


class Quick:
    """Mixed into a command: help and completion without pydantic and rich, which take longer than all the rest."""

    help: str | None

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        option: TyperOption | None = super().get_help_option(ctx)  # type: ignore[misc]  # a command's
        if option is not None:
            option.default = False  # not None, which typer makes a bool by pydantic
        return option

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - click's signature
        return str(self.help or "").partition("\n")[0]


class Command(Quick, TyperCommand):
    """A command whose docstring may end with a section of examples, shown as they are typed."""

    def __init__(self, name: str | None, *, help: str | None = None, **settings: Any) -> None:  # noqa: A002 - typer's
        text, _, examples = (help or "").partition(EXAMPLES)
        super().__init__(name, help=text, **settings)
        self.examples = textwrap.dedent(examples).splitlines()

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            # Completion asks which words are there, not what they mean; that takes pydantic.
            for parameter in self.params:
                vars(parameter)["process_value"] = lambda _, value: value
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            vars(error)["ctx"] = ctx  # some of typer's do not say which command it was
            raise

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        # typer puts braces around an argument that is required.
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_epilog(self, ctx: Context, formatter: Any) -> None:  # noqa: ARG002 - click's signature
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.examples))


class Entry(NamedTuple):
    """A command before it is imported."""

    source: str | type[Group]
    """`module:function` in `grader.cli`, or a group of commands."""
    summary: str
    """The first line of its help."""

    def load(self, name: str) -> TyperCommand | Group:
        if not isinstance(self.source, str):
            return self.source(name=name, help=self.summary, context_settings=SETTINGS, rich_markup_mode=None)
        module, _, function = self.source.partition(":")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, cls=Command, context_settings=SETTINGS)(
            getattr(import_module(f"grader.cli.{module}"), function)
        )
        command = get_command(app)
        assert isinstance(command, TyperCommand)  # noqa: S101 - for mypy
        return command


class Group(Quick, TyperGroup):
    """Commands by heading, each imported when it is asked for."""

    table: ClassVar[Mapping[str, Mapping[str, Entry]]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.entries = {name: entry for entries in self.table.values() for name, entry in entries.items()}

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.entries)

    def get_command(self, ctx: Context, cmd_name: str) -> TyperCommand | Group | None:  # noqa: ARG002 - click's
        entry = self.entries.get(cmd_name)
        return entry and entry.load(cmd_name)

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        if args[0] not in self.entries and not ctx.resilient_parsing:
            ctx.fail(f"There is no command {args[0]!r}. {meant(args[0], [*self.entries])}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Context, formatter: Any) -> None:  # noqa: ARG002 - click's signature
        width = max(map(len, self.entries))
        for heading, entries in self.table.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:{width}}", entry.summary) for name, entry in entries.items()])
