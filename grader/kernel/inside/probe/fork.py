"""A call in a fork of the kernel: whatever a student's function does there, the notebook goes on as it was."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from IPython.utils.capture import capture_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 10.0
"""Of processor time that a call may take."""
PATIENCE = 6
"""Times `SECONDS` that it may take by the clock: the machine may be busy, and a call that sleeps must end too."""
GLANCE = 0.005
"""Seconds between two looks whether a fork has ended."""


def in_fork(call: Callable[[], bytes]) -> bytes:
    """What `call` returns in a fork of this process; empty if the fork crashed or did not end in time.

    Where nothing can fork, or not safely, it is called here, and what is drawn at random afterwards stays the same.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":
        with suppress(Exception), capture_output(), _random_state_kept():
            return call()
        return b""
    with tempfile.TemporaryFile() as answer:
        with warnings.catch_warnings():
            # Python warns that the other threads are gone in the fork: nothing in there needs them.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _serve(call, answer.fileno())
        if not _ended(child, SECONDS * PATIENCE):
            return b""
        answer.seek(0)
        return answer.read()


@contextmanager
def _random_state_kept() -> Iterator[None]:
    torch = sys.modules.get("torch")
    before = random.getstate(), np.random.get_state(), torch and torch.get_rng_state()  # noqa: NPY002 - notebooks'
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002 - as above
        if torch:
            torch.set_rng_state(before[2])


def _serve(call: Callable[[], bytes], answer: int) -> NoReturn:
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)  # a fork has none of the threads that would have to help
        _alarm_after(SECONDS)
        with capture_output(), os.fdopen(answer, "wb", closefd=False) as file:
            file.write(call())
        code = 0
    finally:
        os._exit(code)


def _alarm_after(seconds: float, again: float = 1.0) -> None:
    """Raise `TimeoutError` after that much processor time, and repeatedly in case it is caught."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"it did not finish within {seconds:.0f} s")

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, again)


def _ended(child: int, seconds: float) -> bool:
    """Wait for a fork; whether it ended by itself, and well."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status == 0
            time.sleep(GLANCE)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except ChildProcessError:  # the notebook waits for all its children itself
        pass
    return False
