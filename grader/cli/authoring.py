"""`kit` and `validate`: what the people who write an assignment need."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from grader.assignment import scaffold
from grader.cli import tables as terminal
from grader.cli import wiring as setting
from grader.cli.console import BELOW, GRADED, Talk, show, show_json, show_line, show_notices, write
from grader.cli.options import (
    CORES,
    AssignmentArgument,
    DataOption,
    JobsOption,
    JsonOption,
    Profile,
    ProfileOption,
    Sandbox,
    SandboxOption,
)
from grader.handout import kit
from grader.results.store import Store


def new_assignment(
    name: Annotated[str, typer.Argument(help="What to call it: letters, digits, '-', '_' and '.'.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Its folder. Default: rubrics/NAME.")
    ] = None,
) -> None:
    """Start a new assignment: a small example that runs as it is, to be changed question by question.

    **Example**

        grader new hw2 -o rubrics/hw2
    """
    folder = output or Path("rubrics") / name
    for path in scaffold.scaffold(folder, name):
        show_line(escape(f"Wrote {path}"))
    show_line(escape(f"Next: grader validate {folder}"))


def make_kit(
    assignment: AssignmentArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The zip to write.")] = Path("kit.zip"),
) -> None:
    """Make what students get: the blank notebook and how to work with it, without any solution.

    **Example**

        grader kit hw1 -o kit.zip
    """
    chosen = setting.assignment_of(assignment)
    write(output, kit.kit(chosen))
    show_line(escape(f"Wrote {output}"))


def validate_rubric(
    assignment: AssignmentArgument = "hw1",
    profile: ProfileOption = Profile.FULL,
    jobs: JobsOption = CORES,
    sandbox: SandboxOption = Sandbox.AUTO,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Just this mutant; repeatable.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option("-o", "--output", help="Keep the results here, to run only what changed.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade small changes of the reference: a mistake must cost its points and no others, a rewrite nothing.

    Run it before a rubric is released, and whenever it changes. Exit code 1 if any grade is a surprise.

    **Examples**

        grader validate hw1 --profile quick

        grader validate hw1 -o validated/ --only no-zero-grad --json
    """
    from grader.validation import validate  # noqa: PLC0415 - libcst takes half a second that no other command needs

    talk = Talk(quiet=as_json)
    chosen = setting.assignment_of(assignment)
    catalogue = validate.load(chosen)
    catalogue.refuse_strangers(only or ())
    dataset, notices = setting.data_for(chosen, profile, data, talk)
    with (
        tempfile.TemporaryDirectory(prefix="grader-validate-") as folder,
        Store.open(results or Path(folder) / "results") as store,
        setting.session(
            store,
            talk,
            assignment=chosen,
            dataset=dataset,
            profile=profile,
            total=len(only or catalogue.mutants),
            jobs=jobs,
            confined=sandbox is Sandbox.AUTO,
            interrupted="Nothing was validated.",
            only=frozenset(only or ()),
        ) as session,
    ):
        hand_ins = validate.submissions(catalogue, chosen, Path(folder) / "mutants")
        findings = sorted(validate.validate(catalogue, hand_ins, session, store), key=catalogue.position)
    surprises = sum(not finding.as_expected for finding in findings)
    if as_json:
        show_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        show(terminal.finding_table(findings))
        show_notices(notices)
        show(f"Mutants: {len(findings)}, surprises: {surprises}.")
    raise typer.Exit(BELOW if surprises else GRADED)
