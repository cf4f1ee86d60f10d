"""Confined kernels: which kinds of confinement really start on this machine, and what each really holds."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nbformat.v4 import new_code_cell, new_notebook

from grader.errors import HarnessError, UsageError
from grader.kernel import cgroup
from grader.kernel import handover as birth
from grader.kernel.cold import ColdLauncher
from grader.kernel.guard import run_notebook
from grader.kernel.interface import KernelRequest
from grader.kernel.memory import Watchdog, gib
from grader.kernel.provisioner import born
from grader.kernel.view import DATA, Mode, View, command
from grader.kernel.zygote import ForkedProcess, Zygotes, ask
from grader.model import Ending
from grader.places import INSIDE

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping, Sequence

    from grader.kernel.handover import Descriptors
    from grader.kernel.interface import Launcher
    from grader.kernel.memory import Ticket
    from grader.kernel.provisioner import BornKernel
    from grader.limits import Limits

__all__ = ["Attempt", "Mode", "SandboxLauncher", "best_launcher", "probe_host", "sandbox"]

OWN_PROCESSES = 10
"""More processes than a sandbox has of its own; seeing so many means seeing the machine's."""
INSTALL = "install it with your system's packages (apt install bubblewrap, dnf install bubblewrap)"


SANDBOXES = (Mode.NESTED, Mode.SINGLE, Mode.COLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Whether one mode starts on this machine; `why` says why not, and what to do."""

    mode: Mode
    works: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLauncher:
    """Asks the warm processes of a `sandbox` for kernels. Any worker process may hold a copy."""

    mode: Mode
    control: socket.socket
    data: Path | None
    folder: Path
    """Where the sockets of its kernels lie; emptied at the end, whatever became of the workers."""
    enforced: Mapping[str, Any] = field(default_factory=dict)
    ticket: Ticket | None = None

    def at(self, ticket: Ticket) -> SandboxLauncher:
        return replace(self, ticket=ticket)

    @contextmanager
    def kernel(self, request: KernelRequest) -> Iterator[BornKernel]:
        if request.data != self.data:
            raise ValueError(f"this sandbox shows {self.data}, not {request.data}")

        def spawn(connection: Mapping[str, Any], descriptors: Descriptors) -> ForkedProcess:
            content = birth.letter(request, connection, descriptors, DATA if self.data else "")
            with birth.sealed_letter(content) as letter:
                return ask(self.control, letter, descriptors, shared=self.mode is Mode.NESTED)

        with (
            born(request, spawn, self.folder) as kernel,
            Watchdog(kernel, request.limits.memory, self.ticket),
        ):
            yield kernel


@contextmanager
def sandbox(
    mode: Mode, data: Path | None, *, limits: Limits, warm: Sequence[str] = (), inside: Path = INSIDE
) -> Iterator[SandboxLauncher]:
    """Warm processes for a batch, and the launcher that asks them. `data` is the only folder they show.

    `warm` are the modules that they import ahead of all notebooks, beside those that every kernel needs.

    Raises:
        HarnessError: this kind of sandbox does not start here, or does not hold what it promises.
    """
    if shutil.which("bwrap") is None:
        raise HarnessError(f"bubblewrap (bwrap) is not installed; {INSTALL}")
    view = View(mode=mode, data=data, scratch=limits.tmp_size, inside=inside, warm=tuple(warm))
    with TemporaryDirectory(prefix="grader-s-") as folder, Zygotes(partial(command, view)) as zygotes:
        zygotes.wait()
        launcher = SandboxLauncher(mode=mode, control=zygotes.control, data=data, folder=Path(folder))
        yield replace(launcher, enforced=what_holds(mode, trial(launcher, limits), limits))


def trial(launcher: SandboxLauncher, limits: Limits) -> Mapping[str, Any]:
    """Start a kernel and let its process 1 look around: what it found in force."""
    request = KernelRequest(seed=0, data=launcher.data, limits=limits)
    with launcher.kernel(request) as kernel:
        kernel.start(kernel.manager.get_connection_info())
        if not isinstance(kernel.process, ForkedProcess):
            raise HarnessError("the sandbox started no kernel")
        return kernel.process.facts


def what_holds(mode: Mode, facts: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """What a report says of the confinement. Raises `HarnessError` if a promise is not kept."""
    kept = {
        "no network but its own loopback": set(facts["interfaces"]) <= {"lo"},
        "a read-only file system": facts["read_only"],
        "no capabilities": not facts["capabilities"],
        "no way to new privileges": facts["no_new_privs"],
        "few visible processes": facts["processes"] < OWN_PROCESSES,
        "a user that is not root": facts["uid"] != 0,
    }
    broken = [promise for promise, holds in kept.items() if not holds]
    if broken:
        raise HarnessError(f"the sandbox starts here but lacks {', '.join(broken)}")
    return {
        "mode": str(mode),
        "user": f"uid {facts['uid']}, no capabilities",
        "filesystem": "read-only view of the interpreter and the data",
        "network": "none",
        "pids": f"own namespace, at most {limits.processes}",
        "memory": f"{gib(limits.memory)} a process (RLIMIT_DATA), and in all ({held_by()})",
        "seccomp": facts["seccomp"],
    }


def held_by() -> str:
    """What keeps all processes of a kernel together below its limit, on this machine."""
    group = cgroup.Group.create(1 << 30)
    group.remove()
    return "watched" if group.folder is None else "control group"


def attempt(mode: Mode, data: Path | None, limits: Limits) -> Attempt:
    """Really run a cell in this mode."""
    try:
        with sandbox(mode, data, limits=limits) as launcher:
            check(launcher, limits)
    except (HarnessError, OSError) as error:
        return Attempt(mode=mode, works=False, why=str(error))
    return Attempt(mode=mode, works=True)


def check(launcher: SandboxLauncher, limits: Limits) -> None:
    """Raises `HarnessError` unless a kernel of `launcher` can do a sum."""
    nb = new_notebook(  # type: ignore[no-untyped-call]
        cells=[new_code_cell("6 * 7")]  # type: ignore[no-untyped-call]
    )
    with launcher.kernel(KernelRequest(seed=0, data=launcher.data, limits=limits)) as kernel:
        run = run_notebook(
            nb, kernel, limits=limits, cell_deadline=30.0, notebook_deadline=60.0, on_cell=lambda _: None
        )
    if run.ending is not Ending.FINISHED or nb.cells[0].outputs[0].data["text/plain"] != "42":
        raise HarnessError(f"a kernel starts, but cannot work: {run.detail}")


def probe_host(data: Path | None, *, limits: Limits) -> list[Attempt]:
    """Each mode, really tried: for `grader doctor`."""
    return [attempt(mode, data, limits) for mode in SANDBOXES]


@contextmanager
def best_launcher(
    data: Path | None, *, limits: Limits, warm: Sequence[str] = (), confined: bool = True
) -> Iterator[Launcher]:
    """The strongest launcher that starts here.

    Raises:
        UsageError: none does, and `confined` forbids to go without.
    """
    if not confined:
        yield ColdLauncher()
        return
    reasons = []
    for mode in SANDBOXES:
        with ExitStack() as stack:
            try:
                launcher = stack.enter_context(sandbox(mode, data, limits=limits, warm=warm))
            except HarnessError as error:
                reasons.append(f"{mode}: {error}")
                continue
            yield launcher
            return
    raise UsageError(
        f"no sandbox starts on this machine ({'; '.join(dict.fromkeys(reasons))}). "
        "See `grader doctor`; `--sandbox none` runs the notebooks with all that you may do yourself."
    )
