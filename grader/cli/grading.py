"""`run` and `check`: notebooks are executed and judged."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from grader import run
from grader.cli import tables as terminal
from grader.cli import wiring as setting
from grader.cli.console import BELOW, GRADED, OURS, Talk, end, out, show, show_json, show_line, show_notices
from grader.cli.options import (
    CORES,
    AssignmentOption,
    DataOption,
    JobsOption,
    JsonOption,
    Profile,
    ProfileOption,
    Sandbox,
    SandboxOption,
)
from grader.errors import NotebookError, UsageError
from grader.intake import collect as intake
from grader.intake import roster
from grader.model import Outcome, Visibility
from grader.results import codec as result
from grader.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.model import Grade, Submission


def run_class(
    submissions: Annotated[Path, typer.Argument(help="A folder of hand-ins, in any layout that is known.")],
    assignment: AssignmentOption = "hw1",
    results: Annotated[Path, typer.Option("-o", "--output", help="Where the results go.")] = Path("results"),
    jobs: JobsOption = CORES,
    profile: ProfileOption = Profile.FULL,
    sandbox: SandboxOption = Sandbox.AUTO,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Just this student; repeatable.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run notebooks again that did not change.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="X", help="Exit 1 if a total is below X points.")
    ] = None,
    data: DataOption = None,
    participation: Annotated[
        Path | None,
        typer.Option(help="CSV: student, participated. Default: participation.csv beside the hand-ins."),
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Change a limit; see `grader doctor`.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Adapt nothing for older or GPU notebooks.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Grade a class: run each notebook, judge it beside the reference, write the reports.

    An interrupted run goes on where it stopped; a notebook that did not change is not run again.

    **Examples**

        grader run submissions/

        grader run submissions/ -a hw1 -o results/ -j 4 --fail-under 5

        grader run submissions/ --only ana-lima --force
    """
    talk = Talk(quiet=as_json)
    place = _apart(results, submissions)
    chosen = setting.assignment_of(assignment, limit or ())
    dataset, notices = setting.data_for(profile, data, talk)
    class_ = intake.collect(submissions, limits=chosen.limits, assignment=chosen.id)
    students = _only(class_.submissions, only or ())
    facts, notes = _facts(participation, submissions, class_.submissions)
    talk.say(f"{len(class_.submissions)} submissions in the layout {class_.layout}, assignment {chosen.id}.")
    for note in [*class_.notes, *notes]:
        if not note.startswith(f"{roster.PARTICIPATION} was ignored"):
            talk.say(f"Note: {note}.")
    with (
        Store.open(place) as store,
        setting.session(
            store,
            talk,
            assignment=chosen,
            dataset=dataset,
            profile=profile,
            total=len(students),
            jobs=jobs,
            confined=sandbox is Sandbox.AUTO,
            interrupted="What was graded is kept; the same command goes on from here.",
            notices=tuple(notices),
            strict=strict,
            force=force,
            only=frozenset(students),
        ) as session,
    ):
        for _ in run.grade_all(class_.submissions, facts, session, store):
            pass
        grades = store.grades()
        document = result.dumps_all(store.each_grade()) if as_json else ""
    if as_json:
        show_json(document)
    else:
        show(terminal.class_table(grades, out.width))
        if any(grade.provisional for grade in grades):
            show_line("[dim]? a person decides, * provisional until then")
        show_notices(notices)
        show_line(f"Report: [bold]{escape(str(results / 'index.html'))}")
    raise end(grades, fail_under)


def check(
    notebook: Annotated[Path, typer.Argument(help="Your own notebook.")],
    assignment: AssignmentOption = "hw1",
    profile: Annotated[Profile, typer.Option(help="`full` trains on all of the data.")] = Profile.QUICK,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check your own notebook before you hand it in: the public checks, run on your machine without a sandbox.

    Exit code 0 only if no public check fails. What a person will read is shown as such and fails nothing.

    **Example**

        grader check hw1.ipynb
    """
    talk = Talk(quiet=as_json)
    if not notebook.is_file():
        raise UsageError(f"{notebook} is no file; name the notebook that you want to check.")
    chosen = setting.assignment_of(assignment)
    dataset, notices = setting.data_for(profile, data, talk)
    class_ = intake.collect(notebook, limits=chosen.limits)
    if class_.submissions[0].problem:
        raise NotebookError(class_.submissions[0].problem)
    with (
        tempfile.TemporaryDirectory(prefix="grader-check-") as folder,
        Store.open(Path(folder) / "results") as store,
        setting.session(
            store,
            talk,
            assignment=chosen,
            dataset=dataset,
            profile=profile,
            total=1,
            jobs=1,
            confined=False,
            interrupted="Nothing was checked.",
        ) as session,
    ):
        (grade,) = run.grade_all(class_.submissions, {}, session, store)
    public = public_part(grade)
    if as_json:
        show_json(result.dumps(public))
    else:
        show(terminal.checks(public))
        show_notices(notices)
    raise typer.Exit(_checked([each.outcome for each in public.checks]))


def public_part(grade: Grade) -> Grade:
    """The grade without what students may not see yet."""
    questions = tuple(
        replace(
            question, checks=tuple(each for each in question.checks if each.visibility is Visibility.VISIBLE)
        )
        for question in grade.questions
    )
    return replace(grade, questions=questions)


def _checked(outcomes: Sequence[Outcome]) -> int:
    if Outcome.BROKEN in outcomes:
        return OURS
    good = (Outcome.PASSED, Outcome.REVIEW, Outcome.SKIPPED)
    return GRADED if all(outcome in good for outcome in outcomes) else BELOW


def _apart(results: Path, submissions: Path) -> Path:
    """The results folder, if it does not lie where the next run would take it for a hand-in.

    Raises:
        UsageError: it does.
    """
    if submissions.resolve() in (results.resolve(), *results.resolve().parents):
        raise UsageError(f"The results folder {results} lies among the hand-ins; name another one with -o.")
    return results


def _only(submissions: Sequence[Submission], wanted: Sequence[str]) -> list[str]:
    """The students to grade.

    Raises:
        UsageError: `wanted` names somebody who is not there.
    """
    known = [each.student for each in submissions]
    for name in wanted:
        if name not in known:
            raise UsageError(f"--only {name}: there is no such student. There are: {', '.join(known[:20])}.")
    return [name for name in known if not wanted or name in wanted]


def _facts(
    explicit: Path | None, submissions: Path, class_: Sequence[Submission]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What the participation list says, and its rows that are of nobody."""
    path = explicit or submissions / roster.PARTICIPATION
    if explicit is None and not path.is_file():
        return {}, []
    facts, strangers = roster.read(path, [each.student for each in class_])
    return facts, [f"{path.name} names {name}, who handed nothing in" for name in strangers]
