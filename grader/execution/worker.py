"""One function call in a process of its own, forked from a warm, single-threaded parent.

Whatever happens in there (a crash, an endless loop, no memory left) is an exception here, and costs this one
call. The process ends when its caller dies, and takes its kernel and its folders with it.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from grader.errors import GraderError, HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

Result = TypeVar("Result")

WARM = ["grader.execution.execute", "grader.judging.server"]
"""Imported once by the parent of all workers."""
GRACE = 15.0
"""Seconds in which a worker that is told to end may bury its kernel and remove its folders."""
LOOK = 0.1
"""Seconds between two looks at whether everything shall stop."""

_book = threading.Lock()
"""multiprocessing counts its children without a lock: a start beside a close may read a descriptor twice."""


def prepare() -> None:
    """Say what workers need before the first one starts."""
    # OpenBLAS starts its threads on import, and threads do not survive a fork.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    multiprocessing.get_context("forkserver").set_forkserver_preload(WARM)
    multiprocessing.util.get_temp_dir()  # made now, where it stays until Python's own exit removes it


def call(
    function: Callable[..., Result],
    *arguments: Any,
    seconds: float,
    on_progress: Callable[[Any], None],
    stop: threading.Event,
) -> Result:
    """Call ``function(*arguments, progress)`` in its own process; what it passes to `progress` comes here.

    `function` and everything that crosses must be picklable. `seconds` bounds the whole call; once `stop` is
    set, calls under way end early.

    Raises:
        GraderError: what the function itself raised.
        HarnessError: its process died, did not end in time, or was stopped.
    """
    if stop.is_set():
        raise HarnessError("Everything was stopped before this began.")
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(theirs, function, arguments), daemon=False)
    with ours:
        with theirs:
            _start(process)
        try:
            answer: Result = _receive(ours, time.monotonic() + seconds, on_progress, stop)
        except EOFError:
            raise HarnessError(f"The worker process died{_how(process)}.") from None
        finally:
            _end(process)
    return answer


def _start(process: ForkServerProcess) -> None:
    try:
        with _book:
            process.start()
    except (OSError, EOFError) as error:
        raise HarnessError(f"No worker process could be started: {error!r}.") from error


def _receive(
    pipe: Connection, deadline: float, on_progress: Callable[[Any], None], stop: threading.Event
) -> Any:
    while True:
        while not pipe.poll(LOOK):
            if stop.is_set():
                raise HarnessError("The worker process was stopped.")
            if time.monotonic() > deadline:
                raise HarnessError("The worker process did not end in time.")
        kind, value = pipe.recv()
        if kind == "progress":
            on_progress(value)
        elif kind == "raised":
            raise value
        else:
            return value


def _how(process: ForkServerProcess) -> str:
    """By which signal, or with which exit code."""
    process.join(GRACE)
    code = process.exitcode
    if code is None or code >= 0:
        return f" with exit code {code}"
    return f" by signal {-code}"


def _end(process: ForkServerProcess) -> None:
    """Let it clean up, but see that it is gone."""
    process.terminate()
    process.join(GRACE)
    process.kill()
    with _book:
        process.join()
        process.close()


def _run(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        answer = "result", function(*arguments, lambda value: pipe.send(("progress", value)))
    except GraderError as error:
        answer = "raised", error
    except Exception as error:  # noqa: BLE001 - crosses as ours, with its own words
        answer = "raised", HarnessError(f"{type(error).__name__}: {error}")
    with suppress(BrokenPipeError):
        pipe.send(answer)


def _leave(*_: object) -> None:
    """Unwind: every context that holds a kernel or a folder is left on the way out."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def _end_with_caller() -> None:
    caller = multiprocessing.parent_process()
    if caller is not None:
        caller.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)
