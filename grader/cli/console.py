"""What is printed, where to, and which exit code means what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from grader import csvs
from grader.errors import UsageError
from grader.legible import legible, listing

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
        self.console.print(legible(text), markup=False, highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self.console.print(legible(text), style="bold yellow", markup=False, highlight=False, soft_wrap=True)


def show(renderable: RenderableType, *, width: int | None = None, soft_wrap: bool = False) -> None:
    """A table or page, laid out for the terminal; with `soft_wrap`, lines as long as they are."""
    from rich.console import Console

    Console(width=width).print(renderable, highlight=False, soft_wrap=soft_wrap)


def show_line(text: str) -> None:
    """A line as long as it is: a terminal may wrap it, a program need not."""
    typer.echo(text)


def show_json(text: str) -> None:
    """Nothing but the document, with its decimals as they are."""
    sys.stdout.write(f"{text.rstrip()}\n")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def user(option: str) -> str:
    """Who works here, as decisions name them if `option` did not."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user whom its /etc/passwd does not know
        raise UsageError(f"Say with {option} who reviewed the answers: your user has no name here.") from None


def nearby(name: str, known: Sequence[str]) -> str:
    """Which names may have been meant by one that is not known."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else f"Students are: {listing(known)}."


def show_notices(notices: Sequence[str]) -> None:
    for notice in notices:
        typer.secho(notice, fg="yellow", bold=True)


def fail(kind: str, text: str, code: int) -> None:
    """One line that says what went wrong, and the exit code that says whose fault it is."""
    typer.echo(f"{typer.style(kind, fg='red', bold=True)}: {legible(text)}", err=True)
    sys.exit(code)


def end(grades: Sequence[Grade], fail_under: float | None = None) -> typer.Exit:
    """How a command ends that graded these: our own failure outweighs a grade that is too low."""
    broken = _broken(grades)
    for message, students in list(broken.items())[:MOST_BROKEN]:
        count = f"{len(students)} students" if len(students) > 1 else students[0]
        typer.echo(
            f"{typer.style('broken', fg='magenta', bold=True)}: {legible(message)} ({count})", err=True
        )
    if broken:
        typer.echo(
            "Run the same command again: what is broken is tried once more, the rest is kept.", err=True
        )
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


def read_text(path: Path, talk: Talk) -> str:
    """The text of a CSV file that the user named.

    Raises:
        UsageError: it is missing, or not text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}. Check its name.") from None
    text = csvs.decoded(content, name=str(path))
    if doubt := csvs.doubt(content, name=str(path)):
        talk.warn(f"Note: {doubt}.")
    return text


def refuse_replacing(path: Path, like: bytes) -> None:
    """See that a file there, if any, is empty or an earlier output: one with `like` near its beginning.

    Raises:
        UsageError: it is another file, such as a notebook or a gradebook.
    """
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(4096 + len(like))
        if head and like not in head:
            raise UsageError(
                f"{path} was not written by this command, so it was not replaced. Name a new file with -o, or "
                "remove it first."
            )


def write(path: Path, content: bytes, *, like: bytes, private: bool = False) -> None:
    """Write a file where the user wants it, and replace nothing but an earlier one, which holds `like`.

    What is `private` is its owner's alone, with the folders that are made for it.

    Raises:
        UsageError: it can't be written there.
    """
    try:
        refuse_replacing(path, like)
        for folder in reversed([path.parent, *path.parent.parents]):
            if not folder.is_dir():
                folder.mkdir(mode=0o700 if private else 0o777)
        if private and (path.is_file() or not path.exists()):
            path.touch(mode=0o600)
            path.chmod(0o600)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}. Choose another place with -o."
        ) from None
