"""The form of `result.json`, as types. Every key is explained in `result.md`; keys are only ever added.

A key with a default came later, or may be left out: older files are read without it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from grader import model
from grader.model import SCHEMA, Ending, FlagKind, FoundBy, Outcome, Visibility


class _Part(Struct, frozen=True, kw_only=True):
    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not value.is_finite():
                raise ValueError(f"`{name}` must be a finite number of points, and it is {value}")


class Item(_Part, frozen=True, kw_only=True):
    """What earns or costs points in an answer that a person reads."""

    words: str
    points: Decimal


class Review(_Part, frozen=True, kw_only=True):
    """What a person needs to decide a check."""

    answer: str
    group: str
    polarity: str
    tags: tuple[str, ...]
    code: str = ""
    items: tuple[Item, ...] = ()


class Tally(_Part, frozen=True, kw_only=True):
    """How the points of a decision by items add up."""

    worth: Decimal
    start: Decimal
    items: tuple[Item, ...]
    adjustment: Decimal


class Ruling(_Part, frozen=True, kw_only=True):
    """What a person decided."""

    student: str
    points: Decimal
    comment: str
    by: str
    at: str
    machine: str = ""
    tally: Tally | None = None


class Check(_Part, frozen=True, kw_only=True):
    """One sentence of the rubric, applied to one student."""

    id: str
    title: str
    outcome: Outcome
    earned: Decimal
    max: Decimal
    message: str
    expected: str
    actual: str
    hint: str
    cause: str = ""
    visibility: Visibility
    code: str = ""
    review: Review | None = None
    ruling: Ruling | None = None


class Exhibit(_Part, frozen=True, kw_only=True):
    """What a report draws beside a question. Its data may have any shape: students' values are in them."""

    kind: str
    title: str
    data: dict[str, Any]


class Passage(_Part, frozen=True, kw_only=True):
    """An answer, or what may hold one, in a file beside the notebook."""

    file: str
    line: int
    text: str


class Question(_Part, frozen=True, kw_only=True):
    """All checks of one question, and where its answer was found."""

    id: str
    title: str = ""
    points: Decimal
    max: Decimal
    outcome: Outcome
    found_by: FoundBy
    cells: tuple[int, ...] = ()
    reference_cells: tuple[int, ...] = ()
    checks: tuple[Check, ...]
    exhibits: tuple[Exhibit, ...] = ()
    passages: tuple[Passage, ...] = ()


class Flag(_Part, frozen=True, kw_only=True):
    """Something that a person should know and that costs no points by itself."""

    kind: FlagKind
    message: str


class Identity(_Part, frozen=True, kw_only=True):
    """What is known of a student, in the spelling of the course system or of the roster."""

    name: str | None = None
    id: str | None = None
    email: str | None = None
    section: str | None = None


class Lateness(_Part, frozen=True, kw_only=True):
    """That work was handed in late, and what that costs."""

    points: Decimal
    message: str


class Result(_Part, frozen=True, kw_only=True):
    """Everything that was decided about one student."""

    schema: Annotated[int, Meta(extra_json_schema={"const": SCHEMA})] = SCHEMA
    student: str
    assignment: str
    title: str = ""
    origin: str = ""
    objections: str = ""
    profile: str
    ending: Ending
    ending_detail: str
    total: Decimal
    max: Decimal
    provisional: bool
    seconds: float
    questions: tuple[Question, ...]
    flags: tuple[Flag, ...]
    compat: tuple[dict[str, Any], ...]
    sandbox: dict[str, Any]
    identity: Identity = Identity()
    people: tuple[Identity, ...] = ()
    submitted_at: datetime | None = None
    late: Lateness | None = None


class Enrolled(Struct, frozen=True, kw_only=True):
    """What the download and the roster say of a student or a group, as the gradebook keeps it."""

    identity: model.Identity = model.Identity()
    people: tuple[model.Identity, ...] = ()
    arrival: model.Arrival = model.Arrival()


class Gap(_Part, frozen=True, kw_only=True):
    cells: tuple[int, ...]
    ending: Ending
    why: str


class Document(_Part, frozen=True, kw_only=True):
    name: str
    digest: str
    text: str
    problem: str


class Execution(_Part, frozen=True, kw_only=True):
    """What one run of one notebook left behind, but for its folder: `execution.json`, read by nobody else."""

    student: str
    ending: Ending
    detail: str
    seconds: float
    cpu_seconds: float = 0.0
    busiest_cell: float = 0.0
    gaps: tuple[Gap, ...] = ()
    compat: tuple[dict[str, Any], ...]
    sandbox: dict[str, Any]
    flags: tuple[Flag, ...]
    beside: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()


def schema() -> dict[str, Any]:
    """The JSON Schema of `result.json`; it is shipped as `grader/result.schema.json`."""
    form = msgspec.json.schema(Result)
    for part in form["$defs"].values():
        for key in part.get("properties", {}).values():
            if key.get("format") == "decimal":  # msgspec would write it as a string
                del key["format"]
                key["type"] = "number"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "result.json", **form}
