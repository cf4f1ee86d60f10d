"""The seam between those who need a kernel and those who confine one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from jupyter_client.manager import AsyncKernelManager

    from grader.kernel.memory import Ticket
    from grader.limits import Limits
    from grader.model import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRequest:
    """All that a kernel is born with. Holds no student's name and no grade: the kernel may read it."""

    seed: int
    data: Path | None
    """The folder that the kernel may read; None: there is none."""
    limits: Limits
    imports: tuple[str, ...] = ()
    """Modules to import before the random numbers are seeded, and before `prelude`."""
    prelude: tuple[str, ...] = ()
    """Modules of `inside/` to install before any student code, in this order."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON; a prelude module is given the entry under its own name."""
    folder: str = ""
    """The name in the kernel's working folder under which `data` is found as well; empty: none."""
    support: tuple[tuple[str, Path], ...] = ()
    """Files for the kernel's working folder: relative name there, source here."""

    def __post_init__(self) -> None:
        for name, _ in self.support:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.name:
                raise ValueError(f"a support file must stay in the kernel's folder, {name!r} would not")


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a kernel's process ended. What the operating system could not tell is None."""

    code: int
    """Exit status; 128 + n after signal n."""
    cpu_seconds: float | None = None
    max_rss: int | None = None
    """Bytes, the largest that any one process of the kernel had resident."""
    ending: Ending | None = None
    """Why we killed it; None if we did not."""
    detail: str = ""


class Kernel(Protocol):
    """One kernel, not started yet. Leaving its context kills every process of it and removes its files."""

    @property
    def manager(self) -> AsyncKernelManager: ...

    @property
    def evidence(self) -> BinaryIO:
        """What the prelude wrote, `limits.evidence` bytes, zero where nothing was. Read it after death."""

    @property
    def death(self) -> Death | None:
        """None while it lives, and before it was started."""

    @property
    def log(self) -> str:
        """What the process wrote outside of any cell: why a kernel did not start, for a person to read."""

    def kill(self, ending: Ending, detail: str) -> None:
        """Kill every process of the kernel. The first reason given is the one that `death` keeps."""


class Launcher(Protocol):
    """Where kernels come from. Picklable as an argument of a `multiprocessing` forkserver process."""

    @property
    def enforced(self) -> Mapping[str, Any]:
        """What this launcher's confinement really holds on this machine; plain JSON, for the report."""

    def kernel(self, request: KernelRequest) -> AbstractContextManager[Kernel]: ...

    def at(self, ticket: Ticket) -> Launcher:
        """The same, for a notebook that `memory.Admission` gave a place."""
