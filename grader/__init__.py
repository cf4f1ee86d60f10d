"""An automated grading harness for deep-learning notebooks. A rubric author imports from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.judging.api import award, fail, question, read, review, skip

__all__ = ["award", "fail", "question", "read", "review", "skip"]


def __getattr__(name: str) -> object:
    # Lazy, so that `import grader.errors` does not import pytest.
    if name in __all__:
        from grader.judging import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext grader`: give a notebook the magic `%check`."""
    from grader.jupyter import magic  # noqa: PLC0415 - as above

    magic.load(shell)
