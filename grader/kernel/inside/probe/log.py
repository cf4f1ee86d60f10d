"""The way out: an append-only log of records in a file of fixed size.

File: ``b"GRADEREV"``, then records. Record: ``<I json bytes> <Q array bytes> <I crc32 of both>``, the JSON,
the arrays back to back. In the JSON, ``"arrays"`` maps a name to ``[dtype, shape, offset]``. A record is
whole or it is not there: the reader stops at the first one whose checksum does not fit, so a kernel that dies
while writing loses that record and none before it. A record that can't be written leaves a small one in its
place that says so (its ``kind`` is ``lost``).
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
"""Of one record. The reader holds us to it."""
MOST_BYTES = 24 << 20
"""Of one record's arrays: a single cell must not use up the file."""
MOST_DIMENSIONS = 8
MOST_ENTRIES = 20_000
"""Values that one record describes, the members of lists of lists included."""


class Arrays:
    """The arrays of one record under construction, each stored once under its name."""

    def __init__(self) -> None:
        self.by_name: dict[str, np.ndarray[Any, Any]] = {}
        self.entries = 0
        self._bytes = 0

    def keep(self, name: str, array: np.ndarray[Any, Any], most: int = 4 << 20) -> dict[str, Any]:
        """Store a numeric array of at most `most` bytes; of a larger one only the shape is told."""
        facts: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
        little = array.dtype.newbyteorder("<")
        if little.str not in DTYPES or array.ndim > MOST_DIMENSIONS:
            return facts
        if array.nbytes > min(most, MOST_BYTES - self._bytes):
            return facts
        unique = name[:120]
        while unique in self.by_name:
            unique += "'"
        self.by_name[unique] = np.array(array, little, order="C")
        self._bytes += array.nbytes
        return {**facts, "array": unique}

    def take(self, others: Arrays) -> None:
        """Add the arrays of another, none of whose names is here."""
        self.by_name.update(others.by_name)
        self.entries += others.entries
        self._bytes += others._bytes


class Log:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._at = os.pwrite(fd, MAGIC, 0)

    def append(self, record: Mapping[str, Any], arrays: Arrays) -> bool:
        """Write one record; False if that can't be done, after a note in its place that says why."""
        try:
            why = self._write(record, arrays)
        except (ValueError, TypeError, RecursionError) as error:
            why = f"it is no JSON: {error}"
        if why:
            self._write({"kind": "lost", "cell": record.get("cell"), "why": why[:200]}, Arrays())
        return not why

    def _write(self, record: Mapping[str, Any], arrays: Arrays) -> str:
        """Why it could not be written; nothing if it was."""
        table, blobs, offset = {}, [], 0
        for name, array in arrays.by_name.items():
            blob = array.tobytes()
            table[name] = [array.dtype.str, list(array.shape), offset]
            blobs.append(blob)
            offset += len(blob)
        text = as_json({**record, "arrays": table})
        if len(text) > MOST_JSON:
            return "it says too much"
        body = b"".join([text, *blobs])
        if self._at + HEADER.size + len(body) > self._size:
            return "the evidence file is full"
        head = HEADER.pack(len(text), offset, zlib.crc32(body))
        os.pwrite(self._fd, body, self._at + HEADER.size)
        os.pwrite(self._fd, head, self._at)
        self._at += HEADER.size + len(body)
        return ""


def as_json(record: Mapping[str, Any]) -> bytes:
    """As strict JSON in UTF-8. What has no form there, an odd attribute say, is named by its type."""
    text = json.dumps(record, allow_nan=False, ensure_ascii=False, default=lambda value: type(value).__name__)
    return text.encode(errors="replace")
