"""`assignment.toml` and the master notebook, as one checked `Assignment`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.assignment.cells import CellMarks
    from grader.assignment.loading import load, with_limits
    from grader.assignment.locating import locate
    from grader.assignment.model import Assignment, Question
    from grader.assignment.solutions import strip_solutions

__all__ = ["Assignment", "CellMarks", "Question", "load", "locate", "strip_solutions", "with_limits"]

_HOMES = {
    "Assignment": "model",
    "CellMarks": "cells",
    "Question": "model",
    "load": "loading",
    "locate": "locating",
    "strip_solutions": "solutions",
    "with_limits": "loading",
}


def __getattr__(name: str) -> object:
    # Lazy, so that who only wants to find an assignment does not import nbformat.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
