"""A warm process that forks a confined kernel for each request. It is the first program in the sandbox.

It never reads a request: it passes the descriptors on to the fork, which does.
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
"""Seconds that process 1 of a kernel has to end the kernel before both are killed."""


def warm_up(modules: Iterable[str], load_all: Callable[[], None]) -> None:
    """Import what notebooks use, including the assignment's `modules`, and our own code by `load_all`."""
    warm.warm_up(modules, load_all)
    require_one_thread()


def serve(run: child.Run, control: int, status: int, *, nested: bool) -> None:
    """Answer requests on `control` until the grader has ended; without `nested`, one request only.

    A request is a datagram with the descriptors of `child.Delivery`. We report on `status` when we are ready, and
    without `nested` when we have taken our only request.
    """
    harness = socket.socket(fileno=status)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    send_message(harness, ready=True)
    server = Server(run, socket.socket(fileno=control), nested=nested)
    if not nested:
        linux.prctl(linux.PR_SET_DUMPABLE, 0)  # the kernel may run as the same user and must not inspect us
        server.receive()
        send_message(harness, taken=True)
    while server.wanted():
        server.turn()


def require_one_thread() -> None:
    """Only the forking thread survives in the child, and locks held by other threads would stay locked."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise RuntimeError(f"only a process with one thread can be forked; the imports started {threads}")


def send_message(harness: socket.socket, **message: Any) -> None:
    with suppress(OSError):
        harness.send(json.dumps(message).encode())


class Server:
    """The running kernels, each with a line: its socket to the grader."""

    def __init__(self, run: child.Run, control: socket.socket, *, nested: bool) -> None:
        self._run = run
        self._control: socket.socket | None = control
        self._spawn: Callable[..., int] = child.spawn_nested if nested else child.spawn_flat
        self._nested = nested
        self._count = int.from_bytes(os.urandom(2))
        """Begins anywhere: what kernels of one user use is counted together, also those of other warm processes."""
        self._lines: dict[int, socket.socket] = {}
        """Keyed by process id, as seen from here."""
        self._terminated: dict[int, float] = {}
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)

    def wanted(self) -> bool:
        return self._control is not None or bool(self._lines)

    def turn(self) -> None:
        """Wait for an event and handle it."""
        lines = {line.fileno(): pid for pid, line in self._lines.items()}
        controls = [self._control.fileno()] if self._control is not None else []
        ready, _, _ = select.select(
            [*controls, self._woken, *lines], [], [], PATIENCE / 4 if self._terminated else None
        )
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        self._kill_overdue()
        self._reap()
        for fd in ready:
            if fd in lines:
                self._handle_line(lines[fd])
            elif fd in controls:
                self.receive()

    def receive(self) -> None:
        """Take one request. Without nesting it is our only one: another sandbox takes the next."""
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
            send_message(line, error=f"{type(error).__name__}: {error}")
            line.close()
        finally:
            for fd in delivery.all() - {delivery.line}:
                os.close(fd)

    def _handle_line(self, pid: int) -> None:
        line = self._lines.get(pid)
        if line is None:  # reaped a moment ago
            return
        message = b""
        with suppress(OSError):
            message = line.recv(4096)
        if message:
            self._signal(pid, json.loads(message)["signal"])
        else:  # the grader has ended: nobody needs this kernel any more
            self._signal(pid, signal.SIGKILL)
            line.close()
            del self._lines[pid]

    def _signal(self, pid: int, number: int) -> None:
        if number == signal.SIGKILL and self._nested:
            self._terminated.setdefault(pid, time.monotonic() + PATIENCE)
            number = signal.SIGTERM
        send = os.kill if self._nested else os.killpg
        with suppress(ProcessLookupError):
            send(pid, number)

    def _kill_overdue(self) -> None:
        for pid in [pid for pid, deadline in self._terminated.items() if time.monotonic() > deadline]:
            del self._terminated[pid]
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
            self._terminated.pop(pid, None)
            line = self._lines.pop(pid, None)
            if line is not None:
                cpu = usage.ru_utime + usage.ru_stime
                code = os.waitstatus_to_exitcode(status)
                send_message(
                    line, exit=128 - code if code < 0 else code, cpu=cpu, max_rss=usage.ru_maxrss << 10
                )
                line.close()


def receive_descriptors(control: socket.socket) -> tuple[bytes, list[int]]:
    found = array.array("i")
    message, ancillary, _, _ = control.recvmsg(4096, socket.CMSG_SPACE(MOST_DESCRIPTORS * found.itemsize))
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return message, list(found)
