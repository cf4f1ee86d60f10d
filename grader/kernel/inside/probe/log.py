"""The evidence file: an append-only log of records in a file of fixed size.

File: ``b"GRADEREV"``, then records. Record: ``<I json bytes> <Q array bytes> <I crc32 of both>``, the JSON,
the arrays back to back. In the JSON, ``"arrays"`` maps a name to ``[dtype, shape, offset]``. The reader stops at
the first record whose checksum does not match, so a kernel that dies while writing loses only that record. A
record that cannot be written is replaced by a small one of the kind ``lost`` that says why.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"GRADEREV"
HEADER = struct.Struct("<IQI")
DTYPES = ("|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8")
MOST_JSON = 8 << 20
"""Per record. The reader enforces it too."""
MOST_BYTES = 24 << 20
"""For the arrays of one record: a single cell must not use up the file."""
MOST_DIMENSIONS = 8
MOST_ENTRIES = 20_000
"""Values that one record may describe, including the members of nested lists."""


class Arrays:
    """The arrays of one record under construction, each stored once under its name."""

    def __init__(self) -> None:
        self.by_name: dict[str, np.ndarray[Any, Any]] = {}
        self.entries = 0
        self._bytes = 0

    def keep(self, name: str, array: np.ndarray[Any, Any], limit: int = 4 << 20) -> dict[str, Any]:
        """Store a numeric array of up to `limit` bytes; of a larger one only the shape and dtype are kept."""
        fields: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
        little = array.dtype.newbyteorder("<")
        if little.str not in DTYPES or array.ndim > MOST_DIMENSIONS:
            return fields
        if array.nbytes > min(limit, MOST_BYTES - self._bytes):
            return fields
        unique = name[:120]
        while unique in self.by_name:
            unique += "'"
        self.by_name[unique] = np.array(array, little, order="C")
        self._bytes += array.nbytes
        return {**fields, "array": unique}

    def take(self, others: Arrays) -> None:
        """Add the arrays of another, whose names must all be new."""
        self.by_name.update(others.by_name)
        self.entries += others.entries
        self._bytes += others._bytes


class Log:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        write_at(fd, MAGIC, 0)
        self._at = len(MAGIC)

    def append(self, record: Mapping[str, Any], arrays: Arrays) -> bool:
        """Write one record. If that fails, return False and write a short record that says why."""
        try:
            why = self._write(record, arrays)
        except (ValueError, TypeError, RecursionError) as error:
            why = f"it cannot be written as JSON: {error}"
        if why:
            self._write({"kind": "lost", "cell": record.get("cell"), "why": why[:200]}, Arrays())
        return not why

    def _write(self, record: Mapping[str, Any], arrays: Arrays) -> str:
        """Write a record; return why it could not be written, or an empty string."""
        head, body = packed(record, arrays)
        if self._at + len(head) + len(body) > self._size:
            return "the evidence file is full"
        write_at(self._fd, body, self._at + len(head))
        write_at(self._fd, head, self._at)
        self._at += len(head) + len(body)
        return ""


def write_at(fd: int, data: bytes, offset: int) -> None:
    if hasattr(os, "pwrite"):
        os.pwrite(fd, data, offset)
    else:  # on Windows, where no fork shares this descriptor
        os.lseek(fd, offset, os.SEEK_SET)
        os.write(fd, data)


def packed(record: Mapping[str, Any], arrays: Arrays) -> tuple[bytes, bytes]:
    """The head and the body of one record. Raises `ValueError` if its JSON is too large."""
    table, blobs, offset = {}, [], 0
    for name, array in arrays.by_name.items():
        blob = array.tobytes()
        table[name] = [array.dtype.str, list(array.shape), offset]
        blobs.append(blob)
        offset += len(blob)
    text = as_json({**record, "arrays": table})
    if len(text) > MOST_JSON:
        raise ValueError("it is too large")
    body = b"".join([text, *blobs])
    return HEADER.pack(len(text), offset, zlib.crc32(body)), body


def as_json(record: Mapping[str, Any]) -> bytes:
    """The record as strict JSON in UTF-8. A value without a JSON form is replaced by the name of its type."""
    text = json.dumps(record, allow_nan=False, ensure_ascii=False, default=lambda value: type(value).__name__)
    return text.encode(errors="replace")
