"""GitHub Actions: annotations of ours in the log of a job, and no command that somebody else wrote.

The runner obeys a line that begins with `::`, blanks aside, and `##[` anywhere in a line (`ActionCommand.cs` in
actions/runner). Names and messages of students are printed, so on GitHub nothing that is printed holds either.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.legible import MOST_NAMED, legible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

ERROR, WARNING, NOTICE = "error", "warning", "notice"
_COMMAND = re.compile(r"(?:^|(?<=[\r\n]))[^\S\r\n]*:(?=:)|##(?=\[)")
_PLACE = re.compile(r"(\S+\.(?:py|toml|ipynb)):([0-9]+): ")
"""Where a message says that a mistake is."""
MOST_SEARCHED = 2000
"""Characters of a message in which a place is looked for."""


class JobLog:
    """A stream into the log of a job. All text but an annotation is only shown."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(_COMMAND.sub(r"\g<0> ", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def guarded() -> Iterator[None]:
    """On GitHub, keep what is printed within the block from being obeyed; a file gets the text as it is."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    out: Any = sys.stdout if _is_file(sys.stdout) else JobLog(sys.stdout)
    err: Any = JobLog(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        yield


def annotate(level: str, title: str, lines: Sequence[str], *, located: bool = False) -> None:
    """Show a message beside the job; with `located`, beside the line of the file that it names. Only on GitHub.

    It is one annotation however many `lines` there are, because GitHub shows at most ten of each level.
    """
    if not lines or not isinstance(sys.stderr, JobLog):
        return
    more = [f"and {len(lines) - MOST_NAMED} more"] if lines[MOST_NAMED:] else []
    text = _data(legible("\n".join([*lines[:MOST_NAMED], *more])))
    properties = [("title", title), *(_place(lines[0]) if located else ())]
    head = ",".join(f"{key}={_property(value)}" for key, value in properties)
    sys.stderr.stream.write(f"::{level} {head}::{text}\n")


def _place(message: str) -> list[tuple[str, str]]:
    """The file that a message names, by its path in the repository, and the line."""
    found = _PLACE.search(message, 0, MOST_SEARCHED)
    if found is None or not Path(found[1]).is_file():
        return []
    path, root = Path(found[1]).resolve(), Path(os.environ.get("GITHUB_WORKSPACE", "")).resolve()
    return [("file", str(path.relative_to(root) if path.is_relative_to(root) else path)), ("line", found[2])]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # no stream of the system
        return False
