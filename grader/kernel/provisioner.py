"""Connects a kernel's process, however it was started, to Jupyter's kernel manager."""

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

from jupyter_client.connect import LocalPortCache
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from grader.errors import HarnessError
from grader.kernel import handover, processor
from grader.kernel.cgroup import Group
from grader.kernel.memory import oom_kills, over_in_all
from grader.kernel.processes import family
from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_client.connect import KernelConnectionInfo

    from grader.kernel.handover import Descriptors
    from grader.kernel.interface import Death, KernelRequest

    Spawn = Callable[[Mapping[str, Any], Descriptors], "Process"]
    """Starts the process of a kernel, given Jupyter's connection info and the descriptors that it inherits."""

SIGKILLED = 128 + getattr(signal, "SIGKILL", 9)
OUT_OF_MEMORY = "this machine ran out of memory; run fewer notebooks at the same time (-j 1)"
KILL_SECONDS = 10.0
"""Seconds that a killed kernel may take to disappear; longer is an internal error."""


class Process(Protocol):
    """A kernel's process and all processes that it started. Methods may be called from any thread."""

    @property
    def pid(self) -> int:
        """The id of the process from which all processes of the kernel descend."""

    def poll(self) -> Death | None: ...

    def signal(self, number: int) -> None: ...

    def kill(self) -> None:
        """Kill every process of the kernel at once. Does nothing if it is already dead."""


class Provisioner(KernelProvisionerBase):
    """Jupyter's view of a `Process`."""

    kernel: ProcessKernel

    @property
    def has_process(self) -> bool:
        return self.kernel.process is not None

    async def poll(self) -> int | None:
        if self.kernel.process is None:
            return 0
        death = self.kernel.death
        return None if death is None else death.code

    async def wait(self) -> int | None:
        while (code := await self.poll()) is None:  # noqa: ASYNC110 - a process has no event to wait for
            await asyncio.sleep(0.005)
        return code

    async def send_signal(self, signum: int) -> None:
        if self.kernel.process is not None and signum:
            self.kernel.process.signal(signum)

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002 - jupyter's signature
        self.kernel.release()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)  # a student's kernel has nothing to save, so it gets no grace period

    async def cleanup(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager = self.kernel.manager
        if handover.INHERITS:
            manager.transport, manager.ip = "ipc", f"{self.kernel.folder}/s"
        for number, name in enumerate(handover.CHANNELS, start=1):
            free = number if handover.INHERITS else LocalPortCache.instance().find_available_port(manager.ip)
            setattr(manager, name, free)
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ARG002
        self.kernel.start(self.connection_info)
        return self.connection_info

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:  # noqa: ARG002
        return 0.0


class Manager(AsyncKernelManager):
    """Jupyter's, without its control channel: what a kernel sends reaches us through the gate only."""

    def _connect_control_socket(self) -> None:
        pass

    def write_connection_file(self, **kwargs: Any) -> None:
        """Write none: a kernel is born with its key and sockets, and a run that ends early would leave it."""


class ProcessKernel:
    """A `Kernel` that owns its descriptors, the folder of its sockets and, once started, its process."""

    def __init__(self, request: KernelRequest, spawn: Spawn, folder: Path) -> None:
        self.folder = folder
        self.evidence: BinaryIO = handover.fixed_file(request.limits.evidence, folder)
        self.process: Process | None = None
        self.manager = Manager(kernel_id=str(uuid.uuid4()))
        self._request = request
        self._spawn = spawn
        self._log = handover.fixed_file(handover.LOG_SIZE, folder)
        self._reason: tuple[Ending, str] | None = None
        self._released = False
        self._cpu_seconds = 0.0
        self.group = Group.create(request.limits.memory)
        self._oom_kills = oom_kills()
        self._lock = threading.Lock()
        spec = KernelSpec(argv=["grader"], display_name="grader", language="python", interrupt_mode="signal")
        self.manager._kernel_spec = spec  # noqa: SLF001 - otherwise Jupyter looks for an installed kernelspec
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
    def cpu_seconds(self) -> float:
        if self.process is not None and self.process.poll() is None:
            counted = self.group.cpu_seconds
            now = processor.used(self.process.pid) if counted is None else counted
            with self._lock:
                self._cpu_seconds = max(self._cpu_seconds, now)
        return self._cpu_seconds

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read(handover.LOG_SIZE).rstrip(b"\0").decode(errors="replace")

    def start(self, connection: Mapping[str, Any]) -> None:
        if self._reason is not None:
            raise HarnessError(f"the kernel was stopped before it started: {self._reason[1]}")
        with ExitStack() as stack:
            sockets = [stack.enter_context(channel) for channel in handover.listen(self.folder)]
            support = stack.enter_context(handover.packed(self._request.support, self.folder))
            descriptors = handover.Descriptors(
                sockets=tuple(channel.fileno() for channel in sockets),
                evidence=handover.handed(self.evidence),
                log=self._log.fileno(),
                support=None if support is None else handover.handed(support),
            )
            self.process = self._spawn(connection, descriptors)
        self.group.add(family(self.process.pid))

    def release(self) -> None:
        """Kill the kernel because its work is done; this is not recorded as the reason for its end."""
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
        self.group.remove()
        self.evidence.close()
        self._log.close()


@contextmanager
def prepared_kernel(
    request: KernelRequest, spawn: Spawn, within: Path | None = None
) -> Iterator[ProcessKernel]:
    """A kernel that is ready to start. Afterwards it is dead and its files are gone.

    `within` is the parent of its folder; it outlives this process, so that the files of a killed worker can still
    be removed.
    """
    folder = Path(tempfile.mkdtemp(prefix="grader-k-", dir=within or handover.place_of_sockets()))
    kernel = ProcessKernel(request, spawn, folder)
    try:
        yield kernel
    finally:
        if kernel.process is not None:
            kill_and_wait(kernel.process)
        kernel.close()
        shutil.rmtree(folder, ignore_errors=True)


def kill_and_wait(process: Process) -> Death:
    """Kill the process and wait for its end.

    Raises `TimeoutError` if it does not end, which a confined kernel cannot cause.
    """
    process.kill()
    clock = threading.Event()
    for _ in range(round(KILL_SECONDS / 0.005)):
        death = process.poll()
        if death is not None:
            return death
        clock.wait(0.005)
    raise TimeoutError(f"a killed kernel is still there after {KILL_SECONDS:.0f} s")


def starved(death: Death, oom_kills_before: int) -> bool:
    """Whether the operating system killed it because the machine ran out of memory."""
    return death.code == SIGKILLED and oom_kills() > oom_kills_before


def exit_code(status: int) -> int:
    """A wait status as a shell shows it."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code
