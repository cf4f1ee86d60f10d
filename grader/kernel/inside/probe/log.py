"""The way out: an append-only log of records in a file of fixed size.

File: ``b"GRADEREV"``, then records. Record: ``<I json bytes> <Q array bytes> <I crc32 of both>``, the JSON,
the arrays back to back. In the JSON, ``"arrays"`` maps a name to ``[dtype, shape, offset]``. A record is
whole or it is not there: the reader stops at the first one whose checksum does not fit, so a kernel that dies
while writing loses that record and none before it.
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


class Arrays:
    """The arrays of one record under construction, each stored once under its name."""

    def __init__(self) -> None:
        self.by_name: dict[str, np.ndarray[Any, Any]] = {}

    def keep(self, name: str, array: np.ndarray[Any, Any], most: int = 4 << 20) -> dict[str, Any]:
        """Store a numeric array of at most `most` bytes; of a larger one only the shape is told."""
        facts: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        if array.dtype.str not in DTYPES or array.nbytes > most:
            return facts
        unique = name[:120]
        while unique in self.by_name:
            unique += "'"
        self.by_name[unique] = np.array(array, order="C")
        return {**facts, "array": unique}


class Log:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._at = os.pwrite(fd, MAGIC, 0)

    def append(self, record: Mapping[str, Any], arrays: Arrays) -> bool:
        """Write one record; False if it does not fit, after a note in its place that says so."""
        return self._write(record, arrays) or self._write(
            {"kind": "lost", "cell": record.get("cell"), "why": "the evidence file is full"}, Arrays()
        )

    def _write(self, record: Mapping[str, Any], arrays: Arrays) -> bool:
        table, blobs, offset = {}, [], 0
        for name, array in arrays.by_name.items():
            blob = array.tobytes()
            table[name] = [array.dtype.str, list(array.shape), offset]
            blobs.append(blob)
            offset += len(blob)
        text = json.dumps({**record, "arrays": table}, allow_nan=False).encode()
        body = b"".join([text, *blobs])
        if self._at + HEADER.size + len(body) > self._size:
            return False
        head = HEADER.pack(len(text), offset, zlib.crc32(body))
        os.pwrite(self._fd, body, self._at + HEADER.size)
        os.pwrite(self._fd, head, self._at)
        self._at += HEADER.size + len(body)
        return True
