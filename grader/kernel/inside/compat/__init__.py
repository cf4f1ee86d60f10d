"""Lets a notebook from 2018-2021, written for Colab and a GPU, run as it did then.

A change is installed only if the notebook's code appears to need it. Each use is counted, so that a report can
show the student the modern spelling. Notebooks that need no change run on unmodified libraries.

Runs inside the student's kernel and imports nothing else of ours.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from . import figures, magics, names, notebook, reading
from .ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from .patching import Patch

_NEEDS: tuple[tuple[Callable[[str], bool], Patch], ...] = (
    (reading.lays_out_by_division, figures.grids_take_whole_floats),
    (notebook.wants_colab, notebook.give_colab),
    (notebook.wants_tensorboard, notebook.give_tensorboard),
)

_ledger = Ledger()
_source = ""


def install(options: Mapping[str, Any], _context: object = None) -> None:
    """Install what the notebook's code asks for.

    Options: ``source``, the text of its code cells; ``strict``, to install nothing; ``answers``, the lines
    that `input()` returns.
    """
    global _source  # noqa: PLW0603 - one kernel, one notebook
    _source = "" if options.get("strict") else options.get("source", "")
    torches = _for_torch()
    names.install(_source, _ledger, torches.NAMES if torches else ())
    for patch in _wanted(_source):
        patch(_ledger)
    if notebook.wants_answers(_source):
        notebook.give_answers(options.get("answers", ()), _ledger)


def _for_torch() -> ModuleType | None:
    """What there is for torch; nothing where a kernel has not imported it."""
    if "torchvision" not in sys.modules:
        return None
    from . import torches  # noqa: PLC0415 - imports torch

    return torches


def _wanted(source: str) -> Iterator[Patch]:
    torches = _for_torch()
    signs = {**(torches.CHANGES if torches else {}), **figures.CHANGES}
    yield from (patch for sign, patch in signs.items() if re.search(sign, source))
    needs_of_torch = torches.NEEDS if torches else ()
    yield from (patch for needs, patch in (*_NEEDS, *needs_of_torch) if _is_needed(needs, source))


def _is_needed(needs: Callable[[str], bool], source: str) -> bool:
    """Whether a change is needed; assumed to be if the code is nested too deeply to be analysed."""
    try:
        return needs(source)
    except (RecursionError, MemoryError):
        return True


def attach(shell: Any) -> None:
    """Track which cell is running, and handle magics."""
    if _source:
        _ledger.follow(shell)
    if magics.wanted(_source):
        magics.install(shell, _ledger)


def report() -> list[dict[str, Any]]:
    """One entry for each adaptation that was used: what, where (cell and line) first, count, note."""
    return _ledger.report()


_for_torch()  # so that a warm process has read it
