"""Warm processes in a sandbox, kept ready by the process that grades, shared by the workers it starts.

Requests go through one datagram socket, whichever worker sends them and whichever warm process reads them. We
keep both ends, so a request that finds no reader waits until the next warm process is up.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import psutil

from grader.errors import HarnessError
from grader.kernel import handover as birth
from grader.kernel.interface import Death
from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from grader.kernel.handover import Descriptors

START = 120.0
"""Seconds that a warm process may take until it is ready, on a slow and busy laptop."""
ANSWER = 150.0
"""Seconds that a request may wait: long enough for a new warm process."""
ATTEMPTS = 3
"""Warm processes that may die one after the other without serving, before we give up."""


class Zygotes:
    """Keeps one warm process ready, from `with` to its end. `command` gets the descriptors to mention."""

    def __init__(self, command: Callable[[int, int], tuple[list[str], list[BinaryIO]]]) -> None:
        self.control, self._served = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._command = command
        self._wake, self._woken = socket.socketpair()
        self._living: dict[int, Zygote] = {}
        """By the descriptor of its status socket."""
        self._failures = 0
        self._changed = threading.Condition()
        self._ready = False
        self._why = ""
        self._thread = threading.Thread(target=self._keep, name="zygotes", daemon=True)

    def __enter__(self) -> Self:
        # bwrap dies with the thread that started it, so one thread starts them all and stays.
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.close()
        self._thread.join()
        for end in (self.control, self._served, self._woken):
            end.close()

    def wait(self) -> None:
        """Until one is ready. Raises `HarnessError` with what it wrote if none starts here."""
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
                    self._hear(self._living[status.fileno()])
        finally:
            for zygote in self._living.values():
                zygote.end()

    def _select(self) -> list[socket.socket]:
        sockets = [self._woken, *(zygote.status for zygote in self._living.values())]
        return select.select(sockets, [], [])[0]

    def _hear(self, zygote: Zygote) -> None:
        message = zygote.hear()
        if "ready" in message:
            self._failures = 0
            self._say(ready=True)
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
            self._say(why=why or "no reason given")

    def _start(self) -> None:
        try:
            zygote = Zygote(self._command, self._served)
        except OSError as error:
            self._say(why=str(error))
        else:
            self._living[zygote.status.fileno()] = zygote

    def _say(self, *, ready: bool = False, why: str = "") -> None:
        with self._changed:
            self._ready, self._why = ready or self._ready, why
            self._changed.notify_all()


class Zygote:
    """One sandbox, from its start to its end."""

    def __init__(
        self,
        command: Callable[[int, int], tuple[list[str], list[BinaryIO]]],
        served: socket.socket,
    ) -> None:
        self.taken = False
        self._log = birth.fixed_file(birth.LOG_SIZE)
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
                start_new_session=True,  # Ctrl-C is for us; it must not take the running kernels away
            )
        except OSError:
            self.status.close()
            self._log.close()
            raise
        finally:
            theirs.close()
            for file in files:
                file.close()

    def hear(self) -> dict[str, Any]:
        """What it has to say; nothing if it is dead. It may have been taken over: believe only the keys."""
        with suppress(OSError, ValueError):
            message = json.loads(self.status.recv(4096) or b"{}")
            if isinstance(message, dict):
                self.taken = self.taken or "taken" in message
                return message
        return {}

    def end(self) -> str:
        """Kill it with all that runs in it; the last lines that it wrote."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.status.close()
        with self._log:
            self._log.seek(0)
            written = self._log.read(birth.LOG_SIZE).rstrip(b"\0").decode(errors="replace").strip()
        return written[-1000:]


class ForkedProcess:
    """A kernel that a warm process forked, at the other end of its line."""

    def __init__(self, line: socket.socket, pid: int, facts: dict[str, Any], *, shared: bool) -> None:
        self.pid = pid if shared else psutil.Process(pid).ppid()
        """Of process 1 of its namespace, or of the warm process if that is there for this kernel only."""
        self.facts = facts
        self._line = line
        self._shared = shared
        self._death: Death | None = None
        self._lock = threading.Lock()
        line.setblocking(False)

    def poll(self) -> Death | None:
        with self._lock:
            if self._death is None:
                with suppress(BlockingIOError):
                    self._death = self._last_words()
                    self._line.close()
            return self._death

    def _last_words(self) -> Death:
        """Raises `BlockingIOError` while it lives."""
        try:
            message = json.loads(self._line.recv(4096) or b"{}")
        except ConnectionError:
            message = {}
        if "exit" in message:
            return Death(code=message["exit"], cpu_seconds=message["cpu"], max_rss=message["max_rss"])
        if self._shared:
            detail = "the sandbox died under the kernel; run this notebook again"
            return Death(code=137, ending=Ending.BROKEN, detail=detail)
        return Death(code=137)

    def signal(self, number: int) -> None:
        with self._lock, suppress(OSError):
            if self._death is None:
                self._line.send(json.dumps({"signal": int(number)}).encode())

    def kill(self) -> None:
        self.signal(signal.SIGKILL)


def ask(control: socket.socket, letter: BinaryIO, descriptors: Descriptors, *, shared: bool) -> ForkedProcess:
    """Have a warm process fork a kernel. Raises `HarnessError` if it cannot; twice asked is enough."""
    try:
        return ask_once(control, letter, descriptors, shared=shared)
    except ConnectionError:  # it died with our request in its hands
        letter.seek(0)
        return ask_once(control, letter, descriptors, shared=shared)


def ask_once(
    control: socket.socket, letter: BinaryIO, descriptors: Descriptors, *, shared: bool
) -> ForkedProcess:
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with theirs:
        crossing = array.array("i", [theirs.fileno(), letter.fileno(), *descriptors.all()])
        control.sendmsg([b"kernel"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, crossing)])
    try:
        message, pid = first_words(line)
    except BaseException:
        line.close()
        raise
    if "born" in message:
        return ForkedProcess(line, pid, message["born"], shared=shared)
    line.close()
    raise HarnessError(f"the sandbox could not start a kernel: {message.get('error', 'no reason given')}")


def first_words(line: socket.socket) -> tuple[dict[str, Any], int]:
    """What the new kernel's process 1 says before any student code runs, and its process id as we see it."""
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
