"""What a kernel is born with: descriptors. It gets no path, no port and no name of this machine."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from grader.kernel.interface import KernelRequest

CHANNELS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
CONFINING = ("memory", "processes", "open_files", "file_size", "tmp_size")
LOG_SIZE = 1 << 20
CONNECTION_KEYS = (*CHANNELS, "ip", "key", "transport", "signature_scheme")


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """Numbers of open files that cross into the kernel."""

    sockets: tuple[int, ...]
    evidence: int
    log: int
    support: int | None

    def all(self) -> tuple[int, ...]:
        return (*self.sockets, self.evidence, self.log, *(() if self.support is None else (self.support,)))


def fixed_file(size: int) -> BinaryIO:
    """A nameless file of `size` zero bytes; on Linux one that nobody can grow or shrink."""
    if not sys.platform.startswith("linux"):
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - its kernel owns and closes it
        file.truncate(size)
        return file
    fd = os.memfd_create("grader", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return os.fdopen(fd, "r+b", buffering=0)


@contextmanager
def packed(support: Sequence[tuple[str, Path]]) -> Iterator[BinaryIO | None]:
    """The support files as a tar, rewound. A link is refused: it may point at what no student should read."""
    if not support:
        yield None
        return
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, source in support:
                add_regular(tar, name, source)
        file.seek(0)
        yield file


def add_regular(tar: tarfile.TarFile, name: str, source: Path) -> None:
    try:
        fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"cannot hand {source} to the notebook ({error.strerror}); hand in plain files"
        ) from None
    with os.fdopen(fd, "rb") as file:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise UsageError(f"cannot hand {source} to the notebook: not a plain file; hand in plain files")
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = facts.st_size, int(facts.st_mtime), 0o644
        tar.addfile(member, file)


def listen(folder: Path) -> list[socket.socket]:
    """One listening socket for each channel: clients may connect before the kernel exists."""
    sockets = []
    for number, _ in enumerate(CHANNELS, start=1):
        channel = socket.socket(socket.AF_UNIX)
        channel.bind(f"{folder}/s-{number}")
        channel.listen(64)
        sockets.append(channel)
    return sockets


def letter(
    request: KernelRequest, connection: Mapping[str, Any], descriptors: Descriptors, data: str
) -> dict[str, Any]:
    """The request as `inside/main.py` reads it: plain JSON, see there."""
    return {
        "connection": {
            key: value.decode() if isinstance(value, bytes) else value
            for key, value in connection.items()
            if key in CONNECTION_KEYS
        },
        "sockets": list(descriptors.sockets),
        "evidence": descriptors.evidence,
        "support": descriptors.support,
        "seed": request.seed,
        "data": data,
        "folder": request.folder,
        "imports": list(request.imports),
        "prelude": list(request.prelude),
        "options": dict(request.options),
        "output_cell": request.limits.output_cell,
        "limits": {name: getattr(request.limits, name) for name in CONFINING},
    }


def sealed_letter(content: Mapping[str, Any]) -> BinaryIO:
    return sealed(json.dumps(content).encode())


def sealed(body: bytes) -> BinaryIO:
    """A nameless file that holds `body`, rewound."""
    file = fixed_file(len(body))
    file.write(body)
    file.seek(0)
    return file
