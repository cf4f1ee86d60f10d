"""Work on what one student handed in, apart from everything else: a server that forks for each request.

The server is ours and has a single thread. It loads once what every request needs, and forks for each one; the fork
has limits of its own. Whatever happens in it (an endless loop, no memory left, a crash) is an `Unanswered` here,
and leaves nothing behind for the next request.
"""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import os
import pickle
import signal
import threading
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from grader.errors import GraderError, HarnessError, UsageError
from grader.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Request = TypeVar("Request")
Answer = TypeVar("Answer")

LARGEST = 64 * MIB
"""Of an answer, in bytes."""
EXHAUSTED = {-getattr(signal, name, signal.SIGABRT) for name in ("SIGABRT", "SIGSEGV", "SIGBUS")}
"""How a process ends that has no memory left, or no stack: libraries in C and Rust give up."""
CHILDREN = threading.Lock()
"""multiprocessing keeps track of its children without a lock: starting one process while closing another could use
a descriptor twice."""
_MEMORY = Path("/proc/self/statm")


class Unanswered(GraderError):  # noqa: N818 - it is no error of anybody's: a hand-in was too much
    """A request that its fork did not answer."""

    def __init__(self, why: str, *, exhausted: bool = False, lasting: bool = False) -> None:
        super().__init__(why)
        self.exhausted = exhausted
        """It needs more time or memory than it is given."""
        self.lasting = lasting
        """The same request would fail again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[Request, Answer]):
    """What a server does for each request, and what one request may use."""

    answer: Callable[[Request], Answer]
    doing: str
    """What that is called at the beginning of a sentence: `Judging`."""
    seconds: float
    """Of processor time."""
    wall: float
    memory: int
    """Bytes beyond those that the server has already."""


class Server(Generic[Request, Answer]):
    """A context manager: `ask(request)` gives the answer. The process starts with the first request, or before it.

    Args:
        prepare: gives the service in the server's process, as a context manager; importable there.
        arguments: what it is called with.
        method: how the process is started; `spawn` where the parent of all workers is not yet set up.
    """

    def __init__(
        self,
        prepare: Callable[..., AbstractContextManager[Service[Request, Answer]]],
        *arguments: Any,
        method: str = "forkserver",
    ) -> None:
        self._what = prepare, arguments
        self._method = method
        self._end = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    @cached_property
    def _pipe(self) -> Connection:
        """To the server, which is ready by then."""
        context: Any = multiprocessing.get_context(self._method)
        ours: Connection
        ours, theirs = context.Pipe()
        server = context.Process(target=_serve, args=(theirs, *self._what), daemon=False)
        with CHILDREN:
            server.start()
        theirs.close()
        self._end.callback(_end, ours, server)
        try:
            refusal: Exception | None = ours.recv()
        except (EOFError, OSError) as error:
            raise _gone(error) from error
        if refusal is not None:
            raise refusal
        return ours

    def start(self) -> None:
        """Have the server get ready while there is nothing to ask yet. Raises what `prepare` does."""
        _ = self._pipe

    def ask(self, request: Request) -> Answer:
        """What the service answers.

        A server that was killed, for example because memory ran out, is started once more.

        Raises:
            Unanswered: this request was too much for it, or the server died of it twice.
            UsageError: the service itself raised it.
            HarnessError: the server can't be started.
        """
        said = self._said(request) or self._said(request)
        if said is None:
            raise Unanswered("One of the grader's own processes was killed; run the same command again.")
        answer: Answer = _unpacked(said)
        return answer

    def _said(self, request: Request) -> bytes | None:
        """The packed answer; None if the server is gone. Then the next request starts another one."""
        pipe = self._pipe
        try:
            pipe.send(request)
            return pipe.recv_bytes()
        except (EOFError, OSError):
            self._end.close()
            del self._pipe
            return None


def apart(service: Service[Request, Answer], request: Request) -> Answer:
    """The answer of a fork of this process, which must have a single thread. Raises as `Server.ask` does."""
    with _Fork(service) as fork:
        answer: Answer = _unpacked(fork.ask(ForkingPickler.dumps(request)))
    return answer


def _gone(error: Exception) -> HarnessError:
    return HarnessError(
        f"One of the grader's own processes ended unexpectedly ({error!r}). Run the same command again; if it "
        "happens again, this machine may be short of memory."
    )


def _end(pipe: Connection, server: BaseProcess) -> None:
    """Let it see that nobody asks any more, and be gone."""
    pipe.close()
    server.join(5)
    if server.is_alive():
        server.kill()
    with CHILDREN:
        server.join()


def _serve(
    pipe: Connection,
    prepare: Callable[..., AbstractContextManager[Service[Any, Any]]],
    arguments: tuple[Any, ...],
) -> None:
    """Say that all is ready, or why it is not; then answer requests until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    with contextlib.ExitStack() as stack, contextlib.suppress(EOFError, OSError):
        # The caller is gone, or no process could be started: then it starts another server.
        try:
            service = stack.enter_context(prepare(*arguments))
        except Exception as error:  # noqa: BLE001 - becomes the caller's
            pipe.send(error)
            return
        pipe.send(None)
        _answer_all(pipe, service)


def _answer_all(pipe: Connection, service: Service[Any, Any]) -> NoReturn:
    gc.collect()
    gc.freeze()  # else the first collection in each fork would touch, and so copy, every page
    while True:
        with _Fork(service, pipe) as fork:  # before anybody asks: nobody waits for it
            pipe.send_bytes(fork.ask(pipe.recv_bytes()))


class _Fork:
    """A context manager: a copy of this process that answers the one request it is sent."""

    def __init__(self, service: Service[Any, Any], *inherited: Connection) -> None:
        context = multiprocessing.get_context("fork")
        self._service = service
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_answer_one, args=(service, theirs, self._pipe, *inherited))
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def ask(self, request: bytes | memoryview) -> bytes:
        """The packed answer, but do not wait for ever."""
        try:
            self._pipe.send_bytes(request)
            if not self._pipe.poll(self._service.wall):
                return _packed(_stalled(self._service))
            return self._pipe.recv_bytes(LARGEST)
        except (EOFError, OSError):
            self._process.join(1)
            return _packed(_how(self._process.exitcode, self._service))


def _how(code: int | None, service: Service[Any, Any]) -> Unanswered:
    """What the end of a fork says that did not answer."""
    if code == -signal.SIGXCPU:
        return _too_long(service)
    if code in EXHAUSTED:
        return _too_much(service)
    return Unanswered(f"{service.doing} ended without an answer.")


def _too_long(service: Service[Any, Any]) -> Unanswered:
    return Unanswered(
        f"{service.doing} took longer than {service.seconds:.0f} s.", exhausted=True, lasting=True
    )


def _stalled(service: Service[Any, Any]) -> Unanswered:
    """It waited for something: for a busy machine or a slow disk, and may not wait again."""
    return Unanswered(f"{service.doing} had not ended after {service.wall:.0f} s.", exhausted=True)


def _too_much(service: Service[Any, Any]) -> Unanswered:
    return Unanswered(
        f"{service.doing} took more than {service.memory // MIB} MiB of memory.", exhausted=True, lasting=True
    )


def _answer_one(service: Service[Any, Any], pipe: Connection, *inherited: Connection) -> None:
    for end in inherited:
        end.close()  # else nobody would see that the parent is gone
    gc.disable()  # this process ends before garbage counts
    try:
        request = pipe.recv()
    except EOFError:  # the server was killed
        os._exit(0)
    _limit(service)
    try:
        said = _packed(service.answer(request))
        if len(said) > LARGEST:
            said = _packed(_too_much(service))
    except UsageError as error:
        said = _packed(error)
    except (MemoryError, RecursionError):
        said = _packed(_too_much(service))
    except Exception as error:  # noqa: BLE001 - becomes the caller's
        lasting = not isinstance(error, OSError)
        said = _packed(Unanswered(f"{type(error).__name__}: {error}", lasting=lasting))
    with contextlib.suppress(ConnectionError):  # whoever asked was killed
        pipe.send_bytes(said)
    os._exit(0)


def _limit(service: Service[Any, Any]) -> None:
    import resource  # noqa: PLC0415 - Windows, where nothing forks, has none

    seconds = math.ceil(service.seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # processor time: others may be busy
    if _MEMORY.exists():
        # Not the address space: torch alone maps several GiB that nobody uses.
        held = int(_MEMORY.read_text(encoding="ascii").split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = held + service.memory
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _packed(answer: Any) -> bytes:
    return bytes(ForkingPickler.dumps(answer))


def _unpacked(said: bytes) -> Any:
    answer = pickle.loads(said)  # noqa: S301 - a fork of our own packed it
    if isinstance(answer, Exception):
        raise answer
    return answer
