"""The interface between code that needs a kernel and code that confines one."""

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
    """Everything that a new kernel is given. Contains no student's name and no grade: the kernel can read it."""

    seed: int
    data: Path | None
    """The folder that the kernel may read; None: there is none."""
    limits: Limits
    imports: tuple[str, ...] = ()
    """Modules to import before the random numbers are seeded, and before `prelude`."""
    prelude: tuple[str, ...] = ()
    """Modules of `inside/` to install before any student code, in this order."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON. Each prelude module gets the entry under its own name."""
    folder: str = ""
    """A name in the kernel's working folder under which `data` is found as well; empty for none."""
    support: tuple[tuple[str, Path], ...] = ()
    """Files for the kernel's working folder, each as (relative name there, path here)."""

    def __post_init__(self) -> None:
        for name, _ in self.support:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.name:
                raise ValueError(f"support file {name!r} would be outside the kernel's folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a kernel's process ended. Values that the operating system could not supply are None."""

    code: int
    """Exit status; 128 + n after signal n."""
    cpu_seconds: float | None = None
    max_rss: int | None = None
    """In bytes, the largest resident size of any single process of the kernel."""
    ending: Ending | None = None
    """Why we killed it; None if we did not."""
    detail: str = ""


class Kernel(Protocol):
    """One kernel, not started yet. Leaving its context kills all its processes and removes its files."""

    @property
    def manager(self) -> AsyncKernelManager: ...

    @property
    def evidence(self) -> BinaryIO:
        """What the prelude wrote: a file of `limits.evidence` bytes, padded with zeros. Read it after death."""

    @property
    def death(self) -> Death | None:
        """None before the kernel has started and while it is alive."""

    @property
    def cpu_seconds(self) -> float:
        """Processor time that all its processes have used, the ended ones included. It never falls."""

    @property
    def log(self) -> str:
        """What the process wrote outside any cell, for a person who wants to know why a kernel did not start."""

    def kill(self, ending: Ending, detail: str) -> None:
        """Kill every process of the kernel. `death` keeps the first reason given."""


class Launcher(Protocol):
    """Starts kernels. Can be pickled as an argument of a `multiprocessing` forkserver process."""

    @property
    def enforced(self) -> Mapping[str, Any]:
        """The confinement that this launcher really enforces on this machine, as plain JSON for the report."""

    def kernel(self, request: KernelRequest) -> AbstractContextManager[Kernel]: ...

    def at(self, ticket: Ticket) -> Launcher:
        """The same launcher, for a notebook that `memory.Admission` has admitted with `ticket`."""
