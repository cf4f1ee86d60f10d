"""`forget`: one student is removed from the results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import Talk, counted, show_line


def forget(
    student: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The student's id, as in grades.csv; of one who handed in nothing, the name."
        ),
    ],
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="Results folder, as written by `grader run`.")
    ] = Path("results"),
) -> None:
    """Remove one student from the results, everywhere.

    Removes the student's run, grade, files and rulings, also from backups of the gradebook, and writes the class
    page and the tables anew. What you exported to other places, and the submission itself, is yours to remove.

    Examples:
        grader forget ana-lima
        grader forget ana-lima results/
    """
    from grader.publishing import forgetting
    from grader.results.store import Store

    with Store.existing(results) as store:
        forgotten = forgetting.forget(store, student)
    removed = (
        ", ".join(counted(number, what.replace("_", " ")) for what, number in forgotten.removed.items())
        or "all that was left"
    )
    show_line(
        f"Removed {student} from {results}: {removed}. The class page and the tables were written anew."
    )
    talk = Talk(quiet=False)
    for path in forgotten.left:
        talk.warn(f"Note: {path} still mentions {student}; look at it.")
    if "roster row" in forgotten.removed and "student" not in forgotten.removed:
        talk.say("Take them out of the roster file: the next run would name them again.")
    else:
        talk.say("Remove the submission as well: the next run would grade it again.")
