"""Records evidence in the student's kernel after each cell. It is not proof: student code controls this process.

After every cell it reads the names that the assignment asks for and writes those that changed to the log as plain
data, with the figures shown, the training trace and the results of the rubric's probes.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import itertools
import random
import signal
import sys
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from . import figures
from .log import Arrays, Log, as_json
from .values import encode, of_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from . import trace

MOST_FIGURES = 200
MOST_CAPTURED = 50
PROBE_SECONDS = 10
"""Seconds that a student's function may take when we call it, so that our call does not exhaust the deadline."""
MOST_TRIES = 5
MOST_NETWORKS = 5
"""Of those that were trained under names that nobody asked for."""


class Context(Protocol):
    evidence_fd: int
    data: str


class Probe:
    """Records one kernel: the values of `names` after each cell, and the results of the functions `probes`."""

    def __init__(
        self, log: Log, names: tuple[str, ...], probes: Mapping[str, Callable[..., Any]], data: str
    ) -> None:
        self._log = log
        self._names = names
        self._probes = probes
        self._data = data
        self._trace: trace.Trace | None = None
        """Of a kernel that had torch when it began."""
        self._last: dict[str, bytes] = {}
        self._probed: dict[str, tuple[Any, int]] = {}
        self._figures: list[Any] = []
        self._figure_arrays = Arrays()
        self._captured: dict[str, tuple[dict[str, Any], Arrays]] = {}
        """Figures that `%%capture` swallowed, by their picture as it would be sent: it may still be shown later."""
        self._captures = itertools.count()
        self._cell: int | None = None

    def hook(self) -> None:
        if "torch" in sys.modules:
            self._trace = _trace_of_torch()
        from IPython.core import pylabtools  # noqa: PLC0415 - after the backend's choice, before its set-up

        draw: Callable[..., Any] = pylabtools.print_figure

        def noted(figure: Any, *args: Any, **kwargs: Any) -> Any:
            captured = _is_capturing()
            if not captured:
                self._see_figure(figure)
            drawn = draw(figure, *args, **kwargs)
            picture = b2a_base64(drawn, newline=False).decode() if isinstance(drawn, bytes) else drawn
            if captured:
                self._hold_figure(figure, picture)
            else:
                self._captured.pop(picture, None)  # it is not shown twice
            return drawn

        pylabtools.print_figure = noted  # type: ignore[assignment]  # the same signature

    def attach(self, shell: Any) -> None:
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", lambda result: self._end(result, shell.user_ns))
        if hasattr(shell.display_pub, "register_hook"):  # as in a kernel
            shell.display_pub.register_hook(self._see_published)

    def _begin(self, info: Any) -> None:
        # A cell that runs cells of its own (`get_ipython().run_cell`) has no id for them.
        if info.cell_id is not None:
            self._cell = int(info.cell_id)
            self._figures, self._figure_arrays = [], Arrays()

    def _end(self, result: Any, namespace: dict[str, Any]) -> None:
        if result.info is None or result.info.cell_id is None:
            return
        arrays = self._figure_arrays
        trained = self._trained(namespace)
        self._names = tuple(dict.fromkeys([*self._names, *trained]))
        raised = [error for error in (result.error_before_exec, result.error_in_exec) if error is not None]
        record = {
            "kind": "cell",
            "cell": self._cell,
            "error": type(raised[0]).__name__ if raised else None,
            "values": self._changed(namespace, arrays),
            "trained": trained,
            "figures": self._figures,
            **({"trace": self._trace.cut("trace", arrays)} if self._trace is not None else {}),
            "notes": _notes(),
        }
        self._log.append(record, arrays)
        self._run_probes(namespace)

    def _changed(self, namespace: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
        found = {}
        for name in self._names:
            if name in namespace:
                own = Arrays()
                value = encode(name, namespace[name], own)
                digest = _digest(value, own)
                if self._last.get(name) != digest:
                    self._last[name] = digest
                    arrays.take(own)
                    found[name] = value
        return found

    def _trained(self, namespace: Mapping[str, Any]) -> list[str]:
        """The names of the networks that an optimizer has moved so far."""
        if self._trace is None:
            return []
        networks = sys.modules["torch"].nn.Module
        names = [name for name, value in namespace.items() if isinstance(value, networks)]
        return [name for name in names if name.isidentifier() and self._trace.moved(namespace[name])][
            :MOST_NETWORKS
        ]

    def _see_figure(self, figure: Any) -> None:
        if len(self._figures) >= MOST_FIGURES:
            return
        name = f"figure{len(self._figures)}"
        self._figures.append(_described(figure, name, self._figure_arrays))

    def _hold_figure(self, figure: Any, picture: str) -> None:
        if len(self._captured) < MOST_CAPTURED:
            name, arrays = f"captured{next(self._captures)}", Arrays()
            self._captured[picture] = _described(figure, name, arrays), arrays

    def _see_published(self, message: dict[str, Any]) -> dict[str, Any]:
        """A figure that was captured is shown once its picture is sent."""
        for picture in message.get("content", {}).get("data", {}).values():
            if isinstance(picture, str) and picture in self._captured and len(self._figures) < MOST_FIGURES:
                figure, arrays = self._captured[picture]
                if figure not in self._figures:
                    self._figures.append(figure)
                    self._figure_arrays.take(arrays)
        return message

    def _run_probes(self, namespace: dict[str, Any]) -> None:
        for name, probe in self._probes.items():
            target = namespace.get(name)
            probed, tries = self._probed.get(name, (None, 0))
            if not callable(target) or (probed is target and tries >= MOST_TRIES):
                continue
            with _untouched(), _alarm(PROBE_SECONDS):
                outcome = _attempt(probe, target, namespace, self._data)
            failed = isinstance(outcome, dict) and "error" in outcome
            self._probed[name] = target, (tries if probed is target else 0) + 1 if failed else MOST_TRIES
            if self._trace is not None:
                self._trace.cut("", Arrays())  # discard the events of our own loaders
            arrays = Arrays()
            record = {"kind": "probe", "cell": self._cell, "name": name}
            self._log.append({**record, "outcome": encode(name, outcome, arrays)}, arrays)


def _is_capturing() -> bool:
    """Does what is displayed go into a variable, as below `%%capture`?"""
    return InteractiveShell.initialized() and isinstance(
        InteractiveShell.instance().display_pub, CapturingDisplayPublisher
    )


def _described(figure: Any, name: str, arrays: Arrays) -> dict[str, Any]:
    try:
        return figures.describe(figure, name, arrays)
    except Exception as error:  # noqa: BLE001 - artists of any class may sit in a figure
        return {"error": type(error).__name__, "axes": []}


def _attempt(probe: Callable[..., Any], target: Any, namespace: dict[str, Any], data: str) -> Any:
    """The probe's result. After an ``error`` it is tried again later, since a global may still be missing."""
    try:
        return probe(target, namespace, data)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the student's function may raise anything
        return {"error": described(error)}


def described(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:500]
    except Exception:  # noqa: BLE001 - also an error that can't be printed
        return type(error).__name__


@contextlib.contextmanager
def _untouched() -> Iterator[None]:
    """Restore the random number generators and the grad mode afterwards, and discard any output."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global state is what student code draws from
    with capture_output(), _torch_untouched():
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002 - as above


@contextlib.contextmanager
def _torch_untouched() -> Iterator[None]:
    tensors = of_torch()
    if tensors is None:
        yield
        return
    torch = tensors.torch
    state = torch.get_rng_state()
    with torch.set_grad_enabled(torch.is_grad_enabled()):
        try:
            yield
        finally:
            torch.set_rng_state(state)


def _trace_of_torch() -> trace.Trace:
    from . import trace  # noqa: PLC0415 - imports torch

    recorded = trace.Trace()
    trace.hook(recorded)
    return recorded


@contextlib.contextmanager
def _alarm(seconds: float, again: float = 1.0) -> Iterator[None]:
    """Raise `TimeoutError` in the block after `seconds`, repeatedly in case it is caught there."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"it did not finish within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, again)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _digest(value: Mapping[str, Any], arrays: Arrays) -> bytes:
    digest = hashlib.sha256(as_json(value))
    for array in arrays.by_name.values():
        digest.update(array.tobytes())
    return digest.digest()


def _notes() -> list[Any]:
    """What the other modules in this kernel changed for the student."""
    reports = (getattr(sys.modules.get(f"_grader_{name}"), "report", None) for name in ("compat", "fastdata"))
    return [note for report in reports if report is not None for note in copy.deepcopy(report())]


_probe: Probe | None = None


def install(options: Mapping[str, Any], context: Context) -> None:
    """Options: ``names`` to watch, ``probes``: the text of a module that defines a dict ``PROBES``."""
    global _probe  # noqa: PLW0603 - one kernel, one recorder
    scope: dict[str, Any] = {"__name__": "_grader_probes"}
    exec(compile(options.get("probes", ""), "probes.py", "exec"), scope)  # noqa: S102 - the rubric's own code
    _probe = Probe(Log(context.evidence_fd), tuple(options["names"]), scope.get("PROBES", {}), context.data)
    _probe.hook()


def attach(shell: Any) -> None:
    if _probe is not None:
        _probe.attach(shell)
