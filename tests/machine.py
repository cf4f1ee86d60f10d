"""What tests need of the machine that runs them, and when it is a failure that it is missing."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from grader.places import PACKAGE

PROMISES = {"sandbox": "GRADER_REQUIRE_SANDBOX", "package": "CI"}
"""The environment variables that say what is there: namespaces and control groups; a browser and the data set."""


def promised(kind: str) -> bool:
    """Whether tests may count on this machine to have what they need of a kind in `PROMISES`."""
    return os.environ.get(PROMISES[kind], "").lower() not in {"", "0", "false"}


def lacks(kind: str, reason: str) -> NoReturn:
    """Skip the test that needs what is missing, or fail it where it was promised."""
    if promised(kind):
        pytest.fail(f"{reason} ({PROMISES[kind]} is set, so this is not skipped)", pytrace=False)
    pytest.skip(reason)


def unreachable(path: Path) -> Path | None:
    """The topmost folder above `path` that other users may not enter."""
    return next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), None)


def in_reach_of_all(
    *command: str, seconds: float = 180, drop: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `command` as root, in a mount namespace in which every user can start the interpreter, even if only root
    can here. `drop` is what comes before the command. If this is an ordinary user already, as that user.
    """
    base = Path(sys.base_prefix)
    closed = unreachable(base)
    opening = (
        f"mount --bind {base} /mnt && mount -t tmpfs -o mode=755 none {closed} && mkdir -p {base} && "
        f"mount --bind /mnt {base} && "
    )
    start = f'{opening if closed else ""}exec {drop} "$@"'
    shell = ["unshare", "-m", "sh", "-c", start, "sh"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*shell, *command],
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "PYTHONPATH": str(PACKAGE.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def need_a_reachable_checkout() -> None:
    if os.geteuid() == 0 and (unreachable(PACKAGE) or unreachable(Path(sys.prefix) / "bin")):
        lacks("sandbox", "the checkout or its environment lies where only root may go")
