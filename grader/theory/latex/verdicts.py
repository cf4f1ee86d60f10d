"""What a judgement says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(StrEnum):
    ACCEPT = "accept"
    REVIEW = "review"  # a person decides
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A place where an answer is wrong, as text to print."""

    inputs: Mapping[str, str]
    """The value of each symbol, in the letters of the answer: `{"x": "(1, 2, 3)"}`."""
    theirs: str
    right: str

    def __str__(self) -> str:
        return f"at {self.place} the answer gives {self.theirs}, but {self.right} is right"

    @property
    def place(self) -> str:
        """`x = (1, 2, 3), b = 1`."""
        return ", ".join(f"{name} = {value}" for name, value in self.inputs.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One answer, judged. Facts only: what they are worth is the rubric's."""

    verdict: Verdict
    reason: str
    reading: str = ""
    """How the answer was read, where it could be: `as written`, `with a missing transpose or the like`."""
    normal_form: str = ""
    """The formula that was judged, on one line; equal for answers that differ only in typing."""
    witness: Witness | None = None
    tags: frozenset[str] = frozenset()
    """`sum form`, `matrix form`, `component form`, `no X and w`, `image`, `derivation steps found`."""
