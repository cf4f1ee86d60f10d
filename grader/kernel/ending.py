"""How a run ended and what caused it: pure functions from observations to an `Ending`."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from grader.kernel.interface import Death

WORSE = (
    Ending.FINISHED,
    Ending.ENVIRONMENT,
    Ending.ERROR,
    Ending.TIMEOUT,
    Ending.OUTPUT,
    Ending.MEMORY,
    Ending.KILLED,
    Ending.BROKEN,
)
"""From best to worst. A run gets the worst ending of its cells."""

OUT_OF_MEMORY = re.compile(
    r"not enough memory|can't allocate memory|out of memory|Cannot allocate memory", re.IGNORECASE
)
REMOVED = re.compile(
    r"(was|has been|been) (removed|deprecated)|no longer (supported|available)|deprecated alias|expired"
    r"|module '[\w.]+' has no attribute|cannot import name"
    r"|DataLoaderIter' object has no attribute 'next'|Torch not compiled with CUDA|Found no NVIDIA driver",
)
LACKING = re.compile(r"No module named '\w+'$|Missing optional dependency|IProgress not found")
"""A whole package is not installed. (A dotted name is a module that an installed package does not have.)"""
UNDEFINED = re.compile(r"name '(\w+)' is not defined")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """How one code cell ran. `ename` and `evalue` are empty if it raised no exception."""

    index: int
    ename: str = ""
    evalue: str = ""
    seconds: float = 0.0
    timed_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one notebook ran in one kernel. `cells` are the cells that were started, in order."""

    ending: Ending
    detail: str = ""
    cells: tuple[CellRun, ...] = ()


def of_cell(cell: CellRun) -> Ending:
    """The ending of one cell that finished by itself or stopped when interrupted."""
    if cell.timed_out:
        return Ending.TIMEOUT
    match cell.ename:
        case "":
            return Ending.FINISHED
        case "MemoryError":
            return Ending.MEMORY
        case "RuntimeError" | "OSError" if OUT_OF_MEMORY.search(cell.evalue):
            return Ending.MEMORY
        case "ModuleNotFoundError":
            return Ending.ENVIRONMENT
        case _:
            needs_environment = lacks_a_package(cell) or REMOVED.search(cell.evalue)
            return Ending.ENVIRONMENT if needs_environment else Ending.ERROR


def of_cells(cells: Sequence[CellRun], source: Callable[[int], str]) -> Run:
    """The ending of a notebook whose kernel survived. `source` gives a cell's text by its index."""
    ending, detail = Ending.FINISHED, ""
    missing: list[str] = []
    for cell in cells:
        cell_ending = Ending.ENVIRONMENT if follows(cell, missing) else of_cell(cell)
        if cell_ending is Ending.ENVIRONMENT:
            missing.append(source(cell.index))
        if WORSE.index(cell_ending) > WORSE.index(ending):
            ending, detail = cell_ending, describe(cell)
    return Run(ending=ending, detail=detail, cells=tuple(cells))


def follows(cell: CellRun, missing: Sequence[str]) -> bool:
    """Whether a cell failed only because an earlier cell could not import a name here."""
    name = UNDEFINED.search(cell.evalue) if cell.ename == "NameError" else None
    return name is not None and any(re.search(rf"\b{name[1]}\b", source) for source in missing)


def stranded(cells: Sequence[CellRun], source: Callable[[int], str]) -> tuple[int, ...]:
    """The cells that failed for lack of a package, or of a name that such a cell would have defined."""
    found: dict[int, str] = {}
    for cell in cells:
        if lacks_a_package(cell) or follows(cell, list(found.values())):
            found[cell.index] = source(cell.index)
    return tuple(found)


def lacks_a_package(cell: CellRun) -> bool:
    return cell.ename in ("ModuleNotFoundError", "ImportError") and LACKING.search(cell.evalue) is not None


def describe(cell: CellRun) -> str:
    if cell.timed_out:
        return f"cell {cell.index + 1} was interrupted after {cell.seconds:.0f} s"
    return f"cell {cell.index + 1}: {cell.ename}: {cell.evalue}"[:500]


def of_death(death: Death, cells: Sequence[CellRun]) -> Run:
    """The ending of a notebook whose kernel died before the notebook had finished."""
    where = f"cell {cells[-1].index + 1}: " if cells else ""
    ending, why = death.ending or Ending.KILLED, death.detail or f"the kernel {cause(death.code)}"
    return Run(ending=ending, detail=where + why, cells=tuple(cells))


def cause(code: int) -> str:
    """An exit status in words."""
    try:
        return f"was killed by {signal.Signals(code - 128).name}"
    except ValueError:
        return f"exited with status {code}"
