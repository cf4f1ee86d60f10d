"""The server of the pages, from its first link to its end."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import uvicorn

from grader.errors import UsageError
from grader.reviewing.app import application
from grader.reviewing.desk import Desk
from grader.reviewing.guard import ENTRANCE, Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GRACE = 5
"""Seconds that a request may still take when the server is told to end."""


class Server:
    """A context manager: listens from its beginning, and answers while `run` does.

    Args:
        results: the results folder.
        host: an address or name of this machine.
        port: 0 for any that is free.
        graders: by whose names decisions are recorded.

    Raises:
        UsageError: the address can't be used, or `results` is not a results folder whose run got that far.
    """

    def __init__(self, results: Path, *, host: str, port: int, graders: Sequence[str]) -> None:
        self.desk = Desk(results)
        self._socket = _listening(host, port)
        address, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self._access = [Access(name=name) for name in graders]
        self._links = f"http://{shown}:{port}{ENTRANCE}?token="
        names = {shown, *(["localhost"] if ipaddress.ip_address(address).is_loopback else [])}
        app = application(self.desk, self._access, names=names, cookie=f"grader-{port}")
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                access_log=False,  # it would show the links
                log_level="error",
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )

    def __enter__(self) -> Self:
        self.desk.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self.desk.__exit__()

    @property
    def links(self) -> dict[str, str]:
        """The address that each grader opens first."""
        return {access.name: self._links + access.link for access in self._access}

    def run(self) -> None:
        """Answer requests until `stop`, SIGINT or SIGTERM."""
        asyncio.run(self._server.serve([self._socket]))

    def stop(self) -> None:
        self._server.should_exit = True


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As it does itself, but without raising the signal again: afterwards, the reports are written."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise UsageError(
            f"The page can't be served at {host}, port {port}: {error.strerror}. Choose another one "
            "with --host or --port."
        ) from None


def is_loopback(host: str) -> bool:
    """Does this name or address mean this machine alone?"""
    try:
        return all(ipaddress.ip_address(each[4][0]).is_loopback for each in socket.getaddrinfo(host, None))
    except (OSError, ValueError):
        return False
