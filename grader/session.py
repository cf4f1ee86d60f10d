"""What all runs of one command share."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

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
    compare_saved: bool = True
    """Hold the outputs that a notebook was saved with against those of our run."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth showing while a class is graded."""

    kind: str
    """``prepared`` (the reference), ``cell``, ``executed``, ``reused`` or ``graded``."""
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
    cache: Path
    on_event: Callable[[Event], None]
    notices: tuple[str, ...] = ()
    """What the class's page says loudly."""
    strict: bool = False
    force: bool = False
    only: frozenset[str] = field(default_factory=frozenset)
    """The students to grade; empty: all."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set by whoever wants notebooks under way to end."""

    def plan(self, seed: int) -> Plan:
        return Plan(
            seed=seed,
            data=self.dataset.root,
            data_key=self._data_key(),
            folder=self.dataset.folder,
            files=self.assignment.files,
            packages=packages.names(self.assignment.kernel.packages),
            compare_saved=self.assignment.saved.compare,
            names=self.assignment.watched,
            probes=self.assignment.probes,
            probe_inputs=self.assignment.probe_inputs,
            limits=self.assignment.limits,
            sample=not self.dataset.complete,
            lacks=self.dataset.lacks,
            strict=self.strict,
            inputs=self.assignment.inputs,
        )

    def _data_key(self) -> str:
        """Changes whenever a notebook would read other data."""
        files = [
            (name, hashlib.sha256(path.read_bytes()).hexdigest()) for name, path in self.assignment.files
        ]
        return json.dumps([sorted(self.dataset.sums.items()), self.dataset.folder, files])
