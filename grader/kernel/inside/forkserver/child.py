"""The three forks that lead from the warm process to a student's kernel.

    warm process ── intermediate: enters namespaces, then ends
                      └─ supervisor: process 1 in them, confined
                           └─ kernel: process 2

The supervisor runs trusted code, but with as few privileges as the kernel: it forwards interrupts, kills the
kernel on request, and reports its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import confine, linux

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Run = Callable[[dict[str, Any]], None]

FAILED, CRASHED = 70, 71
SOCKETS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The descriptors of one request, in the order in which they are sent."""

    line: int
    """The socket to the grader: start, signals, exit. When it closes, the kernel is killed."""
    request: int
    sockets: tuple[int, ...]
    evidence: int
    log: int
    support: int | None

    @classmethod
    def of(cls, descriptors: Sequence[int]) -> Delivery:
        line, request, *rest = descriptors
        sockets, (evidence, log, *support) = rest[:SOCKETS], rest[SOCKETS:]
        return cls(
            line=line,
            request=request,
            sockets=tuple(sockets),
            evidence=evidence,
            log=log,
            support=support[0] if support else None,
        )

    def all(self) -> set[int]:
        given = {self.line, self.request, *self.sockets, self.evidence, self.log, self.support}
        return given - {None}  # type: ignore[return-value]

    def read_request(self) -> dict[str, Any]:
        """The request, with the descriptors as they are numbered in this process."""
        with os.fdopen(self.request, "rb") as file:
            request: dict[str, Any] = json.load(file)
        numbers = {"sockets": self.sockets, "evidence": self.evidence, "support": self.support}
        return request | numbers


def spawn_nested(delivery: Delivery, run: Run, uid: int) -> int:
    """Fork a kernel in namespaces of its own. Returns the process id of its supervisor."""
    reader, writer = os.pipe()
    intermediate = os.fork()
    if intermediate == 0:
        keep_only({*delivery.all(), writer})
        guarded(delivery.line, lambda: enter_namespaces(delivery, run, uid, writer))
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        supervisor = pipe.read()
    os.waitpid(intermediate, 0)
    if not supervisor:
        raise OSError("the kernel could not enter its namespaces")
    return int(supervisor)


def spawn_flat(delivery: Delivery, run: Run, uid: int) -> int:
    """Fork a kernel in our own namespaces, for a sandbox that is used once. Returns the kernel's process id."""
    pid = os.fork()
    if pid == 0:
        keep_only(delivery.all())
        guarded(delivery.line, lambda: run_unnested(delivery, run, uid))
    return pid


def enter_namespaces(delivery: Delivery, run: Run, uid: int, writer: int) -> None:
    """Run as the intermediate process: its next fork is process 1 of the new namespaces."""
    reset_signals()
    confine.enter_namespaces()
    supervisor = os.fork()
    if supervisor:
        os.write(writer, str(supervisor).encode())
        os._exit(0)
    os.close(writer)
    guarded(delivery.line, lambda: supervise(delivery, run, uid))


def supervise(delivery: Delivery, run: Run, uid: int) -> None:
    """Run as the supervisor: confine this process, then start the kernel and wait for it."""
    redirect_streams()
    request = delivery.read_request()
    confine.own_files(request["limits"], uid)
    confine.lock_down(request["limits"], uid)
    os.setsid()
    announce(delivery.line)
    kernel = os.fork()
    if kernel == 0:
        os.close(delivery.line)
        os.setsid()
        run_kernel(delivery, request, run)
    keep_only(set())
    wait_for(kernel)


def run_unnested(delivery: Delivery, run: Run, uid: int) -> None:
    reset_signals()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # unlike its parent, it may read its own /proc entry
    request = delivery.read_request()
    confine.limit_inodes()
    confine.lock_down(request["limits"], uid)
    os.setsid()
    announce(delivery.line)
    os.close(delivery.line)
    run_kernel(delivery, request, run)


def announce(line: int) -> None:
    """Report to the grader that the kernel is confined, and how. The message carries our process id."""
    message = json.dumps({"confined": confine.restrictions()}).encode()
    with socket.socket(fileno=os.dup(line)) as harness:
        harness.send(message)


def redirect_streams(output: int | None = None) -> None:
    """Discard the standard streams, or send them to `output`: the inherited ones may be files of the grader."""
    discard = os.open(os.devnull, os.O_RDWR)
    for target, source in enumerate((discard, *(2 * [discard if output is None else output]))):
        os.dup2(source, target)
    os.close(discard)


def run_kernel(delivery: Delivery, request: dict[str, Any], run: Run) -> NoReturn:
    redirect_streams(output=delivery.log)
    os.close(delivery.log)
    os.chdir("/work")
    code = 0
    try:
        run(request)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever happened, this process must not return to our caller
        traceback.print_exc(file=sys.__stderr__)
        code = CRASHED
    os._exit(code)


def wait_for(kernel: int) -> NoReturn:
    """Forward interrupts to the kernel, kill it when told to terminate, and end when it does.

    If we were killed instead, the processor time that the kernel used could not be counted.
    """
    signal.signal(signal.SIGINT, lambda *_: os.killpg(kernel, signal.SIGINT))
    signal.signal(signal.SIGTERM, lambda *_: os.kill(kernel, signal.SIGKILL))
    pid, status = 0, 0
    while pid != kernel:
        pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def guarded(line: int, body: Callable[[], None]) -> NoReturn:
    """Run `body`, then exit: a forked process must never return to its parent's code. Errors go to the grader."""
    try:
        body()
    except BaseException as error:  # noqa: BLE001
        with socket.socket(fileno=line) as harness:
            harness.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
    os._exit(FAILED)


def reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def keep_only(wanted: set[int]) -> None:
    for entry in list(Path("/proc/self/fd").iterdir()):
        fd = int(entry.name)
        if fd > 2 and fd not in wanted:  # keep the standard streams
            with suppress(OSError):  # the descriptor of this listing is already closed
                os.close(fd)
