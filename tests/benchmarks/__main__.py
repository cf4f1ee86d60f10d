"""Run benchmarks and print one table: `python -m tests.benchmarks [NAME…]`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from grader.execution import worker

from . import class200, judge, kernel, notebook, peers, rerun, start
from .rows import Row, plain, table
from .setting import Setting, machine

if TYPE_CHECKING:
    from collections.abc import Callable

BENCHMARKS: dict[str, Callable[[Setting], list[Row]]] = {
    "start": start.rows,
    "kernel": kernel.rows,
    "notebook": notebook.rows,
    "judge": judge.rows,
    "rerun": rerun.rows,
    "peers": peers.rows,
    "class200": class200.rows,
}
DEFAULTS = Setting()


def main() -> None:
    options = _options()
    err = Console(stderr=True, quiet=options.json)
    setting = replace(
        DEFAULTS,
        runs=options.runs,
        profile=options.profile,
        students=options.students,
        class_size=options.class_size,
        say=lambda text: err.print(text, style="dim", markup=False, highlight=False),
    )
    worker.prepare()
    rows = [row for name in options.names or BENCHMARKS for row in _rows(name, setting)]
    if options.json:
        json.dump({"machine": machine(), "rows": [plain(row) for row in rows]}, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    out = Console(width=None if sys.stdout.isatty() else 200)
    out.print(table(rows))
    out.print(f"[dim]{machine()}", highlight=False)


def _rows(name: str, setting: Setting) -> list[Row]:
    """One benchmark's rows; if it fails, a row that says so, and the others still run."""
    try:
        return BENCHMARKS[name](setting)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is shown in the figures' place
        return [Row(what=name, note=f"not measured: {type(error).__name__}: {error}")]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; by default all of them"
    )
    parser.add_argument("--runs", type=int, default=DEFAULTS.runs, help="of each measurement (%(default)s)")
    parser.add_argument(
        "--profile",
        choices=("full", "quick"),
        default=DEFAULTS.profile,
        help="which data; class200 takes the quick one",
    )
    parser.add_argument(
        "--students",
        type=int,
        default=DEFAULTS.students,
        help="of class200 (%(default)s), and a quarter of it",
    )
    parser.add_argument(
        "--class-size", type=int, default=DEFAULTS.class_size, help="of the class in rerun (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}; there are: {', '.join(BENCHMARKS)}")
    return options


if __name__ == "__main__":
    main()
