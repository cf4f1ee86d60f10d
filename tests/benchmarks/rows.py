"""What a benchmark says: rows of figures before and after, and the table that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One quantity of which less is better, measured once or more in each of two ways."""

    what: str
    before: tuple[float, ...] = ()
    """What it is compared with; empty if with nothing."""
    after: tuple[float, ...] = ()
    unit: str = "s"
    at_most: float | None = None
    """What `after` should stay below."""
    at_least: float | None = None
    """What the ratio should reach."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times less; of figures that were taken side by side, the median of their ratios."""
        if not self.before or not all(self.after) or not self.after:
            return None
        if len(self.before) == len(self.after):
            return median(before / after for before, after in zip(self.before, self.after, strict=True))
        return median(self.before) / median(self.after)

    @property
    def wanted(self) -> str:
        bounds = []
        if self.at_most is not None:
            bounds.append(f"≤ {self.at_most:g} {self.unit}")
        if self.at_least is not None:
            bounds.append(f"≥ {self.at_least:g}x")
        return ", ".join(bounds)

    @property
    def reached(self) -> bool | None:
        """None if nothing is wanted, or nothing was measured."""
        kept = []
        if self.at_most is not None and self.after:
            kept.append(median(self.after) <= self.at_most)
        if self.at_least is not None and self.ratio is not None:
            kept.append(self.ratio >= self.at_least)
        return all(kept) if kept else None


def table(rows: list[Row]) -> Table:
    shown = Table("what", box=None, pad_edge=False, header_style="bold")
    for name in ("before", "after", "ratio"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("wanted", no_wrap=True)
    shown.add_column("runs", justify="right")
    shown.add_column("note", overflow="fold")
    for row in rows:
        colour = {True: "green", False: "red", None: "none"}[row.reached]
        shown.add_row(
            escape(row.what),
            figure(row.before, row.unit),
            figure(row.after, row.unit),
            "" if row.ratio is None else f"{row.ratio:.1f}x" if row.ratio < 100 else f"{row.ratio:.0f}x",
            f"[{colour}]{row.wanted}",
            str(len(row.after) or ""),
            escape(row.note),
        )
    return shown


def figure(values: tuple[float, ...], unit: str) -> str:
    """The median to three digits, or more where they stand before the point."""
    if not values:
        return ""
    value = median(values)
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def plain(row: Row) -> dict[str, Any]:
    """For JSON: every figure that was taken, and what follows from them."""
    return {
        "what": row.what,
        "unit": row.unit,
        "before": row.before,
        "after": row.after,
        "ratio": row.ratio,
        "wanted": row.wanted,
        "reached": row.reached,
        "note": row.note,
    }
