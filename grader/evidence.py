"""Reads evidence: records of plain data that a student's kernel wrote and may have forged.

``kernel/inside/probe/log.py`` describes the format. Nothing is ever evaluated. Every size, type and offset is
checked before use; invalid data is refused with `EvidenceError` or left out.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from grader.errors import EvidenceError
from grader.notebook.document import DEEPEST, depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"GRADEREV"
NOT_BRACKETS = bytes(set(range(256)) - set(b"[{"))
HEADER = struct.Struct("<IQI")
DTYPES = frozenset({"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8"})
MOST_JSON = 8 << 20
MOST_JSON_IN_ALL = 32 << 20
"""JSON takes up to twenty times its size in memory."""
MOST_NOTES, LONGEST_NOTE = 200, 2000
"""Adaptations that are shown, and the characters of one; genuine ones stay far below."""
MOST_DIMENSIONS = 8
MOST_NUMBERS = 1_000_000
NOT_FINITE = ("nan", "inf", "-inf")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its JSON fields, and the arrays to which they refer by name."""

    fields: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def kind(self) -> Any:
        return self.fields.get("kind")

    @property
    def cell(self) -> int:
        cell = self.fields.get("cell")
        return cell if type(cell) is int and cell >= 0 else -1


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a name after a cell. Accessors return None if the data does not have their form."""

    cell: int
    fields: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def kind(self) -> str:
        return self.text("type") or "other"

    @property
    def array(self) -> NDArray[Any] | None:
        """The numeric array of a tensor, an ndarray or a list of scalars."""
        return self._array(self.fields)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of an array, known even if the array was too large to be stored."""
        shape = self.fields.get("shape")
        return tuple(shape) if isinstance(shape, list) and all(map(_is_size, shape)) else None

    @property
    def number(self) -> float | None:
        if self.kind == "number":
            return _real(self.fields.get("value"))
        array = self.array
        return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """A one-dimensional sequence of numbers in any container, or None."""
        array = self.array
        if array is None or array.size != max(array.shape, default=0) or array.size > MOST_NUMBERS:
            return None
        return tuple(float(value) for value in array.reshape(-1))

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A module's parameters and buffers by name."""
        state = self.fields.get("state")
        if not isinstance(state, dict):
            return {}
        arrays = {name: self._array(fields) for name, fields in state.items()}
        return {name: array for name, array in arrays.items() if array is not None}

    @property
    def items(self) -> tuple[Value, ...]:
        """The members of a list, unless they are all scalars."""
        items = self.fields.get("items")
        if not isinstance(items, list):
            return ()
        return tuple(Value(self.cell, fields, self.arrays) for fields in items if isinstance(fields, dict))

    def __getitem__(self, key: str) -> Value | None:
        """The member `key` of a mapping."""
        items = self.fields.get("items")
        fields = items.get(key) if isinstance(items, dict) else None
        return Value(self.cell, fields, self.arrays) if isinstance(fields, dict) else None

    @property
    def members(self) -> dict[str, Value]:
        """The members of a mapping by their keys, and of a list, unless they are all scalars, by their numbers."""
        items = self.fields.get("items")
        keys = list(items) if isinstance(items, dict) else []
        by_key = {key: member for key in keys if (member := self[key]) is not None}
        return by_key or {str(number): member for number, member in enumerate(self.items)}

    def text(self, key: str) -> str:
        """The text of a field; empty if there is none."""
        field = self.fields.get(key)
        return field if isinstance(field, str) else ""

    def _array(self, fields: Any) -> NDArray[Any] | None:
        name = fields.get("array") if isinstance(fields, dict) else None
        return self.arrays.get(name) if isinstance(name, str) else None


@dataclass(frozen=True)
class Evidence:
    """All records of one execution, in the order in which its cells ran."""

    records: tuple[Record, ...]

    @cached_property
    def cells(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.kind == "cell")

    def values(self, name: str) -> tuple[Value, ...]:
        """The successive values of `name`, oldest first, each with the cell that assigned it."""
        found = []
        for record in self.cells:
            fields = _mapping(record.fields.get("values")).get(name)
            if isinstance(fields, dict):
                found.append(Value(record.cell, fields, record.arrays))
        return tuple(found)

    def value(self, name: str, *, by: int | None = None) -> Value | None:
        """The last value of `name`; with `by`, its value after cell `by` had run."""
        values = [value for value in self.values(name) if by is None or value.cell <= by]
        return values[-1] if values else None

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """The names of networks that an optimizer moved, first those that were trained first."""
        return self._names("trained")

    @property
    def series(self) -> tuple[str, ...]:
        """The names of what cells that trained a network left: lists of numbers, and collections of such lists."""
        return self._names("series")

    def _names(self, key: str) -> tuple[str, ...]:
        names = [name for record in self.cells for name in _sequence(record.fields.get(key))]
        return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))

    def figures(self, cell: int) -> tuple[Value, ...]:
        """The figures that a cell displayed, as nested fields with a list ``axes``."""
        return tuple(
            Value(cell, fields, record.arrays)
            for record in self.cells
            if record.cell == cell
            for fields in _sequence(record.fields.get("figures"))
            if isinstance(fields, dict)
        )

    def notes(self) -> tuple[Mapping[str, Any], ...]:
        """What was adapted for the notebook, from the last cell's record, which covers all cells before it."""
        for record in reversed(self.cells):
            notes = [note for note in _sequence(record.fields.get("notes")) if _is_note(note)]
            if notes:
                return tuple(notes[:MOST_NOTES])
        return ()


NOTHING = Evidence(())


def load(path: Path) -> Evidence:
    """Read an evidence file.

    Raises:
        EvidenceError: it is not an evidence file, or one of its complete records is invalid.
    """
    return Evidence(tuple(records(path.read_bytes())))


@dataclass(frozen=True, slots=True)
class Round:
    """One question to a probe: what the harness gave it, and what came back."""

    probe: str
    conversation: int
    """Rounds of one conversation with a probe have the same number."""
    cell: int
    """After which it was asked."""
    inputs: Any
    """Plain JSON; None if the probe has inputs of its own."""
    outcome: Value


def rounds(data: bytes) -> tuple[Round, ...]:
    """Read what `packed` and `answer` put together: in turn what was asked, and what came back.

    Raises:
        EvidenceError: as `load`.
    """
    every = list(records(data))
    return tuple(
        Round(
            asked.fields["probe"],
            asked.fields["conversation"],
            asked.cell,
            asked.fields["inputs"],
            Value(asked.cell, _mapping(answer.fields.get("outcome")), answer.arrays),
        )
        for asked, answer in zip(every[::2], every[1::2], strict=True)
    )


def packed(fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] = MappingProxyType({})) -> bytes:
    """A record."""
    table, blobs, offset = {}, [], 0
    for name, array in arrays.items():
        blobs.append(array.tobytes())
        table[name] = [array.dtype.str, list(array.shape), offset]
        offset += len(blobs[-1])
    text = json.dumps({**fields, "arrays": table} if table else fields).encode()
    body = b"".join([text, *blobs])
    return HEADER.pack(len(text), offset, zlib.crc32(body)) + body


def answer(record: bytes) -> Value | None:
    """What a probe in the kernel gave, from its record; None unless that is exactly one, and valid."""
    data = MAGIC + record
    if [end for _, end in _frames(data)] != [len(data)]:
        return None
    try:
        (only,) = records(data)
    except EvidenceError:
        return None
    return Value(-1, _mapping(only.fields.get("outcome")), only.arrays)


def written(every: Iterable[Record]) -> bytes:
    """An evidence file of these records."""
    return MAGIC + b"".join(packed(record.fields, record.arrays) for record in every)


def used(data: bytes) -> int:
    """The number of leading bytes that hold complete records; the rest can be discarded."""
    return max((end for _, end in _frames(data)), default=len(MAGIC))


def records(data: bytes) -> Iterator[Record]:
    """The complete records of an evidence file.

    Raises:
        EvidenceError: as `load`.
    """
    total = 0
    for (text, blob), _ in _frames(data):
        total += len(text)
        if total > MOST_JSON_IN_ALL:
            raise EvidenceError(
                f"The evidence is over {MOST_JSON_IN_ALL >> 20} MiB; genuine notebooks stay far below."
            )
        yield _record(text, blob)


def _frames(data: bytes) -> Iterator[tuple[tuple[bytes, memoryview], int]]:
    """The JSON and array bytes of each complete record, and where it ends."""
    if data[: len(MAGIC)] != MAGIC:
        raise EvidenceError("The evidence file has no valid header; run the notebook again.")
    view, at = memoryview(data), len(MAGIC)
    while at + HEADER.size <= len(data):
        json_size, blob_size, checksum = HEADER.unpack_from(data, at)
        start, end = at + HEADER.size, at + HEADER.size + json_size + blob_size
        if not json_size or json_size > MOST_JSON or end > len(data):
            return
        if zlib.crc32(view[start:end]) != checksum:
            return
        yield (bytes(view[start : start + json_size]), view[start + json_size : end]), end
        at = end


def _record(text: bytes, blob: memoryview) -> Record:
    try:
        fields = json.loads(text.decode(), parse_constant=_refuse_constant)
        if b"\\ud" in text.lower():
            json.dumps(fields, ensure_ascii=False).encode()  # a lone surrogate cannot be written to a report
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"An evidence record is not valid JSON: {str(error)[:200]!r}") from None
    if not isinstance(fields, dict):
        raise EvidenceError("An evidence record is not a JSON object.")
    if len(text.translate(None, NOT_BRACKETS)) > DEEPEST and depth(fields) > DEEPEST:
        raise EvidenceError(f"An evidence record is nested more than {DEEPEST} levels deep.")
    table = fields.pop("arrays", {})
    if not isinstance(table, dict):
        raise EvidenceError("The table of arrays in an evidence record is not a JSON object.")
    return Record(fields, {name: _array(name, entry, blob) for name, entry in table.items()})


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _array(name: str, entry: Any, blob: memoryview) -> NDArray[Any]:
    """One array of the record as a read-only view, after checking its type, shape and offset."""
    match entry:
        case [str(dtype), list(shape), offset] if dtype in DTYPES and _is_shape(shape) and _is_size(offset):
            count = math.prod(shape)
            end = offset + count * np.dtype(dtype).itemsize
            if end <= len(blob) and count:
                return np.frombuffer(blob, dtype, count, offset).reshape(shape)
            if end <= len(blob) and math.prod(size for size in shape if size) < 1 << 31:
                return np.empty(shape, dtype)
    raise EvidenceError(f"The evidence array {name[:80]!r} has an invalid type, shape or offset.")


def _is_shape(shape: Sequence[Any]) -> bool:
    return len(shape) <= MOST_DIMENSIONS and all(map(_is_size, shape))


def _is_size(size: Any) -> bool:
    # Not `isinstance`, which would accept JSON's `true` as an int.
    return type(size) is int and 0 <= size < 1 << 31


def _real(value: Any) -> float | None:
    """A JSON number, or one of the words for the numbers that JSON lacks."""
    if isinstance(value, str):
        return float(value) if value in NOT_FINITE else None
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None


def _is_note(value: Any) -> bool:
    return isinstance(value, dict) and len(json.dumps(value)) <= LONGEST_NOTE


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
