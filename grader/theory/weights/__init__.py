"""Reads a network's weights as people write them: in code, in LaTeX, in a table, in words."""

from __future__ import annotations

from grader.theory.weights import code, tables, text
from grader.theory.weights.facts import NetworkReading, assembled

__all__ = ["NetworkReading", "read_network"]

_LONGEST = 12_000


def read_network(source: str, *, inputs: int, units: int) -> NetworkReading:
    r"""Find W1 (units, inputs), b1 (units,), w2 (units,) and b2 in a cell.

    Args:
        source: Python with `W1 = …` (read from its syntax tree, never run), LaTeX with `w_{(1)} = [2, 0, 0, -3, 1]`
            or matrices, markdown tables with a column for each input, sentences such as "all biases are 0", units
            such as `h_1 = sign(x_1 - x_2)`.
        inputs: of the network.
        units: hidden ones.

    Returns:
        Exact fractions, as typed. A part that is missing, given twice differently, or could be several things
        (`b_2` of unit 2 or of layer 2?) is None, and `notes` say why. Never raises.
    """
    if len(source) > _LONGEST:
        return NetworkReading(W1=None, b1=None, w2=None, b2=None, notes=("the text is too long to search",))
    try:
        return _read(source, inputs, units)
    except Exception:  # noqa: BLE001  a stranger's text must not take the class down
        note = "the text could not be read automatically"
        return NetworkReading(W1=None, b1=None, w2=None, b2=None, notes=(note,))


def _read(source: str, inputs: int, units: int) -> NetworkReading:
    found = list(code.facts(source, inputs=inputs, units=units))
    if not found:
        spoken = code.spoken(source)
        found = [
            *code.facts(code.program(spoken), inputs=inputs, units=units),
            *tables.facts(spoken, inputs=inputs, units=units),
            *text.facts(spoken, inputs=inputs, units=units),
        ]
        if spoken != source:
            found += text.units_in(source, inputs=inputs, units=units)
    return assembled(found, inputs=inputs, units=units)
