"""Execution -> Grade: a rubric's checks, applied to what one run of a notebook left behind.

A `Court` reads evidence, never objects: nothing a student wrote runs here.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import nbformat

from grader import assignment as assignments
from grader import notebook
from grader.assignment import cells
from grader.errors import EvidenceError, NotebookError, RubricError
from grader.judging import beside, saved, versions
from grader.judging.causes import traced
from grader.judging.excuses import excused, not_run
from grader.judging.plugin import TOO_MUCH
from grader.judging.rubric import Rubric, loaded
from grader.judging.work import Reference, Work
from grader.model import (
    Check,
    Ending,
    Execution,
    Exhibit,
    Flag,
    FlagKind,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    ReviewItem,
    is_provisional,
    outcome_of,
)
from grader.theory.words import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from grader.assignment import Assignment, Question
    from grader.datasets import Dataset


MOST_ID = 100
"""Characters of another assignment's id that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every student of a run is judged against."""

    assignment: Path
    profile: str
    reference: tuple[Execution, ...]
    dataset: Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One student's execution, and what the course knows besides."""

    execution: Execution
    origin: str = ""
    roster: Mapping[str, str] = field(default_factory=dict)
    choice: str = ""
    """Which of several notebooks was executed, and why; empty if there was one."""


def check_rubric(assignment: Assignment) -> None:
    """Collect the rubric without judging anyone.

    Raises:
        RubricError: it can't be collected, or its points do not add up to those of assignment.toml.
    """
    with loaded(assignment):
        pass


@contextmanager
def opened(bench: Bench) -> Iterator[Court]:
    """Load a bench and its rubric; both stay loaded while the block lasts.

    Raises:
        RubricError: the rubric was refused.
    """
    assignment = assignments.load(bench.assignment)
    runs = tuple(Work.of(run, assignment, profile=bench.profile) for run in bench.reference)
    for run in runs:
        run.answer(assignment.questions[0].id)  # found once here, not once a student
    with loaded(assignment) as rubric:
        yield Court(assignment, bench.profile, Reference(runs), bench.dataset, rubric)


@dataclass(frozen=True)
class Court:
    """A `Bench` with its rubric, loaded. See `opened`."""

    assignment: Assignment
    profile: str
    reference: Reference
    data: Dataset
    rubric: Rubric
    shown: Callable[[Check, Work], Check] = lambda check, _: check
    """A check as whoever reads the grade may see it."""

    def judge(self, case: Case) -> Grade:
        """The grade of one execution.

        Raises:
            HarnessError: a check stopped pytest itself.
        """
        if case.execution.ending is Ending.UNREADABLE:
            return self.unjudged(case, Outcome.REVIEW, case.execution.detail)
        try:
            student = Work.of(case.execution, self.assignment, profile=self.profile, roster=case.roster)
        except (EvidenceError, OSError, nbformat.ValidationError) as error:
            return self.unjudged(case, *_unseen(case.execution, error))
        if foreign := _foreign(student):
            return self.unjudged(case, Outcome.REVIEW, foreign)
        judged = self.rubric.judge(student, self.reference, self.data)
        others = [
            self.rubric.judge(replace(student, reading=number), self.reference, self.data).checks
            for number in versions.others(student)
        ]
        shown = (self.shown(check, student) for check in judged.checks)
        checks = [
            versions.settled(
                excused(check, case.execution, student, by_roster=check.id in judged.by_roster),
                others,
                student,
            )
            for check in shown
        ]
        return self._grade(case, student, traced(checks, student), judged.exhibits)

    def approve(self, grade: Grade) -> None:
        """See that a grade of the reference is full marks wherever no person is needed.

        Raises:
            RubricError: a check took points from it, or broke.
        """
        fine = (Outcome.PASSED, Outcome.REVIEW)
        taken = [
            check
            for check in grade.checks
            if check.message == TOO_MUCH
            or (check.outcome not in fine and (check.max or check.outcome is not Outcome.SKIPPED))
        ]
        if taken:
            places = {mark.check: f"{mark.place}: " for _, _, mark in self.rubric.checks()}
            first = f"{places.get(taken[0].id, '')}{_taken(taken[0])}"
            others = f" Others: {', '.join(check.id for check in taken[1:])}." if taken[1:] else ""
            raise RubricError(
                f"The rubric does not give the reference {self.assignment.master.name} full marks, so nobody was "
                f"graded. {first}{others} Correct the rubric or the reference, and run this again."
            )

    def unjudged(self, case: Case, outcome: Outcome, why: str) -> Grade:
        """No machine can say anything about this one: every question is open."""
        item = ReviewItem(answer=beside.with_texts(why, case.execution), group=code_of(why))
        checks = [
            Check(
                id=f"question {question.id}", question=question.id, title=question.title, outcome=outcome,
                earned=Decimal(0), max=question.points, message=why,
                review=item if outcome is Outcome.REVIEW else None,
            )
            for question in self.assignment.questions
        ]  # fmt: skip
        return self._grade(case, None, checks, [])

    def _grade(
        self, case: Case, student: Work | None, checks: Sequence[Check], exhibits: Sequence[Exhibit]
    ) -> Grade:
        execution = case.execution
        hand_in = _code_of_hand_in(execution)
        coded = [
            replace(_with_item(check, hand_in), code=_code_of_answer(student, check.question) or hand_in)
            for check in checks
        ]
        questions = beside.with_texts_attached(
            [self._question(question, student, coded, exhibits) for question in self.assignment.questions],
            execution,
        )
        choice = (Flag(kind=FlagKind.CHOICE, message=f"{case.choice}."),) if case.choice else ()
        flags = (
            *choice,
            *beside.flags(execution),
            *self._flags(execution, student),
            *self._own_flags(),
            *self._collaborators(student),
        )
        return Grade(
            student=execution.student,
            assignment=self.assignment.id,
            title=self.assignment.title,
            profile=self.profile,
            ending=execution.ending,
            ending_detail=execution.detail,
            total=sum((question.points for question in questions), Decimal(0)),
            max=self.assignment.max,
            provisional=is_provisional(questions, flags),
            seconds=round(execution.seconds, 3),
            questions=questions,
            flags=flags,
            compat=execution.compat,
            sandbox=execution.sandbox,
            origin=case.origin,
            objections=self.assignment.objections,
        )

    def _flags(self, execution: Execution, student: Work | None) -> tuple[Flag, ...]:
        """Those of an execution; its saved outputs are compared here, so that a better comparison needs no run."""
        if student is None or not execution.submitted.is_file():
            return execution.flags
        flags = tuple(flag for flag in execution.flags if flag.kind is not FlagKind.SAVED_OUTPUTS)
        if not self.assignment.saved.compare:
            return flags
        try:
            handed_in = notebook.read(execution.submitted, limits=self.assignment.limits)
        except (NotebookError, OSError):  # damaged, or over a limit that was lowered since the run
            return flags
        if len(handed_in.cells) != len(student.notebook.cells):  # a release read it that saw others in it
            return flags
        return flags + saved.compare(handed_in, student.notebook, same_data=self.data.complete)

    def _own_flags(self) -> tuple[Flag, ...]:
        if self.data.complete:
            return ()
        return (
            Flag(
                kind=FlagKind.SUBSET,
                message="Run on a small sample of the data set: the grade is provisional.",
            ),
        )

    def _collaborators(self, student: Work | None) -> tuple[Flag, ...]:
        if student is None or not self.assignment.hand_in.collaborators:
            return ()
        said = student.collaborators or "No line about collaborators was found."
        return (Flag(kind=FlagKind.COLLABORATORS, message=said),)

    def _question(
        self, question: Question, student: Work | None, checks: Sequence[Check], exhibits: Sequence[Exhibit]
    ) -> QuestionGrade:
        own = tuple(check for check in checks if check.question == question.id)
        answer = student.answer(question.id) if student else None
        in_file = student is not None and student.is_in_file(question.id)
        return QuestionGrade(
            id=question.id,
            title=question.title,
            points=sum((check.earned for check in own), Decimal(0)),
            max=question.points,
            outcome=outcome_of(own),
            found_by=FoundBy.HEADING if in_file else answer.found_by if answer else FoundBy.NOT_FOUND,
            cells=answer.cells if answer else (),
            reference_cells=self.reference.first.answer(question.id).cells,
            checks=own,
            exhibits=tuple(exhibit for exhibit in exhibits if exhibit.question == question.id),
            passages=beside.bounded(student.passages(question.id)) if student else (),
        )


def _foreign(student: Work) -> str:
    """That a notebook was made for another assignment, if its metadata says so; else nothing."""
    made_for = cells.made_for(student.notebook)
    if made_for in (None, student.assignment.id):
        return ""
    return f"This notebook was made for the assignment {made_for[:MOST_ID]!r}, not for {student.assignment.id!r}."


def _unseen(execution: Execution, error: Exception) -> tuple[Outcome, str]:
    """Whose failure it is that nothing of an execution can be judged, and what to say about it."""
    if tampered := [flag.message for flag in execution.flags if flag.kind is FlagKind.TAMPERED]:
        return Outcome.REVIEW, tampered[0]
    if execution.ending.ours:
        return Outcome.BROKEN, not_run(execution)
    return Outcome.BROKEN, f"The stored evidence can't be read: {error}"


def _taken(check: Check) -> str:
    """A check that takes points from the reference, and what it saw."""
    seen = f" Expected: {check.expected}. Seen: {check.actual}." if check.expected or check.actual else ""
    return f"{check.id}: {check.earned} of {check.max} points. {check.message}{seen}"


def _code_of_answer(student: Work | None, question: str) -> str:
    return student.code(question) if student else ""


def _code_of_hand_in(execution: Execution) -> str:
    """What tells two hand-ins apart that are left to a person with the same sentence of ours."""
    kept = next((path for path in (execution.submitted, execution.notebook) if path.is_file()), None)
    contents = [hashlib.sha256(kept.read_bytes()).hexdigest()] if kept else []
    contents += [each.digest or f"{each.name} {each.problem}" for each in execution.documents]
    parts = [execution.student, execution.detail if kept is None else "", *execution.beside, *contents]
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()[:10]


def _with_item(check: Check, code: str) -> Check:
    """A check that is left to a person says what that person looks at; one worth no points is left to nobody.

    Of an answer that is not in the student's words, `code` says which it is.
    """
    if check.outcome is Outcome.REVIEW and not check.max:
        return replace(check, outcome=Outcome.SKIPPED, review=None)
    if check.outcome is not Outcome.REVIEW or (check.review is not None and check.actual):
        return check
    seen = check.actual or check.message
    item = check.review or ReviewItem(answer=seen, group=code_of(seen))
    return replace(check, review=replace(item, code=code))
