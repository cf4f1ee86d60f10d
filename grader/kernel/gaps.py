"""Which cells' outputs say nothing about the student, and why: pure functions of how a notebook ran."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.kernel.ending import (
    follows,
    is_refused,
    lacks_a_package,
    lacks_the_network,
    lacks_what_it_asks_for,
    of_cell,
    reached_nobody,
    time_taken,
    unfinished,
    uses_what_was_removed,
)
from grader.kernel.gate import NOTICE
from grader.model import Ending, Gap
from grader.source import Bindings, imports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grader.kernel.ending import CellRun, Run

SHELL = re.compile(
    r"^[ \t]*(!|%pip|%conda|%%bash|%%sh|%sx|%system)|\b(os\.system|subprocess)\b", re.MULTILINE
)
BUILTINS = frozenset(dir(builtins))


def gaps(run: Run, sources: Mapping[int, str], shown: Callable[[int], str]) -> tuple[Gap, ...]:
    """What the run does not tell about cells, and why.

    `sources` are the cells that were to run, by index; `shown` gives what a cell displayed as text.
    """
    found: list[_Gap] = []
    imported = frozenset().union(*map(imports, sources.values())) if sources else frozenset()
    for cell in run.cells:
        if not cell.replied:
            continue
        source = sources[cell.index]
        reason = _reason(cell, source, shown(cell.index))
        if reason is not None:
            found.append(_Gap.of(cell.index, source, *reason, but=imported))
            continue
        for gap in found:
            if gap.reaches(cell, source):
                gap.take(cell.index, source)
                break
        else:
            if cell.ename == "FileNotFoundError":
                why = f"Cell {cell.index + 1} needs a file that is not here."
                found.append(_Gap.of(cell.index, source, Ending.ENVIRONMENT, why, but=imported))
    gone = unfinished(run.cells, sources)
    last = (Gap(cells=gone, ending=run.ending, why=run.detail),) if gone else ()
    return (*(Gap(cells=tuple(gap.cells), ending=gap.ending, why=gap.why) for gap in found), *last)


def _reason(cell: CellRun, source: str, shown: str) -> tuple[Ending, str] | None:
    """Why nothing can be concluded from what a cell shows: the ending it met, and a sentence."""
    where, ending = f"Cell {cell.index + 1}", of_cell(cell)
    if cell.timed_out:
        return ending, f"{where} was interrupted after {time_taken(cell)}."
    if cell.ename == "SystemExit":
        return ending, f"{where} stopped before its end with sys.exit() or the like."
    if ending is Ending.MEMORY:
        return ending, f"{where} ran out of memory."
    if lacking := _lacking(cell, source, shown):
        return Ending.ENVIRONMENT, f"{where} {lacking}."
    if NOTICE in shown:
        return Ending.OUTPUT, f"{where} printed or displayed more than is kept."
    return None


def _lacking(cell: CellRun, source: str, shown: str) -> str:
    """What a cell needs that is not here, as the rest of a sentence; empty if nothing is missing."""
    asks = lacks_what_it_asks_for(cell, source)
    cut_off = lacks_the_network(cell) or (SHELL.search(source) is not None and reached_nobody(shown))
    found = {
        "counts on more data than the small sample that was used here has": cell.lacks_data,
        "needs a package that is not installed here": lacks_a_package(cell),
        "needs the network, which notebooks cannot reach here": cut_off,
        "needs a GPU or input from a keyboard, which are not available here": asks,
        "uses what the installed version of a library no longer has": uses_what_was_removed(cell),
        "needs something that the sandbox does not allow": is_refused(cell),
    }
    return next((what for what, is_so in found.items() if is_so), "")


@dataclass(slots=True)
class _Gap:
    """A `Gap` while the cells are gone through that depend on its first one."""

    cells: list[int]
    ending: Ending
    why: str
    sources: list[str]
    names: frozenset[str]
    """What the cells may have left half done."""

    @classmethod
    def of(cls, index: int, source: str, ending: Ending, why: str, *, but: frozenset[str]) -> _Gap:
        bound = Bindings.of(source)
        names = (bound.assigned | bound.looped | bound.used) - but - BUILTINS
        complete = ending in (Ending.ENVIRONMENT, Ending.OUTPUT)
        return cls([index], ending, why, [source], frozenset() if complete else names)

    def reaches(self, cell: CellRun, source: str) -> bool:
        missing_file = self.ending is Ending.ENVIRONMENT and cell.ename == "FileNotFoundError"
        half_done = bool(self.names) and bool(self.names & Bindings.of(source).used)
        return follows(cell, self.sources) or half_done or missing_file

    def take(self, index: int, source: str) -> None:
        self.cells.append(index)
        self.sources.append(source)
        if self.names:
            self.names |= Bindings.of(source).assigned - BUILTINS
