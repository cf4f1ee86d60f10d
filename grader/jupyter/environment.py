"""The environment that has all of this program, beside the one of the student's kernel, and programs run in it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from grader.jupyter import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Path(__file__).absolute().parents[2]
"""What this package was imported from: a folder, or the wheel."""
INSTALL = "%check --install"
FOR_THE_KERNEL = ("FORCE_COLOR", "CLICOLOR_FORCE", "MPLBACKEND")
"""Variables that a kernel sets, and that would spoil what its programs print and draw."""


def python(home: Path) -> Path:
    """The Python that can run the checks: of the environment we are installed in, or of `checks` beside the wheel.

    Raises:
        CheckError: nothing is installed beside the wheel yet.
    """
    if home.suffix != ".whl":
        own = (folder for folder in home.parents if (folder / "pyvenv.cfg").is_file())
        return next(map(_python_of, own), Path(sys.executable))
    found = _python_of(_beside(home))
    if not any(found.parent.glob("grader*")):  # the last file that pip writes
        raise CheckError(f"The checks are not installed yet. Run this once: {INSTALL}")
    return found


def install(home: Path) -> None:
    """Make `checks` beside the wheel; it sees the kernel's packages. Install the wheel and what is missing there.

    Raises:
        CheckError: it can't be made there, or pip failed.
    """
    if home.suffix != ".whl":
        raise CheckError("The checks are installed already. Run: %check")
    folder = _beside(home)
    if folder.exists() and not (folder / "pyvenv.cfg").is_file():
        raise CheckError(f"{folder} is in the way. Rename it, and run again: {INSTALL}")
    try:
        # The kernel's packages are named one by one: those of a virtual environment are not the system's.
        with_pip = importlib.util.find_spec("pip") is None
        venv.create(folder, clear=True, symlinks=os.name != "nt", with_pip=with_pip)
        own = run(_python_of(folder), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        seen = (path for path in sys.path if Path(path).name in ("site-packages", "dist-packages"))
        Path(own.stdout.strip(), "kernel.pth").write_text("\n".join(seen), encoding="utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        raise CheckError(
            f"{folder} can't be made: {error}. Move the wheel, and run again: {INSTALL}"
        ) from None
    done = run(_python_of(folder), "-m", "pip", "install", "--quiet", str(home), *_torch())
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        said = re.search(r"^ERROR: (.+?)\.?$", done.stderr, re.MULTILINE)  # links and advice follow
        why = said[1] if said else last_line(done.stderr)
        raise CheckError(
            f"pip could not install the checks: {why}. "
            "Try again, or install them in a terminal, as your kit's README says"
        )


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without colours. If the kernel is interrupted, so is the program."""
    kept = {name: value for name, value in os.environ.items() if name not in FOR_THE_KERNEL}
    try:
        process = subprocess.Popen(
            [str(program), *arguments],
            env={**kept, "NO_COLOR": "1", "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Jupyter interrupts all of a kernel's group: the program would hear it twice
        )
    except OSError as error:
        return subprocess.CompletedProcess(arguments, 127, "", str(error))
    with process:
        try:
            out, err = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def last_line(text: str) -> str:
    return (text.strip() or "it said nothing").splitlines()[-1].strip().rstrip(".")


def _beside(home: Path) -> Path:
    return home.parent / "checks"


def _python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _torch() -> Iterator[str]:
    """The kernel's own torch, as requirements: pip must not fetch gigabytes of another one."""
    for name in ("torch", "torchvision"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield f"{name}=={importlib.metadata.version(name)}"
