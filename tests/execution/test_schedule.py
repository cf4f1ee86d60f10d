"""Deadlines of a class follow from what its reference computed, however long that took."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from grader import keys
from grader.execution import attempt, schedule
from grader.execution.execute import Job
from grader.limits import Limits
from grader.model import Ending, Execution, Submission
from grader.results.store import Store

LIMITS = Limits(cell_factor=10, cell_floor=60, notebook_factor=12, notebook_floor=240, wall_factor=6)


@pytest.mark.parametrize(
    ("used", "busiest", "deadlines"),
    [
        pytest.param(50.0, 25.0, (250.0, 600.0), id="multiples"),
        pytest.param(0.01, 0.01, (60.0, 240.0), id="at least the floors"),
        pytest.param(60.0, 59.0, (360.0, 720.0), id="half is left for other cells"),
    ],
)
def test_deadlines_are_multiples_of_the_references_processor_time(notebook, plan, used, busiest, deadlines):
    model = Execution(
        student="reference",
        folder=notebook.parent,
        ending=Ending.FINISHED,
        seconds=5000.0,
        cpu_seconds=used,
        busiest_cell=busiest,
    )
    submission = Submission(student="ada", notebook=notebook, layout="plain", origin="hand-in")
    store = SimpleNamespace(workplace=lambda student: notebook.parent / student)
    job = schedule._job(submission, notebook, replace(plan, limits=LIMITS), model, store)
    assert (job.cell_deadline, job.notebook_deadline) == deadlines


def test_a_file_beside_a_notebook_that_cannot_be_read_costs_one_hand_in(notebook, plan, tmp_path):
    """It may vanish after the hand-ins were sorted; the next run looks again."""
    gone = notebook.with_name("table.csv")
    gone.write_text("1")
    submissions = [
        Submission(
            student="ann", notebook=notebook, layout="plain", origin="a", support=((gone.name, gone),)
        ),
        Submission(student="bob", notebook=None, layout="plain", origin="b", problem="It is a PDF."),
    ]
    events = []
    session = SimpleNamespace(
        plan=lambda _: plan, assignment=SimpleNamespace(seeds=[7]), force=False, on_event=events.append
    )
    gone.unlink()
    with Store.open(tmp_path / "results") as store:
        found = {
            submission.student: execution
            for submission, execution in schedule.executions(
                submissions, None, session, store, on_wait=lambda: pytest.fail("something runs")
            )
        }
        gone.write_text("1")
        key = keys.of_run(plan, notebook, (("table.csv", gone),))
        assert store.execution_key("ann") != key
    assert {name: execution.ending for name, execution in found.items()} == {
        "ann": Ending.BROKEN,
        "bob": Ending.UNREADABLE,
    }
    assert found["ann"].detail == (
        "table.csv, beside the notebook, can't be read (No such file or directory). Check it, and run this again."
    )
    assert len(events) == 2


def test_a_worker_is_given_more_time_than_its_notebook_may_sleep(plan, notebook, tmp_path):
    given = []
    job = Job(
        student="ada",
        source=notebook,
        support=(),
        folder=tmp_path / "run",
        plan=replace(plan, limits=LIMITS),
        cell_deadline=60.0,
        notebook_deadline=100.0,
    )
    session = SimpleNamespace(call=lambda *_, seconds, **__: given.append(seconds), stop=None)
    attempt._called(job, nullcontext(), session)
    assert given[0] > LIMITS.wall(100.0) == 600.0
