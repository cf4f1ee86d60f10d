"""What a student may know of a grade at a moment. What is not in it can't be shown by mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.course import to_cents
from grader.model import FlagKind, Moment, Outcome, Visibility, is_provisional, outcome_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from nbformat import NotebookNode

    from grader.model import Check, Grade, QuestionGrade

NOT_JUDGED = (
    "This could not be judged, because of an error that is not yours. The course staff will look at it."
)
STAFF = "the course staff"
"""Who decided what a person decided, as students are told."""
TOLD = (FlagKind.SUBSET, FlagKind.UNREAD)
"""The flags that are for the student, too; the others are for whoever reviews the grade."""
_REFERS = re.compile(r"After the .+? in cell \d+: ")
"""How a message begins if a check before it, which may be hidden, has told of the same error."""
_TIMES = re.compile(r" after \d+ s, in which it used \d+ s of processor time")
_PATH = re.compile(r"~?(?:/[\w.+@-]+)++")
_INSTALLED = re.compile(r".*/(?:site-packages|dist-packages|lib/python3[\d.]*|ipykernel_\d+|grader-[\w-]+)/")
"""Where packages, Python and a kernel's temporary files are. Only what comes behind it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A grade without all that its student may not know."""

    grade: Grade
    moment: Moment
    withheld: frozenset[str]
    """The questions whose points are not shown. If there are any, the total isn't either."""


def for_student(
    grade: Grade,
    moment: Moment,
    places: Sequence[str] = (),
    elsewhere: Collection[tuple[str, bool]] = frozenset(),
) -> Feedback:
    """Reduce a grade to what its student may know at a moment.

    Checks that are not shown leave nothing behind, neither in points nor in what is drawn beside a question. The
    total is hidden as on Gradescope: while any check that is not shown is worth points, or will be shown later.

    Args:
        grade: with what people decided.
        moment: decides which checks are shown.
        places: folders of this machine; no text that is kept names them.
        elsewhere: what is `concealed` in other grades of the class. Where a notebook could not be judged, its own
            grade does not say which checks there are.
    """
    hidden = concealed(grade, moment).union(elsewhere)
    compared = moment is not Moment.AT_ONCE  # until the due date, the reference's figures are an answer
    partly = {name for name, _ in hidden}
    told = _Told({check.cause: check.hint for check in grade.checks if check.cause and check.hint}, set())
    questions = tuple(
        _question(question, moment, places, told, drawn=compared and question.id not in partly)
        for question in grade.questions
    )
    flags = tuple(flag for flag in grade.flags if flag.kind in TOLD)
    earned = sum((question.points for question in questions), Decimal(0))
    taken = min(grade.late.points, earned) if grade.late else Decimal(0)
    shown = replace(
        grade,
        ending_detail="" if grade.ending.ours else without_machine(grade.ending_detail, places),
        total=to_cents(earned - taken),
        late=replace(grade.late, points=taken) if grade.late else None,
        provisional=is_provisional(questions, flags),
        seconds=0.0,
        questions=questions,
        flags=flags,
        sandbox={},
        origin="",
    )
    withheld = frozenset(name for name, counts in hidden if counts)
    return Feedback(grade=shown, moment=moment, withheld=withheld)


@dataclass(frozen=True, slots=True)
class _Told:
    """The errors behind lost points: what helps to find each, and which a check that is shown has told of."""

    hints: Mapping[str, str]
    causes: set[str]


def _question(
    question: QuestionGrade, moment: Moment, places: Sequence[str], told: _Told, *, drawn: bool
) -> QuestionGrade:
    """`drawn`: keep the pictures, which belong to no single check."""
    shown = tuple(_check(check, places, told) for check in question.checks if moment.shows(check.visibility))
    return replace(
        question,
        points=sum((check.earned for check in shown), Decimal(0)),
        outcome=outcome_of(shown) if shown else Outcome.SKIPPED,
        reference_cells=question.reference_cells if drawn else (),
        checks=shown,
        exhibits=question.exhibits if drawn else (),
    )


def concealed(grade: Grade, moment: Moment) -> frozenset[tuple[str, bool]]:
    """The question of each check that is not shown, and whether that hides the total: not if it never counts."""
    return frozenset(
        (check.question, bool(check.max) or check.visibility is not Visibility.HIDDEN)
        for check in grade.checks
        if not moment.shows(check.visibility)
    )


def _check(check: Check, places: Sequence[str], told: _Told) -> Check:
    """Without what only a reviewer needs. What broke says nothing about the student, but much about the rubric."""
    ruling = replace(check.ruling, by=STAFF, student="", machine="") if check.ruling else None
    bare = replace(check, review=None, ruling=ruling)
    if check.outcome is Outcome.BROKEN:
        return replace(bare, message=NOT_JUDGED, expected="", actual="", hint="", cause="")
    message, hint = check.message, check.hint
    if check.cause and check.cause not in told.causes:
        told.causes.add(check.cause)
        refers = _REFERS.match(message)
        message = f"{check.cause}. {message[refers.end() :]}" if refers else message
        hint = told.hints.get(check.cause, "")
    words = (message, check.expected, check.actual, hint, check.cause)
    message, expected, actual, hint, cause = (without_machine(text, places) for text in words)
    return replace(bare, message=message, expected=expected, actual=actual, hint=hint, cause=cause)


def without_machine(text: str, places: Sequence[str]) -> str:
    """Text without where things are on the machine that graded, and without how long it took there."""
    return _PATH.sub(lambda path: _shortened(path[0], places), _TIMES.sub("", text))


def _shortened(path: str, places: Sequence[str]) -> str:
    if ours := _INSTALLED.match(path):
        return f"…/{path[ours.end() :]}"
    for place in places:
        if f"{path.rstrip('.')}/".startswith(f"{place}/"):
            return f"…{path[len(place) :]}"
    return path


def clean(notebook: NotebookNode, places: Sequence[str]) -> None:
    """The same for all outputs of a notebook that ran here, in place. Its cells are the student's own words."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for fields in (output, output.get("data", {})):
                for name, value in fields.items():
                    if name in ("text", "evalue") or name.startswith("text/"):
                        fields[name] = without_machine(str(value), places)
            if "traceback" in output:
                output.traceback = [without_machine(line, places) for line in output.traceback]
