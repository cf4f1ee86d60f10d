"""What an autograder of Gradescope runs for each submission.

`python -m grader.cli.autograding ROOT ASSIGNMENT PROFILE`, where ROOT is laid out like /autograder, writes
ROOT/results/results.json, whatever happens. ASSIGNMENT is a path below ROOT/source.
"""

from __future__ import annotations

import shutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from grader import datasets, run
from grader.cli import conditions, wiring
from grader.cli.console import Talk
from grader.cli.options import Sandbox
from grader.errors import GraderError, UsageError
from grader.intake import collect, reading
from grader.model import Profile, Submission
from grader.reports import gradescope

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.model import Grade

HANDED_IN = "submission"
"""Gradescope's folder of what was handed in. Who did is nobody's business here."""
FAILED = (
    "This submission was not graded, because the autograder itself failed. That says nothing about your work. The "
    "course staff can see the reason, and run it again."
)


def main(root: Path, assignment: str, profile: str) -> None:
    """Grade what was handed in, and replace the results in one step."""
    try:
        text = gradescope.results_json(graded(root, root / "source" / assignment, Profile(profile)))
    except Exception as error:  # noqa: BLE001 - the last door: without results a student would get a zero
        if not isinstance(error, GraderError):
            traceback.print_exc()
        Talk(quiet=False).say(f"error: {error}")
        text = gradescope.ungraded(FAILED)
    new = root / "results" / "results.json.new"
    new.write_text(text, encoding="utf-8")
    new.replace(new.with_suffix(""))


def graded(root: Path, folder: Path, profile: Profile) -> Grade:
    """The grade of the only submission.

    Raises:
        GraderError: there can't be one here.
    """
    talk = Talk(quiet=False)
    given = conditions.of(str(folder), profile, None, talk)
    with wiring.scratch() as scratch:
        submission = _submission(root / HANDED_IN, given.assignment, scratch, talk)
        with wiring.session(
            given, None, talk, total=1, interrupted="Nothing was graded.",
            sandbox=Sandbox.AUTO, or_another_user=True,
        ) as (session, store):  # fmt: skip
            (grade,) = run.grade_all([submission], {}, session, store)
            return grade


def _submission(folder: Path, assignment: Assignment, scratch: Path, talk: Talk) -> Submission:
    """What was handed in, read as a class of one student."""
    shutil.copytree(folder, scratch / "class" / HANDED_IN, symlinks=True)
    with reading.Reader(assignment.limits, datasets.user_cache()) as read:
        try:
            intake = collect.collect(
                scratch / "class",
                limits=assignment.limits,
                assignment=assignment.id,
                blank=assignment.template,
                read=read,
                layout="plain",
                scratch=scratch,
            )
        except UsageError:  # it has no class's layout
            return Submission(
                student=HANDED_IN,
                notebook=None,
                layout="plain",
                origin=HANDED_IN,
                problem="no notebook was found in what was handed in; hand in an .ipynb file",
            )
    for note in intake.notes:
        talk.say(f"Note: {note}.")
    return intake.submissions[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
