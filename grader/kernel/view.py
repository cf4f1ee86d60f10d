"""What a sandbox shows of this machine, as command-line arguments for bubblewrap."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from grader.kernel import handover
from grader.kernel.cold import FIXED, FLAGS, home_variables
from grader.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

VENV = "/opt/venv"
PACKAGES = "/opt/packages"
CODE = "/opt/kernel"
DATA = "/data"
UID = "1000"
SYSTEM = (
    *(f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "share", "include")),
    *(f"/usr/local/{name}" for name in ("bin", "sbin", "lib", "lib64", "share", "include")),
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"),
)
ETC = {
    "/etc/passwd": "student:x:1000:1000::/work:/bin/sh\nroot:x:0:0::/:/bin/sh\n",
    "/etc/group": "student:x:1000:\nroot:x:0:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n",
    "/etc/fonts/fonts.conf": '<?xml version="1.0"?><fontconfig><dir>/usr/share/fonts</dir>'
    "<cachedir>/tmp/.fontconfig</cachedir></fontconfig>\n",
}
LINKER = ("/etc/ld.so.cache", "/etc/alternatives")
"""The parts of the real /etc that system libraries need."""
SCRATCH = ("/tmp", "/work", "/dev/shm")  # noqa: S108 - names inside the sandbox
"""The folders that a kernel may write to; they are in memory."""
CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL", "NET_ADMIN", "SYS_RESOURCE")
"""What the warm process needs as root to confine its forks, which keep none of these capabilities."""


class Mode(StrEnum):
    """Kinds of sandbox, the strongest and fastest first."""

    NESTED = "nested"  # one sandbox for all kernels; each is a fork in namespaces of its own
    SINGLE = "single"  # one warm sandbox per kernel, started in advance
    COLD = "cold"  # one sandbox per kernel, with a fresh interpreter that imports everything itself

    @property
    def options(self) -> tuple[str, ...]:
        """Arguments for `inside/main.py serve`."""
        return {Mode.NESTED: ("nested", "preload"), Mode.SINGLE: ("preload",), Mode.COLD: ()}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one sandbox shows, and its kind."""

    mode: Mode
    data: Path | None
    scratch: int
    """Size in bytes of each writable folder."""
    inside: Path
    warm: tuple[str, ...] = ()
    """The modules of the assignment that a warm process imports."""


def parents(path: str) -> list[str]:
    """The folders above `path`, topmost first."""
    return [str(parent) for parent in reversed(Path(path).parents) if str(parent) != "/"]


def folder(path: str) -> list[str]:
    """An empty folder that everybody may read; parents that bwrap creates by itself are for root only."""
    return ["--perms", "0755", "--dir", path]


def shown(source: Path | str, target: str) -> list[str]:
    """`source` at `target`, read-only."""
    return [
        *(word for parent in parents(target) for word in folder(parent)),
        "--ro-bind",
        str(source),
        target,
    ]


def system() -> list[str]:
    """The system folders that programs need. Not all of /usr: some courses keep their material in /usr/src."""
    return [word for path in SYSTEM for word in entry(Path(path))]


def entry(path: Path) -> list[str]:
    """`path` at the same place, as a folder or as a link."""
    if path.is_symlink():
        above = [word for parent in parents(str(path)) for word in folder(parent)]
        return [*above, "--symlink", str(path.readlink()), str(path)]
    return shown(path, str(path)) if path.is_dir() else []


def python() -> tuple[list[str], str, list[str]]:
    """The interpreter and its packages: arguments for bwrap, the program to start, folders for PYTHONPATH."""
    words: list[str] = []
    base, prefix = sys.base_prefix, sys.prefix
    if base not in ("/usr", "/usr/local") and not within(base, *SYSTEM):
        words += shown(base, base)
    program = str(Path(sys.executable).resolve()) if base == prefix else f"{VENV}/bin/python"
    if base != prefix:
        words += shown(prefix, VENV)
    extra = extra_packages()
    for number, path in enumerate(extra):
        words += shown(path, f"{PACKAGES}/{number}")
    return words, program, [f"{PACKAGES}/{number}" for number, _ in enumerate(extra)]


def extra_packages() -> list[str]:
    """Package folders outside the interpreter's own, such as those of `pip install --user`."""
    known = (*SYSTEM, sys.base_prefix, sys.prefix)
    return [
        path
        for path in sys.path
        if Path(path).name in ("site-packages", "dist-packages")
        and Path(path).is_dir()
        and not within(path, *known)
    ]


def hidden() -> list[str]:
    """Cover our own package where it is installed next to the others: students must not read it."""
    if not within(str(PACKAGE), sys.prefix):
        return []
    covered = VENV + str(PACKAGE).removeprefix(sys.prefix) if sys.prefix != sys.base_prefix else str(PACKAGE)
    return ["--tmpfs", covered, "--remount-ro", covered]


def within(path: str, *folders: str) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def etc() -> tuple[list[str], list[BinaryIO]]:
    """A small /etc of made-up files, and the open files that hold them."""
    words = [*folder("/etc"), *folder("/etc/fonts")]
    files = []
    for path, text in ETC.items():
        file = handover.sealed(text.encode())
        files.append(file)
        words += ["--perms", "0444", "--ro-bind-data", str(file.fileno()), path]
    for path in LINKER:
        if Path(path).exists():
            words += ["--ro-bind", path, path]
    return words, files


def scratch(size: int) -> list[str]:
    """What the warm process and a single-use kernel may write to. Forked kernels get folders of their own."""
    words = ["--dev", "/dev", "--remount-ro", "/dev", "--proc", "/proc"]
    for path in SCRATCH:
        words += ["--perms", "1777", "--size", str(size), "--tmpfs", path]
    return words


def privileges() -> list[str]:
    if os.geteuid() == 0:
        return [word for name in CAPABILITIES for word in ("--cap-add", f"CAP_{name}")]
    return ["--unshare-user", "--uid", UID, "--gid", UID]


def variables(packages: Sequence[str]) -> list[str]:
    values = {
        **FIXED,
        **home_variables("/tmp"),  # noqa: S108
        "HOME": "/work",
        "LANG": "C.UTF-8",
        "PATH": f"{VENV}/bin:/usr/bin:/bin",
    }
    if packages:
        values["PYTHONPATH"] = ":".join(packages)
    return ["--clearenv", *(word for name, value in values.items() for word in ("--setenv", name, value))]


def command(view: View, control: int, status: int) -> tuple[list[str], list[BinaryIO]]:
    """The command that starts a warm process in a sandbox, and the open files that it needs."""
    python_words, program, packages = python()
    etc_words, files = etc()
    words = [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--hostname", "sandbox"),
        *("--die-with-parent", "--new-session"),
        *variables(packages),
        *system(),
        *python_words,
        *hidden(),
        *etc_words,
        *shown(view.inside, CODE),
        *(shown(view.data.resolve(), DATA) if view.data is not None else ()),
        *(word for path in ("/var", "/run") for word in folder(path)),
        *scratch(view.scratch),
        *("--chdir", "/", "--remount-ro", "/"),
        *privileges(),
    ]
    # Kernels may see a process list. Arguments passed in a file do not reveal our paths there.
    arguments = handover.sealed("\0".join(words).encode())
    start = [program, *FLAGS, f"{CODE}/main.py", "serve", str(control), str(status)]
    start += [",".join(view.warm), *view.mode.options]
    return ["bwrap", "--args", str(arguments.fileno()), "--", *start], [*files, arguments]
