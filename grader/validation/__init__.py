"""A rubric tested by planted mistakes. The author of a catalogue (`mutants.py`) imports from here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.validation.mutation import answer, blank, drop, insert, merge, swap, unmark, unprompt
    from grader.validation.validate import Catalogue, Mutant

__all__ = [
    "Catalogue",
    "Mutant",
    "answer",
    "blank",
    "drop",
    "insert",
    "merge",
    "swap",
    "unmark",
    "unprompt",
]


def __getattr__(name: str) -> object:
    # Lazy, since libcst takes half a second to import.
    if name in __all__:
        home = "validate" if name in ("Catalogue", "Mutant") else "mutation"
        return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
