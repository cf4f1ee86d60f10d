"""What a text says about a network, piece by piece, and what the pieces add up to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

Vector = tuple["Fraction", ...]
Matrix = tuple[Vector, ...]


class Slot(Enum):
    """What a fact is about."""

    MATRIX = auto()
    ROW = auto()  # the weights of one hidden unit
    HIDDEN_BIASES = auto()
    HIDDEN_BIAS = auto()
    ALL_HIDDEN_BIASES = auto()
    ALL_BIASES = auto()
    OUTPUT_WEIGHTS = auto()
    OUTPUT_WEIGHT = auto()
    ALL_OUTPUT_WEIGHTS = auto()
    OUTPUT_BIAS = auto()
    EVERY_BIAS = auto()  # those of the hidden units, which are equal, and then the output's
    SOME_BIAS = auto()  # `b_2 = -3.5`: of hidden unit 2, or of layer 2?


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One piece. `unit` counts from 1; 0 stands for no index."""

    slot: Slot
    values: Vector
    source: str
    unit: int = 0
    rows: Matrix = ()
    layered: bool = False
    """Whether the name counts layers, as `W_2` does for the output weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkReading:
    """The weights that were found. A part is None if it is missing or doubtful; `notes` say why."""

    W1: Matrix | None
    b1: Vector | None
    w2: Vector | None
    b2: Fraction | None
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """The pieces of text that were used."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the parts that were not found with certainty."""
        return tuple(name for name in ("W1", "b1", "w2", "b2") if getattr(self, name) is None)

    @property
    def complete(self) -> bool:
        return not self.missing


def assembled(facts: Sequence[Fact], *, inputs: int, units: int) -> NetworkReading:
    """Put the facts together; parts that are given twice, differently, are not decided."""
    facts = _decided(facts, units)
    notes: list[str] = []

    def only(name: str, candidates: Iterable[Matrix | Vector | None], part: Slot | None = None) -> Any:
        """The one value that is given, if nothing that is said of a single unit differs from it."""
        different = {candidate for candidate in candidates if candidate is not None}
        value = next(iter(different), None)
        if len(different) > 1 or (value is not None and _differs(value, facts, part)):
            notes.append(f"{name} is given more than once, with different values")
            return None
        return value

    matrix = only("W1", (*_matrices(facts, inputs, units), _by_unit_rows(facts, inputs, units)), Slot.ROW)
    hidden = only("b1", (
        *_vectors(facts, Slot.HIDDEN_BIASES, units),
        *(fact.values[:units] for fact in facts if fact.slot is Slot.EVERY_BIAS),
        _by_unit(facts, Slot.HIDDEN_BIAS, units),
        *_repeated(facts, Slot.ALL_HIDDEN_BIASES, units),
        *_unless_given(facts, units, Slot.HIDDEN_BIASES, Slot.HIDDEN_BIAS, Slot.ALL_HIDDEN_BIASES),
    ), Slot.HIDDEN_BIAS)  # fmt: skip
    weights = only("w2", (
        *_vectors(facts, Slot.OUTPUT_WEIGHTS, units),
        _by_unit(facts, Slot.OUTPUT_WEIGHT, units),
        *_repeated(facts, Slot.ALL_OUTPUT_WEIGHTS, units),
    ), Slot.OUTPUT_WEIGHT)  # fmt: skip
    bias = only("b2", (
        *_repeated(facts, Slot.OUTPUT_BIAS, 1),
        *(fact.values[units:] for fact in facts if fact.slot is Slot.EVERY_BIAS),
        *_unless_given(facts, 1, Slot.OUTPUT_BIAS, Slot.EVERY_BIAS),
    ))  # fmt: skip
    notes += [f"“{fact.source}” is ambiguous" for fact in facts if fact.slot is Slot.SOME_BIAS]
    return NetworkReading(
        W1=matrix,
        b1=hidden,
        w2=weights,
        b2=bias[0] if bias else None,
        notes=tuple(dict.fromkeys(notes)),
        sources=tuple(dict.fromkeys(fact.source for fact in facts)),
    )


def _differs(whole: Matrix | Vector, facts: Sequence[Fact], part: Slot | None) -> bool:
    """Whether something said of a single unit is not what the whole says of it."""
    of_units = [fact for fact in facts if fact.slot is part and 1 <= fact.unit <= len(whole)]
    return any(whole[fact.unit - 1] not in (fact.values, fact.values[0]) for fact in of_units)


def _decided(facts: Sequence[Fact], units: int) -> list[Fact]:
    """Say whose bias `b_2` is, where the others leave only one possibility."""
    open_ = {fact.unit for fact in facts if fact.slot is Slot.SOME_BIAS}
    vectors = any(
        fact.slot in (Slot.HIDDEN_BIASES, Slot.ALL_HIDDEN_BIASES, Slot.HIDDEN_BIAS, Slot.EVERY_BIAS)
        for fact in facts
    )
    layered = any(fact.slot is Slot.OUTPUT_WEIGHTS and fact.layered for fact in facts)
    return [
        fact
        if fact.slot is not Slot.SOME_BIAS
        else _named(fact, open_, units, vectors=vectors, layered=layered)
        for fact in facts
    ]


def _named(fact: Fact, open_: set[int], units: int, *, vectors: bool, layered: bool) -> Fact:
    every_unit = set(range(1, units + 1)) <= open_
    if every_unit and 1 <= fact.unit <= units:
        slot = Slot.HIDDEN_BIAS
    elif ((every_unit or vectors) and fact.unit in (0, units + 1)) or (vectors and open_ == {2}):
        slot = Slot.OUTPUT_BIAS
    elif layered and open_ <= {1, 2}:
        slot = Slot.ALL_HIDDEN_BIASES if fact.unit == 1 else Slot.OUTPUT_BIAS
    else:
        return fact
    return Fact(slot=slot, values=fact.values, source=fact.source, unit=fact.unit)


def _matrices(facts: Sequence[Fact], inputs: int, units: int) -> list[Matrix]:
    found = [fact.rows for fact in facts if fact.slot is Slot.MATRIX]
    upright = [rows for rows in found if len(rows) == units and all(len(row) == inputs for row in rows)]
    lying = [rows for rows in found if len(rows) == inputs and all(len(row) == units for row in rows)]
    return upright + ([tuple(zip(*rows, strict=True)) for rows in lying] if inputs != units else [])


def _by_unit_rows(facts: Sequence[Fact], inputs: int, units: int) -> Matrix | None:
    rows = {unit: row for unit, row in _indexed(facts, Slot.ROW).items() if len(row) == inputs}
    return (
        tuple(rows[unit] for unit in range(1, units + 1)) if set(range(1, units + 1)) == set(rows) else None
    )


def _by_unit(facts: Sequence[Fact], slot: Slot, units: int) -> Vector | None:
    numbers = _indexed(facts, slot)
    if set(numbers) != set(range(1, units + 1)):
        return None
    return tuple(numbers[unit][0] for unit in range(1, units + 1))


def _indexed(facts: Sequence[Fact], slot: Slot) -> dict[int, Vector]:
    """Values by unit; a unit that is given twice, differently, is left out."""
    found: dict[int, set[Vector]] = {}
    for fact in facts:
        if fact.slot is slot:
            found.setdefault(fact.unit, set()).add(fact.values)
    return {unit: next(iter(values)) for unit, values in found.items() if len(values) == 1}


def _vectors(facts: Sequence[Fact], slot: Slot, size: int) -> list[Vector]:
    return [fact.values for fact in facts if fact.slot is slot and len(fact.values) == size]


def _repeated(facts: Sequence[Fact], slot: Slot, size: int) -> list[Vector]:
    return [fact.values[:1] * size for fact in facts if fact.slot is slot]


def _unless_given(facts: Sequence[Fact], size: int, *given: Slot) -> list[Vector]:
    """What “all biases” says, where nothing more special is said or left open."""
    if any(fact.slot in (*given, Slot.SOME_BIAS) for fact in facts):
        return []
    return _repeated(facts, Slot.ALL_BIASES, size)
