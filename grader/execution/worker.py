"""Calls one function in a separate process, forked from a warm, single-threaded parent.

Whatever happens there (a crash, an endless loop, memory running out) becomes an exception here and affects only
this call. The process ends when its caller dies, after removing its kernel and folders.
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
"""Seconds that a terminated worker has to end its kernel and remove its folders."""
POLL = 0.1
"""Seconds between two checks whether to stop."""

_children = threading.Lock()
"""multiprocessing keeps track of its children without a lock: starting one process while closing another could use
a descriptor twice."""


def prepare() -> None:
    """Configure the parent of all workers, before the first one starts."""
    # OpenBLAS starts its threads on import, and threads do not survive a fork.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    multiprocessing.get_context("forkserver").set_forkserver_preload(WARM)
    multiprocessing.util.get_temp_dir()  # created now; Python removes it at exit


def call(
    function: Callable[..., Result],
    *arguments: Any,
    seconds: float,
    on_progress: Callable[[Any], None],
    stop: threading.Event,
) -> Result:
    """Call ``function(*arguments, progress)`` in a separate process.

    Values that it passes to `progress` are passed on to `on_progress`. `function`, its arguments and its result
    must be picklable. `seconds` limits the whole call. Once `stop` is set, running calls end early.

    Raises:
        GraderError: what the function itself raised.
        HarnessError: its process died, did not end in time, or was stopped.
    """
    if stop.is_set():
        raise HarnessError("The run was stopped before this notebook began.")
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
        with _children:
            process.start()
    except (OSError, EOFError) as error:
        raise HarnessError(f"No worker process could be started: {error!r}.") from error


def _receive(
    pipe: Connection, deadline: float, on_progress: Callable[[Any], None], stop: threading.Event
) -> Any:
    while True:
        while not pipe.poll(POLL):
            if stop.is_set():
                raise HarnessError("The worker process was stopped.")
            if time.monotonic() > deadline:
                raise HarnessError("The worker process did not finish in time.")
        kind, value = pipe.recv()
        if kind == "progress":
            on_progress(value)
        elif kind == "raised":
            raise value
        else:
            return value


def _how(process: ForkServerProcess) -> str:
    """How a process ended: by which signal, or with which exit code."""
    process.join(GRACE)
    code = process.exitcode
    if code is None or code >= 0:
        return f" with exit code {code}"
    return f" by signal {-code}"


def _end(process: ForkServerProcess) -> None:
    """Let it clean up, then make sure that it has ended."""
    process.terminate()
    process.join(GRACE)
    process.kill()
    with _children:
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
    except Exception as error:  # noqa: BLE001 - the caller gets it as an internal error with the original message
        answer = "raised", HarnessError(f"{type(error).__name__}: {error}")
    with suppress(BrokenPipeError):
        pipe.send(answer)


def _leave(*_: object) -> None:
    """Exit by an exception, so that every context manager of a kernel or folder cleans up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def _end_with_caller() -> None:
    caller = multiprocessing.parent_process()
    if caller is not None:
        caller.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)
