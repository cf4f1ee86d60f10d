"""The magic: it finds the notebook, has it checked, and shows a table."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.jupyter import CheckError, environment, notebook
from grader.jupyter.table import sentence, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def load(shell: Any, display: Callable[..., Any] | None = None, home: Path = environment.HOME) -> None:
    """Give an IPython shell the magic. `display` is IPython's, `home` is what this package was imported from."""
    if display is None:
        from IPython import display as own  # noqa: PLC0415 - a rubric author who imports us may have none

        display = own.display
    check = Check(shell.user_ns, display, home)
    shell.events.register("pre_run_cell", check.remember)
    shell.register_magic_function(check.run, "line", "check")


class Check:
    """`%check`, and what it has to know about its kernel."""

    def __init__(self, names: Mapping[str, Any], display: Callable[..., Any], home: Path) -> None:
        self._names = names
        self._display = display
        self._home = home
        self._ran: dict[str, float] = {}

    def remember(self, info: Any) -> None:
        """Keep what a cell holds and when it ran."""
        self._ran[notebook.without_magics(info.raw_cell)] = time.time()

    def run(self, line: str) -> None:
        """Run the public checks of your kit on this notebook, as it is saved, in a process of its own.

        %check                   all questions, one line each
        %check 4.6               one question, with everything that its checks say
        %check homework.ipynb    another notebook, or this one where it isn't found
        %check --install         once, where the checks are not installed yet
        """
        shown = self._display(sentence("Starting …"), raw=True, display_id=True)
        try:
            page = self._page(line, lambda text: shown.update(sentence(text), raw=True))
        except CheckError as error:
            page = sentence(f"%check: {error}.")
        except KeyboardInterrupt:
            page = sentence("%check: interrupted, so nothing was checked.")
        except Exception as error:  # noqa: BLE001 - a traceback of ours is of no use to a student
            page = sentence(f"%check: internal error, please report it: {type(error).__name__}: {error}.")
        shown.update(page, raw=True)

    def _page(self, line: str, say: Callable[[str], None]) -> Mapping[str, str]:
        words = _words(line)
        if words == ["--install"]:
            say("Installing the checks; this takes a minute or two …")
            environment.install(self._home)
            return sentence("The checks are installed. Run: %check")
        named = next((word for word in words if word.endswith(".ipynb")), "")
        python = environment.python(self._home)
        with tempfile.TemporaryDirectory(prefix="grader-") as folder:
            found = notebook.find(named, self._names, self._ran, Path(folder))
            caption = f"{found.path.name}, {found.state}"
            say(f"Checking {caption} …")
            result = _checked(python, found.path, self._pack(words, found.path))
        questions = [word for word in words if not word.endswith((".ipynb", ".pack"))]
        return table(result, questions, caption, found.warning)

    def _pack(self, words: Sequence[str], path: Path) -> Path:
        """The pack that is named, or lies beside the notebook, in the working folder or beside the wheel."""
        if named := [Path(word).expanduser() for word in words if word.endswith(".pack")]:
            return named[0]
        for folder in (path.absolute().parent, Path.cwd(), self._home.parent):
            found = sorted(folder.glob("*.pack"))
            if len(found) > 1:
                raise CheckError(
                    f"There are several check packs in {folder}. Name yours: %check {found[0].name}"
                )
            if found:
                return found[0]
        raise CheckError(
            f"There is no check pack. Put the file that ends with .pack, from your kit, into {Path.cwd()}"
        )


def _words(line: str) -> list[str]:
    try:
        words = [word.strip("\"'") for word in shlex.split(line, posix=os.name != "nt")]
    except ValueError:  # a quote that is not closed
        words = ["-"]
    if any(word.startswith("-") for word in words) and words != ["--install"]:
        raise CheckError(
            "Write %check, %check 4.6 for one question, or %check homework.ipynb for one notebook"
        )
    return words


def _checked(python: Path, path: Path, pack: Path) -> dict[str, Any]:
    """What `grader check --json` says."""
    done = environment.run(python, "-P", "-m", "grader", "check", str(path), "--pack", str(pack), "--json")
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        if error := re.search(r"^error: (.+?)\.?$", done.stderr, re.MULTILINE):
            raise CheckError(error[1]) from None
        why = environment.last_line(done.stderr)
        raise CheckError(
            f"The checks could not run: {why}. Install them anew: {environment.INSTALL}"
        ) from None
    return result
