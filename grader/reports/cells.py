"""An executed notebook as what a report shows: cells with their outputs, and the figures of a question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from grader.limits import MIB
from grader.reports import markdown, markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nbformat import NotebookNode

MOST_TEXT = 20_000
"""Characters shown of one output, first and last. `executed.ipynb` has them all."""
MOST_SOURCE = 20_000
MOST_FIGURES = 12
PAGE = 6 * MIB
"""What the cells of one page may add up to."""

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_LEFT_OUT = Markup("<em>Left out to keep this page small: executed.ipynb has it.</em>")
_NOT_SHOWN = Markup("<em>A picture that this page does not show: executed.ipynb has it.</em>")
_GAP = "\n\n[… {:,} characters left out: executed.ipynb has them …]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """`form` is one of text, stderr, error, html, image, note. `image` is a data URI."""

    form: str
    content: Markup = field(default_factory=Markup)
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    number: int
    """Counted from 1, as people do."""
    form: str
    """code, markdown or raw"""
    source: Markup
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    cell: int
    """Counted from 1."""
    image: str


def render(notebook: NotebookNode) -> tuple[Cell, ...]:
    """Every cell, until the page is full; from there on a note stands for what is left out."""
    room = _Room(PAGE)
    return tuple(_cell(number, cell, room) for number, cell in enumerate(notebook.cells, start=1))


def figures(notebook: NotebookNode | None, cells: Sequence[int]) -> tuple[Figure, ...]:
    """The pictures that these cells show, at most `MOST_FIGURES`."""
    if notebook is None:
        return ()
    found = (
        Figure(cell=index + 1, image=picture)
        for index in cells
        if 0 <= index < len(notebook.cells)
        for output in notebook.cells[index].get("outputs", ())
        if (picture := _picture(output.get("data", {})))
    )
    return tuple(figure for figure, _ in zip(found, range(MOST_FIGURES), strict=False))


class _Room:
    """What is left of the page."""

    def __init__(self, size: int) -> None:
        self._left = size

    def takes(self, size: int) -> bool:
        self._left -= size
        return self._left >= 0


def _cell(number: int, cell: NotebookNode, room: _Room) -> Cell:
    source = cell.source
    if not room.takes(2 * len(source) + 200):
        return Cell(number=number, form="raw", source=_LEFT_OUT)
    match cell.cell_type:
        case "markdown" if len(source) <= MOST_SOURCE:
            shown = markdown.render(source, cell.get("attachments"))
        case "code" if len(source) <= MOST_SOURCE:
            shown = markup.code(source)
        case _:
            shown = markup.terminal(_shortened(source, MOST_SOURCE))
    outputs = _outputs(_merged(cell.get("outputs", ())), room)
    return Cell(number=number, form=cell.cell_type, source=shown, outputs=tuple(outputs))


def _merged(outputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """A loop that prints leaves many small stream outputs: one after the other they are one text."""
    name, texts = "", list[str]()
    for output in outputs:
        if texts and output.get("name", "") != name:
            yield {"output_type": "stream", "name": name, "text": "".join(texts)}
            texts = []
        if output["output_type"] == "stream":
            name = output["name"]
            texts.append(output["text"])
        else:
            yield output
    if texts:
        yield {"output_type": "stream", "name": name, "text": "".join(texts)}


def _outputs(outputs: Iterable[Mapping[str, Any]], room: _Room) -> Iterator[Output]:
    for output in outputs:
        shown = _output(output)
        if not room.takes(len(shown.content) + len(shown.image) + 200):
            yield Output(form="note", content=_LEFT_OUT)
            return
        yield shown


def _output(output: Mapping[str, Any]) -> Output:
    match output["output_type"]:
        case "stream":
            form = "stderr" if output["name"] == "stderr" else "text"
            return Output(form=form, content=_text(output["text"]))
        case "error":
            lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
            return Output(form="error", content=_text("\n".join(lines)))
    return _display(output.get("data", {}))


def _display(data: Mapping[str, Any]) -> Output:
    """The richest form that is safe to show; widgets, scripts and all else fall back to their text."""
    picture = _picture(data)
    if picture:
        return Output(form="image", image=picture)
    html = data.get("text/html")
    if isinstance(html, str) and len(html) <= MIB:
        cleaned = markup.fragment(html)
        if cleaned.striptags():
            return Output(form="html", content=cleaned)
    if any(kind in data for kind in _IMAGES):
        return Output(form="note", content=_NOT_SHOWN)
    return Output(form="text", content=_text(str(data.get("text/plain", "[no text]"))))


def _picture(data: Mapping[str, Any]) -> str | None:
    shown = (markup.image(kind, data[kind]) for kind in _IMAGES if isinstance(data.get(kind), str))
    return next(filter(None, shown), None)


def _text(text: str) -> Markup:
    return markup.terminal(_shortened(text, MOST_TEXT))


def _shortened(text: str, most: int) -> str:
    """Its first two thirds and its last third: errors and final results come last."""
    if len(text) <= most:
        return text
    head, tail = most * 2 // 3, most // 3
    left_out = len(text) - head - tail
    return (
        f"{text[:head]}\n\n[… {left_out:,} characters left out: executed.ipynb has them …]\n\n{text[-tail:]}"
    )
