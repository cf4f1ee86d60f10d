"""From a name and the shape of its value to a fact: `W_1`, `w_{(3)}`, `b^{[2]}`, `hidden_bias`, `fc2.weight`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.theory.weights.facts import Fact, Slot

if TYPE_CHECKING:
    from grader.theory.weights.facts import Matrix, Vector

_OUTPUT = re.compile(r"out|(?<![a-z])o(?![a-z])|final|last|(?<![a-z])y(?![a-z])")
_HIDDEN = re.compile(r"hid|(?<![a-z])h(?![a-z])")
_BIAS = re.compile(r"(?<![a-z])(?:b|bias|biases|beta)(?![a-z])|bias")
_WEIGHT = re.compile(r"(?<![a-z])(?:w|v|u|weights?)(?![a-z])|weight")


def says_where(name: str) -> bool:
    """Whether a name says which layer or unit it is about: `W1`, `hidden`, `out`."""
    plain = name.lower()
    return bool(re.search(r"\d", plain) or _OUTPUT.search(plain) or _HIDDEN.search(plain))


def is_holder(name: str) -> bool:
    """Whether a name says which layer or unit it is about, but not what: `layer1`, `h2`, `out`."""
    plain = re.sub(r"[\d_.]+", " ", name.lower())
    return says_where(name) and not (_BIAS.search(plain) or _WEIGHT.search(plain))


def fact_about(name: str, rows: Matrix, source: str, *, inputs: int, units: int) -> Fact | None:
    """Say what a named value is, if its name and shape leave no doubt.

    Args:
        name: as written, `W_{1}`.
        rows: the value as rows: a number is 1 by 1.
        source: the text it came from.
        inputs: of the network.
        units: hidden ones.
    """
    plain = (
        re.sub(r"[{}()\[\]^$\\ ]", "", name.lower())
        .replace("mathbf", "")
        .replace("mathrm", "")
        .replace("text", "")
    )
    spelled = re.sub(r"[\d_.]+", " ", plain)
    digits = re.findall(r"\d+", plain)
    index = int(digits[0]) if len(digits) == 1 and len(digits[0]) == 1 else 0
    if len(digits) > 1 or (digits and len(digits[0]) > 1):
        return None
    values = tuple(number for row in rows for number in row)
    vector = len(rows) == 1 or all(len(row) == 1 for row in rows)
    if _BIAS.search(spelled) and vector:
        return _bias(spelled, index, values, source, units)
    if not _WEIGHT.search(spelled):
        return None
    if not vector:
        return Fact(slot=Slot.MATRIX, values=(), rows=rows, source=source)
    return _weights(spelled, index, values, source, (inputs, units))


def _bias(spelled: str, index: int, values: Vector, source: str, units: int) -> Fact | None:
    out, hidden = bool(_OUTPUT.search(spelled)), bool(_HIDDEN.search(spelled))
    if len(values) == units and units > 1 and not out:
        return Fact(slot=Slot.HIDDEN_BIASES, values=values, source=source)
    if len(values) == units + 1 and not (out or hidden or index) and len(set(values[:-1])) == 1:
        return Fact(slot=Slot.EVERY_BIAS, values=values, source=source)
    if len(values) != 1:
        return None
    if out:
        return Fact(slot=Slot.OUTPUT_BIAS, values=values, source=source)
    if hidden:
        slot = Slot.HIDDEN_BIAS if index else Slot.ALL_HIDDEN_BIASES
        return Fact(slot=slot, values=values, source=source, unit=index)
    return Fact(slot=Slot.SOME_BIAS, values=values, source=source, unit=index)


def _weights(spelled: str, index: int, values: Vector, source: str, sizes: tuple[int, int]) -> Fact | None:
    inputs, units = sizes
    out = bool(_OUTPUT.search(spelled))
    if len(values) == inputs and not out and 1 <= index <= units and inputs != units:
        return Fact(slot=Slot.ROW, values=values, source=source, unit=index)
    if len(values) == units and (out or inputs != units) and not _HIDDEN.search(spelled):
        return Fact(slot=Slot.OUTPUT_WEIGHTS, values=values, source=source, layered=index == 2)
    if len(values) == 1 and out:
        slot = Slot.OUTPUT_WEIGHT if index else Slot.ALL_OUTPUT_WEIGHTS
        return Fact(slot=slot, values=values, source=source, unit=index)
    return None
