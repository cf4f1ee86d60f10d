"""`guide`: the pages of the guide, in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from grader import places
from grader.cli.console import meant, show, show_line
from grader.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 100
"""Columns that a line of text may be long on a wide terminal."""


def pages() -> dict[str, Path]:
    """The file of each page, by the page's name."""
    files = [*places.GUIDE.glob("*.md"), places.RESULT_PAGE]
    return {path.stem: path for path in sorted(files, key=lambda path: path.stem)}


def title(page: Path) -> str:
    """A page's first heading."""
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def guide(
    page: Annotated[
        str | None,
        typer.Argument(metavar="PAGE", help="Page to show.", autocompletion=lambda: [*pages()]),
    ] = None,
) -> None:
    """Read the guide in the terminal.

    Without a page, all pages are listed.

    Examples:
        grader guide
        grader guide instructors
        grader guide commands | less
    """
    if page is None:
        width = max(map(len, pages()))
        for name, path in pages().items():
            show_line(f"{typer.style(f'{name:{width}}', bold=True)}  {title(path)}")
        show_line("\nRead a page with `grader guide PAGE`.")
        return
    text = found(page).read_text(encoding="utf-8")
    if not sys.stdout.isatty():
        show_line(text.rstrip())
        return
    from shutil import get_terminal_size

    from rich.markdown import Markdown

    show(Markdown(text), width=min(get_terminal_size().columns, WIDTH))


def found(page: str) -> Path:
    """The file of a page.

    Raises:
        UsageError: there is none of that name.
    """
    known = pages()
    if page not in known:
        hint = meant(page, [*known]) or f"The pages are: {', '.join(known)}."
        raise UsageError(f"The guide has no page {page!r}. {hint}")
    return known[page]
