"""What people and other programs read below `results/`, written from what the store knows."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import nbformat

from grader import keys
from grader.reports import html, junit, review_sheet, table
from grader.results import codec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from grader.model import Execution, Grade
    from grader.results.store import Store


SHEET = "review.csv"


@dataclass(frozen=True)
class Publisher:
    store: Store
    reference: Execution

    def student(self, grade: Grade) -> None:
        """A student's `report.html` and `result.json`."""
        folder = f"students/{grade.student}"
        executed = _notebook(self.store.execution(grade.student))
        page = html.student_page(grade, executed, self._reference)
        self.store.write(f"{folder}/report.html", f"{page}\n{self._mark(grade)}")
        self.store.write(f"{folder}/result.json", codec.dumps(grade))

    def is_out(self, grade: Grade) -> bool:
        """Are the student's files there, just as they would be written now?"""
        folder = self.store.folder(grade.student)
        written = folder / "result.json"
        return (
            _ends_with(folder / "report.html", self._mark(grade))
            and written.is_file()
            and written.read_text(encoding="utf-8") == codec.dumps(grade)
        )

    def _mark(self, grade: Grade) -> str:
        """The last line of a student's page, by which it is recognised."""
        key = keys.of_page(self.store.grade_key(grade.student), codec.dumps(grade))
        return f"<!-- {key} -->\n"

    def class_(self, notices: Sequence[str]) -> Path:
        """Write the files of the class. Returns the path of its page."""
        grades = self.store.grades()
        self.store.write("grades.csv", table.grades_csv(grades))
        self.store.write("grades.json", codec.dumps_all(self.store.each_grade()))
        self.store.write("junit.xml", junit.junit_xml(grades))
        self._sheet(review_sheet.review_csv(grades))
        return self.store.write("index.html", html.class_page(grades, notices=notices))

    def _sheet(self, text: str) -> None:
        """`review.csv`. One that a person has edited is never overwritten, but renamed."""
        path = self.store.root / SHEET
        if path.is_file() and (edited := _digest(path.read_bytes())) != self.store.recall("sheet"):
            path.replace(path.with_stem(f"review-{edited[:8]}"))
        self.store.write(SHEET, text)
        self.store.remember(sheet=_digest(text.encode()))

    @cached_property
    def _reference(self) -> NotebookNode | None:
        return _notebook(self.reference)


def _ends_with(path: Path, text: str) -> bool:
    if not path.is_file() or path.stat().st_size < len(text):
        return False
    with path.open("rb") as file:
        file.seek(-len(text), os.SEEK_END)
        return file.read() == text.encode("ascii")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _notebook(execution: Execution | None) -> NotebookNode | None:
    """The notebook as it ran; None if there was none to run."""
    if execution is None or not execution.notebook.is_file():
        return None
    notebook: NotebookNode = nbformat.read(execution.notebook, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    return notebook
