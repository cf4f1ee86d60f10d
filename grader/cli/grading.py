"""`run` and `check`: notebooks are executed and judged."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import (
    BELOW,
    GRADED,
    OURS,
    Talk,
    counted,
    end,
    show,
    show_json,
    show_line,
    show_notices,
)
from grader.cli.options import (
    CORES,
    AssignmentOption,
    DataOption,
    JobsOption,
    JsonOption,
    ProfileOption,
    Sandbox,
    SandboxOption,
)
from grader.errors import NotebookError, UsageError
from grader.model import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.assignment import Assignment
    from grader.model import Grade, QuestionGrade, Submission


def run_class(
    submissions: Annotated[
        Path,
        typer.Argument(
            metavar="SUBMISSIONS", help="Folder of submissions, as downloaded from your course system."
        ),
    ],
    assignment: AssignmentOption = None,
    results: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the results.")
    ] = Path("results"),
    jobs: JobsOption = CORES,
    profile: ProfileOption = Profile.FULL,
    sandbox: SandboxOption = Sandbox.AUTO,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="STUDENT", help="Grade only this student; may be given several times."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run every notebook again, even if it did not change.")
    ] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="X", help="Exit with code 1 if a total is below X points.")
    ] = None,
    data: DataOption = None,
    participation: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file with the columns `student` and `participated`.",
            show_default="participation.csv in SUBMISSIONS, if there is one",
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="Change a limit; `grader doctor` lists them. May be given several times.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Do not adapt notebooks written for a GPU or for older libraries."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Grade a class: run every notebook, check it, write the reports.

    An interrupted run continues where it stopped. Notebooks that did not change are not run again.
    Exit codes are explained by `grader guide ci`.

    Examples:
        grader run submissions/
        grader run submissions/ -a rubrics/homework -o results/ -j 4 --fail-under 5
        grader run submissions/ --only ana-lima --force
    """
    from grader import run
    from grader.cli import tables, wiring
    from grader.intake import collect, roster
    from grader.results import codec

    talk = Talk(quiet=as_json)
    refuse_nested_output(results, submissions)
    given = wiring.conditions(assignment, profile, data, talk, limits=limit or ())
    intake = collect.collect(
        submissions,
        limits=given.assignment.limits,
        assignment=given.assignment.id,
        blank=given.assignment.template,
    )
    students = _selected(intake.submissions, only or ())
    rows, notes = _roster(participation, submissions, intake.submissions)
    count = counted(len(intake.submissions), "submission")
    talk.say(f"Assignment {given.assignment.id}: {count}, layout {intake.layout}.")
    for note in [*intake.notes, *notes]:
        if not note.startswith(f"{roster.PARTICIPATION} was ignored"):
            talk.say(f"Note: {note}.")
    with wiring.session(
        given,
        results,
        talk,
        total=len(students),
        interrupted="What was graded is kept; run the same command to continue.",
        jobs=jobs,
        sandbox=sandbox,
        notices=given.notices,
        strict=strict,
        force=force,
        only=frozenset(students),
    ) as (session, store):
        for _ in run.grade_all(intake.submissions, rows, session, store):
            pass
        grades = store.grades()
        document = codec.dumps_all(store.each_grade()) if as_json else ""
    if as_json:
        show_json(document)
    else:
        show(tables.class_table(grades))
        if any(grade.provisional for grade in grades):
            show_line(typer.style("? needs manual review   * provisional total", dim=True))
        show_notices(given.notices)
        show_line(f"Report: {typer.style(str(results / 'index.html'), bold=True)}")
    raise end(grades, fail_under)


def check(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your own notebook.")],
    assignment: AssignmentOption = None,
    profile: ProfileOption = Profile.QUICK,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check your own notebook before you hand it in.

    Runs the public checks on your machine, without a sandbox. The exit code is 0 only if no check fails;
    answers that a person will read do not count as failed.

    Examples:
        grader check homework.ipynb
        grader check homework.ipynb -a rubrics/homework --profile full
    """
    from grader import run
    from grader.cli import tables, wiring
    from grader.intake import collect
    from grader.results import codec

    talk = Talk(quiet=as_json)
    if not notebook.is_file():
        raise UsageError(f"{notebook} is not a file. Name the notebook to check.")
    given = wiring.conditions(assignment, profile, data, talk)
    intake = collect.collect(notebook, limits=given.assignment.limits)
    if intake.submissions[0].problem:
        raise NotebookError(intake.submissions[0].problem)
    _refuse_foreign(notebook, given.assignment)
    with wiring.session(given, None, talk, total=1, interrupted="Nothing was checked.") as (session, store):
        (grade,) = run.grade_all(intake.submissions, {}, session, store)
    public = public_part(grade)
    if as_json:
        show_json(codec.dumps(public))
    else:
        show(tables.checks(public))
        show_notices(given.notices)
    raise typer.Exit(_exit_code(public))


def _refuse_foreign(path: Path, assignment: Assignment) -> None:
    """See that a notebook was not made for another assignment.

    Raises:
        UsageError: it says so.
    """
    from grader.assignment import cells
    from grader.notebook import read

    made_for = cells.made_for(read(path, limits=assignment.limits))
    if made_for not in (None, assignment.id):
        raise UsageError(
            f"{path} was made for the assignment {made_for!r}, not for {assignment.id!r}. "
            "Name the right one with -a."
        )


def public_part(grade: Grade) -> Grade:
    """The grade of the visible checks alone: points and outcomes of the others would tell how they came out."""
    from dataclasses import replace

    from grader.model import is_provisional

    questions = tuple(public for question in grade.questions if (public := _public(question)))
    return replace(
        grade,
        questions=questions,
        total=sum((question.points for question in questions), Decimal(0)),
        max=sum((question.max for question in questions), Decimal(0)),
        provisional=is_provisional(questions, grade.flags),
    )


def _public(question: QuestionGrade) -> QuestionGrade | None:
    """A question as its visible checks show it; None if it has none."""
    from dataclasses import replace

    from grader.model import Visibility, outcome_of

    checks = tuple(check for check in question.checks if check.visibility is Visibility.VISIBLE)
    if not checks:
        return None
    return replace(
        question,
        checks=checks,
        points=sum((check.earned for check in checks), Decimal(0)),
        max=sum((check.max for check in checks), Decimal(0)),
        outcome=outcome_of(checks),
        exhibits=question.exhibits if len(checks) == len(question.checks) else (),
    )


def refuse_nested_output(results: Path, submissions: Path) -> None:
    """See that the results do not lie where the next run would take them for submissions.

    Raises:
        UsageError: they do.
    """
    if submissions.resolve() in (results.resolve(), *results.resolve().parents):
        raise UsageError(
            f"The results folder {results} is inside the folder of submissions. Choose another one with -o."
        )


def _exit_code(public: Grade) -> int:
    from grader.model import Outcome

    outcomes = {check.outcome for check in public.checks}
    if Outcome.BROKEN in outcomes:
        return OURS
    return GRADED if outcomes <= {Outcome.PASSED, Outcome.REVIEW, Outcome.SKIPPED} else BELOW


def _selected(submissions: Sequence[Submission], only: Sequence[str]) -> list[str]:
    """The students to grade.

    Raises:
        UsageError: `only` names somebody who is not there.
    """
    known = [each.student for each in submissions]
    for name in only:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Students are: {', '.join(known[:20])}."
            raise UsageError(f"--only {name}: no such student. {hint}")
    return [name for name in known if not only or name in only]


def _roster(
    explicit: Path | None, submissions: Path, students: Sequence[Submission]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The columns of the participation list by student, and a note on each row that matches nobody."""
    from grader.intake import roster

    path = explicit or submissions / roster.PARTICIPATION
    if explicit is None and not path.is_file():
        return {}, []
    rows, unknown = roster.read(path, [each.student for each in students])
    return rows, [f"{path.name} names {name}, who submitted nothing" for name in unknown]
