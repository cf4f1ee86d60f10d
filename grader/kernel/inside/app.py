"""An IPython kernel that uses sockets bound by its parent, without paths, ports or a connection file.

Where none are given, as on Windows, it listens on the ports that its connection names.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.kernelapp import IPKernelApp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHANNELS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class GivenHeartbeat(Heartbeat):
    descriptor: int | None = None

    def _try_bind_socket(self) -> None:
        adopt(self.socket, self.descriptor, self.ip, self.port)


class GivenSocketsApp(IPKernelApp):
    """ipykernel, except that each socket adopts a listening descriptor instead of binding an address."""

    connection: Mapping[str, Any] = {}
    descriptors: Mapping[int, int] = {}
    """Descriptor by port number. The numbers 1 to 5 only serve as names here."""

    def _try_bind_socket(self, s: zmq.Socket[bytes], port: int) -> int:
        adopt(s, self.descriptors.get(port), self.ip, port)
        return port

    def init_connection_file(self) -> None:
        self.load_connection_info(dict(self.connection))  # type: ignore[arg-type]  # a TypedDict of the same

    def write_connection_file(self, **_: Any) -> None:
        """Nobody else may connect."""

    def cleanup_connection_file(self) -> None:
        """There is no connection file."""

    def log_connection_info(self) -> None:
        self._ports = {name.removesuffix("_port"): getattr(self, name) for name in CHANNELS}

    def init_heartbeat(self) -> None:
        self.heartbeat = GivenHeartbeat(  # type: ignore[no-untyped-call]
            zmq.Context(), (self.transport, self.ip, self.hb_port)
        )
        self.heartbeat.descriptor = self.descriptors.get(self.hb_port)
        self.heartbeat.start()

    def init_control(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        super().init_control(context)  # type: ignore[no-untyped-call]
        # Only a debugger needs it, and it would keep trying to connect to a path that does not exist here.
        self.debug_shell_socket.disconnect(self.shell_socket.getsockopt(zmq.LAST_ENDPOINT))


def adopt(socket: zmq.Socket[bytes], descriptor: int | None, ip: str, port: int) -> None:
    if descriptor is not None:
        socket.setsockopt(zmq.USE_FD, descriptor)
    if socket.type == zmq.XPUB:
        socket.setsockopt(zmq.XPUB_NODROP, 1)  # a busy reader makes the kernel wait instead of losing output
    socket.bind(f"tcp://{ip}:{port}" if descriptor is None else f"ipc://{ip}-{port}")


def initialize(connection: Mapping[str, Any], descriptors: Sequence[int]) -> GivenSocketsApp:
    """An initialised app that is not serving yet."""
    app = GivenSocketsApp.instance()
    app.connection = connection
    app.descriptors = {connection[name]: fd for name, fd in zip(CHANNELS, descriptors, strict=False)}
    app.initialize(["--HistoryManager.enabled=False"])  # type: ignore[no-untyped-call]
    show_figures()
    return app


def show_figures() -> None:
    """Connect inline figures to the shell, which pyplot could not do if it was imported first."""
    if "matplotlib.pyplot" in sys.modules:
        from matplotlib_inline.backend_inline import (  # noqa: PLC0415
            _enable_matplotlib_integration,
        )

        _enable_matplotlib_integration()  # type: ignore[no-untyped-call]
