"""Sandboxed kernels: which kinds of sandbox really start on this machine, and what each really enforces."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from grader.errors import HarnessError, UsageError
from grader.kernel import cgroup, handover
from grader.kernel.another_user import another_user
from grader.kernel.cold import ColdLauncher
from grader.kernel.interface import KernelRequest
from grader.kernel.memory import Watchdog
from grader.kernel.provisioner import prepared_kernel
from grader.kernel.trial import shown
from grader.kernel.view import DATA, SCRATCH, Mode, View, command
from grader.kernel.zygote import ForkedProcess, Zygotes, request_kernel
from grader.places import INSIDE

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping, Sequence

    from grader.kernel.handover import Descriptors
    from grader.kernel.interface import Launcher
    from grader.kernel.memory import Ticket
    from grader.kernel.provisioner import ProcessKernel
    from grader.limits import Limits

__all__ = ["Attempt", "Mode", "SandboxLauncher", "best_launcher", "probe_host", "sandbox"]

OWN_PROCESSES = 10
"""A sandbox has fewer processes than this. A kernel that sees as many can see those of the machine."""
INSTALL = "install it with your system's packages (apt install bubblewrap, dnf install bubblewrap)"
SANDBOXES = (Mode.NESTED, Mode.SINGLE, Mode.COLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Whether one mode works on this machine. If not, `why` gives the reason and what to do."""

    mode: Mode
    works: bool
    why: str = ""
    enforced: Mapping[str, Any] = field(default_factory=dict)
    """What it confines and how, if it works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLauncher:
    """Requests kernels from the warm processes of a `sandbox`. Any worker process may hold a copy."""

    mode: Mode
    control: socket.socket
    data: Path | None
    folder: Path
    """Where the sockets of its kernels are. It is removed at the end, even if workers were killed."""
    enforced: Mapping[str, Any] = field(default_factory=dict)
    ticket: Ticket | None = None

    def at(self, ticket: Ticket) -> SandboxLauncher:
        return replace(self, ticket=ticket)

    @contextmanager
    def kernel(self, request: KernelRequest) -> Iterator[ProcessKernel]:
        if request.data != self.data:
            raise ValueError(f"this sandbox shows {self.data}, not {request.data}")

        def spawn(connection: Mapping[str, Any], descriptors: Descriptors) -> ForkedProcess:
            fields = handover.request_fields(request, connection, descriptors, DATA if self.data else "")
            with handover.sealed_request(fields) as file:
                return request_kernel(self.control, file, descriptors, shared=self.mode is Mode.NESTED)

        with (
            prepared_kernel(request, spawn, self.folder) as kernel,
            Watchdog(kernel, request.limits.memory, self.ticket, SCRATCH),
        ):
            yield kernel


@contextmanager
def sandbox(
    mode: Mode, data: Path | None, *, limits: Limits, warm: Sequence[str] = (), inside: Path = INSIDE
) -> Iterator[SandboxLauncher]:
    """Keep warm processes for one run of the grader, and yield the launcher that requests kernels from them.

    `data` is the only folder of the user that kernels can see. `warm` names the modules that are imported before
    any notebook runs, besides those that every kernel needs.

    Raises:
        HarnessError: this kind of sandbox does not start here, or does not enforce what it should.
    """
    if shutil.which("bwrap") is None:
        raise HarnessError(f"bubblewrap (bwrap) is not installed; {INSTALL}")
    view = View(mode=mode, data=data, scratch=limits.tmp_size, inside=inside, warm=tuple(warm))
    with ExitStack() as stack:
        stack.callback(cgroup.sweep)
        folder = stack.enter_context(TemporaryDirectory(prefix="grader-s-", dir=handover.place_of_sockets()))
        zygotes = stack.enter_context(Zygotes(partial(command, view)))
        zygotes.wait()
        launcher = SandboxLauncher(mode=mode, control=zygotes.control, data=data, folder=Path(folder))
        yield replace(
            launcher, enforced=verified_confinement(mode, observed_restrictions(launcher, limits), limits)
        )


def observed_restrictions(launcher: SandboxLauncher, limits: Limits) -> Mapping[str, Any]:
    """Start a kernel and return the restrictions that its process 1 found in force."""
    request = KernelRequest(seed=0, data=launcher.data, limits=limits)
    with launcher.kernel(request) as kernel:
        kernel.start(kernel.manager.get_connection_info())
        if not isinstance(kernel.process, ForkedProcess):
            raise HarnessError("the sandbox started no kernel")
        return kernel.process.restrictions


def verified_confinement(mode: Mode, restrictions: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """What reports say about the sandbox. Raises `HarnessError` if a restriction is not in force."""
    requirements = {
        "no network but its own loopback": set(restrictions["interfaces"]) <= {"lo"},
        "a read-only file system": restrictions["read_only"],
        "no capabilities": not restrictions["capabilities"],
        "no way to gain privileges": restrictions["no_new_privs"],
        "a process list of its own": restrictions["processes"] < OWN_PROCESSES,
        "a user other than root": restrictions["uid"] != 0,
    }
    missing = [requirement for requirement, met in requirements.items() if not met]
    if missing:
        raise HarnessError(f"the sandbox starts here but does not provide: {', '.join(missing)}")
    return {
        "mode": str(mode),
        "user": f"uid {restrictions['uid']}, no capabilities",
        "filesystem": "read-only view of the interpreter and the data",
        "network": "none",
        "files": "limited in number" if restrictions["few_files"] else "counted as memory",
        "pids": f"own namespace, at most {limits.processes}",
        "memory": cgroup.memory_limits(limits),
        "seccomp": restrictions["seccomp"],
    }


def attempt(mode: Mode, data: Path | None, limits: Limits) -> Attempt:
    """Try this mode by running a cell in it."""
    try:
        with sandbox(mode, data, limits=limits) as launcher:
            check(launcher, limits)
            return Attempt(mode=mode, works=True, enforced=launcher.enforced)
    except (HarnessError, OSError) as error:
        return Attempt(mode=mode, works=False, why=str(error))


def check(launcher: SandboxLauncher, limits: Limits) -> None:
    """Raises `HarnessError` unless a kernel of `launcher` computes 6 * 7."""
    if (seen := shown(launcher, launcher.data, limits, "6 * 7")) != "42":
        raise HarnessError(f"a kernel takes 6 * 7 for {seen}")


def probe_host(data: Path | None, *, limits: Limits) -> list[Attempt]:
    """Try each mode, for `grader doctor`."""
    return [attempt(mode, data, limits) for mode in SANDBOXES]


@contextmanager
def best_launcher(
    data: Path | None,
    *,
    limits: Limits,
    warm: Sequence[str] = (),
    confined: bool = True,
    or_another_user: bool = False,
) -> Iterator[Launcher]:
    """The strongest launcher that works here; without `confined`, one that has no sandbox.

    `or_another_user` is for a machine that is thrown away after one notebook: where no sandbox starts, root runs it
    as `another_user`.

    Raises:
        UsageError: no kind of sandbox works, and `confined` requires one.
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
    if or_another_user:
        try:
            other = another_user(limits)
        except HarnessError as error:
            reasons.append(f"another user: {error}")
        else:
            yield other
            return
    raise UsageError(
        f"no sandbox starts on this machine ({'; '.join(dict.fromkeys(reasons))}). "
        "Run `grader doctor` for details; `grader guide sandbox` says what to do for each reason."
    )
