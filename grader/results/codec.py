"""Grades and executions as text and back: `result.json`, `grades.json`, `execution.json`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec.structs import asdict

from grader import jsons
from grader.errors import HarnessError, UsageError
from grader.model import (
    SCHEMA,
    Check,
    Document,
    Ending,
    Execution,
    Exhibit,
    Flag,
    Gap,
    Grade,
    Identity,
    Item,
    Lateness,
    Passage,
    QuestionGrade,
    ReviewItem,
    Ruling,
    Tally,
)
from grader.results import document

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from grader.model import Submission

T = TypeVar("T")

_JUDGE_AGAIN = "run `grader regrade` to write it again"
_RUN_AGAIN = "run `grader run --force` to execute the notebooks again"


class _Version(msgspec.Struct):
    schema: int | None = None


class _Cut(msgspec.Struct):
    """What version 0.1.0 wrote of an execution instead of its gaps."""

    cut_cells: tuple[int, ...] = ()
    stranded_cells: tuple[int, ...] = ()


def dumps(grade: Grade, **more: Any) -> str:
    """`result.json`, with `more` keys at its end."""
    return jsons.write(asdict(_as(document.Result, grade)) | more) + "\n"


def dumps_all(grades: Iterable[Grade]) -> str:
    """`grades.json`: a list of what each `result.json` holds, in the order given."""
    return "[\n" + ",\n".join(dumps(grade).rstrip("\n") for grade in grades) + "\n]\n"


def loads(text: str, *, source: str = "result.json") -> Grade:
    """The grade that `dumps` wrote. Unknown keys are ignored: a later release may add some.

    Raises:
        UsageError: this is not a result.json, or one of another schema. `source` names it.
    """
    schema = jsons.read(text, _Version, source=source, remedy=_JUDGE_AGAIN).schema
    if schema != SCHEMA:
        raise UsageError(
            f"{source} has schema {schema}, and this release reads schema {SCHEMA}; {_JUDGE_AGAIN}."
        )
    result = jsons.read(text, document.Result, source=source, remedy=_JUDGE_AGAIN)
    fields = asdict(result)
    del fields["schema"]
    fields |= {
        "questions": tuple(_question(question) for question in result.questions),
        "flags": _flags(result.flags),
        "identity": Identity(**asdict(result.identity)),
        "people": tuple(Identity(**asdict(each)) for each in result.people),
        "late": Lateness(**asdict(result.late)) if result.late else None,
    }
    return Grade(**fields)


def dump_enrolled(submission: Submission) -> str:
    """Whose a hand-in is, and when it came."""
    return jsons.write(
        msgspec.to_builtins(msgspec.convert(submission, document.Enrolled, from_attributes=True))
    )


def load_enrolled(text: str, *, source: str) -> document.Enrolled:
    """What `dump_enrolled` wrote.

    Raises:
        UsageError: it was changed. `source` names it.
    """
    return jsons.read(text, document.Enrolled, source=source, remedy=_RUN_AGAIN)


def dump_execution(execution: Execution) -> str:
    """All of an execution but its folder."""
    return jsons.write(_as(document.Execution, execution)) + "\n"


def load_execution(text: str, folder: Path, *, source: str = "execution.json") -> Execution:
    """The execution that `dump_execution` wrote, with the folder that it now lies in.

    Raises:
        UsageError: this is not an execution.json. `source` names it.
    """
    record = jsons.read(text, document.Execution, source=source, remedy=_RUN_AGAIN)
    gaps = tuple(Gap(**asdict(gap)) for gap in record.gaps) or _gaps_before(text, source)
    documents = tuple(Document(**asdict(each)) for each in record.documents) or _documents_before(folder)
    parts = {"flags": _flags(record.flags), "gaps": gaps, "documents": documents}
    return Execution(folder=folder, **asdict(record) | parts)


def _documents_before(folder: Path) -> tuple[Document, ...]:
    """Version 0.1.0 kept those of two names, as files."""
    paths = (folder / "evidence" / name for name in ("theory.md", "theory.tex"))
    contents = {path.name: path.read_bytes() for path in paths if path.is_file()}
    return tuple(
        Document(name=name, digest=hashlib.sha256(content).hexdigest(), text=content.decode(errors="replace"))
        for name, content in contents.items()
    )


def _gaps_before(text: str, source: str) -> tuple[Gap, ...]:
    """The gaps of an execution that was written before there was that word."""
    record = jsons.read(text, _Cut, source=source, remedy=_RUN_AGAIN)
    gaps = (
        Gap(cells=record.cut_cells, ending=Ending.TIMEOUT, why="A deadline cut these cells off."),
        Gap(
            cells=record.stranded_cells,
            ending=Ending.ENVIRONMENT,
            why="These cells need a package that is not installed here.",
        ),
    )
    return tuple(gap for gap in gaps if gap.cells)


def _as(form: type[T], value: Grade | Execution) -> T:
    try:
        return msgspec.convert(value, form, from_attributes=True)
    except msgspec.ValidationError as error:
        kind = type(value).__name__.lower()
        raise HarnessError(f"The {kind} of {value.student} can't be written: {error}.") from error


def _question(question: document.Question) -> QuestionGrade:
    parts = {
        "checks": tuple(_check(check, question.id) for check in question.checks),
        "exhibits": tuple(Exhibit(question=question.id, **asdict(each)) for each in question.exhibits),
        "passages": tuple(Passage(**asdict(each)) for each in question.passages),
    }
    return QuestionGrade(**asdict(question) | parts)


def _check(check: document.Check, question: str) -> Check:
    review = _review(check.review) if check.review else None
    ruling = _ruling(check.ruling, check.id, review.group if review else "") if check.ruling else None
    return Check(question=question, **asdict(check) | {"review": review, "ruling": ruling})


def _review(review: document.Review) -> ReviewItem:
    return ReviewItem(**asdict(review) | {"items": _items(review.items)})


def _ruling(ruling: document.Ruling, check: str, group: str) -> Ruling:
    tally = ruling.tally and Tally(**asdict(ruling.tally) | {"items": _items(ruling.tally.items)})
    return Ruling(check=check, group=group, **asdict(ruling) | {"tally": tally})


def _items(items: Iterable[document.Item]) -> tuple[Item, ...]:
    return tuple(Item(**asdict(item)) for item in items)


def _flags(flags: Iterable[document.Flag]) -> tuple[Flag, ...]:
    return tuple(Flag(**asdict(flag)) for flag in flags)
