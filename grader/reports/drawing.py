"""The geometry of exhibits and histograms, which a template draws as inline SVG.

We do not use matplotlib, because it needs 80 ms and 16 kB for one such figure, uses style attributes that the
pages' content security policy forbids, and cannot adapt to a dark colour scheme.
"""

from __future__ import annotations

import math
import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.model import LARGEST_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from grader.model import Exhibit

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 44
MOST_POINTS = 400
MOST_IMAGES = 64
MOST_TEXT = 4000
MOST_IN_CELL = 300
SHADES = 5
_WHO = {"student": "yours", "reference": "reference"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve. `paths` are its segments without gaps, `band` is a closed outline; both are SVG coordinates."""

    name: str
    who: str
    dashed: bool
    paths: tuple[str, ...]
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    x: str
    y: str
    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A row of small greyscale pictures, as data URIs."""

    name: str
    who: str
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Its text, a smaller one beside it, and its classes in the style sheet."""

    text: str
    beside: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The first cell of each row is its head; `x` names all columns but the first."""

    x: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One exhibit for a template: curves, strips, a table or text, or what prevented drawing it."""

    title: str
    curves: Curves | None = None
    strips: tuple[Strip, ...] = ()
    table: Table | None = None
    text: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    x: float
    width: float
    height: float
    stacked: float
    label: str
    count: int


def draw(exhibit: Exhibit) -> Drawing:
    """Never raises, since captured data may have any shape."""
    title = exhibit.title
    try:
        match exhibit.kind:
            case "curves":
                return Drawing(title=title, curves=curves(exhibit.data))
            case "images":
                return Drawing(title=title, strips=tuple(_strip(series) for series in exhibit.data["series"]))
            case "table":
                return Drawing(title=title, table=_table(exhibit.data))
            case "text":
                return Drawing(title=title, text=str(exhibit.data["text"])[:MOST_TEXT])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return Drawing(title=title, problem=f"This data could not be drawn: {error}")
    return Drawing(title=title, problem=f"This report cannot draw exhibits of the kind “{exhibit.kind}”.")


def curves(data: Mapping[str, Any]) -> Curves:
    """Raises ValueError if there is nothing to draw."""
    series = [_Series.read(item) for item in data["series"]]
    values = [value for item in series for value in (*item.y, *item.low, *item.high) if value is not None]
    if not values:
        raise ValueError("no value is a finite number")
    length = max(len(item.y) for item in series)
    scale = _Scale(length=length, low=min(values), high=max(values))
    labels = list(dict.fromkeys(item.label for item in series))
    x, y = str(data.get("x", "")), str(data.get("y", ""))
    return Curves(
        x=x,
        y=y,
        lines=tuple(item.line(scale, dashed=labels.index(item.label) > 0) for item in series),
        x_ticks=tuple((scale.x(tick - 1), f"{tick:g}") for tick in _ticks(1, length) if tick == int(tick)),
        y_ticks=tuple((scale.y(tick), f"{tick:g}") for tick in _ticks(scale.low, scale.high)),
        description=f"{y or 'Values'} by {x or 'position'}. " + " ".join(item.spoken() for item in series),
    )


def histogram(scores: Iterable[tuple[float, bool]], *, maximum: float) -> tuple[Bar, ...]:
    """About ten bars for `(score, is provisional)` pairs; positions and heights are between 0 and 1."""
    step = _step(maximum / 10) if maximum > 0 else 1.0
    bins = max(math.ceil(maximum / step - 1e-9), 1)
    counts = [[0, 0] for _ in range(bins)]
    for score, provisional in scores:
        counts[min(max(int(score / step + 1e-9), 0), bins - 1)][provisional] += 1
    tallest = max(sum(pair) for pair in counts) or 1
    return tuple(
        Bar(
            x=index / bins,
            width=1 / bins,
            height=final / tallest,
            stacked=provisional / tallest,
            label=f"{index * step:g} to {(index + 1) * step:g}",
            count=final + provisional,
        )
        for index, (final, provisional) in enumerate(counts)
    )


def grey_png(rows: Sequence[Sequence[int]]) -> str:
    """A data URI. Raises ValueError unless all rows have the same length and values from 0 to 255."""
    lines = [bytes(row) for row in rows]
    width = len(lines[0]) if lines else 0
    if not width or any(len(line) != width for line in lines):
        raise ValueError("an image needs rows of equal length")
    header = struct.pack(">2I5B", width, len(lines), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + line for line in lines))
    chunks = b"".join(_chunk(*pair) for pair in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")))
    return "data:image/png;base64," + b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _table(data: Mapping[str, Any]) -> Table:
    columns, rows = data["columns"], data["rows"]
    if not rows or any(len(row) != len(columns) for row in rows):
        raise ValueError("a table needs rows as long as its head")
    if max(len(rows), len(columns) - 1) > LARGEST_TABLE:
        raise ValueError(f"a table has at most {LARGEST_TABLE} rows and columns")
    return Table(
        x=str(data.get("x", "")),
        columns=tuple(str(column)[:MOST_IN_CELL] for column in columns),
        rows=tuple(tuple(map(_cell, row)) for row in rows),
        note=str(data.get("note", ""))[:MOST_TEXT],
    )


def _cell(value: Any) -> Cell:
    fields = value if isinstance(value, dict) else {"text": value}
    text, shade = fields["text"], math.ceil(SHADES * min(max(float(fields.get("shade", 0)), 0), 1))
    styles = {
        "number": isinstance(text, int | float),
        f"shade-{shade}": shade,
        "marked": fields.get("marked"),
    }
    return Cell(
        text=str(text)[:MOST_IN_CELL],
        beside=str(fields.get("beside", ""))[:MOST_IN_CELL],
        style=" ".join(style for style, applies in styles.items() if applies),
    )


def _strip(series: Mapping[str, Any]) -> Strip:
    return Strip(
        name=_name(series),
        who=str(series["who"]),
        pictures=tuple(grey_png(rows) for rows in series["images"][:MOST_IMAGES]),
    )


def _name(series: Mapping[str, Any]) -> str:
    who = _WHO.get(str(series["who"]), str(series["who"]))
    return ", ".join(filter(None, (who, str(series.get("label", "")))))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    length: int
    low: float
    high: float

    def x(self, index: float) -> float:
        return round(LEFT + index / max(self.length - 1, 1) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    label: str
    name: str
    who: str
    y: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> _Series:
        return cls(
            label=str(data.get("label", "")),
            name=_name(data),
            who=str(data["who"]),
            y=_finite(data["y"]),
            low=_finite(data.get("low", ())),
            high=_finite(data.get("high", ())),
        )

    def line(self, scale: _Scale, *, dashed: bool) -> Line:
        step = math.ceil(len(self.y) / MOST_POINTS)
        return Line(
            name=self.name,
            who=self.who,
            dashed=dashed,
            paths=tuple(_segments(self.y[::step], scale, step)),
            band=self._band(scale),
        )

    def _band(self, scale: _Scale) -> str:
        edges = [
            (index, low, high)
            for index, (low, high) in enumerate(zip(self.low, self.high, strict=False))
            if low is not None and high is not None
        ]
        there = [f"{scale.x(index)},{scale.y(high)}" for index, _, high in edges]
        back = [f"{scale.x(index)},{scale.y(low)}" for index, low, _ in reversed(edges)]
        return " ".join(there + back)

    def spoken(self) -> str:
        known = [value for value in self.y if value is not None]
        if not known:
            return f"{self.name}: no finite values."
        return f"{self.name}: from {known[0]:.3g} to {known[-1]:.3g} over {len(self.y)} values."


def _finite(values: Iterable[Any]) -> tuple[float | None, ...]:
    """The values with a gap for null, NaN and numbers that are too large to draw; one too small to draw is 0."""
    numbers = (math.nan if value is None else float(value) for value in values)
    return tuple(
        (number if abs(number) > 1e-100 else 0.0) if abs(number) < 1e100 else None for number in numbers
    )


def _segments(values: Iterable[float | None], scale: _Scale, step: int) -> Iterable[str]:
    segment: list[str] = []
    for index, value in enumerate(values):
        if value is not None:
            segment.append(f"{scale.x(index * step)},{scale.y(value)}")
        elif segment:
            yield " ".join(segment)
            segment = []
    if segment:
        yield " ".join(segment)


def _ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    if not high > low:
        return (low,)
    step = _step((high - low) / about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(dict.fromkeys(round(index * step, 12) for index in range(first, last + 1)))


def _step(rough: float) -> float:
    """One, two or five times a power of ten, close to `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.7)
