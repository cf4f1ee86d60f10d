"""Runs a notebook in a kernel that may be hostile: nothing outlasts a deadline or fills our memory."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, from_dict

from grader.kernel import ending
from grader.kernel.ending import CellRun, Run
from grader.kernel.gate import DISPLAYS, NOTICE, STARTUP, Gate, GuardedClient
from grader.kernel.probing import Probing
from grader.model import Ending

__all__ = ["CellRun", "Run", "run_notebook"]

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from grader.kernel.interface import Death, Kernel
    from grader.limits import Limits

DRAIN = 0.1
"""Seconds in which the last messages of a dead kernel may still arrive."""
QUIET = 10.0
"""Seconds without any message after which the rest of a cell's output is given up, once it has replied."""
LAST_WORDS = 10.0
"""Seconds that a kernel may take to end after `exit()`: the next cell must not run by chance."""
POLL = 0.2
"""Seconds, at least, between two measurements of a kernel's processor time."""
HARD_STOP = 15.0
"""Seconds after the deadline at which we stop waiting for our own client, whatever it is doing."""


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
        client = GuardedClient(parent=manager, context=manager.context, **connection)
        client.gate = self.gate
        self.kc = client
        client.start_channels()
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
            while self.gate.messages > seen and not task_poll_output_msg.done():
                seen = self.gate.messages
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """In seconds of processor time: `cell` from the start of that cell, `notebook` from that of the first."""

    cell: float
    notebook: float


class Deadline:
    """A time from now on: of the kernel's processors, or, for a kernel that sleeps, of the clock."""

    def __init__(self, kernel: Kernel, seconds: float, wall: float) -> None:
        self._kernel = kernel
        self._seconds, self._wall = seconds, wall
        self._start, self._start_of_wall = kernel.cpu_seconds, time.monotonic()

    @property
    def passed(self) -> str:
        """What exceeded it, in words; empty while nothing has."""
        if self._cpu_left() < 0:
            return f"used more than {self._seconds:.0f} s of processor time"
        return f"ran for more than {self._wall:.0f} s" if self._wall_left() < 0 else ""

    @property
    def earliest(self) -> float:
        """Seconds until it can have passed, if the kernel keeps all processors busy."""
        soonest = min(self._cpu_left() / (os.cpu_count() or 1), self._wall_left())
        return max(soonest, POLL)

    def _cpu_left(self) -> float:
        return self._start + self._seconds - self._kernel.cpu_seconds

    def _wall_left(self) -> float:
        return self._start_of_wall + self._wall - time.monotonic()


class Drive:
    """Runs one notebook in one kernel, from the first cell until either has ended."""

    def __init__(
        self,
        notebook: NotebookNode,
        kernel: Kernel,
        *,
        limits: Limits,
        deadlines: Deadlines,
        on_cell: Callable[[int], None],
        sources: Mapping[int, str],
        probing: Probing,
    ) -> None:
        self.notebook = notebook
        self.probing = probing
        self.sources = sources
        self.kernel = kernel
        self.limits = limits
        self.deadlines = deadlines
        self.on_cell = on_cell
        self.cells: list[CellRun] = []
        self.asked_exit = False
        """Whether the last cell asked its kernel to end."""
        self.defined: list[str] = []
        """What the last cell defined that a probe can call."""
        self.death: Death | None = None
        """How the kernel died, if it died before the last cell had finished."""
        gate = Gate(
            limits,
            flooded=lambda detail: kernel.kill(Ending.OUTPUT, detail),
            forged=lambda detail: kernel.kill(
                Ending.KILLED, f"the kernel broke the message protocol: {detail}"
            ),
        )
        self.client = RationedClient(
            notebook,
            km=kernel.manager,
            allow_errors=True,
            timeout=None,
            store_widget_state=False,
            on_cell_executed=self._note_reply,
        )
        self.client.ration(kernel, gate)

    async def run(self) -> None:
        """Return when all cells have run or the kernel is dead. Raises only what is an internal error."""
        self.client.reset_execution_trackers()
        await self.kernel.manager.start_kernel()
        try:
            kernel_client = await self.client.async_start_new_kernel_client()
            with suppress(DeadKernelError), killed_at(self._deadline(self.deadlines.notebook), self.kernel):
                for index in self.sources:
                    kernel_client.cell = index
                    await self._run_cell(index, self.notebook.cells[index])
                    await self.probing.after(index, self.defined, kernel_client.probe)
            self.death = self.kernel.death
        finally:
            await self._shut_down()

    async def _shut_down(self) -> None:
        if self.kernel.manager.provisioner is not None:
            await self.kernel.manager.provisioner.kill()
            await self.kernel.manager.provisioner.wait()
        await self.kernel.manager.cleanup_resources()
        if self.client.kc is not None:
            self.client.kc.stop_channels()

    async def _run_cell(self, index: int, cell: NotebookNode) -> None:
        self.on_cell(index)
        self.cells.append(CellRun(index=index))
        self.defined = []
        start, cpu_start = time.monotonic(), self.kernel.cpu_seconds
        deadline = asyncio.create_task(self._interrupt_after_deadline())
        try:
            await self.client.async_execute_cell(cell, index)
        except CellTimeoutError:
            self.kernel.kill(Ending.OUTPUT, "the rest of its output did not arrive")
            raise DeadKernelError("killed") from None
        finally:
            deadline.cancel()
            self._note(seconds=time.monotonic() - start, cpu_seconds=self.kernel.cpu_seconds - cpu_start)
        if self.asked_exit:
            with suppress(TimeoutError):
                await asyncio.wait_for(until_dead(self.kernel), LAST_WORDS)
                raise DeadKernelError("exited")

    async def _interrupt_after_deadline(self) -> None:
        passed = await self._until_passed(self.deadlines.cell)
        self._note(timed_out=True)
        await self.kernel.manager.interrupt_kernel()
        await self._until_passed(self.limits.interrupt_grace)
        self.kernel.kill(Ending.TIMEOUT, f"it {passed} and did not stop")

    async def _until_passed(self, seconds: float) -> str:
        deadline = self._deadline(seconds)
        while not (passed := deadline.passed):  # noqa: ASYNC110 - processor time has no event to wait for
            await asyncio.sleep(deadline.earliest)
        return passed

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(self.kernel, seconds, self.limits.wall(seconds))

    def _note(self, **fields: Any) -> None:
        self.cells[-1] = replace(self.cells[-1], **fields)

    def _note_reply(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._note(replied=True)
        content = execute_reply["content"]
        self.asked_exit, self.defined = content["asks_exit"], content["defined"]
        if content["status"] != "ok":
            self._note(ename=content["ename"] or content["status"], evalue=content["evalue"])


def run_notebook(
    nb: NotebookNode,
    kernel: Kernel,
    *,
    limits: Limits,
    cell_deadline: float,
    notebook_deadline: float,
    on_cell: Callable[[int], None],
    skip: Collection[int] = (),
    probing: Probing | None = None,
) -> Run:
    """Run the code cells of `nb` in `kernel` and fill in their outputs. The kernel is dead afterwards.

    Deadlines are in seconds of processor time; on the clock, they pass as late as `limits.wall` says. `on_cell` is
    called with the index of each cell as it starts; cells whose index is in `skip` do not run and keep no output.
    `probing` keeps what the probes give. Never raises because of a notebook; an internal error ends as
    `Ending.BROKEN`.
    """
    clear_outputs(nb)
    broken: Exception | None = None
    deadlines = Deadlines(cell=cell_deadline, notebook=notebook_deadline)
    sources = runnable(nb, skip)
    drive = Drive(
        nb,
        kernel,
        limits=limits,
        deadlines=deadlines,
        on_cell=on_cell,
        sources=sources,
        probing=probing or Probing(),
    )
    try:
        asyncio.run(asyncio.wait_for(drive.run(), STARTUP + limits.wall(notebook_deadline) + HARD_STOP))
    except Exception as error:  # noqa: BLE001 - all internal errors are reported the same way
        broken = error
    join_streams(nb)
    return conclude(drive, broken)


def conclude(drive: Drive, broken: Exception | None) -> Run:
    """How the run ended.

    If we killed the kernel, our reason outranks any error that followed. A kernel that never became ready is an
    internal error.
    """
    kernel, cells = drive.kernel, tuple(drive.cells)
    final = kernel.death
    if final is not None and final.ending is not None:
        return ending.of_death(final, cells, drive.sources)
    if broken is not None:
        detail = f"{type(broken).__name__}: {broken}\n{kernel.log[-2000:]}".strip()
        return Run(ending=Ending.BROKEN, detail=detail, cells=cells)
    if drive.death is not None and ending.unfinished(cells, drive.sources):
        return ending.of_death(drive.death, cells, drive.sources)
    return ending.of_cells(cells, drive.sources.__getitem__)


@contextmanager
def killed_at(deadline: Deadline, kernel: Kernel) -> Iterator[None]:
    """Kill the kernel when the deadline has passed, from a separate thread that no message can keep busy."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(deadline.earliest):
            if passed := deadline.passed:
                kernel.kill(Ending.TIMEOUT, f"the whole notebook {passed}")
                return

    thread = threading.Thread(target=watch, name="deadline", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


async def until_dead(kernel: Kernel) -> None:
    while kernel.death is None:  # noqa: ASYNC110 - a process has no event to wait for
        await asyncio.sleep(0.05)


def runnable(nb: NotebookNode, skip: Collection[int] = ()) -> dict[int, str]:
    """The text of the cells that run, by index, in their order."""
    return {
        index: str(cell.source)
        for index, cell in enumerate(nb.cells)
        if cell.cell_type == "code" and cell.source.strip() and index not in skip
    }


def clear_outputs(nb: NotebookNode) -> None:
    """Remove the outputs that were handed in: this run did not produce them.

    And the tags, by which nbclient, unlike JupyterLab, leaves cells out.
    """
    for cell in nb.cells:
        cell.metadata.pop("tags", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def join_streams(nb: NotebookNode) -> None:
    """Join consecutive outputs of the same stream. Only at the end, since displays are updated by position."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                joined for _, run in groupby(cell.outputs, stream_of) for joined in join(list(run))
            ]


def stream_of(output: NotebookNode) -> str:
    return str(output.name) if output.output_type == "stream" else ""


def join(run: list[NotebookNode]) -> list[NotebookNode]:
    if stream_of(run[0]) == "":
        return run
    return [
        from_dict(  # type: ignore[no-untyped-call]
            run[0] | {"text": "".join(output.text for output in run)}
        )
    ]
