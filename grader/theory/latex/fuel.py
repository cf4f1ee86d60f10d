"""Bounded work: how a stranger's text is kept from taking our time.

Every token that is parsed and every node that is evaluated burns one unit. A unit costs microseconds, since
arrays have at most a few dozen entries and numbers are doubles, so a tank bounds the time whatever the text
says; processor time is a second guard for a slow machine, and does not run while others keep us waiting. Nothing
has to be killed from outside.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 100_000
DEPTH = 30
"""How deep brackets, fractions and scripts may nest."""
LENGTH = 12_000
"""Longer answers, in characters, go to a person."""
_LOOKS_AT_CLOCK = 50
SERIES = 200
"""The longest sum that is written out."""


class Unread(Exception):  # noqa: N818  it is a finding, not a fault
    """The text says something that we cannot read: a person has to."""


class IllTyped(Exception):  # noqa: N818  likewise
    """Read, but its shapes or ranges fit nothing: `x + 1`, `X^T w` where the rows of X are points."""


class Fuel:
    """A tank that every step empties a little.

    Raises:
        Unread: by `burn`, when the steps or the seconds are used up.
    """

    def __init__(
        self, *, steps: int = STEPS, seconds: float = 2.0, clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._steps = steps
        self._clock = clock
        self._deadline = clock() + seconds

    def burn(self) -> None:
        self._steps -= 1
        late = self._steps % _LOOKS_AT_CLOCK == 0 and self._clock() > self._deadline
        if self._steps < 0 or late:
            raise Unread("it takes too much work to evaluate")
