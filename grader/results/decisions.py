"""What people decide of answers, one by one or together, and the items by which they do: the interface of a page.

A decision names the items that apply to an answer. The rubric's items are their first versions. From the first
decision of a check on they belong to people: what a changed rubric would say is `proposed`. Changing an item
revises every decision that names it, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.errors import UsageError
from grader.model import Item, Ruling, Tally, is_points, start_of
from grader.results import audit, items, rulings
from grader.results.items import Change
from grader.results.ledger import Version

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from grader.model import Check, Grade
    from grader.results.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person says of a check, for the answers that were shown."""

    check: str
    shown: tuple[tuple[str, str], ...]
    """Students, each with the code of the answer that was shown: `rulings.answer_code` of the check."""
    items: tuple[int, ...] = ()
    """The numbers of those that apply."""
    adjustment: Decimal = Decimal(0)
    """Points beside the items; without items, all points."""
    comment: str = ""
    by: str
    """Not empty."""
    at: str
    """ISO 8601, UTC."""
    seen: int
    """`Decisions.last` when the answers were shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Others decided some of the same answers since they were shown, so nothing was entered."""

    mine: tuple[Ruling, ...]
    theirs: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A student whose points for a check a change would revise."""

    student: str
    before: Decimal
    after: Decimal


class Decisions:
    """See `Store.decisions`. Whatever is entered is entered whole or not at all."""

    def __init__(
        self, database: sqlite3.Connection, ledger: Ledger, grade: Callable[[str], Grade | None]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._grade = grade
        """A student's grade as the machine gave it."""

    @property
    def last(self) -> int:
        """The number of the last thing that anybody decided, for `Decision.seen`."""
        return self._ledger.last

    def decide(self, decision: Decision) -> int | Conflict:
        """Enter a decision; its number, or what others decided since the answers were shown.

        Raises:
            UsageError: an answer or an item is no longer what was shown, the points are none, or a check that the
                machine decided is overruled without a comment.
        """
        shown = [
            (code, *self._shown(student, decision.check, code))
            for student, code in dict.fromkeys(decision.shown)
        ]
        if not shown:
            raise UsageError(f"No answer to {decision.check} was chosen; choose at least one.")
        offered = self.items(shown[0][-1])
        mine = [self._ruling(decision, code, grade, check, offered) for code, grade, check in shown]
        keys = {key for _, grade, check in shown for key in rulings.keys(check, grade.student)}
        theirs = tuple(
            each
            for each in self._ledger.rulings()
            if each.number > decision.seen
            and each.by != decision.by
            and (each.check, each.group, each.student) in keys
        )
        if theirs:
            return Conflict(mine=tuple(mine), theirs=theirs)
        with self._database:
            return self._ledger.add(mine, together=True)

    def undo(self, number: int, *, by: str, at: str) -> None:
        """Undo the decision that a ruling belongs to, for all students: what was decided before counts again.

        Raises:
            UsageError: it is not one that counts.
        """
        found = {each.decision for each in self._ledger.rulings() if number in (each.number, each.decision)}
        if not found:
            raise UsageError(f"There is no decision {number} to undo; it may have been undone already.")
        with self._database:
            self._ledger.undo(found.pop(), by=by, at=at)

    def audit(self) -> list[audit.Entry]:
        """Everything that people decided, oldest first; `audit.as_csv` writes it for a spreadsheet."""
        return audit.entries(self._ledger)

    def items(self, check: Check) -> tuple[Item, ...]:
        """By which a check is decided: until the first decision the rubric's, then those that people left."""
        known = self._versions(check.id)
        if not known or not (any(each.by for each in known) or self._ledger.decides(check.id)):
            with self._database:
                for change in self.proposed(check):
                    self._enter(check.id, change, by="", at="")
        return items.offered(self._versions(check.id))

    def proposed(self, check: Check) -> tuple[Change, ...]:
        """How the items would change if the rubric's were taken over; none where it left them as they were.

        Compared is what the rubric says with what it said first, so that what people changed is not changed back.
        """
        return items.proposed(check, self._versions(check.id))

    def touched(self, change: Change) -> tuple[Touched, ...]:
        """Whose points a change would revise, also if they stay the same."""
        counting = {each.number for each in rulings.latest(self._ledger.rulings()).values()}
        return tuple(
            Touched(student=before.student, before=before.points, after=after.points)
            for before, after in self._revised(change, change.item)
            if before.number in counting
        )

    def change(self, check: Check, change: Change, *, by: str, at: str) -> int:
        """Make, change or withdraw an item, and revise the decisions that name it; the number of its new version.

        Raises:
            UsageError: it was changed since, or the item can't be used.
        """
        offered = self.items(check)
        current = {item.number: item for item in items.current(self._versions(check.id)).values()}
        if change.item and change.item not in current:
            raise UsageError(f"Item {change.item} of {check.id} was changed since; look at it and repeat.")
        if problem := items.problem(change, offered):
            raise UsageError(f"The items of {check.id} were not changed: {problem}.")
        with self._database:
            number = self._enter(check.id, change, by=by, at=at)
            revised = [replace(after, by=by, at=at) for _, after in self._revised(change, number)]
            self._ledger.add(revised)
        return number

    def back(self, number: int) -> Change:
        """The change that undoes a version of an item.

        Raises:
            UsageError: there is no such version, or it was changed again.
        """
        versions = {each.number: each for each in self._ledger.versions()}
        if number not in versions or number in {each.replaces for each in versions.values()}:
            raise UsageError(f"There is no item {number} to undo; it may have been changed since.")
        before = versions.get(versions[number].replaces)
        if before is None:
            return Change(item=number, words=versions[number].item.words, points=None)
        points = None if before.item.withdrawn else before.item.points
        return Change(item=number, words=before.item.words, points=points)

    def _shown(self, student: str, check: str, code: str) -> tuple[Grade, Check]:
        """A check as the machine left it, with its grade, if its answer is still the one that was shown."""
        grade = self._grade(student)
        for each in grade.checks if grade else ():
            if grade and each.id == check and code and rulings.answer_code(each) == code:
                return grade, each
        raise UsageError(
            f"The answer of {student} to {check} is no longer the one that was shown. Nothing was decided; look at "
            "the answer and decide again."
        )

    def _enter(self, check: str, change: Change, *, by: str, at: str) -> int:
        version = Version(check=check, item=change.of_item, by=by, at=at, replaces=change.item)
        return self._ledger.add_version(version)

    def _versions(self, check: str) -> list[Version]:
        return [version for version in self._ledger.versions() if version.check == check]

    def _revised(self, change: Change, number: int) -> Iterator[tuple[Ruling, Ruling]]:
        """The decisions that name an item, each with what a change makes of it; `number` is the new version's.

        Those as well that a later one replaced: if it is undone, they count again.
        """
        new = replace(change.of_item, number=number)
        latest = {
            (each.decision, each.check, each.group, each.student): each for each in self._ledger.rulings()
        }
        for ruling in latest.values():
            if ruling.tally and change.item in {item.number for item in ruling.tally.items}:
                named = tuple(new if item.number == change.item else item for item in ruling.tally.items)
                tally = replace(ruling.tally, items=named)
                yield ruling, replace(ruling, tally=tally, points=tally.points)

    @staticmethod
    def _ruling(
        decision: Decision, code: str, grade: Grade, check: Check, offered: tuple[Item, ...]
    ) -> Ruling:
        by_number = {item.number: item for item in offered}
        if not by_number.keys() >= set(decision.items):
            raise UsageError(
                f"An item of {check.id} was changed or withdrawn since it was shown. Nothing was decided; look at "
                "the items and decide again."
            )
        if not is_points(decision.adjustment):
            raise UsageError(f"An adjustment of {decision.adjustment} is not a number of points.")
        tally = Tally(
            worth=check.max,
            start=start_of(offered, check.max),
            items=tuple(by_number[number] for number in dict.fromkeys(decision.items)),
            adjustment=decision.adjustment,
        )
        if problem := rulings.unfit_points(tally.points, decision.comment, check):
            raise UsageError(f"{grade.student}, {check.id}: {problem}.")
        return Ruling(
            check=check.id,
            group=f"{rulings.ONE}{code}",
            student=grade.student,
            points=tally.points,
            comment=decision.comment,
            by=decision.by,
            at=decision.at,
            assignment=grade.assignment,
            machine=rulings.said_by_machine(check),
            tally=tally,
        )
