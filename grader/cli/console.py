"""What is printed, where to, and which exit code means what."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from grader import csvs
from grader.cli import github
from grader.errors import UsageError
from grader.legible import legible, listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from grader.model import Grade

MOST_BROKEN = 10
"""Messages about internal errors that are printed."""
MOST_BYTES = 16 << 20
"""Of a CSV file that the user names."""
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
    """Nothing but the document, with its decimals as they are, and without what a CI server would obey."""
    sys.stdout.write(f"{text.rstrip()}\n".replace("##[", "##\\u005b"))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def user(option: str) -> str:
    """Who works here, as decisions name them if `option` did not."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user whom its /etc/passwd does not know
        raise UsageError(f"Say with {option} who reviewed the answers: your user has no name here.") from None


def meant(name: str, known: Sequence[str]) -> str:
    """Which names may have been meant by one that is not known; empty if none is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def nearby(name: str, known: Sequence[str]) -> str:
    """Which students may have been meant."""
    return meant(name, known) or f"Students are: {listing(known)}."


def show_notices(notices: Sequence[str]) -> None:
    for notice in notices:
        typer.secho(notice, fg="yellow", bold=True)


def fail(kind: str, text: str, code: int, *, located: bool = False) -> NoReturn:
    """One line that says what went wrong, and the exit code that says whose fault it is.

    `located` if the text names a line in one of the author's files, not in a student's.
    """
    typer.echo(f"{typer.style(kind, fg='red', bold=True)}: {legible(text)}", err=True)
    github.annotate(github.ERROR, kind.capitalize(), [text], located=located)
    sys.exit(code)


def end(grades: Sequence[Grade], fail_under: float | None = None) -> typer.Exit:
    """How a command ends that graded these: our own failure outweighs a grade that is too low."""
    broken = _broken(grades)
    below = [grade for grade in grades if fail_under is not None and float(grade.total) < fail_under]
    _annotate(grades, broken, below)
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
    return typer.Exit(BELOW if below else GRADED)


def _annotate(grades: Sequence[Grade], broken: Mapping[str, Sequence[str]], below: Sequence[Grade]) -> None:
    """What of a class needs somebody's attention, on GitHub."""
    from grader.model import Ending, Outcome

    failures = [f"{message} ({listing(students)})" for message, students in broken.items()]
    unreadable = [
        f"{grade.student}: {grade.ending_detail}" for grade in grades if grade.ending is Ending.UNREADABLE
    ]
    reviews = sum(check.outcome is Outcome.REVIEW for grade in grades for check in grade.checks)
    low = [f"{grade.student}: {grade.total} of {grade.max} points" for grade in below]
    github.annotate(github.ERROR, "Internal errors", failures)
    github.annotate(github.ERROR, "Totals below --fail-under", low)
    github.annotate(github.WARNING, "Notebooks that can't be read", unreadable)
    if reviews:
        github.annotate(
            github.NOTICE, "Manual review", [f"Waiting for a person: {counted(reviews, 'answer')}."]
        )


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


def read_bytes(path: Path, talk: Talk) -> bytes:
    """A CSV file that the user named, with a note if its encoding has to be guessed.

    Raises:
        UsageError: it is missing, or larger than any list of students.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; is it a list of students?")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}. Check its name.") from None
    if doubt := csvs.doubt(content, name=str(path)):
        talk.warn(f"Note: {doubt}.")
    return content


def read_text(path: Path, talk: Talk) -> str:
    """The text of such a file.

    Raises:
        UsageError: it is missing, too large, or not text.
    """
    return csvs.decoded(read_bytes(path, talk), name=str(path))


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
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a pipe, or /dev/stdout
        else:
            _put(path.resolve(), content, private=private)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}. Choose another place with -o."
        ) from None


def _put(path: Path, content: bytes, *, private: bool) -> None:
    """Write a file beside its place and then move it there, so that nobody ever finds half of it."""
    beside = path.with_name(f".{path.name[:50]}-{secrets.token_hex(4)}")
    try:
        beside.touch(mode=0o600 if private else 0o666, exist_ok=False)
        if not private and path.exists():
            beside.chmod(path.stat().st_mode)
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
