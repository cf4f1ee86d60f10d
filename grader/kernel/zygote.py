"""Warm processes in a sandbox: the grading process keeps one ready, and all its workers share them.

All requests go through one datagram socket, whichever worker sends them and whichever warm process reads them.
We keep both ends open, so a request without a reader waits until the next warm process is ready.
"""

from __future__ import annotations

import array
import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import psutil

from grader.errors import HarnessError
from grader.kernel import handover
from grader.kernel.interface import Death
from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from grader.kernel.handover import Descriptors

START = 120.0
"""Seconds until a warm process must be ready, even on a slow and busy laptop."""
ANSWER = 150.0
"""Seconds that a request may wait: long enough for a new warm process to start."""
PAUSE = 0.2
"""Seconds between two attempts to send a request."""
ATTEMPTS = 3
"""How many warm processes in a row may die without serving a request before we give up."""


class Zygotes:
    """Keeps one warm process ready inside its `with` block.

    `command` turns two descriptors, of the request socket and of the status socket, into the command to start and
    the open files that it needs.
    """

    def __init__(self, command: Callable[[int, int], tuple[list[str], list[BinaryIO]]]) -> None:
        self.control, self._served = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._command = command
        self._wake, self._woken = socket.socketpair()
        self._living: dict[int, Zygote] = {}
        """Keyed by the descriptor of the status socket."""
        self._failures = 0
        self._changed = threading.Condition()
        self._ready = False
        self._why = ""
        self._thread = threading.Thread(target=self._keep, name="zygotes", daemon=True)

    def __enter__(self) -> Self:
        # bwrap dies with the thread that started it, so one long-lived thread starts them all.
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.close()
        self._thread.join()
        for end in (self.control, self._served, self._woken):
            end.close()

    def wait(self) -> None:
        """Wait until one is ready. Raises `HarnessError` with its output if none starts here."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ready or bool(self._why), START):
                raise HarnessError("the sandbox did not start in time")
            if self._why:
                raise HarnessError(f"the sandbox does not start here: {self._why}")

    def _keep(self) -> None:
        try:
            self._start()
            while self._woken not in (ready := self._select()):
                for status in ready:
                    self._handle_message(self._living[status.fileno()])
        finally:
            for zygote in self._living.values():
                zygote.end()

    def _select(self) -> list[socket.socket]:
        sockets = [self._woken, *(zygote.status for zygote in self._living.values())]
        return select.select(sockets, [], [])[0]

    def _handle_message(self, zygote: Zygote) -> None:
        message = zygote.receive()
        if "ready" in message:
            self._failures = 0
            self._set_state(ready=True)
        elif "taken" in message:
            self._start()
        elif not message:
            del self._living[zygote.status.fileno()]
            self._replace(zygote)

    def _replace(self, zygote: Zygote) -> None:
        why = zygote.end()
        if zygote.taken:
            return
        self._failures += 1
        if self._failures < ATTEMPTS:
            self._start()
        else:
            self._set_state(why=why or "no reason given")

    def _start(self) -> None:
        try:
            zygote = Zygote(self._command, self._served)
        except OSError as error:
            self._set_state(why=str(error))
        else:
            self._living[zygote.status.fileno()] = zygote

    def _set_state(self, *, ready: bool = False, why: str = "") -> None:
        with self._changed:
            self._ready, self._why = ready or self._ready, why
            self._changed.notify_all()


class Zygote:
    """One sandbox with its warm process."""

    def __init__(
        self,
        command: Callable[[int, int], tuple[list[str], list[BinaryIO]]],
        served: socket.socket,
    ) -> None:
        self.taken = False
        self._log = handover.fixed_file(handover.LOG_SIZE)
        self.status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words, files = command(served.fileno(), theirs.fileno())
        try:
            self._process = subprocess.Popen(
                words,
                pass_fds=[served.fileno(), theirs.fileno(), *(file.fileno() for file in files)],
                env={"PATH": os.environ.get("PATH", os.defpath)},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,  # Ctrl-C is for us; it must not end the running kernels
            )
        except OSError:
            self.status.close()
            self._log.close()
            raise
        finally:
            theirs.close()
            for file in files:
                file.close()

    def receive(self) -> dict[str, Any]:
        """Its next message; empty if it is dead. It may have been compromised: rely only on the keys."""
        with suppress(OSError, ValueError):
            message = json.loads(self.status.recv(4096) or b"{}")
            if isinstance(message, dict):
                self.taken = self.taken or "taken" in message
                return message
        return {}

    def end(self) -> str:
        """Kill it and everything that runs in it. Returns the end of its output."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.status.close()
        with self._log:
            self._log.seek(0)
            written = self._log.read(handover.LOG_SIZE).rstrip(b"\0").decode(errors="replace").strip()
        return written[-1000:]


class ForkedProcess:
    """A kernel that a warm process forked. `line` is the socket that connects us to it."""

    def __init__(self, line: socket.socket, pid: int, restrictions: dict[str, Any], *, shared: bool) -> None:
        self.pid = pid if shared else _parent(pid)
        """The id of process 1 of its namespace, or of the warm process if that serves this kernel only."""
        self.restrictions = restrictions
        self._line = line
        self._shared = shared
        self._death: Death | None = None
        self._lock = threading.Lock()
        line.setblocking(False)

    def poll(self) -> Death | None:
        with self._lock:
            if self._death is None:
                with suppress(BlockingIOError):
                    self._death = self._receive_exit()
                    self._line.close()
            return self._death

    def _receive_exit(self) -> Death:
        """How it ended. Raises `BlockingIOError` while it is alive."""
        try:
            message = json.loads(self._line.recv(4096) or b"{}")
        except ConnectionError:
            message = {}
        if "exit" in message:
            return Death(code=message["exit"], cpu_seconds=message["cpu"], max_rss=message["max_rss"])
        if self._shared:
            detail = "the sandbox died while the kernel was running; run this notebook again"
            return Death(code=137, ending=Ending.BROKEN, detail=detail)
        return Death(code=137)

    def signal(self, number: int) -> None:
        with self._lock, suppress(OSError):
            if self._death is None:
                self._line.send(json.dumps({"signal": int(number)}).encode())

    def kill(self) -> None:
        self.signal(signal.SIGKILL)


def _parent(pid: int) -> int:
    """The parent of a process; of one that has died already, which `poll` will say, its own id."""
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        return pid


def request_kernel(
    control: socket.socket, request: BinaryIO, descriptors: Descriptors, *, shared: bool
) -> ForkedProcess:
    """Have a warm process fork a kernel, with one retry. Raises `HarnessError` if it cannot."""
    try:
        return request_kernel_once(control, request, descriptors, shared=shared)
    except ConnectionError:  # it died after reading our request
        request.seek(0)
        return request_kernel_once(control, request, descriptors, shared=shared)


def request_kernel_once(
    control: socket.socket, request: BinaryIO, descriptors: Descriptors, *, shared: bool
) -> ForkedProcess:
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with theirs:
        pass_on(control, [theirs.fileno(), request.fileno(), *descriptors.all()])
    try:
        message, pid = receive_start(line)
    except BaseException:
        line.close()
        raise
    if "confined" in message:
        return ForkedProcess(line, pid, message["confined"], shared=shared)
    line.close()
    raise HarnessError(f"the sandbox could not start a kernel: {message.get('error', 'no reason given')}")


def pass_on(control: socket.socket, numbers: Sequence[int]) -> None:
    """Send descriptors, once there is room for more of this user's on their way.

    A kernel of the same user can keep so many under way that nobody may send another, until it ends.
    """
    deadline = time.monotonic() + ANSWER
    while True:
        try:
            control.sendmsg([b"kernel"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers))])
        except OSError as error:
            if error.errno != errno.ETOOMANYREFS or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
        else:
            return


def receive_start(line: socket.socket) -> tuple[dict[str, Any], int]:
    """The message that the new kernel's process 1 sends before any student code runs, and its id as we see it."""
    line.settimeout(ANSWER)
    credentials = struct.Struct("3i")
    try:
        message, ancillary, _, _ = line.recvmsg(4096, socket.CMSG_SPACE(credentials.size))
    except TimeoutError:
        raise HarnessError(f"the sandbox did not answer within {ANSWER:.0f} s") from None
    if not message:
        raise ConnectionResetError("the warm process died")
    pid, _, _ = credentials.unpack(ancillary[0][2])
    return json.loads(message), pid
