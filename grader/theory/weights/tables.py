"""Weights in a markdown table: a row for each unit, a column for each input and perhaps for the bias."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.theory.networks import NetworkError
from grader.theory.weights.facts import Fact, Slot
from grader.theory.weights.literals import number
from grader.theory.weights.text import plainly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

_RULE = re.compile(r"^[\s:|-]+$")


def facts(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """Everything that the tables of a text say."""
    header: list[str] = []
    for line in text.splitlines():
        cells = [plainly(cell).strip() for cell in line.strip().strip("|").split("|")] if "|" in line else []
        if not cells:
            header = []
        elif not header:
            header = [cell.lower() for cell in cells]
        elif not _RULE.match(line):
            yield from _row(header, cells, inputs, units)


def _row(header: Sequence[str], cells: Sequence[str], inputs: int, units: int) -> Iterator[Fact]:
    if len(cells) != len(header):
        return
    source = " | ".join(cells)
    from_inputs = _numbers(header, cells, "x", inputs)
    from_hidden = _numbers(header, cells, "h", units)
    bias = _bias(header, cells)
    unit = re.search(r"\d", cells[0])
    if from_inputs and unit:
        index = int(unit[0])
        yield Fact(slot=Slot.ROW, values=from_inputs, source=source, unit=index)
        if bias is not None:
            yield Fact(slot=Slot.HIDDEN_BIAS, values=(bias,), source=source, unit=index)
    elif from_hidden:
        yield Fact(slot=Slot.OUTPUT_WEIGHTS, values=from_hidden, source=source)
        if bias is not None:
            yield Fact(slot=Slot.OUTPUT_BIAS, values=(bias,), source=source)


def _numbers(
    header: Sequence[str], cells: Sequence[str], letter: str, size: int
) -> tuple[Fraction, ...] | None:
    """The cells under `x1`, `x2`, …, or None if not all are there."""
    places = {}
    for at, name in enumerate(header[1:], 1):
        found = re.fullmatch(rf"(?:w_?\{{?)?{letter}_?\{{?(\d)\}}?\}}?", name.replace(" ", ""))
        if found:
            places[int(found[1])] = at
    if set(places) != set(range(1, size + 1)):
        return None
    try:
        return tuple(number(cells[places[k]]) for k in range(1, size + 1))
    except NetworkError:
        return None


def _bias(header: Sequence[str], cells: Sequence[str]) -> Fraction | None:
    for name, cell in zip(header[1:], cells[1:], strict=True):
        if name.strip("_ ") in ("b", "bias", "biases"):
            try:
                return number(cell)
            except NetworkError:
                return None
    return None
