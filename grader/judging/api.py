"""What a rubric author imports: the `question` mark, and the ways in which a check may end.

    @question("4.6", points=0.75)
    def test_evaluate_counts_every_batch(student, reference):
        '''`evaluate` scores everything the loader yields, not just its first batch.'''
        ...

A test that returns passes. To say more it ends with `fail`, `award` (part of the points), `review` (a person
decides) or `skip`. An error in the test itself is `broken`: never the student's loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NoReturn, TypeVar

import pytest

from grader.model import Outcome, ReviewItem, Visibility
from grader.theory.words import code_of

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


def skip(message: str) -> NoReturn:
    """The check makes no sense here: what it needs was lost to another check already."""
    raise CheckEnded(Outcome.SKIPPED, message)
