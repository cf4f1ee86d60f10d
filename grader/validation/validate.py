"""Does a rubric take the right points for each planted mistake, and none for a harmless change?

An assignment's catalogue, `mutants.py` beside its rubric, lists small changes of the reference notebook and what
each must cost. They are graded like a class, and every difference is a surprise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import nbformat

from grader import run
from grader.errors import RubricError, UsageError
from grader.judging import modules
from grader.judging.disclosure import Disclosure
from grader.judging.rubric import loaded
from grader.judging.work import Work
from grader.legible import listing
from grader.model import Outcome, Submission, Visibility
from grader.validation import mutation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from grader.assignment import Assignment
    from grader.model import Grade, QuestionGrade
    from grader.results.store import Store
    from grader.session import Session
    from grader.validation.mutation import Change

CATALOGUE = "mutants.py"
Points = Mapping[str, str]
"""Points by question, as they are written: ``{"4.5": "0.25"}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A changed reference, and what that must cost."""

    name: str
    changes: tuple[Change, ...] = ()
    costs: Points = field(default_factory=dict)
    opens: Points = field(default_factory=dict)
    """What is left to a person: neither given nor taken by the machine."""
    says: str = ""
    """What a student must read in some check that was not passed."""
    roster: Mapping[str, str] = field(default_factory=dict)
    """What the roster says of this one, where that is not what it says of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All mutants of an assignment, and what they have in common."""

    mutants: tuple[Mutant, ...]
    opens: Points = field(default_factory=dict)
    """What a person decides about any notebook, the reference included."""
    roster: Mapping[str, str] = field(default_factory=dict)
    """What the roster says of everyone, by column."""

    def refuse_strangers(self, names: Sequence[str]) -> None:
        """See that each name is that of a mutant.

        Raises:
            UsageError: one is not.
        """
        known = [mutant.name for mutant in self.mutants]
        for name in names:
            if name not in known:
                raise UsageError(f"--only {name}: there is no such mutant. There are: {', '.join(known)}.")

    def position(self, finding: Finding) -> int:
        """Where its mutant stands in the catalogue."""
        return next(place for place, mutant in enumerate(self.mutants) if mutant.name == finding.mutant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What grading one mutant showed."""

    mutant: str
    expected: str
    got: str
    surprises: tuple[str, ...]
    said: tuple[str, ...]
    """What the student reads, check by check, of all that was not passed."""

    @property
    def as_expected(self) -> bool:
        return not self.surprises


def load(assignment: Assignment) -> Catalogue:
    """Read the catalogue beside an assignment's rubric.

    Raises:
        UsageError: there is none.
        RubricError: it can't be read, or contradicts itself or the assignment.
    """
    path = assignment.folder / CATALOGUE
    if not path.is_file():
        raise UsageError(f"{assignment.id} has no catalogue of mutants: {path} does not exist.")
    try:
        return _checked(modules.namespace(path).get("CATALOGUE"), assignment)
    except RubricError as error:
        raise RubricError(f"{path}: {error}") from None
    except Exception as error:
        raise RubricError(f"{path}: {type(error).__name__}: {error}") from error


def submissions(catalogue: Catalogue, assignment: Assignment, folder: Path) -> list[Submission]:
    """Write the mutants as hand-ins below `folder`.

    Raises:
        RubricError: one changes nothing, or leaves code that does not compile.
    """
    return [_submission(mutant, assignment, folder) for mutant in catalogue.mutants]


def validate(
    catalogue: Catalogue, hand_ins: Sequence[Submission], session: Session, store: Store
) -> Iterator[Finding]:
    """Grade the mutants as a class; findings come as they are done."""
    mutants = {mutant.name: mutant for mutant in catalogue.mutants}
    roster = {name: {**catalogue.roster, **mutant.roster} for name, mutant in mutants.items()}
    with loaded(session.assignment) as rubric:
        disclosure = Disclosure.of(rubric)
    for grade in run.grade_all(hand_ins, roster, session, store):
        finding = compare(mutants[grade.student], grade, catalogue, session.assignment)
        yield replace(finding, surprises=(*finding.surprises, *_disclosed(grade, disclosure, session, store)))


def _disclosed(grade: Grade, disclosure: Disclosure, session: Session, store: Store) -> Iterator[str]:
    """What public checks told this mutant's student that they could not know, and `grader check` will withhold."""
    taken = (Outcome.FAILED, Outcome.PARTIAL)
    checks = [
        each for each in grade.checks if each.outcome in taken and each.visibility is Visibility.VISIBLE
    ]
    execution = store.execution(grade.student)
    if not checks or execution is None:
        return
    student = Work.of(execution, session.assignment, profile=session.profile)
    for check in checks:
        if foreign := disclosure.foreign(check, student):
            yield (
                f"{check.question}: {check.id} tells what students do not know: {listing(foreign)}. "
                "Say it without, or give the check reveal=True"
            )


def compare(mutant: Mutant, grade: Grade, catalogue: Catalogue, assignment: Assignment) -> Finding:
    """What is expected of a mutant beside what its grade says."""
    expected = {each.id: _expected(each.id, mutant, catalogue) for each in assignment.questions}
    usual = {each.id: _expected(each.id, Mutant(name=""), catalogue) for each in assignment.questions}
    got = {each.id: _Loss.of(each) for each in grade.questions}
    said = tuple(
        f"{check.question}: {check.message}" for check in grade.checks if check.outcome is not Outcome.PASSED
    )
    surprises = [f"{name}: {got[name]}, not {loss}" for name, loss in expected.items() if loss != got[name]]
    if mutant.says and not any(mutant.says in words for words in said):
        surprises.append(f"nothing says: {mutant.says}")
    if grade.ending.ours:
        surprises.append(f"internal error: {grade.ending_detail}")
    return Finding(
        mutant=mutant.name,
        expected=_listed(expected, usual),
        got=_listed(got, usual),
        surprises=tuple(surprises),
        said=said,
    )


@dataclass(frozen=True, slots=True)
class _Loss:
    """What a question does not give: taken by the machine, or left open."""

    taken: Decimal = Decimal(0)
    open: Decimal = Decimal(0)
    broken: bool = False

    @classmethod
    def of(cls, question: QuestionGrade) -> _Loss:
        missing = [(check.outcome, check.max - check.earned) for check in question.checks]
        return cls(
            taken=sum((points for outcome, points in missing if not outcome.provisional), Decimal(0)),
            open=sum((points for outcome, points in missing if outcome is Outcome.REVIEW), Decimal(0)),
            broken=any(outcome is Outcome.BROKEN for outcome, _ in missing),
        )

    def __str__(self) -> str:
        parts = [f"-{_plain(self.taken)}"] * bool(self.taken) + [f"{_plain(self.open)} open"] * bool(
            self.open
        )
        return ", ".join([*parts, *["broken"] * self.broken]) or "all points"


def _plain(points: Decimal) -> str:
    return f"{points.normalize():f}"


def _expected(question: str, mutant: Mutant, catalogue: Catalogue) -> _Loss:
    """What a mutant says of a question, or else what holds for all."""
    if question in mutant.costs or question in mutant.opens:
        return _Loss(_points(mutant.costs.get(question)), _points(mutant.opens.get(question)))
    return _Loss(open=_points(catalogue.opens.get(question)))


def _points(written: str | None) -> Decimal:
    return Decimal(written or 0)


def _listed(losses: Mapping[str, _Loss], usual: Mapping[str, _Loss]) -> str:
    """The losses that are not those of the reference itself."""
    own = [f"{name} {loss}" for name, loss in losses.items() if loss != usual[name]]
    return "; ".join(own) or "nothing"


def _checked(catalogue: object, assignment: Assignment) -> Catalogue:
    if not isinstance(catalogue, Catalogue):
        raise RubricError("it does not define a CATALOGUE.")
    for name, count in Counter(mutant.name for mutant in catalogue.mutants).items():
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):  # it becomes a folder's name
            raise RubricError(f"{name!r} is not a valid name; write words-with-hyphens.")
        if count > 1:
            raise RubricError(f"Two mutants have the name {name!r}.")
    common = Mutant(name="all", opens=catalogue.opens)
    for mutant in (common, *catalogue.mutants):
        for question in {**mutant.costs, **mutant.opens}:
            _check_points(mutant, question, assignment)
    return catalogue


def _check_points(mutant: Mutant, question: str, assignment: Assignment) -> None:
    most = next((each.points for each in assignment.questions if each.id == question), Decimal(0))
    lost = _points(mutant.costs.get(question)) + _points(mutant.opens.get(question))
    if not 0 < lost <= most:
        raise RubricError(
            f"{mutant.name}: {lost} points can't be lost in question {question}; it has {most}."
        )


def _submission(mutant: Mutant, assignment: Assignment, folder: Path) -> Submission:
    try:
        notebook = mutation.mutated(assignment.solved, _changes(mutant, assignment))
    except RubricError as error:
        raise RubricError(f"The mutant {mutant.name}: {error}") from None
    path = folder / mutant.name / assignment.master.name
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")  # type: ignore[no-untyped-call]  # nbformat has no types
    return Submission(student=mutant.name, notebook=path, layout="mutants", origin=mutant.name)


def _changes(mutant: Mutant, assignment: Assignment) -> list[Change]:
    """A mutant's changes; `blank` with the assignment's own hints."""
    return [assignment.blanked if change is mutation.blank else change for change in mutant.changes]
