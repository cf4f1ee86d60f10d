"""Kernels without a sandbox, each a fresh Python process.

For a student's own file, with `--sandbox none`, or as another user where no sandbox starts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from grader.kernel import handover
from grader.kernel.interface import Death
from grader.kernel.memory import Watchdog
from grader.kernel.processes import family, kill_all_of
from grader.kernel.provisioner import exit_code, prepared_kernel
from grader.places import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.kernel.handover import Descriptors
    from grader.kernel.interface import KernelRequest
    from grader.kernel.memory import Ticket
    from grader.kernel.provisioner import ProcessKernel

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
FIXED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PIP_RETRIES": "0",  # `!pip install` fails at once where there is no network
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # otherwise a warning appears in the student's first cell
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
NEEDED_ON_WINDOWS = ("SYSTEMROOT", "COMSPEC", "PATHEXT")
FLAGS = ("-s", "-X", "frozen_modules=off")


def environment(home: Path | str, tmp: Path | str) -> dict[str, str]:
    """All the environment variables that a kernel sees; of the instructor's own, only those in `INHERITED`."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, **FIXED, **home_variables(home), "TMPDIR": str(tmp)}


def _of_this_system(home: Path, tmp: Path) -> dict[str, str]:
    """What a kernel needs beside its `environment`."""
    if handover.INHERITS:
        return {"JPY_PARENT_PID": str(os.getpid())}  # so that ipykernel ends when we are killed
    kept = {name: os.environ[name] for name in NEEDED_ON_WINDOWS if name in os.environ}
    return {**kept, "USERPROFILE": str(home), "TEMP": str(tmp), "TMP": str(tmp)}


def home_variables(home: Path | str) -> dict[str, str]:
    return {"HOME": str(home), "IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib"}


class LocalProcess:
    """A child process in a session of its own; signals go to the whole session."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        inherit: Sequence[int],
        log: int,
        user: int | None,
    ) -> None:
        self._user = user
        self._child = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            pass_fds=inherit,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._death: Death | None = None

    @property
    def pid(self) -> int:
        return self._child.pid

    def poll(self) -> Death | None:
        with self._lock:
            if self._death is None and not handover.INHERITS:
                code = self._child.poll()
                self._death = None if code is None else Death(code=code)
            elif self._death is None:
                pid, status, usage = os.wait4(self._child.pid, os.WNOHANG)
                if pid:
                    self._child.returncode = code = exit_code(status)
                    self._death = Death(
                        code=code,
                        cpu_seconds=usage.ru_utime + usage.ru_stime,
                        max_rss=usage.ru_maxrss * RSS_UNIT,
                    )
            return self._death

    def signal(self, number: int) -> None:
        """Does nothing on Windows, where a cell can't be interrupted: what has to end there is killed."""
        if not handover.INHERITS:
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS reports EPERM for a group of zombies
            os.killpg(self._child.pid, number)

    def kill(self) -> None:
        if handover.INHERITS:
            self.signal(signal.SIGKILL)
            if self._user is not None:
                kill_all_of(self._user)
        else:
            for pid in reversed(family(self._child.pid)):
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()


def _unconfined() -> dict[str, Any]:
    return {
        "mode": "none",
        "user": "yours",
        "filesystem": "not confined",
        "network": "not confined",
        "pids": "not confined",
        "memory": "watched" if sys.platform == "linux" else "not limited",
        "seccomp": False,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdLauncher:
    """Starts kernels as ordinary processes, each with its own folder, home and environment."""

    inside: Path = INSIDE
    ticket: Ticket | None = None
    user: int | None = None
    """The number of the user, and of the group, that a kernel becomes before it reads what was handed in.

    Only root can ask for that. All processes of that user are killed with a kernel, so it must be nobody else's,
    and there is one kernel at a time. None: kernels run as this user."""
    enforced: Mapping[str, Any] = field(default_factory=_unconfined)

    def at(self, ticket: Ticket) -> ColdLauncher:
        return replace(self, ticket=ticket)

    @contextmanager
    def kernel(self, request: KernelRequest) -> Iterator[ProcessKernel]:
        # Another user can't enter our own folder for temporary files.
        place = None if self.user is None else handover.SHORT_PLACE
        folder = Path(tempfile.mkdtemp(prefix="grader-room-", dir=place))
        for name in ("work", "home", "tmp"):
            (folder / name).mkdir()
        if self.user is not None:
            for path in (folder, *folder.iterdir()):
                os.chown(path, self.user, self.user)

        def spawn(connection: Mapping[str, Any], descriptors: Descriptors) -> LocalProcess:
            fields = handover.request_fields(request, connection, descriptors, str(request.data or ""))
            home, tmp = folder / "home", folder / "tmp"
            with handover.sealed_request(fields, folder) as file:
                return LocalProcess(
                    [
                        sys.executable,
                        *FLAGS,
                        str(self.inside / "main.py"),
                        "cold",
                        str(handover.handed(file)),
                        *([] if self.user is None else [str(self.user)]),
                    ],
                    cwd=folder / "work",
                    env={**environment(home, tmp), **_of_this_system(home, tmp)},
                    inherit=(*descriptors.all(), file.fileno()) if handover.INHERITS else (),
                    log=descriptors.log,
                    user=self.user,
                )

        try:
            with (
                prepared_kernel(request, spawn) as kernel,
                Watchdog(kernel, request.limits.memory, self.ticket),
            ):
                yield kernel
        finally:
            shutil.rmtree(folder, ignore_errors=True)
