"""What a report shows of an executed notebook: its cells with their outputs, and the figures of a question."""

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
"""How many characters of one output are shown. `executed.ipynb` has all of them."""
MOST_SOURCE = 20_000
MOST_FIGURES = 12
PAGE = 6 * MIB
"""The largest total size of the cells on one page."""

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_LEFT_OUT = Markup("<em>Left out to keep this page small; see executed.ipynb.</em>")
_NOT_SHOWN = Markup("<em>A picture that cannot be shown here; see executed.ipynb.</em>")
_GAP = "\n\n[… {:,} characters left out; see executed.ipynb …]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """`form` is one of text, stderr, error, html, image, note. `image` is a data URI."""

    form: str
    content: Markup = field(default_factory=Markup)
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    number: int
    """Counted from 1."""
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
    """Every cell. Once the page is full, a note replaces each further cell or output."""
    space = _Space(PAGE)
    return tuple(_cell(number, cell, space) for number, cell in enumerate(notebook.cells, start=1))


def figures(notebook: NotebookNode | None, cells: Sequence[int]) -> tuple[Figure, ...]:
    """The pictures in the outputs of these cells, at most `MOST_FIGURES`."""
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


class _Space:
    """The space left on the page."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        self._left -= size
        return self._left >= 0


def _cell(number: int, cell: NotebookNode, space: _Space) -> Cell:
    source = cell.source
    if not space.take(2 * len(source) + 200):
        return Cell(number=number, form="raw", source=_LEFT_OUT)
    match cell.cell_type:
        case "markdown" if len(source) <= MOST_SOURCE:
            shown = markdown.render(source, cell.get("attachments"))
        case "code" if len(source) <= MOST_SOURCE:
            shown = markup.code(source)
        case _:
            shown = markup.terminal(_shortened(source, MOST_SOURCE))
    outputs = _outputs(_merged(cell.get("outputs", ())), space)
    return Cell(number=number, form=cell.cell_type, source=shown, outputs=tuple(outputs))


def _merged(outputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Merge consecutive outputs of the same stream: a loop that prints leaves many small ones."""
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


def _outputs(outputs: Iterable[Mapping[str, Any]], space: _Space) -> Iterator[Output]:
    for output in outputs:
        shown = _output(output)
        if not space.take(len(shown.content) + len(shown.image) + 200):
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
    """The richest form that is safe to show. Widgets, scripts and anything else fall back to plain text."""
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


def _shortened(text: str, limit: int) -> str:
    """`text` cut to `limit` characters: more from its start than from its end, which has final results."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return text[:head] + _GAP.format(len(text) - head - tail) + text[-tail:]
