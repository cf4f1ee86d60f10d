"""The files of a results folder: where they are, how they get there whole, and work in progress."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Container

STUDENTS = "students"
WORK, TEMPORARY = ".work", ".tmp"


class ResultsFolder:
    """Paths below `root`. Work in progress is in `.work/` and behind the link `.tmp`.

    All of it is its owner's alone, whatever the umask: it holds names and grades.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, student: str) -> Path:
        return self.root / STUDENTS / _plain(student)

    def workplace(self, student: str) -> Path:
        """Where to put an execution together before the store keeps it; nothing is there yet."""
        folder = self.root / WORK / _plain(student)
        shutil.rmtree(folder, ignore_errors=True)
        self._make(folder.parent)
        return folder

    def temporary(self) -> Path:
        """A new folder among the system's temporary ones, where paths are short enough for sockets.

        `clear_work` removes it, even if this process was killed and the next one calls it.
        """
        folder = Path(tempfile.gettempdir(), f"grader-{secrets.token_hex(4)}")
        with suppress(OSError):  # Windows lets only administrators make one
            (self.root / TEMPORARY).symlink_to(folder)
        folder.mkdir(mode=0o700)
        return folder

    def clear_work(self) -> None:
        shutil.rmtree(self.root / WORK, ignore_errors=True)
        link = self.root / TEMPORARY
        if link.is_symlink():
            folder = link.readlink()
            if folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith("grader-"):
                shutil.rmtree(folder, ignore_errors=True)
            link.unlink()

    def put(self, folder: Path, place: Path) -> None:
        """Move a folder of this disk to its place, instead of what was there."""
        if place.exists():
            shutil.rmtree(place)
        self._make(place.parent)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o700 if path.is_dir() else 0o600)
        folder.rename(place)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file below the results folder whole, or not at all."""
        path = self.root / name
        self._make(path.parent)
        partial = path.with_name(f".{path.name}.part")
        try:
            partial.touch(mode=0o600)
            partial.write_bytes(content.encode() if isinstance(content, str) else content)
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        return path

    def remove_strangers(self, students: Container[str]) -> None:
        """Remove the folders of everybody else."""
        folder = self.root / STUDENTS
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in students:
                shutil.rmtree(path, ignore_errors=True)

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)


def _plain(student: str) -> str:
    """A student's name, if it names a folder and nothing above or below one."""
    if student in ("", ".", "..") or Path(student).name != student:
        raise HarnessError(f"{student!r} is not a valid folder name, so it can't be a student's.")
    return student
