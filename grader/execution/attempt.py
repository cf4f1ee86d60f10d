"""One notebook in a process of its own, whatever becomes of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from grader.errors import GraderError, NotebookError
from grader.execution import execute
from grader.model import Ending, Execution
from grader.session import Event

if TYPE_CHECKING:
    from grader.kernel import Launcher
    from grader.session import Session

SPARE_SECONDS = 180.0
"""What a worker gets beyond the notebook's deadline: more than the guard, which knows better what went wrong."""


def attempt(job: execute.Job, session: Session) -> Execution:
    """Run a notebook when memory allows; our failure is an ending, not the end of the class.

    Raises:
        UsageError: no notebook at all can run here.
    """
    launcher = session.launch()
    try:
        return session.admission.run(lambda ticket: _called(job, launcher.at(ticket), session))
    except NotebookError as error:
        ending, detail = Ending.UNREADABLE, str(error)
    except (GraderError, OSError) as error:
        ending, detail = Ending.BROKEN, str(error)
    return Execution(student=job.student, folder=job.folder, ending=ending, detail=detail)


def _called(job: execute.Job, launcher: Launcher, session: Session) -> Execution:
    shutil.rmtree(job.folder, ignore_errors=True)
    execution: Execution = session.call(
        execute.execute,
        job,
        launcher,
        seconds=job.plan.limits.wall(job.notebook_deadline) + SPARE_SECONDS,
        on_progress=lambda cells: session.on_event(
            Event("cell", job.student, cell=cells[0] + 1, cells=cells[1])
        ),
        stop=session.stop,
    )
    return execution
