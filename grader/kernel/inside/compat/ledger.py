"""Records each outdated spelling that was used: where first, how often, and how it is written today."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType


@dataclass(slots=True)
class Use:
    what: str
    note: str
    where: dict[str, int] | None
    count: int = 0


class Ledger:
    def __init__(self) -> None:
        self._uses: dict[str, Use] = {}
        self._cells: dict[str, int] = {}
        """The number of a cell by the file name under which IPython compiled it."""

    def use(self, what: str, modern: str) -> None:
        """Count one use of `what`; `modern` is the sentence that tells the student what to write today."""
        use = self._uses.get(what)
        if use is None:
            use = self._uses[what] = Use(what, modern, self._where())
        use.count += 1

    def report(self) -> list[dict[str, Any]]:
        return [
            {"what": use.what, "where": use.where, "count": use.count, "note": use.note}
            for use in self._uses.values()
        ]

    def follow(self, shell: Any) -> None:
        """Record which file name belongs to which cell, just before each cell runs."""

        def remember(info: Any) -> None:
            number = shell.execution_count
            code = shell.transform_cell(info.raw_cell)
            file = shell.compile.get_code_name(info.raw_cell, code, number)
            self._cells[file] = int(info.cell_id) if str(info.cell_id).isdigit() else number

        shell.events.register("pre_run_cell", remember)

    def _where(self) -> dict[str, int] | None:
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the documented way to a caller's line
        while frame is not None:
            cell = self._cells.get(frame.f_code.co_filename)
            if cell is not None:
                return {"cell": cell, "line": frame.f_lineno}
            frame = frame.f_back
        return None
