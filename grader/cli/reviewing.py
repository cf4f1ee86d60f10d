"""`review`: the page for people who grade by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.cli.console import counted, show_line, user
from grader.cli.options import ResultsArgument
from grader.errors import UsageError

LONGEST_NAME, MOST_GRADERS = 100, 100


def review(
    results: ResultsArgument,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to serve the page at; another one needs --graders.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port.", show_default="any free one")
    ] = 0,
    graders: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Who grades, separated by commas: each gets a link of their own.",
            show_default="your user name",
        ),
    ] = None,
) -> None:
    """Decide by hand what the checks left open, on a page in the browser.

    Open the link that is printed. Answers come question by question, without names, in a random order; answers of
    one group can be decided together. Each decision is stored at once, with who made it. Ctrl-C ends the server and
    writes the reports.

    Examples:
        grader review results/
        grader review results/ --port 8000 --graders "Ada L., Grace H."
    """
    from grader.reviewing import server

    names = [user("--graders")] if graders is None else _names(graders)
    if graders is None and not server.is_loopback(host):
        raise UsageError(
            f"--host {host} can be reached from other machines: say with --graders who may grade. Leave TLS to a "
            "reverse proxy in front of this server; see `grader guide review`."
        )
    with server.Server(results, host=host, port=port, graders=names) as serving:
        for name, link in serving.links.items():
            show_line(f"{typer.style(name, bold=True)}: {link}" if graders else f"Open {link}")
        show_line("Keep each link to its grader. Ctrl-C ends the server and writes the reports.")
        serving.run()
        show_line("Writing the reports …")
        show_line(f"Reports written: {counted(serving.desk.write_reports(), 'student')}.")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(0 < len(name) <= LONGEST_NAME and name.isprintable() for name in names):
        raise UsageError(
            f"--graders takes names of at most {LONGEST_NAME} characters, separated by commas: "
            '--graders "Ada L., Grace H.".'
        )
    if len(set(names)) < len(names):
        raise UsageError("--graders names somebody twice. Give each grader another name.")
    if len(names) > MOST_GRADERS:
        raise UsageError(f"--graders takes at most {MOST_GRADERS} names.")
    return names
