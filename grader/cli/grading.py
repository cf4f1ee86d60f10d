"""`run` and `check`: notebooks are executed and judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import (
    Talk,
    end,
    nearby,
    show,
    show_json,
    show_line,
    show_notices,
)
from grader.cli.options import (
    CORES,
    LAYOUT_NAMES,
    AssignmentOption,
    DataOption,
    JobsOption,
    JsonOption,
    ProfileOption,
    Sandbox,
    SandboxOption,
)
from grader.errors import UsageError
from grader.model import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.intake.collect import Intake
    from grader.intake.participation import Participation
    from grader.model import Grade, Submission
    from grader.results.store import Store


def run_class(
    submissions: Annotated[
        Path,
        typer.Argument(
            metavar="SUBMISSIONS",
            help="Folder or zip of submissions, as downloaded from your course system.",
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
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Form of the download, if it is not recognised: {', '.join(LAYOUT_NAMES)}.",
            autocompletion=lambda: [*LAYOUT_NAMES],
        ),
    ] = None,
    pick: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Of several notebooks of a student, grade the one with this name, such as '*final*'.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run every notebook again, even if it did not change.")
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Drop students who were graded before and are not in SUBMISSIONS.")
    ] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="X", help="Exit with code 1 if a total is below X points.")
    ] = None,
    data: DataOption = None,
    participation: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file that says who took part, or a list of names or ids, one a line.",
            show_default="participation.csv in SUBMISSIONS, if there is one",
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The column of --participation that says who took part.",
            show_default="`participated`, or the only one that is not about who it is",
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file with everybody in the class: a list of yours, or a gradebook as downloaded.",
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
    The exit code is 0 if the class was graded, 1 if a total is below --fail-under, 2 for wrong use or a refused
    rubric, 3 for an internal error; see `grader guide ci`.

    Examples:
        grader run submissions/
        grader run submissions/ -a rubrics/homework -o results/ -j 4 --fail-under 5
        grader run submissions/ --only ana-lima --force
        grader run ~/Downloads/submissions.zip --layout canvas
        grader run ~/Downloads/submissions.zip --roster ~/Downloads/gradebook.csv
    """
    if not submissions.exists():
        raise UsageError(
            f"{submissions}: no such file or folder; give the folder that contains the submissions"
        )
    from grader.execution import worker

    worker.prepare_ahead()  # of the long imports here
    from grader import datasets, run
    from grader.cli import conditions, wiring
    from grader.intake import collect, reading
    from grader.results import codec, rulings

    talk = Talk(quiet=as_json)
    refuse_nested_output(results, submissions)
    given = conditions.of(assignment, profile, data, talk, limits=limit or ())
    with wiring.scratch() as scratch:
        with reading.Reader(given.assignment.limits, datasets.user_cache()) as read:
            intake = collect.collect(
                submissions,
                limits=given.assignment.limits,
                assignment=given.assignment.id,
                blank=given.assignment.template,
                read=read,
                layout=layout,
                pick=pick,
                roster=roster,
                rules=given.assignment.rules,
                scratch=scratch,
            )
        _refuse_unreadable(intake.submissions)
        students = _selected(intake.submissions, only or ())
        known = _participation(participation, column, submissions, intake)
        talk.say(f"Assignment {given.assignment.id}. {intake.summary}")
        for note in [*intake.notes, *known.notes]:
            talk.say(f"Note: {note}.")
        with wiring.session(
            given,
            results,
            talk,
            total=sum(1 + len(each.attempts) for each in intake.submissions if each.student in students),
            interrupted="What was graded is kept; run the same command to continue.",
            jobs=jobs,
            sandbox=sandbox,
            notices=given.notices,
            strict=strict,
            force=force,
            drop=drop,
            only=frozenset(students),
        ) as (session, store):
            if not known.rows and any(columns for _, _, columns in store.students()):
                place = f", or put it into {submissions}" if submissions.is_dir() else ""
                talk.warn(
                    "Note: the last run used a participation list, and this one has none, so points that depend on "
                    f"it are taken back. Name the list with --participation{place}."
                )
            if roster is None and (lost := _lost(intake, store)):
                talk.warn(
                    "Note: the last run used a roster, and this one has none, so these are taken back: "
                    f"{', '.join(lost)}. To keep them, repeat the command with --roster FILE."
                )
            missing = [row.identity for row in intake.enrolled.missing]
            for _ in run.grade_all(intake.submissions, known.rows, session, store, missing=missing):
                pass
            grades = store.grades()
            unfit = len(rulings.unfit(store.rulings(), grades))
            document = codec.dumps_all(store.each_grade()) if as_json else ""
    if as_json:
        show_json(document)
    else:
        _show_class(grades, unfit, results, given.notices)
    raise end(grades, fail_under)


def _show_class(grades: Sequence[Grade], unfit: int, results: Path, notices: Sequence[str]) -> None:
    """What a run ends with; `unfit` is how many rulings no longer apply."""
    from grader.cli import tables
    from grader.reports.classroom import Classroom

    shown = tables.urgent(grades)
    show(tables.class_table(shown))
    if len(shown) < len(grades):
        show_line(
            f"These {len(shown)} of {len(grades)} students come first: internal errors, unreadable files, low "
            f"totals. All are in {results / 'grades.csv'}."
        )
    if any(grade.provisional for grade in grades):
        show_line(typer.style("? needs manual review   * provisional total", dim=True))
    if unfit:
        show_line(
            f"Rulings that no longer apply to any answer: {unfit}. They are kept; "
            f"`grader regrade {results} --dry-run` lists them."
        )
    for part in tables.class_summary(Classroom.of(grades)):
        show(part)
    show_line("")
    show_notices(notices)
    show_line(f"Report: {typer.style(str(results / 'index.html'), bold=True)}")
    show_line(f"Next: {tables.next_step(grades, results)}")


def refuse_nested_output(results: Path, submissions: Path) -> None:
    """See that the results do not lie where the next run would take them for submissions.

    Raises:
        UsageError: they do.
    """
    if submissions.resolve() in (results.resolve(), *results.resolve().parents):
        raise UsageError(
            f"The results folder {results} is inside the folder of submissions. Choose another one with -o."
        )


def _refuse_unreadable(submissions: Sequence[Submission]) -> None:
    """See that there is a notebook to grade; some that can't be read are left to a person.

    Raises:
        UsageError: there is none.
    """
    if submissions and all(each.notebook is None for each in submissions):
        first, *others = submissions
        more = f" The other {len(others)} can't be read either." if others else ""
        raise UsageError(
            f"There is no notebook that can be read. {first.student}: {first.problem}.{more} "
            "Is this the folder of submissions? Ask for the notebooks as .ipynb files."
        )


def _selected(submissions: Sequence[Submission], only: Sequence[str]) -> list[str]:
    """The students to grade.

    Raises:
        UsageError: `only` names somebody who is not there.
    """
    known = [each.student for each in submissions]
    for name in only:
        if name not in known:
            raise UsageError(f"--only {name}: no such student. {nearby(name, known)}")
    return [name for name in known if not only or name in only]


def _lost(intake: Intake, store: Store) -> list[str]:
    """What only a roster can have said in the last run, counted."""
    before = store.arrivals()
    now = {(each.student, each.origin): each.arrival for each in intake.submissions}
    own = sum(bool(each.due or each.extension) for each in before.values())
    times = sum(bool(each.at and whose in now and not now[whose].at) for whose, each in before.items())
    counts = {
        "due times or extensions of their own": own,
        "times of submission": times,
        "students who handed in nothing": len(store.missing()),
    }
    return [f"{what} ({number})" for what, number in counts.items() if number]


def _participation(
    explicit: Path | None, column: str | None, submissions: Path, intake: Intake
) -> Participation:
    """What the participation list says of each student.

    Raises:
        UsageError: it can't be read, or there is a column without a list.
    """
    from grader.intake import participation

    path = explicit or submissions / participation.PARTICIPATION
    if explicit is None and not path.is_file():
        if column is not None:
            raise UsageError(
                f"--column {column}: there is no participation list; name it with --participation."
            )
        return participation.Participation(rows={}, notes=())
    return participation.read(path, intake.enrolled, column)
