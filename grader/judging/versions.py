"""A question with different answers in several places: each is judged, and a person decides if the ends differ."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.model import Outcome, ReviewItem
from grader.theory.words import code_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.judging.work import Work
    from grader.model import Check

MOST_JUDGED = 3
"""Answers to one question that are judged; a person compares more of them."""


def others(student: Work) -> range:
    """The further answers by which the work is judged again, as `Work.reading` counts them."""
    most = max(len(student.versions(question.id)) for question in student.assignment.questions)
    return range(1, min(most, MOST_JUDGED))


def settled(check: Check, judged: Sequence[Sequence[Check]], student: Work) -> Check:
    """A check of the answer that counts, unless another answer to its question would have ended it otherwise.

    Where a person decides anyway, that person sees all of them.
    """
    texts = student.versions(check.question)
    if len(texts) < 2 or check.outcome is Outcome.BROKEN:
        return check
    same = all(_end(other) == _end(check) for each in judged for other in each if other.id == check.id)
    if same and len(texts) <= MOST_JUDGED and check.outcome is not Outcome.REVIEW:
        return check
    places = " and ".join(map(str, student.passages(check.question)))
    told = (
        f"{places} {'answers' if len(student.passages(check.question)) == 1 else 'answer'} this differently."
    )
    answer = "\n\n".join(texts)
    item = check.review or ReviewItem(answer=answer, group=code_of(answer))
    if check.outcome is Outcome.REVIEW:
        message, earned = f"{check.message} {told}", check.earned
    else:
        message, earned = f"{told} A person has to compare.", Decimal(0)
    return replace(
        check,
        outcome=Outcome.REVIEW,
        earned=earned,
        message=message,
        actual=check.actual or answer,
        review=replace(item, answer=answer),
    )


def _end(check: Check) -> tuple[Outcome, Decimal]:
    return check.outcome, check.earned
