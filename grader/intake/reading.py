"""What intake needs to know of a notebook or a PDF, read where a hostile file costs that file alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from grader import forks, notebook
from grader.assignment.cells import made_for
from grader.errors import NotebookError
from grader.intake.pdf import TextLayer, text_layer
from grader.notebook.document import RESAVE, contents_of
from grader.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode

    from grader.limits import Limits

EMPTY = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
MOST_NAME = 200
"""Characters of an assignment's id that are kept."""
_Request = tuple[Path, frozenset[str]]
_Kept = TypeVar("_Kept", "Found", TextLayer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file handed in as a notebook turned out to be."""

    problem: str = ""
    """Why it can't be graded; empty if it can."""
    content: str = ""
    """See `notebook.content_key`."""
    blank: bool = False
    """Nothing in it goes beyond the notebook that was handed out."""
    made_for: str | None = None
    """The assignment whose kit it comes from, if it says so."""


class Reading(Protocol):
    """Reads files of strangers."""

    def __call__(self, path: Path, given: frozenset[str]) -> Found:
        """A file as a notebook; `given` are the texts of the cells that were handed out."""

    def text_layer(self, path: Path) -> TextLayer:
        """A PDF."""


@dataclass(frozen=True, slots=True)
class Here:
    """Reads in this process, which a hostile file may end: for one's own files."""

    limits: Limits

    def __call__(self, path: Path, given: frozenset[str]) -> Found:
        return _found(path, given, self.limits)

    def text_layer(self, path: Path) -> TextLayer:
        return text_layer(path)


class Reader:
    """A context manager: `reader(path, given)` is what a process of its own finds, within limits.

    What was found is kept in `cache` by the contents of the file, without any name: an unchanged class is not read
    again, and needs no process.
    """

    def __init__(self, limits: Limits, cache: Path) -> None:
        self._limits = limits
        self._cache = cache / "read"
        self._server: forks.Server[_Request, Found] = forks.Server(_reading, limits, method="spawn")
        self._pdfs: forks.Server[Path, TextLayer] = forks.Server(_reading_pdfs, limits, method="spawn")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()
        self._pdfs.__exit__()

    def __call__(self, path: Path, given: frozenset[str]) -> Found:
        try:
            contents = contents_of(path, self._limits)
        except NotebookError as error:
            return Found(problem=str(error))

        def refused(why: str) -> Found:
            return Found(problem=f"it could not be read ({why}); {RESAVE}")

        return self._known(
            Found, self._key(contents, given), lambda: self._server.ask((path, given)), refused
        )

    def text_layer(self, path: Path) -> TextLayer:
        def refused(why: str) -> TextLayer:
            return TextLayer(problem=f"could not be read ({why})")

        key = self._key(path.read_bytes(), frozenset())
        return self._known(TextLayer, key, lambda: self._pdfs.ask(path), refused)

    def _known(
        self, form: type[_Kept], key: str, ask: Callable[[], _Kept], refused: Callable[[str], _Kept]
    ) -> _Kept:
        place = self._cache / key
        with contextlib.suppress(OSError, ValueError, TypeError):
            return form(**json.loads(place.read_text(encoding="utf-8")))
        try:
            found, lasting = ask(), True
        except forks.Unanswered as error:
            found, lasting = refused(str(error).rstrip(".")), error.lasting
        if lasting:
            _keep(found, place)
        return found

    def _key(self, contents: bytes, given: frozenset[str]) -> str:
        digest = hashlib.sha256(contents)
        conditions = [sorted(given), self._limits.stage, self._limits.stage_memory, _code()]
        digest.update(json.dumps(conditions).encode())
        return digest.hexdigest()


def texts(read: NotebookNode) -> Iterator[str]:
    """Those of its cells, without the empty ones."""
    return (cell.source.strip() for cell in read.cells if cell.source.strip())


@contextlib.contextmanager
def _reading(limits: Limits) -> Iterator[forks.Service[_Request, Found]]:
    notebook.parse(EMPTY)  # loads what every fork would load, or be charged for
    yield forks.Service(
        answer=lambda request: _found(*request, limits),
        doing="Reading",
        seconds=limits.stage,
        wall=limits.wall(limits.stage),
        memory=limits.stage_memory,
    )


@contextlib.contextmanager
def _reading_pdfs(limits: Limits) -> Iterator[forks.Service[Path, TextLayer]]:
    yield forks.Service(
        answer=text_layer,
        doing="Reading",
        seconds=limits.stage,
        wall=limits.wall(limits.stage),
        memory=limits.stage_memory,
    )


def _found(path: Path, given: frozenset[str], limits: Limits) -> Found:
    try:
        read = notebook.parse(contents_of(path, limits))
    except NotebookError as error:
        return Found(problem=str(error))
    return Found(
        content=notebook.content_key(read),
        blank=given.issuperset(texts(read)),
        made_for=(made_for(read) or "")[:MOST_NAME] or None,
    )


def _keep(found: Found | TextLayer, place: Path) -> None:
    """Write it whole, or not at all; a cache that can't be written is no obstacle."""
    partial = place.with_suffix(".part")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(found)), encoding="utf-8")
        partial.replace(place)


@lru_cache
def _code() -> str:
    """Changes with the code that reads."""
    digest = hashlib.sha256(" ".join(map(version, ("nbformat", "pypdf"))).encode())
    own = (PACKAGE / "intake" / name for name in ("reading.py", "pdf.py"))
    for path in (*sorted((PACKAGE / "notebook").glob("*.py")), *own):
        digest.update(path.read_bytes())
    return digest.hexdigest()
