"""nbclient, for a kernel that may be hostile: bounded output, complete replies, and no waiting for the dead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError

from grader.kernel.gate import DISPLAYS, NOTICE, Gate, GuardedClient

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from grader.kernel.interface import Kernel

DRAIN = 0.1
"""Seconds in which the last messages of a dead kernel may still arrive."""
QUIET = 10.0
"""Seconds without any message after which the rest of a cell's output is given up, once it has replied."""


class RationedClient(NotebookClient):
    """Keeps at most `output_cell` bytes of output per cell. A message that breaks it costs only that message."""

    kernel: Kernel
    gate: Gate
    _kept: dict[int, int]
    """Bytes kept so far, by cell."""
    _cut: set[int]

    def ration(self, kernel: Kernel, gate: Gate) -> None:
        self.kernel, self.gate = kernel, gate
        self._kept, self._cut = {}, set()

    async def async_start_new_kernel_client(self) -> GuardedClient:
        manager = self.kernel.manager
        connection = manager.get_connection_info(session=True)
        client = GuardedClient(parent=manager, **connection)
        client.gate = self.gate
        self.kc = client
        await client.open_channels()
        await client.wait_for_ready()
        return client

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        try:
            rationed = self._rationed(msg, cell_index)
            return None if rationed is None else super().process_message(rationed, cell, cell_index)
        except CellExecutionComplete:
            raise
        except Exception:  # noqa: BLE001 - the message came from the student's kernel: only it is lost
            self.gate.count_malformed()
            return None

    def _rationed(self, msg: dict[str, Any], index: int) -> dict[str, Any] | None:
        kind, content = msg["msg_type"], msg["content"]
        if kind == "clear_output":
            self._kept[index] = 0
            self._cut.discard(index)
        if kind not in ("stream", *DISPLAYS):
            return msg
        used = self._kept.get(index, 0)
        remaining = self.gate.limits.output_cell - used
        size = len(content["text"]) if kind == "stream" else sum(map(len, content["data"].values()))
        if size <= remaining:
            self._kept[index] = used + size
            return msg
        if index in self._cut:
            return None
        self._cut.add(index)
        self._kept[index] = used + remaining
        text = content["text"][:remaining] if kind == "stream" else ""
        return msg | {
            "msg_type": "stream",
            "header": msg["header"] | {"msg_type": "stream"},
            "content": {"name": content.get("name", "stdout"), "text": f"{text}\n{NOTICE}\n"},
        }

    async def _async_poll_for_reply(
        self,
        msg_id: str,
        cell: NotebookNode,
        timeout: int | None,  # noqa: ARG002, ASYNC109 - nbclient's signature
        task_poll_output_msg: asyncio.Future[None],
        task_poll_kernel_alive: asyncio.Future[None],
    ) -> dict[str, Any]:
        """The reply to a cell, once its output is complete, however long that is still on its way."""
        assert self.kc is not None  # noqa: S101 - as in nbclient
        try:
            reply = await self.kc.shell_channel.get_msg(timeout=None)
            while reply["parent_header"].get("msg_id") != msg_id:
                reply = await self.kc.shell_channel.get_msg(timeout=None)
            seen = -1
            while self.gate.read > seen and not task_poll_output_msg.done():
                seen = self.gate.read
                await asyncio.wait([task_poll_output_msg], timeout=QUIET)
            if not task_poll_output_msg.done():
                raise CellTimeoutError.error_from_timeout_and_cell("No more output", int(QUIET), cell)
        finally:
            task_poll_kernel_alive.cancel()
        return dict(reply)

    async def _async_poll_kernel_alive(self) -> None:
        await until_dead(self.kernel)
        await asyncio.sleep(DRAIN)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()


async def until_dead(kernel: Kernel) -> None:
    while kernel.death is None:  # noqa: ASYNC110 - a process has no event to wait for
        await asyncio.sleep(0.05)
