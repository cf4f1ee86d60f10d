"""The commands, under the headings that `grader --help` shows.

A command's module is imported when the command is, and imports what the command needs when it runs: help and
completion take little longer than Python itself.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import typer
from typer import _completion_classes
from typer.main import get_command

from grader.cli.console import show_line
from grader.cli.help import SETTINGS, Entry, Group


class Data(Group):
    table: ClassVar = {
        "Commands": {
            "fetch": Entry(
                "data:fetch", "Find or download the data set, verify it and store it in the cache."
            ),
            "where": Entry(
                "data:where", "List the places where the data set is looked for, and which of them have it."
            ),
        }
    }


class Grader(Group):
    table: ClassVar = {
        "For students": {
            "check": Entry("checking:check", "Check your own notebook before you hand it in."),
            "pdf": Entry("printing:pdf", "Print your notebook as a PDF, with its formulas typeset."),
        },
        "For instructors": {
            "run": Entry(
                "grading:run_class", "Grade a class: run every notebook, check it, write the reports."
            ),
            "regrade": Entry(
                "regrading:regrade", "Apply a changed rubric or a manual review; no notebook runs."
            ),
            "review": Entry(
                "reviewing:review", "Decide by hand what the checks left open, on a page in the browser."
            ),
            "report": Entry("regrading:report", "Write the reports and tables again from the stored grades."),
            "release": Entry("releasing:release", "Write the page that each student may see."),
            "export": Entry(
                "exporting:export",
                "Write the grades in the format of another system, or an autograder for Gradescope.",
            ),
            "forget": Entry("forgetting:forget", "Remove one student from the results, everywhere."),
        },
        "For rubric authors": {
            "new": Entry("authoring:new_assignment", "Start a new assignment from a small example."),
            "validate": Entry(
                "authoring:validate_rubric", "Test a rubric with planted mistakes and harmless rewrites."
            ),
            "kit": Entry("authoring:make_kit", "Write the zip that students get, without solutions."),
        },
        "This machine": {
            "doctor": Entry(
                "doctor:doctor",
                "Check this machine: start each kind of sandbox, look for data, list memory and limits.",
            ),
            "data": Entry(Data, "Find or fetch the data set that notebooks train on."),
        },
        "Help": {"guide": Entry("guide:guide", "Read the guide in the terminal.")},
    }


app = typer.Typer(cls=Grader, context_settings=SETTINGS, rich_markup_mode=None)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        show_line(f"grader {version('grader')}")
        raise typer.Exit


@app.callback()
def _grader(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Grade deep-learning notebooks: run them safely, check what they did, explain the score."""


def command() -> Group:
    """The program as one command."""
    group = get_command(app)
    assert isinstance(group, Group)  # noqa: S101 - for mypy
    for option in group.params:
        option.default = False  # those of completion have None, which typer makes a bool by pydantic
    vars(_completion_classes)["_sanitize_help_text"] = str  # else by rich, which breaks long lines as well
    return group
