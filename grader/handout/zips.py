"""Zips that are the same bytes whenever and wherever they are made, and read with care."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can hold."""


def write(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, not compressed: deflate's bytes differ by the version of zlib."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3  # Unix, so that the permissions below hold
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def read(path: Path, *, most: int) -> dict[str, bytes]:
    """The files of a zip of at most so many bytes in all, unpacked.

    Raises:
        BadZipFile: it is not a zip, or larger, damaged or encrypted, or a name leads out of it.
        OSError: it can't be read.
    """
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > most:
            raise zipfile.BadZipFile("too large")
        if not all(_is_inside(entry.filename) for entry in entries):
            raise zipfile.BadZipFile("a name leads out of it")
        return {entry.filename: _content(archive, entry) for entry in entries}


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            content = file.read(entry.file_size + 1)
    except (RuntimeError, NotImplementedError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile("a size is wrong")
    return content


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name
