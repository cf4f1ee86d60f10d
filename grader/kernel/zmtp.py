"""One connection to a kernel in ZeroMQ's protocol, ZMTP 3.0 (https://rfc.zeromq.org/spec/23).

libzmq keeps the frames of a message until the last one is there, however many they are: a message that never ends
would fill our memory. Here each frame is counted as soon as its size is known, before its body is read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Protocol

    class Counter(Protocol):
        closed: bool

        def count(self, size: int, *, last: bool) -> None: ...

        def refuse(self, detail: str) -> None: ...


GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4
READY = b"\x05READY"
SHORT = 256
QUEUED = 1000
"""Messages that wait to be read; while there are more, the kernel has to wait as well."""


def frame(body: bytes, flags: int = 0) -> bytes:
    if len(body) < SHORT:
        return bytes([flags, len(body)]) + body
    return bytes([flags | LONG]) + len(body).to_bytes(8) + body


class Connection(asyncio.Protocol):
    """Our end of a connection: `kind` is SUB or DEALER, and `counter` is told of every frame that arrives."""

    def __init__(self, kind: str, counter: Counter) -> None:
        self._counter = counter
        self._ready = READY + b"\x0bSocket-Type" + len(kind).to_bytes(4) + kind.encode()
        self._unsent: list[bytes] | None = [frame(b"\x01")] if kind == "SUB" else []
        """What waits until the kernel is ready for it; a first byte of 1 subscribes to every topic."""
        self._messages: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self._data = bytearray()
        self._parser = self._parse()
        self._wanted = next(self._parser)

    async def receive(self) -> list[bytes]:
        """The frames of the next message."""
        message = await self._messages.get()
        if self._messages.qsize() < QUEUED:
            self._transport.resume_reading()
        return message

    def send_multipart(self, frames: Sequence[bytes], **_: object) -> None:
        """Named as in pyzmq, for jupyter's `Session.send`."""
        flags = [MORE] * (len(frames) - 1) + [0]
        data = b"".join(map(frame, frames, flags))
        if self._unsent is None:
            self._transport.write(data)
        else:
            self._unsent.append(data)

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while len(self._data) >= self._wanted and not self._counter.closed:
            piece = bytes(self._data[: self._wanted])
            del self._data[: self._wanted]
            self._wanted = self._parser.send(piece)
        if self._counter.closed:
            self._data.clear()
            self.close()

    def _parse(self) -> Generator[int, bytes, None]:
        """Yields how many bytes it needs next, and is sent them."""
        greeting = yield len(GREETING)
        if (greeting[0], greeting[9]) != (0xFF, 0x7F) or greeting[10] < GREETING[10]:
            self._counter.refuse("it does not speak ZeroMQ's protocol")
        self._transport.write(frame(self._ready, COMMAND))
        message: list[bytes] = []
        while True:
            flags, size = yield 2
            if flags & LONG:
                size = int.from_bytes(bytes([size]) + (yield 7))
            last = not flags & (MORE | COMMAND)
            self._counter.count(size, last=last)
            body = yield size
            if flags & COMMAND:
                self._obey(body)
                continue
            message.append(body)
            if last:
                self._deliver(message)
                message = []

    def _obey(self, command: bytes) -> None:
        if command.startswith(READY) and self._unsent is not None:
            self._transport.write(b"".join(self._unsent))
            self._unsent = None

    def _deliver(self, message: list[bytes]) -> None:
        self._messages.put_nowait(message)
        if self._messages.qsize() >= QUEUED:
            self._transport.pause_reading()
