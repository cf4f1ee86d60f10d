"""What is handed to a new kernel: open file descriptors, but no path, port or name of this machine.

On Windows nothing inherits a descriptor: a kernel there, which is never confined, opens files by name.
"""

from __future__ import annotations

import json
import os
import socket
import stat
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
LONGEST_PLACE = 60
SHORT_PLACE = "/tmp"  # noqa: S108 - the folders in it have random names and are their owner's
INHERITS = hasattr(os, "fork")
"""Whether a kernel gets open files and listening sockets from us."""
READ_ONLY = 0
for _flag in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    READ_ONLY |= getattr(os, _flag, 0)
CONNECTION_KEYS = (*CHANNELS, "ip", "key", "transport", "signature_scheme")


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """The file descriptors that the kernel inherits, or the names of files that it opens."""

    sockets: tuple[int, ...]
    evidence: int | str
    log: int
    support: int | str | None

    def all(self) -> tuple[int, ...]:
        files = (self.evidence, self.log, self.support)
        return (*self.sockets, *(each for each in files if isinstance(each, int)))


def new_file(folder: Path | None = None) -> BinaryIO:
    """An empty file that a kernel can be handed, in `folder` if it needs a name for that."""
    if INHERITS:
        return tempfile.TemporaryFile(buffering=0)
    return tempfile.NamedTemporaryFile(dir=folder, delete=False, buffering=0)  # type: ignore[return-value]


def handed(file: BinaryIO) -> int | str:
    """How a kernel gets this file: by its descriptor, or by its name."""
    return file.fileno() if INHERITS else file.name


def fixed_file(size: int, folder: Path | None = None) -> BinaryIO:
    """A `new_file` of `size` zero bytes. On Linux nobody can grow or shrink it."""
    if not hasattr(os, "memfd_create"):
        file = new_file(folder)
        file.truncate(size)
        return file
    import fcntl  # noqa: PLC0415 - Windows has none

    fd = os.memfd_create("grader", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return os.fdopen(fd, "r+b", buffering=0)


@contextmanager
def packed(support: Sequence[tuple[str, Path]], folder: Path | None = None) -> Iterator[BinaryIO | None]:
    """The support files as a tar archive, rewound.

    Links are refused, since they may point to files that students must not read.
    """
    if not support:
        yield None
        return
    with new_file(folder) as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, source in support:
                add_regular(tar, name, source)
        file.seek(0)
        yield file


def add_regular(tar: tarfile.TarFile, name: str, source: Path) -> None:
    try:
        fd = os.open(source, READ_ONLY)
    except OSError as error:
        raise UsageError(
            f"cannot give {source} to the notebook ({error.strerror}); submit regular files only"
        ) from None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(
                f"cannot give {source} to the notebook: it is not a regular file; submit regular files only"
            )
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), 0o644
        tar.addfile(member, file)


def place_of_sockets() -> str:
    """Where folders of sockets are made: a path of one has room for 103 bytes, with two folders of ours."""
    usual = tempfile.gettempdir()
    fits = not INHERITS or len(os.fsencode(usual)) <= LONGEST_PLACE
    return usual if fits else SHORT_PLACE


def listen(folder: Path) -> list[socket.socket]:
    """One listening socket per channel, so that clients can connect before the kernel exists; none on Windows."""
    if not INHERITS:
        return []
    sockets = []
    for number, _ in enumerate(CHANNELS, start=1):
        channel = socket.socket(socket.AF_UNIX)
        channel.bind(f"{folder}/s-{number}")
        channel.listen(64)
        sockets.append(channel)
    return sockets


def request_fields(
    request: KernelRequest, connection: Mapping[str, Any], descriptors: Descriptors, data: str
) -> dict[str, Any]:
    """The request as plain JSON, in the form that `inside/main.py` documents and reads."""
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


def sealed_request(fields: Mapping[str, Any], folder: Path | None = None) -> BinaryIO:
    return sealed(json.dumps(fields).encode(), folder)


def sealed(body: bytes, folder: Path | None = None) -> BinaryIO:
    """A file that holds `body`, rewound."""
    file = fixed_file(len(body), folder)
    file.write(body)
    file.seek(0)
    return file
