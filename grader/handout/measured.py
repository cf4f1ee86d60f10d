"""The reference as public checks may know it: the values of names, and what probes gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from grader.errors import RubricError

if TYPE_CHECKING:
    from grader.evidence import Round, Value
    from grader.judging.work import Work


@dataclass(slots=True, kw_only=True)
class Known:
    """The names and probes whose values are known; until it is complete, those that were asked for."""

    names: set[str] = field(default_factory=set)
    probes: set[str] = field(default_factory=set)
    complete: bool = False

    def note(self, name: str, among: set[str]) -> None:
        if self.complete and name not in among:
            raise RubricError(
                f"A public check asks for `{name}` of the reference, which the check pack does not hold."
            )
        among.add(name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reference answers a question."""

    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One run of the reference: what a `Work` gives of values and probes, and an error for anything else."""

    _work: Work
    _known: Known

    def value(self, name: str, question: str | None = None) -> Value | None:
        self._known.note(name, self._known.names)
        return self._work.value(name, question)

    def values(self, name: str, question: str | None = None) -> tuple[Value, ...]:
        self._known.note(name, self._known.names)
        return self._work.values(name, question)

    def rounds(self, name: str) -> tuple[Round, ...]:
        self._known.note(name, self._known.probes)
        return self._work.rounds(name)

    def probe(self, name: str) -> Value | None:
        self._known.note(name, self._known.probes)
        return self._work.probe(name)

    def answer(self, question: str) -> Place:
        return Place(self._work.answer(question).cells)

    def __getattr__(self, name: str) -> NoReturn:
        raise RubricError(
            f"A public check reads `{name}` of the reference. A check pack holds only the values of names and what "
            "probes gave; hide the check, or compare those."
        )
