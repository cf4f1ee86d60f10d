"""How alike two texts are, in linear time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

SAME = 0.95
"""From this similarity on a text was hardly edited."""
LONGEST = 8_000
"""Characters. What is longer is like nothing."""


@dataclass(frozen=True)
class Text:
    """A text, to be compared by its runs of three characters, in linear time."""

    padded: str

    @classmethod
    def of(cls, source: str) -> Text:
        text = " ".join(source.split()) if len(source) <= LONGEST else ""
        return cls(f"  {text}  ")

    @property
    def size(self) -> int:
        return len(self.padded) - 2

    @cached_property
    def triples(self) -> Counter[str]:
        return Counter(map("".join, zip(self.padded, self.padded[1:], self.padded[2:], strict=False)))

    def is_one_of(self, others: Collection[Text]) -> bool:
        return self in others or any(self.likeness(other, SAME) >= SAME for other in others)

    def likeness(self, other: Text, least: float) -> float:
        """The share of runs that both have, 0 to 1; 0 where the lengths alone keep it below `least`."""
        if 2 * min(self.size, other.size) < least * (self.size + other.size):
            return 0.0
        return 2 * (self.triples & other.triples).total() / (self.size + other.size)
