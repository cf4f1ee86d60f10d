"""A trusted server process that judges cases: it loads a `Court` once and forks for each submission.

No check can leave anything behind for the next student, and none can take the server with it.
"""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import os
import resource
import signal
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn, Self

from grader.errors import HarnessError, RubricError
from grader.judging.court import Bench, Case, Court, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from grader.model import Execution, Grade


class Judge:
    """A context manager: `judge(case)` gives the grade. One server process, forked for each case.

    The server starts with the first case, or before it: a class in which nothing changed needs none.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._end = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @cached_property
    def _pipe(self) -> Connection:
        """To the server, which has judged the reference by then."""
        context = multiprocessing.get_context("forkserver")
        ours, theirs = context.Pipe()
        server = context.Process(target=_serve, args=(theirs, self._bench), daemon=False, name="judge")
        server.start()
        theirs.close()
        self._end.callback(_end, ours, server)
        try:
            refusal: Exception | None = ours.recv()
        except (EOFError, OSError) as error:
            raise _gone(error) from error
        if refusal is not None:
            raise refusal
        return ours

    def start(self) -> None:
        """Have the server get ready, a matter of seconds, while there is nothing to judge yet.

        Raises:
            RubricError: the rubric was refused, or does not give the reference full marks.
        """
        _ = self._pipe

    def judge(self, case: Case) -> Grade:
        """Judge one execution; a check that crashes is `broken`, and so is a judge that does not answer.

        Raises:
            RubricError: see `start`.
            HarnessError: the judge's process is gone.
        """
        pipe = self._pipe
        try:
            pipe.send(case)
            answer: Grade | Exception = pipe.recv()
        except (EOFError, OSError) as error:
            raise _gone(error) from error
        if isinstance(answer, Exception):
            raise answer
        return answer


def _gone(error: Exception) -> HarnessError:
    return HarnessError(f"The judge's process ended unexpectedly: {error!r}.")


def _end(pipe: Connection, server: BaseProcess) -> None:
    """Let it see that nobody asks any more, and be gone."""
    pipe.close()
    server.join(5)
    if server.is_alive():
        server.kill()


def _serve(pipe: Connection, bench: Bench) -> None:
    """Say that all is ready, or why it is not; then answer cases until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    with contextlib.suppress(EOFError, BrokenPipeError):
        try:
            with opened(bench) as court:
                _rehearse(court, bench.reference)
                pipe.send(None)
                _answer_all(pipe, court)
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - becomes the caller's
            pipe.send(error)


def _answer_all(pipe: Connection, court: Court) -> NoReturn:
    gc.collect()
    gc.freeze()  # else the first collection in each fork would touch, and so copy, every page
    while True:
        with _fork(court) as (fork, child):  # before anybody asks: nobody waits for it
            pipe.send(_ask(fork, child, court, pipe.recv()))


def _rehearse(court: Court, reference: Sequence[Execution]) -> None:
    """See that the rubric gives every run of the reference full marks, so that no student pays for its mistakes.

    In forks: a check that hangs or crashes must not take this process with it. The first run is judged in this
    process as well, so that what checks compute from the reference they compute once, not once a run or a student.
    """
    for number, run in enumerate(reference):
        case = Case(execution=run)
        with _fork(court) as (fork, child):
            answer = _ask(fork, child, court, case)
        if isinstance(answer, Exception):
            raise answer
        court.approve(answer)
        if number == 0:
            court.judge(case)


@contextlib.contextmanager
def _fork(court: Court) -> Iterator[tuple[Connection, BaseProcess]]:
    """A copy of this process that judges the one case it is sent."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_judge_one, args=(ours, theirs, court))
    child.start()
    theirs.close()
    try:
        yield ours, child
    finally:
        child.kill()
        child.join()
        ours.close()


def _ask(fork: Connection, child: BaseProcess, court: Court, case: Case) -> Grade | Exception:
    """A fork's grade, but do not wait for ever."""
    limits = court.assignment.limits
    too_long = f"Judging took longer than {limits.judge:.0f} s."
    try:
        fork.send(case)
        if not fork.poll(limits.wall(limits.judge)):
            return court.broken(case, too_long)
        answer: Grade | Exception = fork.recv()
    except (EOFError, OSError):
        child.join(1)
        timed_out = child.exitcode == -signal.SIGXCPU
        return court.broken(case, too_long if timed_out else "Judging ended without a grade.")
    return court.broken(case, str(answer)) if isinstance(answer, HarnessError) else answer


def _judge_one(parents: Connection, pipe: Connection, court: Court) -> None:
    parents.close()  # else nobody would see the parent's end of it close
    gc.disable()  # this process ends before garbage counts
    seconds = math.ceil(court.assignment.limits.judge)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # processor time: others may be busy
    case = pipe.recv()
    try:
        answer: Grade | Exception = court.judge(case)
    except RubricError as error:
        answer = error
    except Exception as error:  # noqa: BLE001 - becomes the caller's
        answer = HarnessError(f"{type(error).__name__}: {error}")
    pipe.send(answer)
    os._exit(0)
