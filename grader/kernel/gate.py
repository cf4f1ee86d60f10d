"""The gate between a kernel and the grader: it counts every byte and lets only well-formed messages through.

A student's code controls its kernel, the signing key and the sockets, so a message may contain anything.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.asynchronous.client import AsyncKernelClient

from grader.kernel.zmtp import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_client.session import Session

    from grader.limits import Limits

NOTICE = "[output cut]"
HEADERS = 1 << 16
"""The largest size, in bytes, of the frames around a message's content; genuine ones stay below 2 KB."""
FRAMES = 20
"""Messages have at most this many frames on average; genuine ones have seven."""
READ = 4
"""Content is parsed up to this multiple of the output kept per cell: a UTF-8 character has up to 4 bytes."""
MALFORMED = 100
"""More malformed messages than this cannot be an accident."""
STARTUP = 120.0
"""Seconds that a kernel may take to answer for the first time."""
PROBED = "probe_reply"
MOST_PAYLOADS = 20
DISPLAYS = ("display_data", "execute_result", "update_display_data")


class Gate:
    """Counts what came through and reacts when it is too much."""

    def __init__(self, limits: Limits, flooded: Callable[[str], None], forged: Callable[[str], None]) -> None:
        self.limits = limits
        self.bytes = self.messages = self.frames = self.malformed = 0
        self.read = 0
        """Messages that were taken from a connection: fewer than arrived while they wait to be read."""
        self.closed = False
        self._flooded = flooded
        self._forged = forged

    def count(self, size: int, *, last: bool) -> None:
        """Count a frame whose body is about to arrive; the `last` one completes a message."""
        self.bytes += size
        self.frames += 1
        self.messages += last
        most = self.limits.output_messages
        if self.bytes > self.limits.output_total or self.messages > most or self.frames > FRAMES * most:
            self._close(self._flooded, f"{self.bytes / 1e6:.0f} MB of output in {self.messages} messages")

    def count_malformed(self) -> None:
        self.malformed += 1
        if self.malformed > MALFORMED:
            self.refuse(f"{self.malformed} malformed messages")

    def refuse(self, detail: str) -> None:
        """Nothing that comes from this kernel can be read."""
        self._close(self._forged, detail)

    def _close(self, act: Callable[[str], None], detail: str) -> None:
        if not self.closed:
            self.closed = True
            act(detail)


def receive(session: Session, frames: Sequence[bytes], limit: int) -> dict[str, Any] | None:
    """The message in `frames`, sanitised; None if it is malformed or a notebook does not need it.

    Content over `limit` bytes is not even parsed: a short stub replaces it.
    """
    try:
        _, parts = session.feed_identities(list(frames))
        if sum(map(len, parts[:4])) > HEADERS:
            return None
        large = sum(map(len, parts[4:])) > limit
        message: dict[str, Any] = session.deserialize(parts, content=not large)
        if large:
            message["content"] = stub(message["msg_type"])
        return sanitise(message)
    except Exception:  # noqa: BLE001 - whatever goes wrong in the parser, the message is malformed
        return None


def stub(kind: str) -> dict[str, Any]:
    """The replacement for content that is too large to read."""
    match kind:
        case "stream":
            return {"name": "stdout", "text": f"{NOTICE}\n"}
        case "error" | "execute_reply":
            return {"status": "error", "ename": "Error", "evalue": NOTICE, "traceback": [NOTICE]}
        case _:
            return {"data": {"text/plain": NOTICE}, "metadata": {}}


def sanitise(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """A copy of `message` with only the fields that a notebook keeps, each of its proper type; None otherwise."""
    header, parent, content = message["header"], message["parent_header"], message["content"]
    if not (isinstance(header, dict) and isinstance(parent, dict) and isinstance(content, dict)):
        return None
    kind = header.get("msg_type")
    clean_fields = clean_content(kind, content) if isinstance(kind, str) else None
    if clean_fields is None:
        return None
    count = content.get("execution_count")
    if type(count) is int:
        clean_fields["execution_count"] = count
    return {
        "header": {"msg_type": kind, "msg_id": str(header.get("msg_id")), "date": None},
        "msg_type": kind,
        "msg_id": str(header.get("msg_id")),
        "parent_header": {"msg_id": parent.get("msg_id")} if isinstance(parent.get("msg_id"), str) else {},
        "metadata": {},
        "content": clean_fields,
        "buffers": [bytes(buffer) for buffer in message["buffers"]] if kind == PROBED else [],
    }


def clean_content(  # noqa: PLR0911 - a table: one line for each kind of message
    kind: str, content: Mapping[str, Any]
) -> dict[str, Any] | None:
    match kind, content:
        case "status", {"execution_state": str(state)}:
            return {"execution_state": state}
        case "stream", {"name": "stdout" | "stderr" as name, "text": str(text)}:
            return {"name": name, "text": clean(text)}
        case "error", {"ename": str(ename), "evalue": str(evalue), "traceback": list(lines)}:
            return {"ename": clean(ename), "evalue": clean(evalue), "traceback": texts(lines)}
        case (("display_data" | "execute_result" | "update_display_data"), {"data": dict(data)}):
            return {"data": clean_data(data), "metadata": {}, "transient": clean_transient(content)}
        case "clear_output", _:
            return {"wait": content.get("wait") is True}
        case "execute_input", _:
            return {}
        case "kernel_info_reply", {"protocol_version": str(version)}:
            return {"protocol_version": version}
        case "execute_reply", {"status": "ok" | "error" | "aborted" as status}:
            return {
                "status": status,
                "ename": clean(str(content.get("ename", ""))[:HEADERS]),
                "evalue": clean(str(content.get("evalue", ""))[:HEADERS]),
                "asks_exit": asks_exit(content.get("payload")),
                "defined": defined(content.get("payload")),
            }
        case "probe_reply", _:
            return {}
        case _:
            return None


def asks_exit(payload: Any) -> bool:
    """Whether a cell called `exit()` or `quit()`, after which its kernel ends."""
    match payload:
        case [*_, {"source": "ask_exit", "keepkernel": False}]:
            return True
        case _:
            return False


def defined(payload: Any) -> list[str]:
    """The names that a cell defined and that a probe can call, the first few."""
    for entry in payload[:MOST_PAYLOADS] if isinstance(payload, list) else ():
        match entry:
            case {"source": "probes", "names": [*names]}:
                return [name for name in names[:MOST_PAYLOADS] if isinstance(name, str)]
    return []


def clean_data(data: Mapping[str, Any]) -> dict[str, str]:
    """Text by MIME type. Nested JSON is left out: no report shows it, and deep nesting can do harm."""
    return {clean(mime): clean(value) for mime, value in data.items() if isinstance(value, str)}


def clean_transient(content: Mapping[str, Any]) -> dict[str, str]:
    match content.get("transient"):
        case {"display_id": str(name)}:
            return {"display_id": name}
        case _:
            return {}


def texts(lines: Sequence[Any]) -> list[str]:
    return [clean(line) for line in lines if isinstance(line, str)]


def clean(text: str) -> str:
    """`text` without lone surrogates, which JSON can contain and a UTF-8 file cannot."""
    return text.encode("utf-8", "replace").decode()


class GuardedChannel:
    """A channel that yields sanitised messages only."""

    def __init__(self, connection: Connection, session: Session, gate: Gate) -> None:
        self._connection = connection
        self._session = session
        self._gate = gate

    def send(self, message: dict[str, Any]) -> None:
        self._session.send(self._connection, message)  # type: ignore[arg-type]  # it only needs `send_multipart`

    def close(self) -> None:
        self._connection.close()

    async def get_msg(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - jupyter's signature
    ) -> dict[str, Any]:
        """The next message. Raises `Empty` after `timeout` seconds, even if others were dropped in between."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await asyncio.sleep(0)  # a flood of messages must not delay the deadlines
                    frames = await self._connection.receive()
                    self._gate.read += 1
                    message = self._sanitised(frames)
                    if message is not None:
                        return message
        except TimeoutError:
            raise Empty from None

    def _sanitised(self, frames: Sequence[bytes]) -> dict[str, Any] | None:
        if self._gate.closed:
            return None
        message = receive(self._session, frames, READ * self._gate.limits.output_cell)
        if message is None:
            self._gate.count_malformed()
        return message


class GuardedClient(AsyncKernelClient):
    """A kernel client behind a `Gate`, without heartbeat, stdin and control channels."""

    gate: Gate
    cell = 0
    """Index of the cell to send with the next request, so that hooks in the kernel know it."""

    async def open_channels(self) -> None:
        self._iopub_channel = await self._opened("SUB", "iopub")
        self._shell_channel = await self._opened("DEALER", "shell")

    async def _opened(self, kind: str, name: str) -> GuardedChannel:
        loop, url = asyncio.get_running_loop(), self._make_url(name)
        if self.transport == "ipc":
            connecting = loop.create_unix_connection(
                lambda: Connection(kind, self.gate), url.removeprefix("ipc://")
            )
            return GuardedChannel((await connecting)[1], self.session, self.gate)
        while True:
            with suppress(ConnectionError):  # it does not listen yet
                port = int(url.rpartition(":")[2])
                _, connection = await loop.create_connection(
                    lambda: Connection(kind, self.gate), self.ip, port
                )
                return GuardedChannel(connection, self.session, self.gate)
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it was ready")
            await asyncio.sleep(0.05)

    def stop_channels(self) -> None:
        for channel in (self._shell_channel, self._iopub_channel):
            if channel is not None:
                channel.close()

    async def wait_for_ready(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - jupyter's signature
    ) -> None:
        """Wait until the kernel answers and its output reaches us. Raises `RuntimeError` if it does not."""
        deadline = time.monotonic() + (STARTUP if timeout is None else timeout)
        while time.monotonic() < deadline:
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it was ready")
            request = self.kernel_info()
            if await self._answered(self.shell_channel, request, deadline) and await self._answered(
                self.iopub_channel, request, time.monotonic() + 0.5
            ):
                return
        raise RuntimeError("the kernel did not answer in time")

    async def _answered(self, channel: Any, request: str, deadline: float) -> bool:
        while time.monotonic() < deadline:
            try:
                message = await channel.get_msg(timeout=0.1)
            except Empty:
                if not await self.is_alive():
                    return False
                continue
            idle = message["content"].get("execution_state", "idle") == "idle"
            if message["parent_header"].get("msg_id") == request and idle:
                return True
        return False

    async def probe(self, name: str, inputs: Any, seconds: float) -> bytes:
        """What a probe gave for `inputs`, packed as evidence; empty if nothing came back."""
        message = self.session.msg("probe_request", {"name": name, "inputs": inputs})
        self.shell_channel.send(message)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and await self.is_alive():
            with suppress(Empty):
                reply = await self.shell_channel.get_msg(timeout=0.5)
                if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                    return b"".join(reply["buffers"])
        return b""

    def execute(  # type: ignore[override]  # the stock one is wrapped to be awaitable as well
        self, code: str, *, store_history: bool = True, stop_on_error: bool = True
    ) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        metadata = {"cellId": str(self.cell)}
        message = self.session.msg("execute_request", content, metadata=metadata)
        self.shell_channel.send(message)
        return str(message["header"]["msg_id"])
