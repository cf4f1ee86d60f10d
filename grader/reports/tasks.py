"""What is left to do for people, as the class page lists it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.model import Ending, Outcome
from grader.reports.wording import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.model import Check, Grade, QuestionGrade


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of the work of a task: what it is about, whose it is, and the filter of the table that shows them."""

    title: str
    number: int
    students: tuple[str, ...]
    filter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Work for a person, and how it is done."""

    what: str
    how: str
    parts: tuple[Part, ...]
    urgent: bool = False


def tasks(grades: Sequence[Grade], questions: Mapping[str, QuestionGrade]) -> Iterator[Task]:
    """What is left to do, the most urgent first; each hand-in that could not be read or run is one task."""
    failed = [grade for grade in grades if grade.ending.ours]
    unread = [grade for grade in grades if _is_unread(grade)]
    judged = [grade for grade in grades if not grade.ending.ours and not _is_unread(grade)]
    if parts := [*_failed_runs(failed), *_failed_checks(judged, questions)]:
        yield Task(
            what=f"{_of(parts, 'hand-in')} ran into an internal error",
            how="Run the same `grader run` again: it tries these once more. If it fails again, report it.",
            parts=tuple(parts),
            urgent=True,
        )
    if parts := _open_answers(judged, questions):
        number = sum(part.number for part in parts)
        yield Task(
            what=f"{number} {'answer waits' if number == 1 else 'answers wait'} for a person",
            how="Fill in the points in review.csv, and run `grader regrade . --rulings review.csv` in its folder.",
            parts=tuple(parts),
        )
    if elsewhere := [grade for grade in judged if any(map(_is_elsewhere, grade.checks))]:
        yield Task(
            what=f"{_counted(elsewhere)} may have answers in other files",
            how="Look through the files beside the notebook, and fill in the points in review.csv.",
            parts=(_part("Questions without an answer in the notebook", elsewhere, ""),),
        )
    if unread:
        yield Task(
            what=f"{_counted(unread)} could not be read",
            how="Ask for the notebook as an .ipynb file, or fill in the points in review.csv.",
            parts=tuple(_by_detail(unread)),
        )
    stopped = [each for each in judged if each.ending not in (Ending.FINISHED, Ending.UNREADABLE)]
    if stopped:
        yield Task(
            what=f"{len(stopped)} {'notebook' if len(stopped) == 1 else 'notebooks'} did not finish",
            how="Nothing to do, unless several stopped for the same reason: then the assignment may be the cause.",
            parts=tuple(
                _part(str(ending), found, str(ending))
                for ending in Ending
                if (found := [each for each in stopped if each.ending is ending])
            ),
        )


def _failed_runs(failed: Sequence[Grade]) -> Iterator[Part]:
    for part in _by_detail(failed):
        yield replace(part, title=f"The notebook was not run: {part.title}")


def _failed_checks(judged: Sequence[Grade], questions: Mapping[str, QuestionGrade]) -> Iterator[Part]:
    for question, of in _by_question(judged, Outcome.BROKEN, questions):
        yield _part(f"{question.id} {question.title} was not graded", of, str(Status.BROKEN))


def _open_answers(judged: Sequence[Grade], questions: Mapping[str, QuestionGrade]) -> list[Part]:
    columns = list(questions)
    return [
        _part(f"{question.id} {question.title}", of, f"q{columns.index(question.id)}")
        for question, of in _by_question(judged, Outcome.REVIEW, questions)
    ]


def _by_question(
    grades: Sequence[Grade], outcome: Outcome, questions: Mapping[str, QuestionGrade]
) -> Iterator[tuple[QuestionGrade, list[Grade]]]:
    """The questions in which a check has this outcome, and whose."""
    found: dict[str, list[Grade]] = {}
    for grade in grades:
        for question in grade.questions:
            broken = question.outcome is outcome is Outcome.BROKEN
            if broken or any(
                check.outcome is outcome and not _is_elsewhere(check) for check in question.checks
            ):
                found.setdefault(question.id, []).append(grade)
    yield from ((question, found[name]) for name, question in questions.items() if name in found)


def _by_detail(grades: Sequence[Grade]) -> Iterator[Part]:
    details = dict.fromkeys(grade.ending_detail or "no details are known" for grade in grades)
    for detail in details:
        same = [grade for grade in grades if (grade.ending_detail or "no details are known") == detail]
        yield _part(detail, same, str(same[0].ending))


def _part(title: str, grades: Sequence[Grade], shown_by: str) -> Part:
    names = tuple(grade.student for grade in grades)
    return Part(title=title, number=len(names), students=names, filter=shown_by)


def _is_unread(grade: Grade) -> bool:
    """Does the whole hand-in wait for a person, because nothing in it could be read?"""
    return grade.ending is Ending.UNREADABLE and any(
        check.outcome is Outcome.REVIEW for check in grade.checks
    )


def _is_elsewhere(check: Check) -> bool:
    return check.outcome is Outcome.REVIEW and check.review is not None and check.review.elsewhere


def _of(parts: Sequence[Part], noun: str) -> str:
    number = len({student for part in parts for student in part.students})
    return f"{number} {noun}{'s' * (number != 1)}"


def _counted(grades: Sequence[Grade]) -> str:
    return f"{len(grades)} hand-in{'s' * (len(grades) != 1)}"
