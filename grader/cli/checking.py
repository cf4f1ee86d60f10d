"""`check`: a student's own notebook, on the student's machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import BELOW, GRADED, OURS, Talk, show, show_json, show_notices
from grader.cli.options import AssignmentOption, DataOption, JsonOption
from grader.errors import NotebookError, UsageError

if TYPE_CHECKING:
    from grader.handout.pack import Pack
    from grader.model import Grade


def check(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your own notebook.")],
    pack: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The check pack of your kit.",
            show_default="the .pack file beside the notebook",
        ),
    ] = None,
    assignment: AssignmentOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check your own notebook before you hand it in.

    Runs the public checks on your machine, without a sandbox, with a small sample of the data. The exit code is 0
    only if no check fails; answers that a person will read do not count as failed. A list of what to look through
    before you hand in comes last; it changes no exit code. Instructors may name an assignment instead of a pack.

    Examples:
        grader check homework.ipynb
        grader check homework.ipynb --pack ~/Downloads/homework.pack
    """
    from dataclasses import asdict

    from grader import run
    from grader.cli import packs, tables, wiring
    from grader.handout import hand_in
    from grader.intake import collect
    from grader.results import codec

    talk = Talk(quiet=as_json)
    if not notebook.is_file():
        raise UsageError(f"{notebook} is not a file. Name the notebook to check.")
    if notebook.suffix.lower() != ".ipynb":
        raise UsageError(f"{notebook} is not a notebook (.ipynb). Name the notebook to check.")
    if pack and assignment:
        raise UsageError("--pack and -a both say what to check; leave one of them out.")
    with packs.opened(notebook, pack, assignment, data, talk) as (given, checks):
        intake = collect.collect(notebook, limits=given.assignment.limits)
        if intake.submissions[0].problem:
            raise NotebookError(intake.submissions[0].problem)
        notices = [*given.notices, *_of_another_kit(notebook, checks)]
        talk.say(f"{given.assignment.title}: public checks, version {checks.about.version}.")
        with wiring.session(given, None, talk, total=1, interrupted="Nothing was checked.", own=True) as (
            session,
            store,
        ):
            grade = run.check(intake.submissions[0], checks, session, store)
            execution = store.execution(grade.student)
            items = [] if execution is None else hand_in.items(notebook, execution, given.assignment)
    if as_json:
        listed = [asdict(item) for item in items]
        show_json(codec.dumps(grade, hand_in=listed, notices=notices, causes=tables.causes_of(grade)))
    else:
        show(tables.checks(grade))
        show(tables.hand_in(items), soft_wrap=True)
        show_notices(notices)
    raise typer.Exit(_exit_code(grade))


def _of_another_kit(path: Path, pack: Pack) -> list[str]:
    """That a notebook and the pack are of different versions of the kit, if they are.

    Raises:
        UsageError: the notebook says that it was made for another assignment.
    """
    from grader.assignment import cells
    from grader.notebook import read

    notebook, own = read(path, limits=pack.assignment.limits), pack.assignment.id
    if (made_for := cells.made_for(notebook)) not in (None, own):
        raise UsageError(
            f"{path} was made for the assignment {made_for!r}, not for {own!r}. Name its check pack with --pack."
        )
    if (made_from := cells.kit_of(notebook)) in (None, pack.about.version):
        return []
    notice = (
        f"Your notebook is from version {made_from} of the kit, and these checks are version {pack.about.version}: "
        "ask which one is the newer, and download that kit again."
    )
    return [notice]


def _exit_code(public: Grade) -> int:
    from grader.model import Outcome

    outcomes = {check.outcome for check in public.checks}
    if Outcome.BROKEN in outcomes:
        return OURS
    return GRADED if outcomes <= {Outcome.PASSED, Outcome.REVIEW, Outcome.SKIPPED} else BELOW
