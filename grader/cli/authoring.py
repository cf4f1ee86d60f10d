"""`kit` and `validate`: what the people who write an assignment need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from grader.cli import github
from grader.cli.console import BELOW, GRADED, Talk, show, show_json, show_line, show_notices, write
from grader.cli.options import (
    CORES,
    AssignmentArgument,
    DataOption,
    JobsOption,
    JsonOption,
    ProfileOption,
    Sandbox,
    SandboxOption,
)
from grader.model import Profile


def new_assignment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: letters, digits, '-', '_' and '.'.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="Folder to write.", show_default="rubrics/NAME"
        ),
    ] = None,
) -> None:
    """Start a new assignment from a small example.

    The example runs as it is; change it question by question.

    Examples:
        grader new homework
        grader new homework -o rubrics/homework
    """
    from grader.assignment import scaffold

    folder = output or Path("rubrics") / name
    for path in scaffold.scaffold(folder, name):
        show_line(f"Wrote {path}")
    show_line(f"Next: grader validate {folder}")


def make_kit(
    assignment: AssignmentArgument = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Zip file to write.")] = Path(
        "kit.zip"
    ),
    sandbox: SandboxOption = Sandbox.AUTO,
    data: DataOption = None,
) -> None:
    """Write the zip that students get, without solutions.

    It holds the blank notebook, instructions, and what students check their notebooks with: the public checks and
    this program. The reference solution runs once. Nothing is written if a file holds a solution, or a line, text
    or number of a check that is not public.

    Examples:
        grader kit
        grader kit rubrics/homework -o kit.zip
    """
    from grader.cli import conditions, wiring
    from grader.handout import kit

    talk = Talk(quiet=False)
    given = conditions.of(assignment, Profile.QUICK, data, talk)
    with wiring.reference_of(given, talk, sandbox) as runs:
        content = kit.kit(given.assignment, runs, given.dataset, profile=given.profile)
    write(output, content, like=content[:4])
    show_line(f"Wrote {output}")


def validate_rubric(
    assignment: AssignmentArgument = None,
    profile: ProfileOption = Profile.FULL,
    jobs: JobsOption = CORES,
    sandbox: SandboxOption = Sandbox.AUTO,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="MUTANT", help="Try only this mutant; may be given several times."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Keep the results here, so that the next run reuses them.",
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Test a rubric with planted mistakes and harmless rewrites.

    A planted mistake must cost its points, a harmless rewrite nothing. Run this whenever the rubric changes. The
    exit code is 1 if any grade is not as expected.

    Examples:
        grader validate rubrics/homework --profile quick
        grader validate rubrics/homework -o validated/ --only no-zero-grad --json
    """
    import tempfile
    from dataclasses import asdict

    from grader.cli import conditions, tables, wiring
    from grader.validation import validate

    talk = Talk(quiet=as_json)
    given = conditions.of(assignment, profile, data, talk)
    catalogue = validate.load(given.assignment)
    catalogue.refuse_strangers(only or ())
    with wiring.session(
        given,
        results,
        talk,
        total=len(only or catalogue.mutants),
        interrupted="Nothing was validated.",
        jobs=jobs,
        sandbox=sandbox,
        only=frozenset(only or ()),
    ) as (session, store):
        mutants = validate.submissions(catalogue, given.assignment, Path(tempfile.mkdtemp()))
        findings = sorted(validate.validate(catalogue, mutants, session, store), key=catalogue.position)
    surprises = [finding for finding in findings if not finding.as_expected]
    github.annotate(
        github.ERROR,
        "Grades that are not as expected",
        [f"{finding.mutant}: {'; '.join(finding.surprises)}" for finding in surprises],
    )
    if as_json:
        show_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        show(tables.finding_table(findings))
        show_notices(given.notices)
        show_line(f"Mutants: {len(findings)}, not as expected: {len(surprises)}.")
    raise typer.Exit(BELOW if surprises else GRADED)
