"""The three forks that lead from the warm process to a student's kernel.

    zygote ── A: enters namespaces, then ends ── B: process 1 in them, confined ── C: the kernel, process 2

B is trusted code, but as powerless as C: it forwards interrupts, takes the kernel down, and tells its exit code.
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
    from collections.abc import Callable, Mapping, Sequence

    Run = Callable[[Mapping[str, Any]], None]

FAILED, CRASHED = 70, 71
SOCKETS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The descriptors of one request, in the order in which they are sent."""

    line: int
    """To the harness: birth, signals, exit. The kernel's life hangs on it."""
    letter: int
    sockets: tuple[int, ...]
    evidence: int
    log: int
    support: int | None

    @classmethod
    def of(cls, descriptors: Sequence[int]) -> Delivery:
        line, letter, *rest = descriptors
        sockets, (evidence, log, *support) = rest[:SOCKETS], rest[SOCKETS:]
        return cls(
            line=line,
            letter=letter,
            sockets=tuple(sockets),
            evidence=evidence,
            log=log,
            support=support[0] if support else None,
        )

    def all(self) -> set[int]:
        given = {self.line, self.letter, *self.sockets, self.evidence, self.log, self.support}
        return given - {None}  # type: ignore[return-value]

    def read_letter(self) -> dict[str, Any]:
        with os.fdopen(self.letter, "rb") as file:
            letter: dict[str, Any] = json.load(file)
        numbers = {"sockets": self.sockets, "evidence": self.evidence, "support": self.support}
        return letter | numbers


def spawn_nested(delivery: Delivery, run: Run, uid: int) -> int:
    """Fork a kernel in namespaces of its own; the process id of B."""
    reader, writer = os.pipe()
    a = os.fork()
    if a == 0:
        keep_only({*delivery.all(), writer})
        guarded(delivery.line, lambda: be_a(delivery, run, uid, writer))
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(a, 0)
    if not told:
        raise OSError("no namespaces for the kernel")
    return int(told)


def spawn_flat(delivery: Delivery, run: Run, uid: int) -> int:
    """Fork a kernel where we are; for a sandbox that is used once. The kernel's process id."""
    pid = os.fork()
    if pid == 0:
        keep_only(delivery.all())
        guarded(delivery.line, lambda: be_alone(delivery, run, uid))
    return pid


def be_a(delivery: Delivery, run: Run, uid: int, writer: int) -> None:
    reset_signals()
    confine.enter_namespaces()
    b = os.fork()
    if b:
        os.write(writer, str(b).encode())
        os._exit(0)
    os.close(writer)
    guarded(delivery.line, lambda: be_b(delivery, run, uid))


def be_b(delivery: Delivery, run: Run, uid: int) -> None:
    be_silent()
    letter = delivery.read_letter()
    confine.own_files(letter["limits"], uid)
    confine.lock_down(letter["limits"], uid)
    os.setsid()
    announce(delivery.line)
    c = os.fork()
    if c == 0:
        os.close(delivery.line)
        os.setsid()
        be_kernel(delivery, letter, run)
    keep_only(set())
    watch(c)


def be_alone(delivery: Delivery, run: Run, uid: int) -> None:
    reset_signals()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # unlike its parent, it may look at its own /proc
    letter = delivery.read_letter()
    confine.lock_down(letter["limits"], uid)
    os.setsid()
    announce(delivery.line)
    os.close(delivery.line)
    be_kernel(delivery, letter, run)


def announce(line: int) -> None:
    """Tell the harness that the kernel is confined, and how. It reads our process id off the message."""
    message = json.dumps({"born": confine.facts()}).encode()
    with socket.socket(fileno=os.dup(line)) as harness:
        harness.send(message)


def be_silent(output: int | None = None) -> None:
    """Standard streams that lead nowhere, or to `output`: ours may be files of the harness."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for target, source in enumerate((nowhere, *(2 * [nowhere if output is None else output]))):
        os.dup2(source, target)
    os.close(nowhere)


def be_kernel(delivery: Delivery, letter: Mapping[str, Any], run: Run) -> NoReturn:
    be_silent(output=delivery.log)
    os.close(delivery.log)
    os.chdir("/work")
    code = 0
    try:
        run(letter)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on in our caller's code
        traceback.print_exc(file=sys.__stderr__)
        code = CRASHED
    os._exit(code)


def watch(kernel: int) -> NoReturn:
    """Process 1's life: interrupts go on to the kernel, a termination kills it, its end is ours.

    Killing through here, and not by killing us, lets its use of the processor be counted.
    """
    signal.signal(signal.SIGINT, lambda *_: os.killpg(kernel, signal.SIGINT))
    signal.signal(signal.SIGTERM, lambda *_: os.kill(kernel, signal.SIGKILL))
    pid, status = 0, 0
    while pid != kernel:
        pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def guarded(line: int, life: Callable[[], None]) -> NoReturn:
    """A forked process must never return into its parent's code; why it failed goes to the harness."""
    try:
        life()
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
        if fd > 2 and fd not in wanted:  # the standard streams stay
            with suppress(OSError):  # the listing's own descriptor is gone already
                os.close(fd)
