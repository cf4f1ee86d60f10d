"""The pipeline on one screen: executions side by side, judging and writing as they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader import keys
from grader.errors import UsageError
from grader.execution import reference
from grader.execution.schedule import executions
from grader.judging.court import Bench, Case
from grader.judging.server import Judge
from grader.model import Outcome
from grader.publishing.publisher import Publisher
from grader.session import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.model import Grade, Submission
    from grader.results.store import Store
    from grader.session import Session


def grade_all(
    submissions: Sequence[Submission],
    roster: Mapping[str, Mapping[str, str]],
    session: Session,
    store: Store,
) -> Iterator[Grade]:
    """Execute, judge, store and publish a class; grades come as they are done.

    What is known is not done again: a notebook is run if it or what its run depends on changed, and judged if
    that or the rubric did.

    Raises:
        RubricError: the reference does not run to its end, or its own rubric does not give it full marks.
        UsageError: a part of the class would be graded under other conditions than the rest.
    """
    chosen = [each for each in submissions if not session.only or each.student in session.only]
    plans = [session.plan(seed) for seed in session.assignment.seeds]
    plan_keys = [keys.of_run(plan, session.assignment.master) for plan in plans]
    if len(chosen) < len(submissions) and store.recall("reference") not in (None, plan_keys):
        raise UsageError(
            f"{store.root} was graded under other conditions (profile, data, reference or software), so a part of "
            "the class can't be graded anew. Run it without --only, or with another -o."
        )
    store.enrol(submissions, roster)
    model = reference.run_all(dict(zip(plan_keys, plans, strict=True)), session, store)
    store.remember(
        assignment=str(session.assignment.folder),
        profile=session.profile,
        complete=session.dataset.complete,
        notices=session.notices,
        seeds=session.assignment.seeds,
        reference=plan_keys,
    )
    publisher = Publisher(store, model[0])
    bench = Bench(
        assignment=session.assignment.folder,
        profile=session.profile,
        reference=model,
        dataset=session.dataset,
    )
    bench_key = keys.of_bench(bench)
    with Judge(bench) as judge:
        for submission, execution in executions(chosen, model[0], session, store, on_wait=judge.start):
            case = Case(
                execution=execution, origin=submission.origin, roster=roster.get(submission.student, {})
            )
            key = keys.of_grade(store.execution_key(submission.student), bench_key, case.roster)
            grade = store.grade(submission.student, key=key)
            if grade is None or _is_broken(grade):  # our own failures are tried again
                grade = judge.judge(case)
                store.record(grade, key)
            grade = store.ruled(grade)
            if not publisher.is_out(grade):
                publisher.student(grade)
            session.on_event(Event("graded", submission.student, grade=grade))
            yield grade
    publisher.class_(session.notices)


def regrade_all(store: Store, bench: Bench) -> Iterator[tuple[Grade, str]]:
    """Judge what is stored once more, without a kernel: each grade, and the key to store it under.

    Raises:
        RubricError: the rubric does not give the reference full marks.
    """
    bench_key = keys.of_bench(bench)
    with Judge(bench) as judge:
        for student, origin, roster in store.students():
            execution = store.execution(student)
            if execution is not None:
                case = Case(execution=execution, origin=origin, roster=roster)
                yield judge.judge(case), keys.of_grade(store.execution_key(student), bench_key, roster)


def _is_broken(grade: Grade) -> bool:
    return any(check.outcome is Outcome.BROKEN for check in grade.checks)
