"""Runs a notebook in a kernel that may be hostile: nothing outlasts a deadline or fills our memory."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, from_dict

from grader.kernel import ending
from grader.kernel.client import RationedClient, until_dead
from grader.kernel.deadlines import Deadline, Deadlines, killed_at
from grader.kernel.ending import CellRun, Run
from grader.kernel.gate import STARTUP, Gate
from grader.kernel.probing import Probing
from grader.model import Ending

__all__ = ["CellRun", "Run", "run_notebook"]

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from grader.kernel.interface import Death, Kernel
    from grader.limits import Limits

LAST_WORDS = 10.0
"""Seconds that a kernel may take to end after `exit()`: the next cell must not run by chance."""
HARD_STOP = 15.0
"""Seconds after the deadline at which we stop waiting for our own client, whatever it is doing."""


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
