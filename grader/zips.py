"""Zips: written so that they are the same bytes whenever and wherever they are made, and read with care.

What a stranger packed is checked entry by entry before anything is unpacked. An entry's name is only data: whoever
unpacks it chooses the path.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can hold."""
MOST_RATIO = 200
"""How many times its packed size a large entry may have. Text reaches 20, and zeros 1,000."""
LARGE = 16 << 20
"""Bytes from which on the ratio counts."""
LONGEST_NAME = 1000
LONGEST_PART = 255
"""Bytes of a file's or folder's name on every usual disk."""
DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Names that Windows reserves for devices, with any ending."""
ENCRYPTED, DENSE = "is encrypted", "is packed too densely to be genuine"
"""Problems that make a whole zip suspicious; others concern only the entry that has them."""
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, OSError, ValueError)
"""What reading a damaged or unusual zip raises. A NotImplementedError is a RuntimeError."""
_CENTRAL = b"PK\x01\x02"
"""How each entry of a zip's table begins."""
_CHUNK = 1 << 20
_OTHER_ARCHIVES = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
)
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file or folder of a zip, still packed."""

    parts: tuple[str, ...]
    """Its name, split at slashes and backslashes."""
    is_folder: bool
    size: int
    """Unpacked, as the zip says; in bytes."""
    problem: str
    """Why it must not be unpacked, completing "it …"; empty if it may be."""
    date: tuple[int, int, int, int, int, int]
    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo

    def content(self, most: int) -> bytes:
        """Its content, if that is not larger than `most`.

        Raises:
            BadZipFile: it is larger, damaged, or must not be unpacked.
        """
        if self.problem:
            raise zipfile.BadZipFile(f"it {self.problem}")
        if self.size > most:
            raise zipfile.BadZipFile("it is too large")
        return b"".join(_chunks(self.archive, self.entry))

    def unpack(self, path: Path) -> None:
        """Write its content to a new file, never more than the size that the zip says.

        Raises:
            BadZipFile: it is damaged, or must not be unpacked.
            OSError: the file can't be written.
        """
        if self.problem:
            raise zipfile.BadZipFile(f"it {self.problem}")
        with path.open("xb") as file:
            for chunk in _chunks(self.archive, self.entry):
                file.write(chunk)


def write(files: Mapping[str, bytes], *, programs: Container[str] = ()) -> bytes:
    """A zip of these files, not compressed: deflate's bytes differ by the version of zlib.

    Those named in `programs` can be executed where they are unpacked.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.create_system = 3  # Unix, so that the permissions below hold
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
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
        return {entry.filename: b"".join(_chunks(archive, entry)) for entry in entries}


def opened(path: Path, *, most_entries: int | None = None) -> zipfile.ZipFile:
    """Open a zip of a stranger, whose table is read only if it cannot hold many more entries than allowed.

    Raises:
        BadZipFile: it is not a zip, damaged, or holds too many entries; its text completes "it …".
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
            for magic, kind in _OTHER_ARCHIVES:
                if head.startswith(magic):
                    raise zipfile.BadZipFile(f"is {kind}, not a zip")
            if most_entries is not None and _entries_at_most(head, file) > 10 * most_entries:
                raise zipfile.BadZipFile(f"holds more than {most_entries:,} files")
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        if isinstance(error, zipfile.BadZipFile) and str(error).startswith(("is ", "holds ")):
            raise
        raise zipfile.BadZipFile("is not a zip or is damaged") from error
    if most_entries is not None and len(archive.infolist()) > most_entries:
        archive.close()
        raise zipfile.BadZipFile(f"holds more than {most_entries:,} files")
    return archive


def members(archive: zipfile.ZipFile) -> tuple[Member, ...]:
    """What a zip holds, in its own order, each with what is wrong with it."""
    return tuple(
        Member(
            parts=tuple(part for part in re.split(r"[/\\]", name) if part not in ("", ".")) or ("?",),
            is_folder=name.endswith(("/", "\\")),
            size=entry.file_size,
            problem=_problem(name, entry),
            date=entry.date_time,
            archive=archive,
            entry=entry,
        )
        for entry in archive.infolist()
        for name in [name_of(entry)]
    )


def name_of(entry: zipfile.ZipInfo) -> str:
    """An entry's name. Zips that do not say that names are UTF-8 have them in the encoding of some computer."""
    if entry.flag_bits & 0x800 or entry.orig_filename.isascii():
        return entry.orig_filename
    try:
        return _decoded(entry.orig_filename.encode("cp437"))
    except UnicodeEncodeError:  # the zip holds the name in Unicode besides, and that one was read
        return entry.orig_filename


def _decoded(raw: bytes) -> str:
    """By what the bytes allow: both bytes of a Chinese character are above 0xA0, those of a Japanese one rarely."""
    eastern = ("gb2312", "cp932", "gbk") if _looks_eastern(raw) else ()
    for encoding in ("utf-8", *eastern):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "cp932" or not _HALF_WIDTH.search(text):
            return text
    western = [raw.decode("cp437"), raw.decode("cp1252", errors="replace")]
    return min(western, key=lambda text: sum(not (c.isascii() or c.isalpha()) for c in text))


def _looks_eastern(raw: bytes) -> bool:
    """Do bytes outside ASCII make up much of a word? Europeans write most letters in ASCII."""
    words = [word for word in re.split(rb"[/ _.-]", raw) if any(byte > 0x7F for byte in word)]
    return any(5 * sum(byte > 0x7F for byte in word) >= 2 * len(word) for word in words)


def _problem(name: str, entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    parts = re.split(r"[/\\]", name)
    checks = {
        "has a name that leads out of the zip": ".." in parts or not parts[0] or re.match(r"[A-Za-z]:", name),
        "has a name that Windows reserves for a device": any(
            part.partition(".")[0].strip().lower() in DEVICES for part in parts
        ),
        "has a name that is too long": len(name) > LONGEST_NAME
        or any(len(part.encode(errors="replace")) > LONGEST_PART for part in parts),
        "has a name that no disk can hold": "\0" in name,
        "is a link": kind == stat.S_IFLNK,
        "is a device, pipe or socket": kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK),
        ENCRYPTED: entry.flag_bits & 1,
        DENSE: entry.file_size > LARGE and entry.file_size > MOST_RATIO * entry.compress_size,
    }
    return next((problem for problem, holds in checks.items() if holds), "")


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content, piece by piece, and not one byte more than the size that the zip says."""
    left = entry.file_size
    try:
        with archive.open(entry) as file:
            while chunk := file.read(min(_CHUNK, left + 1)):
                if len(chunk) > left:
                    break
                left -= len(chunk)
                yield chunk
    except DAMAGE as error:
        raise zipfile.BadZipFile("it is damaged") from error
    if left or chunk:
        raise zipfile.BadZipFile("it is damaged (a size is wrong)")


def _entries_at_most(head: bytes, file: io.BufferedReader) -> int:
    """No zip has more entries than its bytes hold beginnings of one."""
    found, tail = 0, head
    while chunk := file.read(_CHUNK):
        found += (tail + chunk).count(_CENTRAL)
        tail = chunk[-3:]
    return found


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name
