"""What a report shows of an executed notebook: its cells with their outputs, and the figures of a question."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from grader.legible import ESCAPE
from grader.limits import MIB
from grader.reports import images, markdown, markup
from grader.reports.mathml import formulas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nbformat import NotebookNode

    from grader.model import Passage

MOST_TEXT = 20_000
"""How many characters of one output are shown. `executed.ipynb` has all of them."""
MOST_ANSWER_TEXT = 4000
"""The same in an answer, beside its question."""
MOST_SOURCE = 20_000
MOST_ANSWER_CELLS = 6
"""How many cells of an answer are shown with its question."""
MOST_FIGURES = 12
PAGE = 6 * MIB
"""The largest total size of the cells on one page."""
ANSWERS = 150_000
"""The same of all answers together, beside their questions."""
FORMULA_WEIGHT = 2000
"""What a formula takes of a page, as it takes some milliseconds to typeset."""

SEE_FILE = "; see executed.ipynb"
"""Where all of what is cut short here is found."""

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_LEFT_OUT = Markup("<em>Left out to keep this page small{}.</em>").format(SEE_FILE)
_NOT_SHOWN = Markup("<em>A picture that cannot be shown here{}.</em>").format(SEE_FILE)
_FRAME = re.compile(r"Cell In\[\d++\], line (\d{1,6})")
_KIND = re.compile(r"[\w.+-]{1,40}/[\w.+-]{1,80}")
_OBJECT = re.compile(r"<IPython\.core\.display\.(\w+) object>")
"""What stands for an object that only a browser with scripts could show."""
_UNKNOWN = Markup("<em>An output of the kind {}, which is not shown here{}.</em>")
_PRE = Markup("<pre>{}</pre>")
_REST = Markup("<p><em>The other {:,} characters are left out{}.</em></p>")
_GAP = "\n\n[… {:,} characters left out" + SEE_FILE + " …]\n\n"


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
    space = Space(PAGE)
    return tuple(_cell(number, cell, space, MOST_TEXT) for number, cell in enumerate(notebook.cells, start=1))


def answer(notebook: NotebookNode | None, numbers: Sequence[int], space: Space) -> tuple[Cell, ...]:
    """Some cells, by their indices, as they are shown beside the figures that they have drawn."""
    if notebook is None:
        return ()
    found = (
        _cell(index + 1, notebook.cells[index], space, MOST_ANSWER_TEXT)
        for index in numbers[:MOST_ANSWER_CELLS]
        if 0 <= index < len(notebook.cells)
    )
    return tuple(
        replace(cell, outputs=tuple(output for output in cell.outputs if output.form != "image"))
        for cell in found
    )


def passage(found: Passage, space: Space) -> Markup:
    """A text from a file: typeset like a Markdown cell if it is an answer, else as it is."""
    source = found.text[:MOST_SOURCE]
    if not space.take(2 * len(source) + 200):
        return _LEFT_OUT
    if not found.line:
        return _PRE.format(markup.terminal(source))
    shown = markdown.render(source)
    space.take(FORMULA_WEIGHT * shown.count("<math"))
    return shown


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


class Space:
    """The space left on the page."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        self._left -= size
        return self._left >= 0


def _cell(number: int, cell: NotebookNode, space: Space, most_text: int) -> Cell:
    source = cell.source
    if not space.take(2 * len(source) + 200):
        return Cell(number=number, form="raw", source=_LEFT_OUT)
    match cell.cell_type:
        case "markdown":
            shown = markdown.render(source[:MOST_SOURCE], cell.get("attachments"))
            if len(source) > MOST_SOURCE:
                shown += _REST.format(len(source) - MOST_SOURCE, SEE_FILE)
            space.take(FORMULA_WEIGHT * shown.count("<math"))
        case "code" if len(source) <= MOST_SOURCE:
            shown = markup.code(source, marked=_failed_line(cell))
        case _:
            shown = markup.terminal(shortened(source, MOST_SOURCE))
    outputs = _outputs(_merged(cell.get("outputs", ())), space, most_text)
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


def _failed_line(cell: NotebookNode) -> int | None:
    """The line in which a cell raised its error, counted from 1; None if it ended well, or does not say."""
    for output in cell.get("outputs", ()):
        if output["output_type"] == "error":
            frames = (
                _FRAME.search(ESCAPE.sub("", line[:MOST_TEXT])) for line in output.get("traceback") or ()
            )
            return next((int(frame[1]) for frame in frames if frame), None)
    return None


def _outputs(outputs: Iterable[Mapping[str, Any]], space: Space, most_text: int) -> Iterator[Output]:
    for output in outputs:
        shown = _output(output, most_text)
        if not space.take(_weight(shown)):
            yield Output(form="note", content=_LEFT_OUT)
            return
        yield shown


def _weight(output: Output) -> int:
    """What an output takes of a page. 40 pixels weigh a byte: a browser unpacks even what it does not show."""
    return len(output.content) + len(output.image) + images.pixels(output.image) // 40 + 200


def _output(output: Mapping[str, Any], most_text: int) -> Output:
    match output["output_type"]:
        case "stream":
            form = "stderr" if output["name"] == "stderr" else "text"
            return Output(form=form, content=_text(output["text"], most_text))
        case "error":
            lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
            return Output(form="error", content=_text("\n".join(lines), most_text))
    return _display(output.get("data", {}), most_text)


def _display(data: Mapping[str, Any], most_text: int) -> Output:
    """The richest form that is safe to show. Widgets, scripts and anything else fall back to plain text."""
    picture = _picture(data)
    if picture:
        return Output(form="image", image=picture)
    html = data.get("text/html")
    if isinstance(html, str) and len(html) <= MIB:
        cleaned = markup.fragment(html)
        if cleaned and cleaned.striptags():
            return Output(form="html", content=cleaned)
    if any(kind in data for kind in _IMAGES):
        return Output(form="note", content=_NOT_SHOWN)
    source = data.get("text/markdown")
    if isinstance(source, str) and len(source) <= MOST_SOURCE:
        return Output(form="html", content=markdown.render(source))
    latex = data.get("text/latex")
    if isinstance(latex, str) and "<math" in (typeset := formulas(latex.strip())):
        return Output(form="html", content=typeset)
    return _plain(data, most_text)


def _plain(data: Mapping[str, Any], most_text: int) -> Output:
    """The plain text of a display, or what kind it is of that has none of use."""
    text = str(data.get("text/plain", ""))
    unknown = [found[1]] if (found := _OBJECT.fullmatch(text.strip())) else []
    unknown += [kind for kind in data if not text and _KIND.fullmatch(kind)]
    if unknown:
        return Output(form="note", content=_UNKNOWN.format(unknown[0], SEE_FILE))
    return Output(form="text", content=_text(text or "[no text]", most_text))


def _picture(data: Mapping[str, Any]) -> str | None:
    shown = (images.image(kind, data[kind]) for kind in _IMAGES if isinstance(data.get(kind), str))
    return next(filter(None, shown), None)


def _text(text: str, most: int) -> Markup:
    return markup.terminal(shortened(text, most))


def shortened(text: str, limit: int) -> str:
    """`text` cut to `limit` characters: more from its start than from its end, which has final results."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return text[:head] + _GAP.format(len(text) - head - tail) + text[-tail:]
