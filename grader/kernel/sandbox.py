"""What a confined kernel sees of this machine, and which kinds of confinement really start here."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from nbformat.v4 import new_code_cell, new_notebook

from grader.errors import HarnessError, UsageError
from grader.kernel import birth
from grader.kernel.cold import FIXED, FLAGS, INSIDE, ColdLauncher, home_variables
from grader.kernel.guard import run_notebook
from grader.kernel.memory import Watchdog, gib
from grader.kernel.provisioner import born
from grader.kernel.seam import KernelRequest
from grader.kernel.zygote import ForkedProcess, Zygotes, ask
from grader.model import Ending

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping, Sequence

    from grader.kernel.birth import Descriptors
    from grader.kernel.memory import Ticket
    from grader.kernel.provisioner import BornKernel
    from grader.kernel.seam import Launcher
    from grader.limits import Limits

VENV = "/opt/venv"
PACKAGES = "/opt/packages"
CODE = "/opt/kernel"
DATA = "/data"
UID = "1000"
ETC = {
    "/etc/passwd": "student:x:1000:1000::/work:/bin/sh\nroot:x:0:0::/:/bin/sh\n",
    "/etc/group": "student:x:1000:\nroot:x:0:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n",
    "/etc/fonts/fonts.conf": '<?xml version="1.0"?><fontconfig><dir>/usr/share/fonts</dir>'
    "<cachedir>/tmp/.fontconfig</cachedir></fontconfig>\n",
}
LINKER = ("/etc/ld.so.cache", "/etc/alternatives")
"""What the system's libraries need of the real /etc."""
CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL", "NET_ADMIN", "SYS_RESOURCE")
"""What the warm process needs as root to confine its forks, which keep none of it."""
OWN_PROCESSES = 10
"""More processes than a sandbox has of its own; seeing so many means seeing the machine's."""
INSTALL = "install it with your system's packages (apt install bubblewrap, dnf install bubblewrap)"


class Mode(StrEnum):
    """Kinds of confinement, the strongest and fastest first."""

    NESTED = "nested"  # one sandbox a batch; each kernel is a fork in namespaces of its own
    SINGLE = "single"  # one warm sandbox a kernel, started ahead of time
    COLD = "cold"  # one sandbox a kernel, which imports torch for itself
    NONE = "none"

    @property
    def options(self) -> tuple[str, ...]:
        """Words for `inside/main.py serve`."""
        return {Mode.NESTED: ("nested", "preload"), Mode.SINGLE: ("preload",)}.get(self, ())


SANDBOXES = (Mode.NESTED, Mode.SINGLE, Mode.COLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one sandbox shows, and of which kind it is."""

    mode: Mode
    data: Path
    scratch: int
    """Bytes of each folder that may be written to."""
    inside: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Whether one mode starts on this machine; `why` says why not, and what to do."""

    mode: Mode
    works: bool
    why: str = ""


def parents(path: str) -> list[str]:
    """The folders above `path`, the topmost first."""
    return [str(parent) for parent in reversed(Path(path).parents) if str(parent) != "/"]


def folder(path: str) -> list[str]:
    """An empty folder. bwrap gives the parents that it makes itself to nobody but root."""
    return ["--perms", "0755", "--dir", path]


def shown(source: Path | str, target: str) -> list[str]:
    """`source` at `target`, for reading only."""
    return [
        *(word for parent in parents(target) for word in folder(parent)),
        "--ro-bind",
        str(source),
        target,
    ]


def system() -> list[str]:
    """/usr, and whatever /bin, /lib and the like are on this distribution."""
    words = shown("/usr", "/usr")
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += shown(path, name)
    store = Path("/nix/store")
    return words + (shown(store, str(store)) if store.is_dir() else [])


def python() -> tuple[list[str], str, list[str]]:
    """The interpreter and its packages: words for bwrap, the program to start, folders for PYTHONPATH."""
    words: list[str] = []
    base, prefix = sys.base_prefix, sys.prefix
    if not within(base, "/usr"):
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
    known = ("/usr", sys.base_prefix, sys.prefix)
    return [
        path
        for path in sys.path
        if Path(path).name in ("site-packages", "dist-packages")
        and Path(path).is_dir()
        and not any(within(path, folder) for folder in known)
    ]


def hidden() -> list[str]:
    """Our own package, where it is installed among the others: a student has no use for it."""
    package = Path(__file__).resolve().parents[1]
    if not within(str(package), sys.prefix):
        return []
    covered = VENV + str(package).removeprefix(sys.prefix) if sys.prefix != sys.base_prefix else str(package)
    return ["--tmpfs", covered, "--remount-ro", covered]


def within(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def etc() -> tuple[list[str], list[BinaryIO]]:
    """A small /etc of invented files, and the descriptors that they are read from."""
    words = [*folder("/etc"), *folder("/etc/fonts")]
    files = []
    for path, text in ETC.items():
        file = birth.sealed(text.encode())
        files.append(file)
        words += ["--perms", "0444", "--ro-bind-data", str(file.fileno()), path]
    for path in LINKER:
        if Path(path).exists():
            words += ["--ro-bind", path, path]
    return words, files


def scratch(size: int) -> list[str]:
    """What the warm process may write to, and a single-use kernel too. Forks get folders of their own."""
    words = ["--dev", "/dev", "--remount-ro", "/dev", "--proc", "/proc"]
    for path in ("/tmp", "/work", "/dev/shm"):  # noqa: S108 - names inside the sandbox
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
    """How to start a warm process in a sandbox, and the open files that go with it."""
    seen, program, packages = python()
    invented, files = etc()
    words = [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--hostname", "sandbox"),
        *("--die-with-parent", "--new-session"),
        *variables(packages),
        *system(),
        *seen,
        *hidden(),
        *invented,
        *shown(view.inside, CODE),
        *shown((view.data / "FashionMNIST").resolve(), f"{DATA}/FashionMNIST"),
        *(word for path in ("/var", "/run") for word in folder(path)),
        *scratch(view.scratch),
        *("--chdir", "/", "--remount-ro", "/"),
        *privileges(),
    ]
    # A process list, which a kernel may see, shows nothing of our paths when they come through a file.
    hidden_words = birth.sealed("\0".join(words).encode())
    start = [program, *FLAGS, f"{CODE}/main.py", "serve", str(control), str(status), *view.mode.options]
    return ["bwrap", "--args", str(hidden_words.fileno()), "--", *start], [*files, hidden_words]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLauncher:
    """Asks the warm processes of a `sandbox` for kernels. Any worker process may hold a copy."""

    mode: Mode
    control: socket.socket
    data: Path
    enforced: Mapping[str, Any] = field(default_factory=dict)
    ticket: Ticket | None = None

    def at(self, ticket: Ticket) -> SandboxLauncher:
        return replace(self, ticket=ticket)

    @contextmanager
    def kernel(self, request: KernelRequest) -> Iterator[BornKernel]:
        if request.data != self.data:
            raise ValueError(f"this sandbox shows {self.data}, not {request.data}")

        def spawn(connection: Mapping[str, Any], descriptors: Descriptors) -> ForkedProcess:
            content = birth.letter(request, connection, descriptors, DATA)
            with birth.sealed_letter(content) as letter:
                return ask(self.control, letter, descriptors, shared=self.mode is Mode.NESTED)

        with born(request, spawn) as kernel, Watchdog(kernel, request.limits.memory, self.ticket):
            yield kernel


@contextmanager
def sandbox(mode: Mode, data: Path, *, limits: Limits, inside: Path = INSIDE) -> Iterator[SandboxLauncher]:
    """Warm processes for a batch, and the launcher that asks them. `data` is the only folder they show.

    Raises:
        HarnessError: this kind of sandbox does not start here, or does not hold what it promises.
    """
    if shutil.which("bwrap") is None:
        raise HarnessError(f"bubblewrap (bwrap) is not installed; {INSTALL}")
    view = View(mode=mode, data=data, scratch=limits.tmp_size, inside=inside)
    with Zygotes(partial(command, view)) as zygotes:
        zygotes.wait()
        launcher = SandboxLauncher(mode=mode, control=zygotes.control, data=data)
        yield replace(launcher, enforced=what_holds(mode, trial(launcher, limits), limits))


def trial(launcher: SandboxLauncher, limits: Limits) -> Mapping[str, Any]:
    """Start a kernel and let its process 1 look around: what it found in force."""
    request = KernelRequest(seed=0, data=launcher.data, limits=limits)
    with launcher.kernel(request) as kernel:
        kernel.start(kernel.manager.get_connection_info())
        if not isinstance(kernel.process, ForkedProcess):
            raise HarnessError("the sandbox started no kernel")
        return kernel.process.facts


def what_holds(mode: Mode, facts: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """What a report says of the confinement. Raises `HarnessError` if a promise is not kept."""
    kept = {
        "no network but its own loopback": set(facts["interfaces"]) <= {"lo"},
        "a read-only file system": facts["read_only"],
        "no capabilities": not facts["capabilities"],
        "no way to new privileges": facts["no_new_privs"],
        "few visible processes": facts["processes"] < OWN_PROCESSES,
        "a user that is not root": facts["uid"] != 0,
    }
    broken = [promise for promise, holds in kept.items() if not holds]
    if broken:
        raise HarnessError(f"the sandbox starts here but lacks {', '.join(broken)}")
    return {
        "mode": str(mode),
        "user": f"uid {facts['uid']}, no capabilities",
        "filesystem": "read-only view of the interpreter and the data",
        "network": "none",
        "pids": f"own namespace, at most {limits.processes}",
        "memory": f"{gib(limits.memory)} a process (RLIMIT_DATA), and in all (watched)",
        "seccomp": facts["seccomp"],
    }


def attempt(mode: Mode, data: Path, limits: Limits) -> Attempt:
    """Really run a cell in this mode."""
    try:
        with sandbox(mode, data, limits=limits) as launcher:
            check(launcher, limits)
    except (HarnessError, OSError) as error:
        return Attempt(mode=mode, works=False, why=str(error))
    return Attempt(mode=mode, works=True)


def check(launcher: SandboxLauncher, limits: Limits) -> None:
    """Raises `HarnessError` unless a kernel of `launcher` can do a sum."""
    nb = new_notebook(  # type: ignore[no-untyped-call]
        cells=[new_code_cell("6 * 7")]  # type: ignore[no-untyped-call]
    )
    with launcher.kernel(KernelRequest(seed=0, data=launcher.data, limits=limits)) as kernel:
        run = run_notebook(
            nb, kernel, limits=limits, cell_deadline=30.0, notebook_deadline=60.0, on_cell=lambda _: None
        )
    if run.ending is not Ending.FINISHED or nb.cells[0].outputs[0].data["text/plain"] != "42":
        raise HarnessError(f"a kernel starts, but cannot work: {run.detail}")


def probe_host(data: Path, *, limits: Limits) -> list[Attempt]:
    """Each mode, really tried: for `grader doctor`."""
    return [attempt(mode, data, limits) for mode in SANDBOXES]


@contextmanager
def best_launcher(data: Path, *, limits: Limits, confined: bool = True) -> Iterator[Launcher]:
    """The strongest launcher that starts here.

    Raises:
        UsageError: none does, and `confined` forbids to go without.
    """
    if not confined:
        yield ColdLauncher()
        return
    reasons = []
    for mode in SANDBOXES:
        with ExitStack() as stack:
            try:
                launcher = stack.enter_context(sandbox(mode, data, limits=limits))
            except HarnessError as error:
                reasons.append(f"{mode}: {error}")
                continue
            yield launcher
            return
    raise UsageError(
        f"no sandbox starts on this machine ({'; '.join(dict.fromkeys(reasons))}). "
        "See `grader doctor`; `--sandbox none` runs the notebooks with all that you may do yourself."
    )
