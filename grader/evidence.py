"""Reading evidence: records of plain data that a student's kernel wrote, and therefore may have forged.

The format is described in ``kernel/inside/probe/log.py``. Nothing here evaluates anything; every size, type
and offset is checked before it is used, and what does not fit is refused with `EvidenceError` or left out.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from grader.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"GRADEREV"
HEADER = struct.Struct("<IQI")
DTYPES = frozenset({"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8"})
MOST_JSON = 8 << 20
MOST_JSON_IN_ALL = 32 << 20
"""JSON takes up to twenty times its size in memory."""
MOST_DIMENSIONS = 8
MOST_NUMBERS = 1_000_000
NOT_FINITE = ("nan", "inf", "-inf")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: JSON facts, and the arrays they refer to by name."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def kind(self) -> Any:
        return self.facts.get("kind")

    @property
    def cell(self) -> int:
        cell = self.facts.get("cell")
        return cell if type(cell) is int and cell >= 0 else -1


@dataclass(frozen=True, slots=True)
class Value:
    """What a name was bound to after a cell. Every accessor gives None where the data is not of that form."""

    cell: int
    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def kind(self) -> str:
        return self.text("type") or "other"

    @property
    def array(self) -> NDArray[Any] | None:
        """The numeric array of a tensor, an ndarray or a list of scalars."""
        return self._array(self.facts)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of an array, known even where it was too large to be kept."""
        shape = self.facts.get("shape")
        return tuple(shape) if isinstance(shape, list) and all(map(_is_size, shape)) else None

    @property
    def number(self) -> float | None:
        if self.kind == "number":
            return _real(self.facts.get("value"))
        array = self.array
        return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """A one-dimensional run of numbers in any container, or None."""
        array = self.array
        if array is None or array.size != max(array.shape, default=0) or array.size > MOST_NUMBERS:
            return None
        return tuple(float(value) for value in array.reshape(-1))

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """A module's parameters and buffers by name."""
        state = self.facts.get("state")
        if not isinstance(state, dict):
            return {}
        arrays = {name: self._array(facts) for name, facts in state.items()}
        return {name: array for name, array in arrays.items() if array is not None}

    @property
    def items(self) -> tuple[Value, ...]:
        """The members of a list whose members are not all scalars."""
        items = self.facts.get("items")
        if not isinstance(items, list):
            return ()
        return tuple(Value(self.cell, facts, self.arrays) for facts in items if isinstance(facts, dict))

    def __getitem__(self, key: str) -> Value | None:
        """The member `key` of a mapping."""
        items = self.facts.get("items")
        facts = items.get(key) if isinstance(items, dict) else None
        return Value(self.cell, facts, self.arrays) if isinstance(facts, dict) else None

    def text(self, key: str) -> str:
        fact = self.facts.get(key)
        return fact if isinstance(fact, str) else ""

    def _array(self, facts: Any) -> NDArray[Any] | None:
        name = facts.get("array") if isinstance(facts, dict) else None
        return self.arrays.get(name) if isinstance(name, str) else None


@dataclass(frozen=True)
class Evidence:
    """All records of one execution, in the order in which the cells ran."""

    records: tuple[Record, ...]

    @cached_property
    def cells(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.kind == "cell")

    def values(self, name: str) -> tuple[Value, ...]:
        """Each value that `name` took, oldest first; a value is listed once, at the cell that gave it."""
        found = []
        for record in self.cells:
            facts = _mapping(record.facts.get("values")).get(name)
            if isinstance(facts, dict):
                found.append(Value(record.cell, facts, record.arrays))
        return tuple(found)

    def value(self, name: str, *, by: int | None = None) -> Value | None:
        """The last value of `name`; with `by`, as it was once cell `by` had run."""
        values = [value for value in self.values(name) if by is None or value.cell <= by]
        return values[-1] if values else None

    def figures(self, cell: int) -> tuple[Value, ...]:
        """The figures that a cell displayed, as nested facts with a list ``axes``."""
        return tuple(
            Value(cell, facts, record.arrays)
            for record in self.cells
            if record.cell == cell
            for facts in _sequence(record.facts.get("figures"))
            if isinstance(facts, dict)
        )

    def probe(self, name: str) -> tuple[Value, ...]:
        """The outcome of a probe, once for each definition that it was run on."""
        return tuple(
            Value(record.cell, _mapping(record.facts.get("outcome")), record.arrays)
            for record in self.records
            if record.kind == "probe" and record.facts.get("name") == name
        )

    def notes(self) -> tuple[Mapping[str, Any], ...]:
        """What was adapted for the notebook: the last cell's account, which counts from the start."""
        for record in reversed(self.cells):
            notes = [note for note in _sequence(record.facts.get("notes")) if isinstance(note, dict)]
            if notes:
                return tuple(notes)
        return ()


NOTHING = Evidence(())


def load(path: Path) -> Evidence:
    """Read an evidence file.

    Raises:
        EvidenceError: the file is none, or one of its whole records contradicts itself.
    """
    return Evidence(tuple(records(path.read_bytes())))


def used(data: bytes) -> int:
    """How many leading bytes of an evidence file are whole records: the rest may be cut off."""
    return max((end for _, end in _frames(data)), default=len(MAGIC))


def records(data: bytes) -> Iterator[Record]:
    """The whole records of an evidence file.

    Raises:
        EvidenceError: as `load`.
    """
    total = 0
    for (text, blob), _ in _frames(data):
        total += len(text)
        if total > MOST_JSON_IN_ALL:
            raise EvidenceError(
                f"The evidence says more than {MOST_JSON_IN_ALL >> 20} MiB; no notebook does."
            )
        yield _record(text, blob)


def _frames(data: bytes) -> Iterator[tuple[tuple[bytes, memoryview], int]]:
    """The JSON and array bytes of each whole record, and where it ends."""
    if data[: len(MAGIC)] != MAGIC:
        raise EvidenceError("The evidence file does not begin as one; run the notebook again.")
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
        facts = json.loads(text.decode(), parse_constant=_refuse_constant)
        if b"\\ud" in text.lower():
            json.dumps(facts, ensure_ascii=False).encode()  # half of a surrogate pair fits into no report
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"An evidence record is no JSON: {str(error)[:200]!r}") from None
    if not isinstance(facts, dict):
        raise EvidenceError("An evidence record is no JSON object.")
    table = facts.pop("arrays", {})
    if not isinstance(table, dict):
        raise EvidenceError("An evidence record's table of arrays is no JSON object.")
    return Record(facts, {name: _array(name, entry, blob) for name, entry in table.items()})


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _array(name: str, entry: Any, blob: memoryview) -> NDArray[Any]:
    """One array of the record, after every size and offset was checked; a view, never writable."""
    match entry:
        case [str(dtype), list(shape), offset] if dtype in DTYPES and _is_shape(shape) and _is_size(offset):
            count = math.prod(shape)
            end = offset + count * np.dtype(dtype).itemsize
            if end <= len(blob) and count:
                return np.frombuffer(blob, dtype, count, offset).reshape(shape)
            if end <= len(blob) and math.prod(size for size in shape if size) < 1 << 31:
                return np.empty(shape, dtype)
    raise EvidenceError(f"The evidence array {name[:80]!r} has a type, shape or offset that does not fit.")


def _is_shape(shape: Sequence[Any]) -> bool:
    return len(shape) <= MOST_DIMENSIONS and all(map(_is_size, shape))


def _is_size(size: Any) -> bool:
    # Not isinstance: JSON's true would be an int.
    return type(size) is int and 0 <= size < 1 << 31


def _real(value: Any) -> float | None:
    """A JSON number, or one of the words that stand for what JSON has no number for."""
    if isinstance(value, str):
        return float(value) if value in NOT_FINITE else None
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
