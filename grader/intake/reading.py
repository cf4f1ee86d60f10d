"""What intake needs to know of a notebook, read where a hostile file costs that file alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Self

from grader import forks, notebook
from grader.assignment.cells import made_for
from grader.errors import NotebookError
from grader.notebook.document import RESAVE, contents_of
from grader.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

    from grader.limits import Limits

EMPTY = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
MOST_NAME = 200
"""Characters of an assignment's id that are kept."""
_Request = tuple[Path, frozenset[str]]


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


Reading = Callable[[Path, frozenset[str]], Found]
"""Reads a file; the texts are those of the cells that were handed out."""


def here(limits: Limits) -> Reading:
    """Read in this process, which a hostile file may end: for one's own notebooks."""
    return lambda path, given: _found(path, given, limits)


class Reader:
    """A context manager: `reader(path, given)` is what a process of its own finds, within limits.

    What was found is kept in `cache` by the contents of the file, without any name: an unchanged class is not read
    again, and needs no process.
    """

    def __init__(self, limits: Limits, cache: Path) -> None:
        self._limits = limits
        self._cache = cache / "read"
        self._server: forks.Server[_Request, Found] = forks.Server(_reading, limits, method="spawn")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def __call__(self, path: Path, given: frozenset[str]) -> Found:
        try:
            contents = contents_of(path, self._limits)
        except NotebookError as error:
            return Found(problem=str(error))
        place = self._cache / self._key(contents, given)
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Found(**json.loads(place.read_text(encoding="utf-8")))
        try:
            found, lasting = self._server.ask((path, given)), True
        except forks.Unanswered as error:
            found = Found(problem=f"it could not be read ({str(error).rstrip('.')}); {RESAVE}")
            lasting = error.lasting
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


def _keep(found: Found, place: Path) -> None:
    """Write it whole, or not at all; a cache that can't be written is no obstacle."""
    partial = place.with_suffix(".part")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(found)), encoding="utf-8")
        partial.replace(place)


@lru_cache
def _code() -> str:
    """Changes with the code that reads."""
    digest = hashlib.sha256(version("nbformat").encode())
    for path in (*sorted((PACKAGE / "notebook").glob("*.py")), PACKAGE / "intake" / "reading.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()
