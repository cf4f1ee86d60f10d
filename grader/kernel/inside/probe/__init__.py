"""Records evidence in the student's kernel after each cell. It is not proof: student code controls this process.

After every cell it reads the names that the assignment asks for and writes those that changed to the log as plain
data, with the figures shown and the training trace. Between cells the harness may have a probe called.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import sys
from binascii import b2a_base64
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from . import figures
from .fork import in_fork
from .log import Arrays, Log, as_json, packed
from .values import encode, scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from . import trace

MOST_FIGURES = 200
MOST_CAPTURED = 50
PAYLOAD = "probes"
"""By which a cell's reply names what our probes can call from then on."""
MOST_NETWORKS = 5
"""Of those that were trained under names that nobody asked for."""
MOST_IN_SERIES = 1000
MOST_COLUMNS = 5
PLAIN_OBJECTS = ("SimpleNamespace", "Namespace")
"""Classes whose objects only hold what was assigned to them."""
MOST_SERIES = 10
"""Of the lists and tables of numbers that a training cell left under names that nobody asked for."""


class Context(Protocol):
    evidence_fd: int
    data: str


class Probe:
    """Records one kernel: the values of `names` after each cell. Calls the functions `probes` when asked to."""

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
        self._targets: dict[str, Any] = {}
        """What the names that a probe calls were bound to last."""
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
            drawn = draw(figure, *args, **kwargs)
            if not captured:
                self._see_figure(figure)  # only when it is drawn are all axes in their places
            picture = b2a_base64(drawn, newline=False).decode() if isinstance(drawn, bytes) else drawn
            if captured:
                self._hold_figure(figure, picture)
            else:
                self._captured.pop(picture, None)  # it is not shown twice
            return drawn

        pylabtools.print_figure = noted  # type: ignore[assignment]  # the same signature

    def attach(self, shell: Any) -> None:
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", lambda result: self._end(result, shell))
        shell.kernel.shell_handlers["probe_request"] = partial(self._answer, shell.kernel)
        if hasattr(shell.display_pub, "register_hook"):  # as in a kernel
            shell.display_pub.register_hook(self._see_published)

    def _begin(self, info: Any) -> None:
        # A cell that runs cells of its own (`get_ipython().run_cell`) has no id for them.
        if info.cell_id is not None:
            self._cell = int(info.cell_id)
            self._figures, self._figure_arrays = [], Arrays()

    def _end(self, result: Any, shell: Any) -> None:
        if result.info is None or result.info.cell_id is None:
            return
        namespace = {name: value for name, value in shell.user_ns.items() if isinstance(name, str)}
        arrays = self._figure_arrays
        namespace = {**_attributes(namespace), **namespace}
        trained, series = self._trained(namespace), self._series(namespace)
        self._names = tuple(dict.fromkeys([*self._names, *trained, *series]))
        raised = [error for error in (result.error_before_exec, result.error_in_exec) if error is not None]
        record = {
            "kind": "cell",
            "cell": self._cell,
            "error": type(raised[0]).__name__ if raised else None,
            "values": self._changed(namespace, arrays),
            "trained": trained,
            "series": series,
            "figures": self._figures,
            **({"trace": self._trace.cut("trace", arrays)} if self._trace is not None else {}),
            "notes": _notes(),
        }
        self._log.append(record, arrays)
        if new := self._newly_defined(namespace):
            shell.payload_manager.write_payload({"source": PAYLOAD, "names": new})

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

    def _series(self, namespace: Mapping[str, Any]) -> list[str]:
        """The names of lists and tables of numbers, and collections of them, if the last cell trained a network."""
        if self._trace is None or not self._trace.losses:
            return []
        names = [name for name, value in namespace.items() if name[:1] != "_" and _is_series(value)]
        plain = [name for name in names if name.replace(".", "").isidentifier()]
        return [name for name in plain if name not in ("In", "Out")][-MOST_SERIES:]

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

    def _newly_defined(self, namespace: Mapping[str, Any]) -> list[str]:
        """The names that a probe calls and the last cell defined."""
        targets = {name: namespace[name] for name in self._probes if callable(namespace.get(name))}
        new = [name for name, target in targets.items() if self._targets.get(name) is not target]
        self._targets |= targets
        return new

    def _answer(self, kernel: Any, stream: Any, sender: Any, request: Mapping[str, Any]) -> None:
        """Call a probe with what the harness draws for it, in a fork. Nothing here knows what is right."""
        asked, namespace = request["content"], kernel.shell.user_ns
        answer = in_fork(lambda: self._called(asked["name"], asked["inputs"], namespace))
        kernel.session.send(stream, "probe_reply", {}, request, ident=sender, buffers=[answer])

    def _called(self, name: str, inputs: Any, namespace: dict[str, Any]) -> bytes:
        arrays = Arrays()
        given = () if inputs is None else (inputs,)
        try:
            outcome = self._probes[name](namespace[name], namespace, self._data, *given)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the student's function may raise anything
            outcome = {"error": described(error)}
        return b"".join(packed({"outcome": encode(name, outcome, arrays)}, arrays))


def _attributes(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of networks and of objects of the notebook's own classes, as `name.attribute`."""
    found: dict[str, Any] = {}
    for name, value in namespace.items():
        with suppress(Exception):  # a class may answer anything
            own = getattr(value, "__module__", "") == "__main__" or type(value).__name__ in PLAIN_OBJECTS
            if name[:1] != "_" and (own or _is_network(value)):
                found |= {
                    f"{name}.{key}": member
                    for key, member in list(vars(value).items())[:MOST_IN_SERIES]
                    if isinstance(key, str) and isinstance(member, (list, tuple, dict, np.ndarray))
                }
    return found


def _is_network(value: Any) -> bool:
    return "torch" in sys.modules and isinstance(value, sys.modules["torch"].nn.Module)


def _is_series(value: Any, *, nested: bool = True) -> bool:
    """Is it a list or an array of numbers, or a collection of some?"""
    try:
        if isinstance(value, np.ndarray):
            is_table = nested and value.ndim == 2 and min(value.shape) <= MOST_COLUMNS
            return (value.ndim == 1 or is_table) and value.dtype.kind == "f" and value.size <= MOST_IN_SERIES
        members = list(value.values()) if nested and isinstance(value, dict) else value
        if not isinstance(members, list | tuple) or not 0 < len(members) <= MOST_IN_SERIES:
            return False
        if nested and all(_is_series(each, nested=False) for each in members):
            return True
        return members is value and all(scalar(each) is not None for each in members)
    except Exception:  # noqa: BLE001 - numbers of any class may sit in a list
        return False


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


def described(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:500]
    except Exception:  # noqa: BLE001 - also an error that can't be printed
        return type(error).__name__


def _trace_of_torch() -> trace.Trace:
    from . import trace  # noqa: PLC0415 - imports torch

    recorded = trace.Trace()
    trace.hook(recorded)
    return recorded


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
