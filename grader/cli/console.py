"""What is printed, where to, and which exit code means what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from grader.model import Grade

MOST_BROKEN = 10
"""Messages about internal errors that are printed."""
GRADED, BELOW, WRONG_USE, OURS, INTERRUPTED = 0, 1, 2, 3, 130


class Talk:
    """Messages while a command works, on stderr so that stdout is the result; none if a program reads us."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console

        self.console = Console(stderr=True, quiet=quiet)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self.console.print(text, style="bold yellow", markup=False, highlight=False, soft_wrap=True)


def show(renderable: RenderableType, *, width: int | None = None) -> None:
    """A table or page, laid out for the terminal."""
    from rich.console import Console

    Console(width=width).print(renderable, highlight=False)


def show_line(text: str) -> None:
    """A line as long as it is: a terminal may wrap it, a program need not."""
    typer.echo(text)


def show_json(text: str) -> None:
    """Nothing but the document, with its decimals as they are."""
    sys.stdout.write(f"{text.rstrip()}\n")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def show_notices(notices: Sequence[str]) -> None:
    for notice in notices:
        typer.secho(notice, fg="yellow", bold=True)


def fail(kind: str, text: str, code: int) -> None:
    """One line that says what went wrong, and the exit code that says whose fault it is."""
    typer.echo(f"{typer.style(kind, fg='red', bold=True)}: {text}", err=True)
    sys.exit(code)


def end(grades: Sequence[Grade], fail_under: float | None = None) -> typer.Exit:
    """How a command ends that graded these: our own failure outweighs a grade that is too low."""
    broken = _broken(grades)
    for message, students in list(broken.items())[:MOST_BROKEN]:
        count = f"{len(students)} students" if len(students) > 1 else students[0]
        typer.echo(f"{typer.style('broken', fg='magenta', bold=True)}: {message} ({count})", err=True)
    if broken:
        return typer.Exit(OURS)
    below = fail_under is not None and any(float(grade.total) < fail_under for grade in grades)
    return typer.Exit(BELOW if below else GRADED)


def _broken(grades: Sequence[Grade]) -> dict[str, list[str]]:
    """What kept us from grading, and whom."""
    from grader.model import Outcome

    found: dict[str, list[str]] = {}
    for grade in grades:
        ours = {grade.ending_detail} if grade.ending.ours else set()
        messages = {check.message for check in grade.checks if check.outcome is Outcome.BROKEN} or ours
        for message in sorted(messages):
            found.setdefault(message, []).append(grade.student)
    return found


def read_text(path: Path) -> str:
    """A text file that the user named.

    Raises:
        UsageError: it is missing, or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it again in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}. Check its name.") from None


def write(path: Path, content: bytes) -> None:
    """Write a file where the user wants it.

    Raises:
        UsageError: it can't be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}. Choose another place with -o."
        ) from None
