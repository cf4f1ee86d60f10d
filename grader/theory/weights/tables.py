r"""Weights in a table of markdown or LaTeX: a row, or a column, for each unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.theory.networks import NetworkError
from grader.theory.weights.facts import Fact, Slot
from grader.theory.weights.literals import leading, number
from grader.theory.weights.names import fact_about
from grader.theory.weights.text import plainly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.theory.weights.facts import Vector

_RULE = re.compile(r"^[\s:|+-]+$")
_LINES = re.compile(r"\\(?:hline|toprule|midrule|bottomrule)|\\cline\{[^{}]*\}")
_LABEL = re.compile(
    r"(?:w_?\{?)?(?:(?P<input>x|input )|(?P<any>weight |)"
    r"|(?P<unit>h|z|a|hidden(?: unit)? |unit |neuron |perceptron ))_?\{?(?P<k>\d)\}?\}?"
)
_OUT = re.compile(r"out(?:put)?(?: unit| neuron| perceptron| layer)?|y|o|final")
_BIASES = re.compile(r"b|bias(?:es)?|b_?\{?[ijk1]\}?|hidden bias(?:es)?")
_OUTPUT_WEIGHTS = re.compile(
    r"w_?\{?(?:2|out)\}?|v|(?:output|out) weights?|weights? (?:to|of) (?:the )?output"
)
_ALL = frozenset({"weights", "weight", "w"})
_NONE = frozenset({"", "-", "\u2013", "\u2014", "n/a", "/"})


def facts(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """Everything that the tables of a text say."""
    for table in _tables(text):
        header = [cell.lower() for cell in table[0]]
        rows = [row for row in table[1:] if len(row) == len(header)]
        yield from _by_columns(header, rows, inputs, units)
        for row in table:
            if len(row) == 2:
                yield from _named(row, inputs, units)
        for row in rows:
            yield from _row(header, row, inputs, units)


def _tables(text: str) -> Iterator[list[list[str]]]:
    table: list[list[str]] = []
    for line in [*_as_markdown(text).splitlines(), ""]:
        if _RULE.match(line) and "|" in line:
            continue
        cells = [plainly(cell).strip() for cell in line.strip().strip("|").split("|")] if "|" in line else []
        if cells:
            table.append(cells)
        elif table:
            yield table
            table = []


def _as_markdown(text: str) -> str:
    r"""Tables of LaTeX, `tabular` or an `array` with columns that are told apart by a line, as markdown's."""
    before, *environments = re.split(r"\\begin\{(?=tabular\}|array\}\{[^{}]*\|)", text)
    lines = [before]
    for environment in environments:
        body, _, after = environment.partition(r"\end{")
        body = _LINES.sub(" ", re.sub(r"^\w+\}\{[^{}]*\}", "", body))
        rows = (" | ".join(row.split("&")) for row in body.replace("\n", " ").split(r"\\") if row.strip())
        lines += ["", *(f"|{row}|" for row in rows), "", after]
    return "\n".join(lines)


def _labelled(cells: Sequence[str], kind: str) -> dict[int, int]:
    """The places of `x1`, `x2`, …, by their number; of `w1`, `w2`, … if any kind will do."""
    found = ((at, _LABEL.fullmatch(cell.lower().strip())) for at, cell in enumerate(cells))
    return {int(label["k"]): at for at, label in found if label and label[kind] is not None}


def _numbers(cells: Sequence[str], places: dict[int, int], size: int) -> Vector | None:
    """The cells in these places, or None if not all are there."""
    if set(places) != set(range(1, size + 1)):
        return None
    try:
        return tuple(number(cells[places[k]]) for k in range(1, size + 1))
    except NetworkError:
        return None


def _row(header: Sequence[str], cells: Sequence[str], inputs: int, units: int) -> Iterator[Fact]:
    """`| h1 | 1 | -1 | 0 | 0 | 0 | 0 |` below the names of inputs, or `| out | 1 | 1 | 1 | 1 | -3.5 |` of units."""
    source, label = " | ".join(cells), cells[0].lower().strip()
    bias = _bias(header, cells)
    of_unit = _LABEL.fullmatch(label)
    whole = _whole(header, cells)
    numbered = _labelled(header[1:], "any")
    places = {k: at + 1 for k, at in (_labelled(header[1:], "input") or numbered).items()}
    hidden = {k: at + 1 for k, at in _labelled(header[1:], "unit").items()}
    if of_unit and not of_unit["input"] and (weights := whole or _numbers(cells, places, inputs)):
        index = int(of_unit["k"])
        yield Fact(slot=Slot.ROW, values=weights, source=source, unit=index)
        if bias is not None:
            yield Fact(slot=Slot.HIDDEN_BIAS, values=bias, source=source, unit=index)
    elif _OUT.fullmatch(label) or (hidden and not of_unit and not _BIASES.fullmatch(label)):
        used = {k: at for k, at in (hidden or places).items() if cells[at] not in _NONE}
        if weights := whole or _numbers(cells, used, units):
            yield Fact(slot=Slot.OUTPUT_WEIGHTS, values=weights, source=source)
            if bias is not None:
                yield Fact(slot=Slot.OUTPUT_BIAS, values=bias, source=source)


def _whole(header: Sequence[str], cells: Sequence[str]) -> Vector | None:
    """All weights of a unit in one cell."""
    for name, cell in zip(header[1:], cells[1:], strict=True):
        if name in _ALL and (value := leading(cell)) and len(value[0]) == 1:
            return value[0][0]
    return None


def _by_columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], inputs: int, units: int
) -> Iterator[Fact]:
    """A column for each unit: rows for the inputs, and perhaps for the biases and the output's weights."""
    labels = [row[0].lower().strip() for row in rows]
    hidden, places = _labelled(header, "unit"), _labelled(labels, "input")
    for unit, at in hidden.items() if len(places) == inputs else ():
        if weights := _numbers([row[at] for row in rows], places, inputs):
            yield Fact(slot=Slot.ROW, values=weights, source=f"column {header[at]}", unit=unit)
    for label, row in zip(labels, rows, strict=True) if len(places) == inputs else ():
        if (values := _numbers(row, hidden, units)) is None:
            continue
        if _BIASES.fullmatch(label):
            yield Fact(slot=Slot.HIDDEN_BIASES, values=values, source=" | ".join(row))
        elif _OUTPUT_WEIGHTS.fullmatch(label):
            yield Fact(slot=Slot.OUTPUT_WEIGHTS, values=values, source=" | ".join(row))


def _named(row: Sequence[str], inputs: int, units: int) -> Iterator[Fact]:
    """`| W1 | [[2, 0, 0, -3, 1], …] |`."""
    name, cell = row
    value = leading(cell)
    if value and value[1] == len(cell) and (
        fact := fact_about(name, value[0], " | ".join(row), inputs=inputs, units=units)
    ):  # fmt: skip
        yield fact


def _bias(header: Sequence[str], cells: Sequence[str]) -> Vector | None:
    for name, cell in zip(header[1:], cells[1:], strict=True):
        if name.strip("_ ") in ("b", "bias", "biases"):
            try:
                return (number(cell),)
            except NetworkError:
                return None
    return None
