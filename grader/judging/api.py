"""What a rubric author imports: the `question` mark, and the ways in which a check may end.

    @question("4.6", points=0.75)
    def test_evaluate_counts_every_batch(student, reference):
        '''`evaluate` scores everything the loader yields, not just its first batch.'''
        ...

A test that returns passes. To say more it ends with `fail`, `award` (part of the points), `review` (a person
decides), `read` (a person reads the answer and says which items hold) or `skip`. An error in the test itself is
`broken`: never the student's loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

from grader.model import MOST_ITEMS, NOT_ANSWERED, Item, Outcome, ReviewItem, Visibility, start_of
from grader.theory.words import code_of

if TYPE_CHECKING:
    from grader.judging.work import Work

Test = TypeVar("Test", bound=Callable[..., None])


def question(
    name: str,
    *,
    points: float | str | Decimal,
    visibility: str = Visibility.VISIBLE,
    id: str = "",  # noqa: A002 - the word of authors
    reveal: bool = False,
) -> Callable[[Test], Test]:
    """Mark a test as a check of question `name`, worth `points`.

    What people decide hangs on the check's `id`, by default the test's name. When you rename a test, give it its
    old name as `id`.

    `visibility`, as Gradescope has it: ``visible``, ``hidden``, ``after_due_date`` or ``after_published``.

    What a visible check says must not hold a number or a name that is neither in the homework's text nor in the
    student's own work: `grader check` withholds it, unless `reveal` is true.
    """
    return pytest.mark.question(
        id=name, points=Decimal(str(points)), visibility=visibility, check=id, reveal=reveal
    )


class CheckEnded(Exception):  # noqa: N818 - the end of a check is not an error
    """Ends a check with something to say."""

    def __init__(
        self,
        outcome: Outcome,
        message: str,
        *,
        points: Decimal | None = None,
        expected: object = "",
        actual: object = "",
        hint: str = "",
        item: ReviewItem | None = None,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.points = points
        self.message = message
        self.expected = str(expected)
        self.actual = str(actual)
        self.hint = hint
        self.item = item


def fail(message: str, *, expected: object = "", actual: object = "", hint: str = "") -> NoReturn:
    """No points: say what was expected, what was seen, and what to look at."""
    raise CheckEnded(Outcome.FAILED, message, expected=expected, actual=actual, hint=hint)


def award(
    points: float | str | Decimal, message: str, *, expected: object = "", actual: object = "", hint: str = ""
) -> NoReturn:
    """Part of the points, with the reason."""
    worth = Decimal(str(points))
    raise CheckEnded(Outcome.PARTIAL, message, points=worth, expected=expected, actual=actual, hint=hint)


def review(
    message: str,
    *,
    points: float | str | Decimal = 0,
    expected: object = "",
    actual: object = "",
    hint: str = "",
    meaning: str = "",
    polarity: str = "",
    tags: Iterable[str] = (),
) -> NoReturn:
    """A person decides: we can't tell. `points` are sure already, the rest is open.

    Answers with the same `meaning` (by default: the same words in `actual`) are laid before that person together;
    `polarity` and `tags` say what could be read of this one.
    """
    answer = str(actual) or message
    item = ReviewItem(
        answer=answer, group=code_of(meaning or answer), polarity=polarity, tags=tuple(sorted(tags))
    )
    worth = Decimal(str(points))
    raise CheckEnded(
        Outcome.REVIEW, message, points=worth, expected=expected, actual=actual, hint=hint, item=item
    )


class Reading(Exception):  # noqa: N818 - as above
    """Ends a check by laying the answer to its question before a person."""

    def __init__(self, student: Work, items: Mapping[str, float | str | Decimal], message: str) -> None:
        super().__init__(message)
        self._student = student
        self._items = items
        self._message = message

    def of(self, question: str, worth: Decimal) -> CheckEnded:
        """How a check of this question ends.

        Raises:
            ValueError: its items can't be used, or do not reach what the check is worth.
        """
        items = tuple(_items(self._items))
        problems = [each.problem for each in items if each.problem]
        gained = sum(each.points for each in items if not each.problem and each.points > 0)
        if not 0 < len(items) <= MOST_ITEMS:
            problems = [f"a person needs 1 to {MOST_ITEMS} items, not {len(items)}"]
        elif len({each.words for each in items}) < len(items):
            problems = ["two items have the same words"]
        elif not problems and not start_of(items, worth) and gained < worth:
            problems = [f"the items give {gained} of the check's {worth} points"]
        if problems:
            raise ValueError(problems[0])
        text = self._student.written(question)
        if not text:
            return CheckEnded(Outcome.FAILED, NOT_ANSWERED)
        item = ReviewItem(answer=text, group=code_of(text), items=items)
        return CheckEnded(Outcome.REVIEW, self._message, actual=text, item=item)


def _items(items: Mapping[str, float | str | Decimal]) -> Iterable[Item]:
    for words, points in items.items():
        try:
            worth = Decimal(str(points))
        except InvalidOperation:
            worth = Decimal("nan")
        yield Item(words=" ".join(str(words).split()), points=worth)


def read(
    student: Work,
    items: Mapping[str, float | str | Decimal],
    *,
    message: str = "A person reads this answer.",
) -> NoReturn:
    """A person reads what was written for the check's question, and says which `items` hold.

    Each has words and points. An answer starts at 0 points, and what holds adds to them, up to the check's points;
    if all items are negative, it starts at the check's points, and what holds takes some. A person may change the
    items later. Where nothing was written, the check fails.
    """
    raise Reading(student, items, message)


def skip(message: str) -> NoReturn:
    """The check makes no sense here: what it needs was lost to another check already."""
    raise CheckEnded(Outcome.SKIPPED, message)
