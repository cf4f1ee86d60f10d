"""Starts a kernel for Jupyter's machinery, in whatever process it is given."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import threading
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from grader.errors import HarnessError
from grader.kernel import handover as birth
from grader.kernel.cgroup import Group
from grader.kernel.memory import family, oom_kills, over_in_all
from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_client.connect import KernelConnectionInfo

    from grader.kernel.handover import Descriptors
    from grader.kernel.interface import Death, KernelRequest

    Spawn = Callable[[Mapping[str, Any], Descriptors], "Process"]
    """Start the process of a kernel: jupyter's connection info, what it inherits."""

SIGKILLED = 128 + signal.SIGKILL
OUT_OF_MEMORY = "this machine ran out of memory; run the notebook again with fewer beside it (-j 1)"
BURIAL = 10.0
"""Seconds that a killed kernel may take to be gone; more is our fault."""


class Process(Protocol):
    """A kernel's process and all that it started. Methods may be called from any thread."""

    @property
    def pid(self) -> int:
        """Of the process that all of the kernel descends from."""

    def poll(self) -> Death | None: ...

    def signal(self, number: int) -> None: ...

    def kill(self) -> None:
        """Every process of the kernel, at once. Harmless when it is dead."""


class Provisioner(KernelProvisionerBase):
    """Jupyter's view of a `Process`."""

    kernel: BornKernel

    @property
    def has_process(self) -> bool:
        return self.kernel.process is not None

    async def poll(self) -> int | None:
        if self.kernel.process is None:
            return 0
        death = self.kernel.death
        return None if death is None else death.code

    async def wait(self) -> int | None:
        while (code := await self.poll()) is None:  # noqa: ASYNC110 - a process raises no event
            await asyncio.sleep(0.005)
        return code

    async def send_signal(self, signum: int) -> None:
        if self.kernel.process is not None and signum:
            self.kernel.process.signal(signum)

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002 - jupyter's signature
        self.kernel.release()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)  # nothing in a student's kernel is worth a grace period

    async def cleanup(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager = self.kernel.manager
        manager.transport, manager.ip = "ipc", f"{self.kernel.folder}/s"
        for number, name in enumerate(birth.CHANNELS, start=1):
            setattr(manager, name, number)
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ARG002
        self.kernel.start(self.connection_info)
        return self.connection_info

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:  # noqa: ARG002
        return 0.0


class BornKernel:
    """A `seam.Kernel`: owns its descriptors, the folder of its sockets, its process once that is started."""

    def __init__(self, request: KernelRequest, spawn: Spawn, folder: Path) -> None:
        self.folder = folder
        self.evidence: BinaryIO = birth.fixed_file(request.limits.evidence)
        self.process: Process | None = None
        self.manager = AsyncKernelManager(kernel_id=str(uuid.uuid4()), context=zmq.asyncio.Context())
        self._request = request
        self._spawn = spawn
        self._log = birth.fixed_file(birth.LOG_SIZE)
        self._reason: tuple[Ending, str] | None = None
        self._released = False
        self.group = Group.create(request.limits.memory)
        self._oom_kills = oom_kills()
        self._lock = threading.Lock()
        spec = KernelSpec(argv=["grader"], display_name="grader", language="python", interrupt_mode="signal")
        self.manager._kernel_spec = spec  # noqa: SLF001 - spares an installed kernelspec file
        self.manager.provisioner = Provisioner(
            kernel_id=self.manager.kernel_id, kernel_spec=spec, parent=self.manager
        )
        self.manager.provisioner.kernel = self

    @property
    def death(self) -> Death | None:
        death = None if self.process is None else self.process.poll()
        if death is None:
            return None
        if self._reason is None and not self._released:
            if self.group.kills:
                self._reason = (Ending.MEMORY, over_in_all(self._request.limits.memory))
            elif starved(death, self._oom_kills):
                self._reason = (Ending.BROKEN, OUT_OF_MEMORY)
        if self._reason is None:
            return death
        ending, detail = self._reason
        return replace(death, ending=ending, detail=detail)

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read(birth.LOG_SIZE).rstrip(b"\0").decode(errors="replace")

    def start(self, connection: Mapping[str, Any]) -> None:
        if self._reason is not None:
            raise HarnessError(f"the kernel was stopped before it started: {self._reason[1]}")
        with ExitStack() as crossing:
            sockets = [crossing.enter_context(channel) for channel in birth.listen(self.folder)]
            support = crossing.enter_context(birth.packed(self._request.support))
            descriptors = birth.Descriptors(
                sockets=tuple(channel.fileno() for channel in sockets),
                evidence=self.evidence.fileno(),
                log=self._log.fileno(),
                support=None if support is None else support.fileno(),
            )
            self.process = self._spawn(connection, descriptors)
        self.group.add(family(self.process.pid))

    def release(self) -> None:
        """Kill it because its work is done; says nothing about how it ended."""
        self._released = self._released or self.death is None
        if self.process is not None:
            self.process.kill()

    def kill(self, ending: Ending, detail: str) -> None:
        with self._lock:
            if self._reason is None and self.death is None:
                self._reason = (ending, detail)
        if self.process is not None:
            self.process.kill()

    def close(self) -> None:
        self.manager.context.destroy(linger=0)
        self.group.remove()
        self.evidence.close()
        self._log.close()


@contextmanager
def born(request: KernelRequest, spawn: Spawn, within: Path | None = None) -> Iterator[BornKernel]:
    """A kernel that is ready to be started; at the end dead and without a trace.

    Its folder lies `within` one that outlives this process, for whoever must clean up after a killed worker.
    """
    folder = Path(tempfile.mkdtemp(prefix="grader-k-", dir=within))
    kernel = BornKernel(request, spawn, folder)
    try:
        yield kernel
    finally:
        if kernel.process is not None:
            bury(kernel.process)
        kernel.close()
        shutil.rmtree(folder, ignore_errors=True)


def bury(process: Process) -> Death:
    """Kill and wait. Raises `TimeoutError` if it will not die, which a confined kernel cannot bring about."""
    process.kill()
    clock = threading.Event()
    for _ in range(round(BURIAL / 0.005)):
        death = process.poll()
        if death is not None:
            return death
        clock.wait(0.005)
    raise TimeoutError(f"a killed kernel is still there after {BURIAL:.0f} s")


def starved(death: Death, oom_kills_before: int) -> bool:
    """Whether the operating system killed it because the whole machine had no memory left."""
    return death.code == SIGKILLED and oom_kills() > oom_kills_before


def exit_code(status: int) -> int:
    """A wait status as a shell shows it."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code
