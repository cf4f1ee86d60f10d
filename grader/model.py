"""The nouns of grading, as frozen values.

A `Submission` is executed into an `Execution`, whose evidence is judged into a `Grade` made of `Check`s.
What is learned later is a new value, never a change to an old one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCHEMA = 1
NOT_ANSWERED = "Not answered."
"""What a check says that found no answer at all."""
SUBMITTED = "submitted.ipynb"
"""In the folder of an execution, the file as it was handed in."""
EVERYONE = "*"
"""In `review.csv`, the student of a row that decides all answers of a group."""


class Ending(StrEnum):
    """How a notebook's execution ended, and with it whose fault it was."""

    FINISHED = "finished"
    ERROR = "error"  # a cell raised; the cells after it still ran
    TIMEOUT = "timeout"  # a cell or the whole notebook passed its deadline
    KILLED = "killed"  # the kernel process died: a signal, `os._exit`, a segmentation fault
    MEMORY = "memory"
    OUTPUT = "output"  # printed or displayed more than the limit
    ENVIRONMENT = "environment"  # a package that is not installed, an API that was removed
    UNREADABLE = "unreadable"  # nothing could be executed: not a notebook
    BROKEN = "broken"  # our own fault

    @property
    def ours(self) -> bool:
        return self is Ending.BROKEN


class Outcome(StrEnum):
    """How one check, or one question, came out."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    REVIEW = "review"  # a person decides
    BROKEN = "broken"  # the check itself crashed: our fault

    @property
    def provisional(self) -> bool:
        return self in (Outcome.REVIEW, Outcome.BROKEN)


class Profile(StrEnum):
    """How much a notebook is given to do."""

    FULL = "full"  # all the data
    QUICK = "quick"  # a sample of the data, so that grades are provisional


class FoundBy(StrEnum):
    """Which rule found the cells that answer a question."""

    METADATA = "metadata"
    MARKER = "marker"
    NAMES = "names"
    CLOSENESS = "closeness"
    HEADING = "heading"  # it stands in a file beside the notebook
    NOT_FOUND = "not found"


class FlagKind(StrEnum):
    """What a flag is about."""

    SUBSET = "subset"  # run on a sample of the data set
    SAVED_OUTPUTS = "saved_outputs"  # the code does not produce the outputs that were handed in with it
    EVIDENCE = "evidence"  # some cells left none
    UNREAD = "unread"  # some cells, or some files that may hold answers, could not be read
    COLLABORATORS = "collaborators"  # whom the student says to have worked with
    TAMPERED = "tampered"  # what the notebook left as evidence is not evidence
    CHOICE = "choice"  # which of several notebooks was graded, and why


class Visibility(StrEnum):
    """Who may read about a check, and when; the words are Gradescope's."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"


class Moment(StrEnum):
    """When a student reads about a grade; whoever may see a check at one moment also sees it at the next."""

    AT_ONCE = "at_once"
    AFTER_DUE_DATE = "after_due_date"
    PUBLISHED = "published"

    def shows(self, visibility: Visibility) -> bool:
        """May a student read about checks of this visibility?"""
        order = (Visibility.VISIBLE, Visibility.AFTER_DUE_DATE, Visibility.AFTER_PUBLISHED)
        return visibility in order[: list(Moment).index(self) + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a course system's download says of a student or a group, in its spelling; None where it says nothing."""

    name: str | None = None
    id: str | None = None
    """As this system counts its users; its gradebook may call them by another."""
    email: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When work was handed in, and until when this student had time, as far as that is known."""

    at: datetime | None = None
    """Without a time zone if the download names none."""
    late: bool | None = None
    """What the course system says of it; None if it says nothing."""
    due: datetime | None = None
    """This student's own due time; None: that of everybody."""
    extension: timedelta = timedelta()
    """Beyond the due time."""


NO_ANSWERS = frozenset({
    ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".lock", ".log", ".npy",
    ".npz", ".pkl", ".pickle", ".joblib", ".parquet", ".feather", ".h5", ".hdf5", ".mat", ".pt", ".pth", ".onnx",
    ".db", ".sqlite", ".py", ".pyc", ".r", ".jl", ".m", ".c", ".cpp", ".h", ".java", ".js", ".css", ".sh", ".bat",
    ".whl", ".pack",
})  # fmt: skip
"""Endings of data and code, in which no question is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file of a hand-in in which questions may be answered. LaTeX, Markdown and PDFs are read."""

    name: str
    """Its path in the hand-in."""
    digest: str = ""
    """The sha256 of its content; empty if it was not read."""
    text: str = ""
    """What it says: of a PDF, its text layer, as much as is kept."""
    problem: str = ""
    """Why some or all of its text is missing, completing "it …"; empty if nothing is."""

    @property
    def is_pdf(self) -> bool:
        return self.name.lower().endswith(".pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One hand-in: at most one notebook, and the files that came with it."""

    student: str
    """A name that is safe as a folder and unique in the class."""
    notebook: Path | None
    """None if nothing usable was handed in; `problem` then says why."""
    layout: str
    """The layout that was recognised: `plain`, `nbgrader`, …"""
    origin: str
    """Where it came from, as the instructor knows it: a path relative to the submissions folder."""
    content: str = ""
    """The key of the notebook's content, if it was read already."""
    support: tuple[tuple[str, Path], ...] = ()
    """The files beside the notebook: the names that it opens them by, and where they are."""
    documents: tuple[Document, ...] = ()
    """The files, beside the notebook or not, in which questions may be answered."""
    others: tuple[str, ...] = ()
    """Further notebooks by the same student that were not graded."""
    choice: str = ""
    """Of several notebooks, which one was taken and why, as a sentence."""
    identity: Identity = field(default_factory=Identity)
    people: tuple[Identity, ...] = ()
    """The members of a group; empty if it is one student's hand-in."""
    arrival: Arrival = field(default_factory=Arrival)
    attempts: tuple[Submission, ...] = ()
    """Earlier attempts, of which the best may count in place of this one; empty if the last one counts."""
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that a person should know and that costs no points by itself."""

    kind: FlagKind
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Cells that did not run to their end, or could not work here, so that what they show says nothing."""

    cells: tuple[int, ...]
    ending: Ending
    """What kept them from it; `Ending.ENVIRONMENT` if something is missing here."""
    why: str
    """A sentence for the student."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What one run of one notebook left behind, in a folder whose files are named here and nowhere else."""

    student: str
    folder: Path
    ending: Ending
    detail: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Processor time that its cells used, with all processes that they started."""
    busiest_cell: float = 0.0
    """Processor time of the cell that used most."""
    gaps: tuple[Gap, ...] = ()
    compat: tuple[Mapping[str, Any], ...] = ()
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    beside: tuple[str, ...] = ()
    """The files that the student handed in with the notebook, by name."""
    documents: tuple[Document, ...] = ()
    """Those in which questions may be answered, with their text."""

    @property
    def notebook(self) -> Path:
        """The notebook with the outputs of our run."""
        return self.folder / "executed.ipynb"

    @property
    def submitted(self) -> Path:
        """The file as it was handed in; earlier releases did not keep it."""
        return self.folder / SUBMITTED

    @property
    def evidence(self) -> Path:
        """What was recorded in the kernel; not there if nothing was."""
        return self.folder / "evidence" / "evidence.bin"

    @property
    def probed(self) -> Path:
        """What the rubric's probes were given and what came back; not there if none was called."""
        return self.evidence.with_name("probed.bin")


ELSEWHERE = "elsewhere"
"""The tag of a question whose answer may stand in another file, or in a cell that nothing marks."""


MOST_ITEMS = 30
"""Of one check."""
_MOST_WORDS = 300
"""Characters of an item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What earns or costs points in an answer that a person reads."""

    words: str
    points: Decimal
    number: int = 0
    """Of this version of it in the gradebook; 0: as the rubric has it."""
    withdrawn: bool = False
    """Offered no more, and worth nothing in the decisions that name it."""

    @property
    def label(self) -> str:
        """Words and points; empty if it is withdrawn."""
        return "" if self.withdrawn else f"{self.words} ({self.points:+f})"

    @property
    def problem(self) -> str:
        """Why nobody could use it, for a message; else nothing."""
        if not self.words.strip():
            return "an item has no words"
        if len(self.words) > _MOST_WORDS:
            return f"the item {self.words[:40]!r}… has more than {_MOST_WORDS} characters"
        return "" if is_points(self.points) else f"{self.words!r} needs a number of points"


def is_points(points: Decimal) -> bool:
    """May a person or a rubric have meant this number?"""
    return points.is_finite() and abs(points) < 10**6 and points == round(points, 6)


def start_of(items: Sequence[Item], worth: Decimal) -> Decimal:
    """With how many points an answer starts: all that the check is worth if items can only take some."""
    takes, gives = any(each.points < 0 for each in items), any(each.points > 0 for each in items)
    return worth if takes and not gives else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """What a person needs to decide a check, and what sorts it beside others like it."""

    answer: str
    """The student's words, or what was seen in their place."""
    group: str
    """The same for answers that are laid before a person together; a short hash of what they mean."""
    polarity: str = ""
    """`yes` or `no` where the answer has to be one of them and it could be read."""
    tags: tuple[str, ...] = ()
    code: str = ""
    """Which answer it is where `answer` is our own sentence, the same for many; empty: its words say so."""
    items: tuple[Item, ...] = ()
    """By which that person gives points, as the rubric has them; empty: by no items."""

    @property
    def elsewhere(self) -> bool:
        """Is there no answer where it was looked for, so that a person looks once for all such questions?"""
        return ELSEWHERE in self.tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How the points of a decision by items add up."""

    worth: Decimal
    """The check's points when it was made."""
    start: Decimal
    items: tuple[Item, ...] = ()
    """Those that apply."""
    adjustment: Decimal = Decimal(0)
    """What a person added or took besides."""

    @property
    def in_force(self) -> tuple[Item, ...]:
        """The items that are not withdrawn since."""
        return tuple(item for item in self.items if not item.withdrawn)

    @property
    def points(self) -> Decimal:
        """From 0 to what the check was worth."""
        total = sum((item.points for item in self.items), self.start + self.adjustment)
        return min(max(total, Decimal(0)), self.worth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A person's decision of a check: for one student's answer or for all that mean the same."""

    check: str
    group: str
    """Which answer it is for: `=` and its code; in those of earlier releases, a code of its text or its group.

    Empty: an earlier one, so it decides nothing."""
    student: str
    """Empty: every student who gave this answer."""
    points: Decimal
    comment: str
    by: str
    at: str
    """ISO 8601, UTC."""
    assignment: str = ""
    """Its id; empty in those of earlier versions: the assignment of the results folder."""
    machine: str = ""
    """What the machine had said, as a sentence, if it is overruled; empty: it had left the check to a person."""
    tally: Tally | None = None
    """None: the points were given as a number."""
    number: int = field(default=0, compare=False)
    """Its place in the gradebook; 0: it is not entered yet."""
    decision: int = field(default=0, compare=False)
    """The number of the first ruling of the same decision, which may reach several students and be revised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One sentence of the rubric, applied to one student."""

    id: str
    question: str
    title: str
    outcome: Outcome
    earned: Decimal
    max: Decimal
    message: str = ""
    expected: str = ""
    actual: str = ""
    hint: str = ""
    cause: str = ""
    """The error from which the loss follows, the same text for all checks that lost points by it."""
    visibility: Visibility = Visibility.VISIBLE
    code: str = ""
    """Which answer was judged; of the whole hand-in where none was found. Empty in grades of earlier releases."""
    review: ReviewItem | None = None
    """Given where the machine left the check to a person, also once that person has ruled."""
    ruling: Ruling | None = None


LARGEST_TABLE = 30
"""Rows of an exhibit, and columns beside the heads of its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """Data that a report draws beside a question. Plain JSON, one form a kind.

    `curves`: ``{"x": label, "y": label, "series": [{"label", "who": "student"|"reference", "y": [floats],
    "low": [floats], "high": [floats]}]}``, where low and high (optional) bound the reference's band.
    `images`: ``{"series": [{"label", "who", "images": [[[0-255 ints]]]}]}``, each image a list of rows.
    `table`: ``{"x": str, "columns": [str], "rows": [[cell]], "note": str}``, where the first cell of a row is its
    head, `x` (may be empty) names all other columns, and `note` stands below. A cell is a text, a number, or
    ``{"text", "beside": str, "shade": 0 to 1, "marked": bool}``: with smaller text beside it, shaded, framed.
    `text`: ``{"text": str}``.
    """

    question: str
    kind: str
    title: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """An answer, or what may hold one, in a file beside the notebook."""

    file: str
    line: int
    """Where it begins, from 1; 0 for a text that has no lines of its own, as that of a PDF."""
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionGrade:
    """All checks of one question, and where its answer was found."""

    id: str
    title: str
    points: Decimal
    max: Decimal
    outcome: Outcome
    found_by: FoundBy
    cells: tuple[int, ...] = ()
    """Indices of the student's cells that answer it, in the executed notebook."""
    reference_cells: tuple[int, ...] = ()
    checks: tuple[Check, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    passages: tuple[Passage, ...] = ()
    """The answers in files beside the notebook, and for a question without one, texts that may hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """That work was handed in late, and what that costs."""

    points: Decimal
    """Taken from the total; 0 or more."""
    message: str
    """A sentence for the student: by how much, and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A student's whole result: what `result.json` says."""

    student: str
    assignment: str
    title: str
    profile: str
    ending: Ending
    ending_detail: str
    total: Decimal
    """The points of all questions, less what `late` takes, cut to the cent."""
    max: Decimal
    provisional: bool
    seconds: float
    questions: tuple[QuestionGrade, ...]
    flags: tuple[Flag, ...] = ()
    compat: tuple[Mapping[str, Any], ...] = ()
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    objections: str = ""
    """What a student can do who disagrees: the assignment's `objections`."""
    identity: Identity = field(default_factory=Identity)
    people: tuple[Identity, ...] = ()
    """The members of a group, each of whom gets this grade; empty if it is one student's."""
    submitted_at: datetime | None = None
    late: Lateness | None = None
    """None if it came in time, or if nobody can tell."""

    @property
    def earned(self) -> Decimal:
        """The points of all questions, before being late takes some."""
        return sum((question.points for question in self.questions), Decimal(0))

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(check for question in self.questions for check in question.checks)


def is_provisional(questions: Sequence[QuestionGrade], flags: Sequence[Flag]) -> bool:
    """Can this total still change: is a check open, or were the data only a sample?"""
    is_open = any(check.outcome.provisional for question in questions for check in question.checks)
    return is_open or any(flag.kind is FlagKind.SUBSET for flag in flags)


def without_exhibits(grade: Grade) -> Grade:
    """The same without what only its own report shows."""
    bare = (replace(question, exhibits=(), passages=()) for question in grade.questions)
    return replace(grade, questions=tuple(bare))


def outcome_of(checks: Sequence[Check]) -> Outcome:
    """A question's outcome. Checks worth no points only count where there are no others, or where they broke."""
    counted = [check for check in checks if check.max or check.outcome is Outcome.BROKEN]
    return combine([check.outcome for check in counted or checks])


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """Several outcomes as one: what is open stays open, else all, none or part of it."""
    for worst in (Outcome.BROKEN, Outcome.REVIEW):
        if worst in outcomes:
            return worst
    kinds = set(outcomes)
    if not kinds:
        return Outcome.BROKEN  # nobody looked at it
    if kinds <= {Outcome.FAILED, Outcome.SKIPPED}:
        return Outcome.SKIPPED if kinds == {Outcome.SKIPPED} else Outcome.FAILED
    return Outcome.PASSED if kinds == {Outcome.PASSED} else Outcome.PARTIAL
