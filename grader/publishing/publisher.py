"""What people and other programs read below `results/`, written from what the store knows."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Self

from grader import forks, keys
from grader.course import Missing
from grader.limits import Limits
from grader.publishing import pages
from grader.reports import html, junit, review_sheet, table
from grader.results import codec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from grader.model import Execution, Grade
    from grader.results.store import Store


SHEET = "review.csv"


class Publisher:
    """A context manager. The process that draws pages starts with the first one.

    `reference` is the run whose figures students' pages show; the files of the class need none.
    """

    def __init__(self, store: Store, reference: Execution | None, limits: Limits | None = None) -> None:
        self.store = store
        self._pages = forks.Server(pages.drawing, reference, limits or Limits())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pages.__exit__()

    def student(self, grade: Grade) -> None:
        """A student's `report.html`, `executed.html` and `result.json`.

        A page that can't be drawn is replaced by one that says so. It is not tried again if it would fail again.
        """
        folder = f"students/{grade.student}"
        execution = self.store.execution(grade.student)
        if execution is not None and execution.notebook.is_file():
            page = pages.NotebookPage(grade=grade, execution=execution)
            self._write(f"{folder}/{html.NOTEBOOK}", grade, *pages.drawn_notebook(self._pages, page))
        report = pages.Page(grade=grade, execution=execution)
        self._write(f"{folder}/report.html", grade, *pages.drawn(self._pages, report))
        self.store.write(f"{folder}/result.json", codec.dumps(grade))

    def _write(self, path: str, grade: Grade, page: str, lasting: bool) -> None:
        self.store.write(path, f"{page}\n{self._mark(grade) if lasting else ''}")

    def is_out(self, grade: Grade) -> bool:
        """Are the student's files there, just as they would be written now?"""
        folder, mark = self.store.folder(grade.student), self._mark(grade)
        written = folder / "result.json"
        return (
            _ends_with(folder / "report.html", mark)
            and (_ends_with(folder / html.NOTEBOOK, mark) or not (folder / "executed.ipynb").exists())
            and written.is_file()
            and written.read_text(encoding="utf-8") == codec.dumps(grade)
        )

    def _mark(self, grade: Grade) -> str:
        """The last line of a student's pages, by which they are recognised."""
        key = keys.of_page(self.store.grade_key(grade.student), codec.dumps(grade))
        return f"<!-- {key} -->\n"

    def class_(self, notices: Sequence[str]) -> Path:
        """Write the files of the class. Returns the path of its page."""
        grades, missing = self.store.grades(), self.store.missing()
        zero = self.store.rules().missing is Missing.ZERO
        self.store.write("grades.csv", table.grades_csv(grades, missing, zero=zero))
        self.store.write("grades.json", codec.dumps_all(self.store.each_grade()))
        self.store.write("junit.xml", junit.junit_xml(grades))
        self._sheet(review_sheet.review_csv(grades))
        return self.store.write("index.html", html.class_page(grades, notices=notices, missing=missing))

    def _sheet(self, text: str) -> None:
        """`review.csv`. One that a person has edited is never overwritten, but renamed."""
        path = self.store.root / SHEET
        if path.is_file() and (edited := _digest(path.read_bytes())) != self.store.recall("sheet"):
            path.replace(path.with_stem(f"review-{edited[:8]}"))
        self.store.write(SHEET, text)
        self.store.remember(sheet=_digest(text.encode()))


def _ends_with(path: Path, text: str) -> bool:
    if not path.is_file() or path.stat().st_size < len(text):
        return False
    with path.open("rb") as file:
        file.seek(-len(text), os.SEEK_END)
        return file.read() == text.encode("ascii")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
