"""The program `grader`: its commands, and the door through which every error leaves as one clear line."""

# ruff: noqa: E402  the imports below are what the first lines are for

from __future__ import annotations

import gc

gc.disable()  # imports make many objects and no garbage: looking for some took a fifth of a short run

import traceback

import typer

from grader.cli import authoring, exporting, grading, machine, regrading
from grader.cli.console import OURS, WRONG_USE, fail
from grader.errors import GraderError, UsageError
from grader.execution import worker

gc.freeze()
gc.enable()

app = typer.Typer(
    name="grader",
    help="Grade deep-learning notebooks: run them safely, judge what they did, explain the score.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(grading.run_class)
app.command("check")(grading.check)
app.command("regrade")(regrading.regrade)
app.command("report")(regrading.report)
app.command("export")(exporting.export)
app.command("new")(authoring.new_assignment)
app.command("kit")(authoring.make_kit)
app.command("doctor")(machine.examine)
app.command("validate")(authoring.validate_rubric)

data = typer.Typer(help="The data set that notebooks train on.", no_args_is_help=True)
data.command("fetch")(machine.data_fetch)
data.command("where")(machine.data_where)
app.add_typer(data, name="data")


def main() -> None:
    """Run the command line; every error of ours is one clear line and an exit code."""
    worker.prepare()
    try:
        app()
    except UsageError as error:
        fail("error", str(error), WRONG_USE)
    except GraderError as error:
        fail("our fault", str(error), OURS)
    except Exception as error:  # noqa: BLE001 - the last door: 1, Python's own code, would mean graded
        traceback.print_exc()
        fail("our fault", f"{type(error).__name__}: {error}", OURS)


if __name__ == "__main__":
    main()
