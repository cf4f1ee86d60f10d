"""The harness's half of a probe: it draws what goes in, asks the kernel, and keeps what came back beside it.

A probe calls a student's function in a fork of the kernel. Inputs go in and answers come back. What is right is
never known there: the judge compares.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grader import evidence
from grader.errors import HarnessError
from grader.evidence import MAGIC, Value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    Ask = Callable[[str, Any, float], Awaitable[bytes]]
    """Has a probe called: its name, what goes in, how many seconds to wait."""

Inputs = Callable[[random.Random], Generator[Any, Value, None]]
"""Yields what goes into a probe, as plain JSON, and is sent what came back, on which its next inputs may depend."""

WAIT = 90.0
"""Seconds for an answer: more than a fork of the kernel may take."""
MOST_TRIES = 5
"""A function that raises may miss what a later cell defines: so many cells are waited for."""
MOST_CONVERSATIONS = 20
"""In one notebook, which may define a function time and again."""


@dataclass
class Probing:
    """The conversations with one notebook's kernel."""

    inputs: Mapping[str, Inputs] = field(default_factory=dict)
    """By the probe's name. Any other probe has inputs of its own, and is asked once."""
    seed: str = ""
    most: int = 64 << 20
    """Bytes to keep."""
    kept: bytes = MAGIC
    """What `evidence.rounds` reads."""
    conversations: int = 0
    _tries: dict[str, int] = field(default_factory=dict)
    """How often each probe that is due may still be asked."""

    async def after(self, cell: int, defined: Sequence[str], ask: Ask) -> None:
        """Ask the probes of what a cell defined, and those that raised an error before.

        Raises:
            HarnessError: the assignment's own `inputs.py` broke.
        """
        self._tries.update(dict.fromkeys(defined, MOST_TRIES))
        for name, left in list(self._tries.items()):
            if left and self.conversations < MOST_CONVERSATIONS and len(self.kept) < self.most:
                self.conversations += 1
                last = await self._converse(name, cell, ask)
                raised = last is not None and last["error"] is not None
                self._tries[name] = left - 1 if raised else 0

    async def _converse(self, name: str, cell: int, ask: Ask) -> Value | None:
        """One conversation; the last answer, None if none came back."""
        draw = random.Random(f"{self.seed} {name} {self.conversations}")  # noqa: S311 - not a secret, but nothing that a notebook knows
        answer: Value | None = None
        try:
            conversation = self.inputs.get(name, _once)(draw)
            given = next(conversation)
            while True:
                record = await ask(name, given, WAIT)
                answer = evidence.answer(record)
                if answer is None:
                    return None
                asked = {"probe": name, "conversation": self.conversations, "cell": cell, "inputs": given}
                self.kept += evidence.packed(asked) + record
                given = conversation.send(answer)
        except StopIteration:
            return answer
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise HarnessError(f"inputs.py, {name}: {type(error).__name__}: {error}") from error


def _once(_: random.Random) -> Generator[Any, Value, None]:
    yield None
