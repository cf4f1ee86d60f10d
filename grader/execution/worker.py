"""Calls one function in a separate process, forked from a warm, single-threaded parent.

Whatever happens there (a crash, an endless loop, memory running out) becomes an exception here and affects only
this call. The process ends when its caller dies, after removing its kernel and folders.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from grader.errors import NO_ROOM, GraderError, HarnessError, UsageError
from grader.forks import CHILDREN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

Result = TypeVar("Result")

WARM = ["grader.execution.execute", "grader.judging.server"]
"""Imported once by the parent of all workers."""
REMOVE = 'exec 3<&0; (read -r end <&3; for try in 1 2 3 4 5; do rm -rf "$0" && break; sleep 1; done) &'
"""A shell that removes a folder once its input has ended; workers may still have to leave that."""
FEWEST_FILES = 256
"""Open files without which a run could fail halfway."""
GRACE = 15.0
"""Seconds that a terminated worker has to end its kernel and remove its folders."""
POLL = 0.1
"""Seconds between two checks whether to stop."""


def prepare() -> None:
    """Configure this process and the parent of all workers, before the first one starts.

    Raises:
        UsageError: this system can't fork, or this process may open too few files.
    """
    if not hasattr(os, "fork"):
        raise UsageError(
            "Only `grader check` with a check pack works on Windows. For anything else, use Linux, macOS or WSL."
        )
    _allow_open_files()
    # OpenBLAS starts its threads on import, and threads do not survive a fork.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    multiprocessing.get_context("forkserver").set_forkserver_preload(WARM)
    _own_folder()


def prepare_ahead() -> None:
    """The same, and start the parent of all workers: it imports what they need while this process goes on."""
    prepare()
    with suppress(OSError), CHILDREN:  # the first worker will say so
        forkserver.ensure_running()


@cache
def _own_folder() -> AbstractContextManager[None]:
    """Create the folder of multiprocessing itself. Python removes it at exit, unless it is killed."""
    guarded = removed_at_last(multiprocessing.util.get_temp_dir())
    guarded.__enter__()
    return guarded


@contextmanager
def removed_at_last(folder: Path | str) -> Iterator[None]:
    """Have a temporary folder removed after the block, even if this process is killed in it."""
    reader, writer = os.pipe()
    try:
        with suppress(FileNotFoundError):  # not every student's machine has a shell
            subprocess.run(
                ["/bin/sh", "-c", REMOVE, str(folder)],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is not for it
                check=False,
            )
        os.close(reader)
        yield
    finally:
        os.close(writer)


def _allow_open_files() -> None:
    """As many as we may: descriptors that kernels of this user have under way count against the same limit."""
    import resource  # noqa: PLC0415 - Windows has none

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 < most < FEWEST_FILES:
        raise UsageError(
            f"This process may open only {most} files, and grader needs {FEWEST_FILES}. "
            "Start a shell with a higher limit (`ulimit -n` shows it), then run the same command again."
        )
    with suppress(OSError, ValueError):  # macOS reports a limit that it does not accept
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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
    process = context.Process(
        target=_run, args=(theirs, tempfile.gettempdir(), function, arguments), daemon=False
    )
    with ours:
        with theirs:
            _start(process)
        try:
            answer: Result = _receive(ours, time.monotonic() + seconds, on_progress, stop)
        except (EOFError, OSError):  # OSError: it died while it sent its answer
            raise HarnessError(f"The worker process died{_how(process)}.") from None
        finally:
            _end(process)
    return answer


def call_here(
    function: Callable[..., Result],
    *arguments: Any,
    seconds: float,  # noqa: ARG001 - as for `call`; what a student runs themselves they can stop
    on_progress: Callable[[Any], None],
    stop: threading.Event,
) -> Result:
    """As `call`, but in this process: for a student's own notebook, on every system.

    Once `stop` is set, the processes that were started meanwhile are killed.
    """
    ended, before = threading.Event(), {*psutil.Process().children(recursive=True)}

    def watch() -> None:
        while not ended.wait(POLL):
            if stop.is_set():
                for child in {*psutil.Process().children(recursive=True)} - before:
                    with suppress(psutil.NoSuchProcess):
                        child.kill()

    watcher = threading.Thread(target=watch, name="stop", daemon=True)
    watcher.start()
    try:
        return function(*arguments, on_progress)
    except GraderError:
        raise
    except Exception as error:
        raise HarnessError(f"{type(error).__name__}: {error}") from error
    finally:
        ended.set()
        watcher.join()


def _start(process: ForkServerProcess) -> None:
    try:
        with CHILDREN:
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
    with CHILDREN:
        process.join()
        process.close()


def _run(pipe: Connection, folder: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Temporary files go where the caller's go, which may have changed since the parent of all workers began."""
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        answer = "result", function(*arguments, lambda value: pipe.send(("progress", value)))
    except GraderError as error:
        answer = "raised", error
    except Exception as error:  # noqa: BLE001 - the caller gets it as an internal error with the original message
        why = f"{type(error).__name__}: {error}"
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            why = (
                f"There is no room left on the disk ({error.strerror}). Free some and run this command again."
            )
        answer = "raised", HarnessError(why)
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
