"""The pipeline on one screen: executions side by side, judging and writing as they end."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from grader import attempts, keys
from grader.errors import UsageError
from grader.execution import reference
from grader.execution.schedule import executions
from grader.judging.court import Bench, Case, Court
from grader.judging.disclosure import Disclosure
from grader.judging.rubric import loaded
from grader.judging.server import Judge
from grader.model import FlagKind, Outcome
from grader.publishing.publisher import Publisher
from grader.results.rulings import answered_before
from grader.session import Event

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from grader.handout.pack import Pack
    from grader.model import Execution, Grade, Identity, Submission
    from grader.results.store import Store
    from grader.session import Session


def grade_all(
    submissions: Sequence[Submission],
    roster: Mapping[str, Mapping[str, str]],
    session: Session,
    store: Store,
    *,
    missing: Sequence[Identity] = (),
) -> Iterator[Grade]:
    """Execute, judge, store and publish a class; grades come as they are done.

    What is known is not done again: a notebook is run if it or what its run depends on changed, and judged if
    that or the rubric did.

    Raises:
        RubricError: the reference does not run to its end, or its own rubric does not give it full marks.
        UsageError: a part of the class would be graded under other conditions than the rest, students would be
            dropped, or the results folder is another assignment's.
    """
    chosen = [each for each in submissions if not session.only or each.student in session.only]
    store.refuse_another(session.assignment.id)
    plans = reference.plans(session)
    plan_keys = list(plans)
    if len(chosen) < len(submissions) and store.recall("reference") not in (None, plan_keys):
        raise UsageError(
            f"{store.root} was graded under other conditions (profile, data, reference or software), so a part of "
            "the class can't be graded anew. Run it without --only, or with another -o."
        )
    store.enrol(attempts.as_before(submissions, store), roster, drop=session.drop)
    model = reference.run_all(plans, session, store)
    store.remember(
        assignment=str(session.assignment.folder),
        assignment_id=session.assignment.id,
        master=keys.of_reference(session.assignment),
        profile=session.profile,
        complete=session.dataset.complete,
        notices=session.notices,
        seeds=session.assignment.seeds,
        rules=session.assignment.rules,
        chosen_by=session.assignment.rules,
        missing=missing,
        reference=plan_keys,
    )
    bench = Bench(
        assignment=session.assignment.folder,
        profile=session.profile,
        reference=model,
        dataset=session.dataset,
    )
    bench_key = keys.of_bench(bench)
    with Judge(bench) as judge, Publisher(store, model[0], session.assignment.limits) as publisher:

        def run(some: Sequence[Submission], into: Store) -> Iterator[tuple[Submission, Execution]]:
            return executions(some, model[0], session, into, on_wait=judge.start)

        def judged(submission: Submission, execution: Execution, into: Store) -> Grade:
            case = Case(
                execution=execution,
                origin=submission.origin,
                roster=roster.get(submission.student, {}),
                choice=submission.choice,
            )
            return _judged(case, judge, into, bench_key)

        several = {each.student for each in submissions if each.attempts}
        submissions = attempts.best(submissions, session, store, run=run, judge=judged)
        store.enrol(submissions, roster)
        chosen = [each for each in submissions if not session.only or each.student in session.only]
        winners = [each for each in chosen if each.student in several]
        as_ran = replace(session, force=False, on_event=lambda _: None)
        for submission, execution in chain(
            executions(winners, model[0], as_ran, store, on_wait=judge.start),
            run([each for each in chosen if each.student not in several], store),
        ):
            grade = store.settled(judged(submission, execution, store))
            if not publisher.is_out(grade):
                publisher.student(grade)
            session.on_event(Event("graded", submission.student, grade=grade))
            yield grade
        publisher.class_(session.notices)


def _judged(case: Case, judge: Judge, store: Store, bench_key: str) -> Grade:
    """The grade of a run, by now in the store."""
    student = case.execution.student
    key = keys.of_grade(store.execution_key(student), bench_key, case.roster, case.choice)
    grade = store.grade(student, key=key)
    if grade is None or _is_broken(grade):  # our own failures are tried again
        grade = answered_before(judge.judge(case), store.readable_grade(student))
        store.record(grade, key)
    return grade


def check(submission: Submission, pack: Pack, session: Session, store: Store) -> Grade:
    """Execute and judge one notebook beside what is known of the reference: a student's own check.

    All of it happens on the student's machine, so it is judged in this process.
    """
    store.enrol([submission], {})
    ((_, execution),) = executions([submission], pack.runs[0], session, store, on_wait=lambda: None)
    with loaded(pack.assignment) as rubric:
        shown = Disclosure.of(rubric).shown
        court = Court(pack.assignment, session.profile, pack.reference, session.dataset, rubric, shown)
        return court.judge(Case(execution=execution, origin=submission.origin))


def regrade_all(store: Store, bench: Bench, outdated: Container[str] = ()) -> Iterator[tuple[Grade, str]]:
    """Judge what is stored once more, without a kernel: each grade, and the key to store it under.

    Students whose run is `outdated` keep their grade: what a check would miss in it is not their loss.

    Raises:
        RubricError: the rubric does not give the reference full marks.
    """
    bench_key = keys.of_bench(bench)
    with Judge(bench) as judge:
        for student, origin, roster in store.students():
            execution, before = store.execution(student), store.readable_grade(student)
            if student in outdated:
                if before is not None:
                    yield before, store.grade_key(student)
            elif execution is not None:
                case = Case(execution=execution, origin=origin, roster=roster, choice=_choice(before))
                grade = answered_before(judge.judge(case), before)
                yield grade, keys.of_grade(store.execution_key(student), bench_key, roster, case.choice)


def _choice(before: Grade | None) -> str:
    """Which notebook was taken, as the grade before says it."""
    flags = before.flags if before is not None else ()
    said = [flag.message for flag in flags if flag.kind is FlagKind.CHOICE]
    return said[0].removesuffix(".") if said else ""


def _is_broken(grade: Grade) -> bool:
    return any(check.outcome is Outcome.BROKEN for check in grade.checks)
