"""Public checks are no answer key: what they say holds nothing that a student does not know already.

That is what stands in the homework's text and in the student's own work. A number or a name from elsewhere, say
from the reference, is not shown unless the check's mark says `reveal=True`.
"""

from __future__ import annotations

import bisect
import builtins
import keyword
import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.evidence import Value
from grader.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbformat import NotebookNode

    from grader.judging.rubric import Rubric
    from grader.judging.work import Work
    from grader.model import Check

WITHHELD = (
    "This check did not pass. What it found is not shown, because that would give away part of the answer."
)
BROKEN = "This check itself failed, and that is not your fault. Tell the course staff."
TEXTS = ("message", "expected", "actual", "hint")
CELLS = re.compile(r"\bcells? \d+(?:(?:,| and|, and) \d+)*", re.IGNORECASE)
"""Where something stands in the student's own notebook."""
TIMES = re.compile(r"(?<=\d)[x\u00d7](?=\d)")
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d[\d,_]*)?\.?\d+(?:[eE][-+]?\d{1,4})?(?!\d)")
WORD = re.compile(r"[^\W\d]\w*")
CODE = re.compile(r"`([^`\n]*)`")
NAME = re.compile(r"[_\d]|[a-z][A-Z]")
"""In a word that reads as a name in code: it is spelt as no other word is."""
LANGUAGE = frozenset({*keyword.kwlist, *dir(builtins)})
MOST_DIGITS = 20
"""Of a number that is too large to compare, such as 1e999."""
MOST_NUMBERS = 10_000
"""Of an array of the student's: nobody has read more."""


class Known:
    """What one student knows: numbers and words, from the homework and from the student's own work."""

    def __init__(self, student: Work) -> None:
        given = (cell.source for cell in student.assignment.template.cells)
        titles = (question.title for question in student.assignment.questions)
        papers = (document.text for document in student.documents)
        text = "\n".join([*titles, *given, *map(_text, student.notebook.cells), *papers])
        self._words = frozenset(WORD.findall(text)) | {*student.assignment.watched}
        numbers = (*(_number(written) for written in _numbers_in(text)), *_of_values(student))
        self._numbers = sorted({abs(number) for number in numbers if math.isfinite(number)})

    def foreign(self, text: str, title: str) -> list[str]:
        """The numbers and names in a text that the student does not know; a check's title is no secret."""
        text = TIMES.sub(" x ", CELLS.sub(" ", text))
        numbers = (each for each in _numbers_in(text) if each not in title and not self._has(each))
        names = {*_names_in(text)} - self._words - LANGUAGE - {*WORD.findall(title)}
        return [*numbers, *sorted(names)]

    def _has(self, written: str) -> bool:
        """Is this number known, in as many digits as are written? Infinity gives nothing away."""
        number = abs(_number(written))
        if not math.isfinite(number):
            return len(written) < MOST_DIGITS
        mantissa, _, exponent = written.lower().partition("e")
        slack = 0.5000001 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        place = bisect.bisect_left(self._numbers, number - slack)
        return place < len(self._numbers) and self._numbers[place] <= number + slack


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the checks of a rubric may say to students."""

    revealing: frozenset[str]
    """The ids of checks whose author lets them say anything."""

    @classmethod
    def of(cls, rubric: Rubric) -> Disclosure:
        return cls(frozenset(mark.check for _, _, mark in rubric.checks() if mark.reveal))

    def foreign(self, check: Check, student: Work) -> list[str]:
        """The numbers and names in what a check says that are not the student's to know."""
        if check.id in self.revealing:
            return []
        texts = [getattr(check, name) for name in TEXTS]
        return [token for text in texts if text for token in _known(student).foreign(text, check.title)]

    def shown(self, check: Check, student: Work) -> Check:
        """A check as its student may read it: one that would say too much says that it does not."""
        if not self.foreign(check, student):
            return check
        message = BROKEN if check.outcome is Outcome.BROKEN else WITHHELD
        return replace(check, message=message, expected="", actual="", hint="", review=None)


@lru_cache(maxsize=1)
def _known(student: Work) -> Known:
    return Known(student)


def _names_in(text: str) -> Iterator[str]:
    """What reads as code rather than as a word: in backticks, called, an attribute, or by its spelling."""
    for code in CODE.findall(text):
        yield from WORD.findall(code)
    for found in WORD.finditer(text):
        is_called = text[found.end() : found.end() + 1] == "("
        is_attribute = re.fullmatch(r"\w\.", text[max(found.start() - 2, 0) : found.start()]) and found[0][1:]
        if is_called or is_attribute or NAME.search(found[0]):
            yield found[0]


def _numbers_in(text: str) -> list[str]:
    return [found[0] for found in NUMBER.finditer(TIMES.sub(" x ", text))]


def _number(written: str) -> float:
    return float(written.replace(",", "").replace("_", ""))


def _text(cell: NotebookNode) -> str:
    """All that a cell holds: what was written, and what was printed."""
    return "\n".join([str(cell.source), *_strings(cell.get("outputs", []))])


def _strings(outputs: object) -> Iterator[str]:
    match outputs:
        case str():
            yield outputs
        case dict():
            for name, value in outputs.items():
                if not str(name).startswith(("image/", "application/")):
                    yield from _strings(value)
        case list() | tuple():
            for each in outputs:
                yield from _strings(each)


def _of_values(student: Work) -> Iterable[float]:
    for record in student.evidence.cells:
        values: Mapping[str, object] = record.fields.get("values") or {}
        for fields in values.values():
            if isinstance(fields, dict):
                yield from _of_value(Value(record.cell, fields, record.arrays))


def _of_value(value: Value) -> Iterator[float]:
    if value.number is not None:
        yield value.number
    yield from map(float, value.shape or ())
    if value.array is not None and value.array.size <= MOST_NUMBERS:
        yield from map(float, value.array.reshape(-1))
    for member in value.members.values():
        yield from _of_value(member)
