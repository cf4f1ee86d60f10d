"""What a rubric's tests show beside a question, as plain data that reports draw."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grader.model import LARGEST_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass
class Exhibits:
    """Collects what the report shows beside a question: plain data, drawn later."""

    shown: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def curves(self, title: str, *, x: str, y: str, series: Iterable[Mapping[str, Any]]) -> None:
        self.shown.append(("curves", title, {"x": x, "y": y, "series": [dict(one) for one in series]}))

    def images(self, title: str, *, series: Iterable[Mapping[str, Any]]) -> None:
        self.shown.append(("images", title, {"series": [dict(one) for one in series]}))

    def table(
        self,
        title: str,
        *,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        x: str = "",
        note: str = "",
    ) -> None:
        """Show rows as long as `columns`; see `grader.model.Exhibit` for what a cell may be."""
        if max(len(rows), len(columns) - 1) > LARGEST_TABLE:
            self.text(title, f"{len(rows)} rows of {len(columns)} are too many for a table.")
            return
        data = {"x": x, "columns": list(columns), "rows": [list(row) for row in rows], "note": note}
        self.shown.append(("table", title, data))

    def confusion(
        self,
        title: str,
        *,
        classes: Sequence[str],
        student: Sequence[Sequence[int]],
        reference: Sequence[Sequence[int]] = (),
    ) -> None:
        """Show how often each class is taken for which.

        Args:
            title: the heading.
            classes: their names.
            student: counts, by the true class and then by the predicted one.
            reference: the same of the reference, to tell what is different.
        """
        pairs = zip(classes, student, reference or student, strict=True)
        rows = [_counted(at, name, own, known) for at, (name, own, known) in enumerate(pairs)]
        beside = " Small numbers: how many more or fewer than in the reference." if reference else ""
        note = f"Framed: classified right. The stronger the shade, the larger the share of the row.{beside}"
        self.table(title, columns=["True class", *classes], rows=rows, x="Predicted class", note=note)

    def text(self, title: str, text: str) -> None:
        self.shown.append(("text", title, {"text": text}))


def _counted(at: int, name: str, own: Sequence[int], known: Sequence[int]) -> list[Any]:
    """A row of a confusion matrix. Shades go by the root of a share, so that a few mistakes show as well."""
    row: list[Any] = [name]
    for to, (count, other) in enumerate(zip(own, known, strict=True)):
        more = {
            "beside": f"{count - other:+d}".replace("-", "\N{MINUS SIGN}") if count != other else "",
            "shade": round(math.sqrt(count / max(sum(own), 1)), 2),
            "marked": to == at,
        }
        kept = {key: value for key, value in more.items() if value}
        row.append({"text": count, **kept} if kept else count)
    return row
