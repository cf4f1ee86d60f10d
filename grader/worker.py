"""One function call in a process of its own, forked from a warm, single-threaded parent.

Whatever happens in there (a crash, an endless loop, no memory left) is an exception here, and costs this one
call. The process ends when its caller dies.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from grader.errors import GraderError, HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

Result = TypeVar("Result")

WARM = ["grader.execute", "grader.judge"]
"""Imported once by the parent of all workers."""


def prepare() -> None:
    """Say what workers need before the first one starts."""
    # OpenBLAS starts its threads on import, and threads do not survive a fork.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    multiprocessing.get_context("forkserver").set_forkserver_preload(WARM)


_live: set[Any] = set()


def stop_all() -> None:
    """End every call that is under way; each raises `HarnessError`."""
    for process in list(_live):
        process.kill()


def call(
    function: Callable[..., Result], *arguments: Any, seconds: float, on_progress: Callable[[Any], None]
) -> Result:
    """Call ``function(*arguments, progress)`` in its own process; what it passes to `progress` comes here.

    `function` and everything that crosses must be picklable. `seconds` bounds the whole call.

    Raises:
        GraderError: what the function itself raised.
        HarnessError: its process died or did not end in time.
    """
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(theirs, function, arguments), daemon=False)
    process.start()
    theirs.close()
    _live.add(process)
    try:
        answer: Result = _receive(ours, time.monotonic() + seconds, on_progress)
    finally:
        _live.discard(process)
        process.kill()
        process.join()
        process.close()
        ours.close()
    return answer


def _receive(pipe: Connection, deadline: float, on_progress: Callable[[Any], None]) -> Any:
    while True:
        if not pipe.poll(max(0.0, deadline - time.monotonic())):
            raise HarnessError("The worker process did not end in time.")
        try:
            kind, value = pipe.recv()
        except EOFError:
            raise HarnessError("The worker process died.") from None
        if kind == "progress":
            on_progress(value)
        elif kind == "raised":
            raise value
        else:
            return value


def _run(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        answer = "result", function(*arguments, lambda value: pipe.send(("progress", value)))
    except GraderError as error:
        answer = "raised", error
    except Exception as error:  # noqa: BLE001 - crosses as ours, with its own words
        answer = "raised", HarnessError(f"{type(error).__name__}: {error}")
    pipe.send(answer)


def _end_with_caller() -> None:
    caller = multiprocessing.parent_process()
    if caller is not None:
        caller.join()
        os._exit(1)
