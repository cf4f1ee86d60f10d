"""The items by which people decide a check: their versions, and what may become of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.model import MOST_ITEMS, Item, start_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.model import Check
    from grader.results.ledger import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one item is to say."""

    item: int
    """The number of the version that it replaces; 0: a new item."""
    words: str
    points: Decimal | None
    """None: it is withdrawn."""

    @property
    def of_item(self) -> Item:
        """The version that it makes, without a number."""
        words = " ".join(self.words.split())
        return Item(words=words, points=self.points or Decimal(0), withdrawn=self.points is None)


def current(versions: Iterable[Version]) -> dict[int, Item]:
    """The latest version of each item by the number of its first one, in the order in which they were made."""
    first: dict[int, int] = {}
    found: dict[int, Item] = {}
    for version in versions:
        first[version.number] = first.get(version.replaces, version.number)
        found[first[version.number]] = version.item
    return found


def offered(versions: Iterable[Version]) -> tuple[Item, ...]:
    return tuple(item for item in current(versions).values() if not item.withdrawn)


def problem(change: Change, now: tuple[Item, ...]) -> str:
    """Why an item can't be changed like this; else nothing."""
    others = tuple(item for item in now if item.number != change.item)
    item = change.of_item
    after = others if item.withdrawn else (*others, item)
    if item.withdrawn and not change.item:
        return "a new item needs points"
    if not item.withdrawn and item.problem:
        return item.problem
    if len({each.words for each in after}) < len(after):
        return f"there is another item {item.words!r}"
    if len(after) > MOST_ITEMS:
        return f"a check has at most {MOST_ITEMS}"
    if now and after and start_of(now, Decimal(1)) != start_of(after, Decimal(1)):
        return "answers start at 0 where items give points, else at full points, and this would switch that"
    return ""


def proposed(check: Check, versions: Sequence[Version]) -> tuple[Change, ...]:
    """How the items of a check would change if its rubric's were taken over; `versions` are all that there were.

    Compared is what the rubric says with what it said first, so that what people changed is not changed back.
    """
    if check.review is None or not check.review.items:
        return ()
    first = current(each for each in versions if not each.by)
    then = {item.words: (number, item.points) for number, item in first.items() if not item.withdrawn}
    now = {item.words: item.points for item in check.review.items}
    latest = current(versions)
    by_words = {item.words: item for item in latest.values()}
    changes = []
    for words in dict.fromkeys((*then, *now)):
        number, before = then.get(words, (0, None))
        item = latest[number] if number else by_words.get(words)
        points = None if item is None or item.withdrawn else item.points
        if now.get(words) not in (before, points):
            replaced, text = (item.number, item.words) if item else (0, words)
            changes.append(Change(item=replaced, words=text, points=now.get(words)))
    return tuple(changes)
