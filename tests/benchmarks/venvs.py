"""Other graders, each in a virtual environment of its own, below which lies the one that runs the benchmark."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from .setting import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
"""Shared libraries in the versions that we use: torch is taken from our environment and must fit them."""
MARK = "installed"


class InstallationError(Exception):
    """A peer could not be installed."""


def installed(requirement: str, cache: Path, call: Callable[[Sequence[str]], None] | None = None) -> Path:
    """The `bin` folder of an environment that holds `requirement`, made now if it is not there.

    Raises:
        InstallationError: with the last words of what failed.
    """
    call = call or _call
    folder = cache / f"{requirement}-py{sys.version_info.major}.{sys.version_info.minor}"
    mark = folder / MARK
    if not mark.exists() or mark.read_text() != _ours():
        shutil.rmtree(folder, ignore_errors=True)
        call([sys.executable, "-m", "venv", str(folder)])
        call([str(folder / "bin" / "pip"), "install", "--constraint", str(CONSTRAINTS), requirement])
        _put_beneath(folder)
        mark.write_text(_ours())
    return folder / "bin"


def _put_beneath(folder: Path) -> None:
    """Let its interpreter find our packages wherever it has none of its own."""
    paths = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    (own / "beneath.pth").write_text(_ours())


def _ours() -> str:
    return "\n".join(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise InstallationError(f"{Path(command[0]).name} failed: {' '.join(words[-2:])}")
