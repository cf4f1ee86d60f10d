"""The program `grader`: the door through which every error leaves as one clear line and an exit code."""

from __future__ import annotations

import gc
import sys

import typer

from grader.cli import github
from grader.cli.app import command
from grader.cli.console import OURS, WRONG_USE, fail
from grader.cli.misuse import explained
from grader.errors import GraderError, RubricError, UsageError


def main() -> None:
    """Run the command line."""
    gc.set_threshold(
        100_000
    )  # imports make many objects and no garbage: looking for some takes a fifth of them
    if sys.platform == "win32":  # where a pipe or file gets another encoding than a terminal
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8")
    with github.guarded():
        sys.exit(_ended())


def _ended() -> int:
    """Run what the command line asks for; its exit code."""
    try:
        code = command().main(prog_name="grader", standalone_mode=False)
    except typer.TyperException as error:
        fail("error", explained(error), WRONG_USE)
    except UsageError as error:
        fail("error", str(error), WRONG_USE, located=isinstance(error, RubricError))
    except GraderError as error:
        fail("internal error", str(error), OURS)
    except Exception as error:  # noqa: BLE001 - the last door: 1, Python's own code, would mean graded
        import traceback  # noqa: PLC0415

        traceback.print_exc()
        fail("internal error", f"{type(error).__name__}: {error}", OURS)
    return code or 0


if __name__ == "__main__":
    main()
