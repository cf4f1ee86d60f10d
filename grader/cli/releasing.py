"""`release`: the pages that students get."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import GRADED, OURS, Talk, counted, nearby, show_line
from grader.cli.options import ResultsArgument
from grader.errors import UsageError
from grader.legible import listing
from grader.model import Moment
from grader.publishing.packing import Packing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.publishing.releases import Release

SEEN = {
    Moment.AT_ONCE: "what students may see at once",
    Moment.AFTER_DUE_DATE: "what students may see after the due date",
    Moment.PUBLISHED: "what students may see once grades are published",
}

MOST_WITHHELD = 3
"""Questions that are named."""


def release(
    results: ResultsArgument,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the pages, new or of a release."),
    ] = Path("feedback"),
    now: Annotated[
        Moment,
        typer.Option(
            help="`at_once`: only visible checks. `after_due_date`: also those with that visibility. `published`: "
            "also after_published. Hidden checks are never shown."
        ),
    ] = Moment.AT_ONCE,
    as_student: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Write this student's page alone, and open it on a terminal."),
    ] = None,
    packing: Annotated[
        Packing | None,
        typer.Option(
            "--zip",
            help="Also write feedback.zip: `folders`, with a folder for each student, or with the names by which "
            "`canvas` or `moodle` gives the files of one upload to their students.",
        ),
    ] = None,
) -> None:
    """Write the page that each student may see.

    A page shows the student's own notebook as it ran, and the checks that are visible by now: what was found,
    hints, and what a person wrote. As on Gradescope, there is no total while checks are still to be shown; nor is
    there one where hidden checks are worth points. Nothing else is in the folder: a repeated release replaces all
    pages, and any other file is refused. All files can be read by you alone.

    Examples:
        grader release results/ -o feedback/
        grader release results/ -o feedback/ --now after_due_date --as-student ana-lima
        grader release results/ -o feedback/ --now published --zip moodle
    """
    from grader.publishing import releases
    from grader.results.store import Store

    if as_student is not None and packing is not None:
        raise UsageError("--zip is for all students, and --as-student for one; leave one of them out.")
    with Store.existing(results) as store:
        if as_student is not None:
            _refuse_unknown(as_student, [student for student, _, _ in store.students()])
        done = releases.release(store, output, now, only=as_student, packing=packing)
    talk = Talk(quiet=False)
    if as_student is not None:
        page = done.page(as_student)
        anew = f" {releases.ZIP} was written anew with it." if done.packing else ""
        show_line(f"Wrote {page}: {SEEN[now]}.{anew}")
        if sys.stdout.isatty():
            webbrowser.open(page.resolve().as_uri())
    else:
        gone = f" {counted(done.removed, 'file')} of an earlier release removed." if done.removed else ""
        show_line(f"Wrote {counted(len(done.grades), 'page')} to {output}: {SEEN[now]}.{gone}")
        show_line(f"With a total: {done.with_total} of {len(done.grades)}{_why_not(done)}.")
    for note in _notes(done):
        talk.warn(f"Note: {note}")
    raise typer.Exit(OURS if _broken(done) else GRADED)


def _why_not(done: Release) -> str:
    """Why pages have no total, if any have none; else nothing."""
    named = [f"{question} {title}" for question, title in done.withheld.items()]
    more = f" and {len(named) - MOST_WITHHELD} more" if named[MOST_WITHHELD:] else ""
    why = f", because checks of these questions are not shown: {', '.join(named[:MOST_WITHHELD])}{more}"
    return why if named else ""


def _broken(done: Release) -> list[str]:
    from grader.reports import wording

    return [each.student for each in done.grades if wording.status(each) is wording.Status.BROKEN]


def _refuse_unknown(student: str, known: list[str]) -> None:
    """See that there is such a student.

    Raises:
        UsageError: there is none.
    """
    if student not in known:
        raise UsageError(f"--as-student {student}: no such student. {nearby(student, known)}")


def _notes(done: Release) -> Iterator[str]:
    """What isn't ready, or not as it should be."""
    broken = _broken(done)
    open_ones = [each.student for each in done.grades if each.provisional and each.student not in broken]
    if open_ones:
        yield (
            f"{counted(len(open_ones), 'grade')} can still change: {listing(open_ones)}. The class page says what "
            "is open. Release again when it is decided."
        )
    if broken:
        yield (
            f"{counted(len(broken), 'grade')} broken by an internal error: {listing(broken)}. The pages say so. "
            "Repeat `grader run`, and release again."
        )
    if done.without_grade:
        yield f"no grade yet, and so no page: {listing(done.without_grade)}. Repeat `grader run`."
    if done.unpacked:
        yield (
            f"not in feedback.zip, because no {done.packing} download names their submission: "
            f"{listing(done.unpacked)}. Upload their pages one by one."
        )
    if done.incomplete:
        yield f"pages without the notebook, which could not be drawn: {listing(done.incomplete)}."
