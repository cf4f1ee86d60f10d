"""What lies before the people who grade: which answers are open, what is known of each, and their decisions.

The gradebook is opened for each request, and only for as long as it takes: `grader run` and `grader regrade` wait
for a moment, or say that another grader is at work; so does a page meanwhile. What was read is kept until then.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from markupsafe import Markup

from grader import forks
from grader.errors import UsageError
from grader.execution import reference
from grader.limits import Limits
from grader.model import Ruling, without_exhibits
from grader.publishing import pages
from grader.publishing.publisher import Publisher
from grader.results import gradebook, rulings
from grader.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from grader.model import Check, Grade, QuestionGrade

LONGEST_COMMENT = 2000
MOST_WORDS = 4000
"""Characters of an answer that is shown with others; a longer one is decided on a page of its own."""
MOST_MEMBERS = 50
"""Other answers of a group that are shown, and decided, at once."""
MOST_COMMENTS = 20
QUARTER = Decimal("0.25")
MOST_CHOICES = 10
"""One for each digit."""


class Changed(UsageError):  # noqa: N818 - nobody made a mistake
    """Since a page was drawn, somebody decided one of its answers, or it was graded again. Nothing is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One student's answer to a check that a person decides."""

    key: str
    """Names it in addresses, where the student's name is not seen."""
    student: str
    question: QuestionGrade
    check: Check

    @property
    def is_open(self) -> bool:
        return self.check.ruling is None and self.check.outcome.provisional

    @property
    def words(self) -> str:
        return self.check.review.answer if self.check.review else ""

    @property
    def group(self) -> str:
        return self.check.review.group if self.check.review else ""

    @property
    def version(self) -> str:
        """Another one whenever the answer, or what was decided about it, is another."""
        return _hash(repr((self.student, rulings.code(self.check), self.check.max, self.check.ruling)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """All answers to one check, in an order that has nothing to do with names."""

    key: str
    entries: tuple[Entry, ...]

    @property
    def check(self) -> Check:
        return self.entries[0].check

    @property
    def title(self) -> str:
        return self.entries[0].question.title

    @property
    def decided(self) -> int:
        return sum(not entry.is_open for entry in self.entries)

    def place(self, key: str) -> int:
        """Of an entry, counted from 0.

        Raises:
            UsageError: there is no such entry.
        """
        for place, entry in enumerate(self.entries):
            if entry.key == key:
                return place
        raise UsageError("There is no such answer any more. Go back to the list of questions.")

    def next_open(self, place: int) -> Entry | None:
        """The next open answer after one, from the beginning again after the last."""
        around = (*self.entries[place + 1 :], *self.entries[: place + 1])
        return next((entry for entry in around if entry.is_open), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Everything that is shown of one answer."""

    pile: Pile
    place: int
    members: tuple[Entry, ...]
    """Other open answers that a check took for the same, and that can be decided with this one."""
    history: tuple[Ruling, ...]
    comments: tuple[str, ...]
    """Of earlier decisions of this check, the latest first."""
    drawn: Markup

    @property
    def entry(self) -> Entry:
        return self.pile.entries[self.place]


class Desk:
    """A context manager over a results folder; many threads may use it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock, self._drawn_one_at_a_time = threading.Lock(), threading.Lock()
        self._state: tuple[int, ...] = ()
        self._piles: dict[str, Pile] = {}
        with self._opened(searched=True) as store:
            self._drawing = forks.Server(pages.drawing, reference.stored(store)[0], Limits())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drawing.__exit__()

    def piles(self) -> list[Pile]:
        """In the order of the questions."""
        with self._opened():
            return list(self._piles.values())

    def pile(self, key: str) -> Pile:
        """Raises UsageError if there is none."""
        with self._opened():
            return self._pile(key)

    def sight(self, pile_key: str, key: str, *, sheet: str) -> Sight:
        """What is known of an answer; `sheet` is the address of the whole notebook.

        Raises:
            UsageError: there is no such answer.
        """
        with self._opened() as store:
            pile = self._pile(pile_key)
            place = pile.place(key)
            entry = pile.entries[place]
            decided = store.rulings()
            grade = store.grade(entry.student)
            questions = grade.questions if grade else ()
            shown = next((each for each in questions if each.id == entry.question.id), entry.question)
            work = pages.Work(
                execution=store.execution(entry.student), title="This answer", question=shown, sheet=sheet
            )
        same_check = [
            each.comment for each in reversed(decided) if each.check == pile.check.id and each.comment
        ]
        return Sight(
            pile=pile,
            place=place,
            members=_members(pile, entry),
            history=tuple(rulings.history(decided, entry.check, entry.student)),
            comments=tuple(dict.fromkeys(same_check))[:MOST_COMMENTS],
            drawn=self._drawn(work),
        )

    def notebook(self, pile_key: str, key: str) -> Markup:
        """The page of the whole notebook that an answer is from, without its author's name."""
        with self._opened() as store:
            pile = self._pile(pile_key)
            place = pile.place(key)
            execution = store.execution(pile.entries[place].student)
        return self._drawn(pages.Work(execution=execution, title=f"The notebook of answer {place + 1}"))

    def decide(self, pile_key: str, shown: Mapping[str, str], points: str, comment: str, *, by: str) -> Pile:
        """Record a decision for the answers that a page showed: their keys, and the versions that it showed.

        It is in the gradebook when this returns the pile as it is then.

        Raises:
            Changed: one of them is not as it was shown.
            UsageError: the points do not fit, or the gradebook can't be written.
        """
        with self._opened() as store:
            pile = self._pile(pile_key)
            entries = [entry for entry in pile.entries if entry.key in shown]
            if {entry.key: entry.version for entry in entries} != dict(shown) or not entries:
                raise Changed(
                    "Somebody decided this in the meantime, or it was graded again. Nothing was recorded: look "
                    "at it once more, and decide again if you still want to."
                )
            least = min((entry.check for entry in entries), key=lambda check: check.max)
            given = rulings.points(points, comment, least)
            at = datetime.now(UTC).isoformat(timespec="seconds")
            assignment = store.recall("assignment_id") or ""
            store.rule(
                [
                    Ruling(
                        check=entry.check.id,
                        group=rulings.code(entry.check),
                        student=entry.student,
                        points=given,
                        comment=comment.strip()[:LONGEST_COMMENT],
                        by=by,
                        at=at,
                        assignment=assignment,
                    )
                    for entry in entries
                ]
            )
            self._read(store, {entry.student for entry in entries})
            return self._pile(pile_key)

    def write_reports(self) -> int:
        """Write what is not as it would be written now; the number of students whose files these were."""
        with self._opened() as store, Publisher(store, reference.stored(store)[0]) as publisher:
            late = 0
            for grade in store.each_grade():
                if not publisher.is_out(grade):
                    publisher.student(grade)
                    late += 1
            publisher.class_(store.recall("notices") or [])
            self._state = gradebook.state(self._root)
        return late

    def _drawn(self, work: pages.Work) -> Markup:
        with self._drawn_one_at_a_time:
            return Markup(pages.drawn_work(self._drawing, work))  # noqa: S704 - cleaned where it was drawn

    @contextmanager
    def _opened(self, *, searched: bool = False) -> Iterator[Store]:
        with self._lock, Store.existing(self._root, searched=searched) as store:
            if self._state != gradebook.state(self._root):
                self._piles = {}
                self._read(store)
            yield store

    def _pile(self, key: str) -> Pile:
        if key not in self._piles:
            raise UsageError("There is no such question any more. Go back to the list of questions.")
        return self._piles[key]

    def _read(self, store: Store, students: Iterable[str] | None = None) -> None:
        """Bring the piles up to date: some students' entries, or all."""
        seed = store.recall("review_order")
        if seed is None:
            seed = secrets.token_hex(16)
            store.remember(review_order=seed)
        chosen = students if students is not None else [student for student, _, _ in store.students()]
        order: dict[str, int] = {}
        found: dict[str, dict[str, Entry]] = defaultdict(dict)
        for key, pile in self._piles.items():
            order.setdefault(pile.check.question, len(order))
            found[key] = {entry.key: entry for entry in pile.entries}
        for grade in _settled(store, chosen):
            for question in grade.questions:
                order.setdefault(question.id, len(order))
                for check in question.checks:
                    if check.review is not None:
                        key = _hash(f"{seed} {check.id} {grade.student}")
                        entry = Entry(key=key, student=grade.student, question=question, check=check)
                        found[_hash(check.id)][key] = entry
        piles = [
            Pile(key=key, entries=tuple(entries[each] for each in sorted(entries)))
            for key, entries in found.items()
        ]
        self._piles = {pile.key: pile for pile in sorted(piles, key=lambda pile: order[pile.check.question])}
        self._state = gradebook.state(self._root)


def choices(most: Decimal) -> list[Decimal]:
    """The points that have a digit, from none to all: steps of a quarter point, or of a quarter of all."""
    step = QUARTER if most <= QUARTER * (MOST_CHOICES - 1) else most / 4
    return [*(step * each for each in range(MOST_CHOICES) if step * each < most), most]


def _settled(store: Store, students: Iterable[str]) -> Iterator[Grade]:
    """Grades with what people decided, without exhibits."""
    by_student: dict[str, list[Ruling]] = defaultdict(list)
    for ruling in store.rulings():
        by_student[ruling.student].append(ruling)
    for student in students:
        grade = store.grade(student)
        if grade is not None:
            yield without_exhibits(store.settled(grade, [*by_student[""], *by_student[student]]))


def _members(pile: Pile, entry: Entry) -> tuple[Entry, ...]:
    same = [
        each
        for each in pile.entries
        if entry.is_open and each.is_open and each.key != entry.key and each.group == entry.group
    ]
    return tuple(each for each in same if len(each.words) <= MOST_WORDS)[:MOST_MEMBERS]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
