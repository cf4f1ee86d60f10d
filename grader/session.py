"""What all runs of one command share."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from grader.assignment import packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from pathlib import Path

    from grader.assignment import Assignment
    from grader.datasets import Dataset
    from grader.kernel import Launcher
    from grader.kernel.memory import Admission
    from grader.limits import Limits
    from grader.model import Ending, Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run of a notebook depends on, apart from the notebook itself and how long it may take."""

    seed: int
    data: Path | None
    """The only folder of this machine that the notebook sees; None: it sees none."""
    data_key: str
    """Changes whenever the notebook would read other data, `files` included."""
    names: tuple[str, ...]
    probes: str
    probe_inputs: str
    limits: Limits
    sample: bool = False
    """`data` are only a few of the data that the notebook was written for."""
    lacks: range = range(0)
    """Numbers of points that these few do not reach; see `Dataset.lacks`."""
    strict: bool = False
    """Adapt nothing for notebooks written for other versions or for a GPU."""
    inputs: tuple[str, ...] = ()
    """What `input()` gives, line by line."""
    folder: str = ""
    """The folder beside the notebook as which it finds `data`."""
    files: tuple[tuple[str, Path], ...] = ()
    """What the assignment lays beside every notebook: the name there, and where it is."""
    packages: tuple[str, ...] = ()
    """Their versions are part of what a run depends on, beside `PACKAGES`."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth showing while a class is graded."""

    kind: str
    """``prepared`` (the reference), ``cell``, ``executed``, ``changed`` (meanwhile), ``reused`` or ``graded``."""
    student: str
    cell: int = 0
    cells: int = 0
    ending: Ending | None = None
    seconds: float = 0.0
    grade: Grade | None = None


class OnDemand:
    """A context manager that starts a sandbox when it is first asked for: a class that did not change needs none.

    `started` is told of it. May be called from any thread.
    """

    def __init__(
        self,
        sandbox: Callable[[], AbstractContextManager[Launcher]],
        started: Callable[[Launcher], None] = lambda _: None,
    ) -> None:
        self._sandbox = sandbox
        self._started = started
        self._launcher: Launcher | None = None
        self._lock = threading.Lock()
        self._end = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def __call__(self) -> Launcher:
        """The one launcher. Raises `UsageError` if no sandbox starts here."""
        with self._lock:
            if self._launcher is None:
                self._launcher = self._end.enter_context(self._sandbox())
                self._started(self._launcher)
            return self._launcher


@dataclass(frozen=True, kw_only=True)
class Session:
    """The assignment, the data and the means: everything but the hand-ins and the results."""

    assignment: Assignment
    dataset: Dataset
    profile: str
    launch: Callable[[], Launcher]
    """Gives what starts kernels. Raises `UsageError` if nothing does here."""
    admission: Admission
    """Says when memory allows one more notebook to start."""
    executor: Executor
    call: Callable[..., Any]
    """Runs one notebook: in a process of its own, or here; see `execution.worker.call`."""
    cache: Path
    on_event: Callable[[Event], None]
    notices: tuple[str, ...] = ()
    """What the class's page says loudly."""
    strict: bool = False
    force: bool = False
    drop: bool = False
    """Whoever was graded and is no longer in the class loses that grade."""
    only: frozenset[str] = field(default_factory=frozenset)
    """The students to grade; empty: all."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set by whoever wants notebooks under way to end."""

    def plan(self, seed: int) -> Plan:
        return plan_of(self.assignment, self.dataset, seed, strict=self.strict)


def plan_of(assignment: Assignment, dataset: Dataset, seed: int, *, strict: bool = False) -> Plan:
    return Plan(
        seed=seed,
        data=dataset.root,
        data_key=_data_key(assignment, dataset),
        folder=dataset.folder,
        files=assignment.files,
        packages=packages.names(assignment.kernel.packages),
        names=assignment.watched,
        probes=assignment.probes,
        probe_inputs=assignment.probe_inputs,
        limits=assignment.limits,
        sample=not dataset.complete,
        lacks=dataset.lacks,
        strict=strict,
        inputs=assignment.inputs,
    )


def _data_key(assignment: Assignment, dataset: Dataset) -> str:
    """Changes whenever a notebook would read other data."""
    files = [(name, hashlib.sha256(path.read_bytes()).hexdigest()) for name, path in assignment.files]
    return json.dumps([sorted(dataset.sums.items()), dataset.folder, files])
