"""What is done, running and left, as it happens: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from grader.session import Event


class ClassProgress:
    """A context manager that is called with each `Event`, from any thread."""

    def __init__(self, console: Console, total: int, jobs: int) -> None:
        self._console = console
        self._jobs = jobs
        self._total = total
        self._graded = 0
        self._reused = 0
        self._seconds: list[float] = []
        self._running: dict[str, Event] = {}
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._bar = Progress(
            TextColumn("[bold]graded"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
        )
        self._task = self._bar.add_task("", total=total, left="")
        self._live = Live(
            self._display(), console=console, refresh_per_second=4, transient=True
        ) if console.is_terminal else None  # fmt: skip

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._note(event)
            if event.kind == "changed":
                self._console.print(
                    f"{event.student}: the files changed while they were graded. "
                    "Run the same command again to grade them as they are now.",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
            if self._live is not None:
                self._bar.update(self._task, completed=self._graded, left=self._left())
                self._live.update(self._display())
            elif event.kind in ("prepared", "executed", "reused"):
                self._console.print(self._line(event), markup=False, highlight=False, soft_wrap=True)

    def _note(self, event: Event) -> None:
        match event.kind:
            case "cell":
                self._running[event.student] = event
            case "prepared":
                self._running.pop(event.student, None)
            case "executed":
                self._running.pop(event.student, None)
                self._seconds.append(event.seconds)
            case "reused":
                self._reused += 1
            case "graded":
                self._graded += 1

    def _line(self, event: Event) -> str:
        if event.kind == "prepared":
            return f"reference: {event.ending} ({event.seconds:.1f} s)"
        done = self._reused + len(self._seconds)
        how = f"{event.seconds:.1f} s" if event.kind == "executed" else "nothing to run"
        return f"[{done}/{self._total}] {event.student}: {event.ending} ({how}){self._left(', ')}"

    def _left(self, before: str = "") -> str:
        """How long it will take, from what the notebooks so far took."""
        left = self._total - self._reused - len(self._seconds)
        if not self._seconds or left <= 0:
            return ""
        seconds = left * sum(self._seconds) / len(self._seconds) / max(1, min(self._jobs, left))
        return f"{before}about {_duration(seconds)} left"

    def _display(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for student, event in sorted(self._running.items()):
            table.add_row(f"  {escape(student)}", f"[dim]cell {event.cell} of {event.cells}")
        return Group(self._bar, table)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
