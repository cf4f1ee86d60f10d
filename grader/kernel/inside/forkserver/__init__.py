"""A warm process that turns requests into confined kernels. Runs as the first program of the sandbox.

It never sees a request's text: the descriptors go through it to the fork that reads them.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import child, confine, linux, warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_DESCRIPTORS = 16
PATIENCE = 0.25
"""Seconds for process 1 of a kernel to take it down, before both are killed the hard way."""


def warm_up(modules: Iterable[str], load_all: Callable[[], None]) -> None:
    """Import what notebooks import, the assignment's `modules` among it, and our own code by `load_all`."""
    warm.warm_up(modules, load_all)
    require_one_thread()


def serve(run: child.Run, control: int, status: int, *, nested: bool) -> None:
    """Answer requests on `control` until the harness is gone; without `nested`, one request only.

    A request is a datagram with the descriptors of `child.Delivery`. `status` hears when we are ready, and
    when we took our only request.
    """
    harness = socket.socket(fileno=status)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tell(harness, ready=True)
    server = Server(run, socket.socket(fileno=control), nested=nested)
    if not nested:
        linux.prctl(linux.PR_SET_DUMPABLE, 0)  # the kernel may be the same user, and must not look into us
        server.receive()
        tell(harness, taken=True)
    while server.wanted():
        server.turn()


def require_one_thread() -> None:
    """Only the thread that forks lives on in the child, whatever locks the others held."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise RuntimeError(f"a process must have one thread to be forked, the imports left {threads}")


def tell(harness: socket.socket, **message: Any) -> None:
    with suppress(OSError):
        harness.send(json.dumps(message).encode())


class Server:
    """The kernels that live, each with its line to the harness."""

    def __init__(self, run: child.Run, control: socket.socket, *, nested: bool) -> None:
        self._run = run
        self._control: socket.socket | None = control
        self._spawn: Callable[..., int] = child.spawn_nested if nested else child.spawn_flat
        self._nested = nested
        self._count = 0
        self._lines: dict[int, socket.socket] = {}
        """By the process id that we see."""
        self._doomed: dict[int, float] = {}
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)

    def wanted(self) -> bool:
        return self._control is not None or bool(self._lines)

    def turn(self) -> None:
        """Wait for something to happen, and deal with it."""
        lines = {line.fileno(): pid for pid, line in self._lines.items()}
        doors = [self._control.fileno()] if self._control is not None else []
        ready, _, _ = select.select(
            [*doors, self._woken, *lines], [], [], PATIENCE / 4 if self._doomed else None
        )
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        self._kill_the_stubborn()
        self._reap()
        for fd in ready:
            if fd in lines:
                self._listen(lines[fd])
            elif fd in doors:
                self.receive()

    def receive(self) -> None:
        """One request. Without nesting it is our last: another sandbox takes the next one."""
        if self._control is None:
            return
        message, descriptors = receive_descriptors(self._control)
        if not message or not self._nested:
            self._control.close()
            self._control = None
        if message:
            self._answer(descriptors)

    def _answer(self, descriptors: list[int]) -> None:
        delivery = child.Delivery.of(descriptors)
        line = socket.socket(fileno=delivery.line)
        uid = confine.FIRST_UID + self._count % confine.UIDS if confine.is_root() else confine.STUDENT
        self._count += 1
        try:
            self._lines[self._spawn(delivery, self._run, uid)] = line
        except OSError as error:
            tell(line, error=f"{type(error).__name__}: {error}")
            line.close()
        finally:
            for fd in delivery.all() - {delivery.line}:
                os.close(fd)

    def _listen(self, pid: int) -> None:
        line = self._lines.get(pid)
        if line is None:  # reaped a moment ago
            return
        message = b""
        with suppress(OSError):
            message = line.recv(4096)
        if message:
            self._signal(pid, json.loads(message)["signal"])
        else:  # the harness is gone: nobody waits for this kernel any more
            self._signal(pid, signal.SIGKILL)
            line.close()
            del self._lines[pid]

    def _signal(self, pid: int, number: int) -> None:
        if number == signal.SIGKILL and self._nested:
            self._doomed.setdefault(pid, time.monotonic() + PATIENCE)
            number = signal.SIGTERM
        send = os.kill if self._nested else os.killpg
        with suppress(ProcessLookupError):
            send(pid, number)

    def _kill_the_stubborn(self) -> None:
        for pid in [pid for pid, deadline in self._doomed.items() if time.monotonic() > deadline]:
            del self._doomed[pid]
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._doomed.pop(pid, None)
            line = self._lines.pop(pid, None)
            if line is not None:
                cpu = usage.ru_utime + usage.ru_stime
                code = os.waitstatus_to_exitcode(status)
                tell(line, exit=128 - code if code < 0 else code, cpu=cpu, max_rss=usage.ru_maxrss << 10)
                line.close()


def receive_descriptors(control: socket.socket) -> tuple[bytes, list[int]]:
    found = array.array("i")
    message, ancillary, _, _ = control.recvmsg(4096, socket.CMSG_SPACE(MOST_DESCRIPTORS * found.itemsize))
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return message, list(found)
