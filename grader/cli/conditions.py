"""What a command is given: an assignment whose rubric adds up, a profile, and data."""

from __future__ import annotations

import contextlib
import math
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from grader import datasets, keys
from grader.assignment import load, locate, with_limits
from grader.errors import DatasetError, HarnessError, RubricError, UsageError
from grader.execution import worker
from grader.judging.court import check_rubric
from grader.model import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from grader.assignment import Assignment
    from grader.cli.console import Talk

MOST_COLLECTING = 60.0
"""Seconds in which a rubric's modules must have been imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a class is graded against and with, as the options of a command say."""

    assignment: Assignment
    profile: Profile
    dataset: datasets.Dataset
    notices: tuple[str, ...]
    """What must be said about the data."""


def of(
    name: str | None, profile: Profile, data: Path | None, talk: Talk, *, limits: Sequence[str] = ()
) -> Conditions:
    """Look up an assignment and its data; `limits` are written NAME=NUMBER.

    Raises:
        UsageError: one of them is missing or refused.
    """
    assignment = assignment_of(name, limits)
    dataset, notices = data_for(assignment, profile, data, talk)
    return Conditions(assignment=assignment, profile=profile, dataset=dataset, notices=tuple(notices))


def assignment_of(name: str | None, limits: Sequence[str] = ()) -> Assignment:
    """An assignment whose rubric adds up, with changed limits. No name: the only one there is.

    Raises:
        UsageError: there is none or more than one, or a limit is not NAME=NUMBER.
        RubricError: the rubric is refused.
    """
    chosen = load(locate(name))
    _see_that_it_loads(chosen.folder)
    changes = {}
    for entry in limits:
        key, _, value = entry.partition("=")
        try:
            changes[key] = float(value)
        except ValueError:
            changes[key] = math.nan
        if not math.isfinite(changes[key]):
            raise UsageError(f"--limit {entry}: write NAME=NUMBER, for example cell_floor=60.")
    return replace(chosen, limits=with_limits(chosen.limits, changes))


def _see_that_it_loads(folder: Path) -> None:
    """Collect a rubric in a process of its own: what its modules do when they are imported may have no end.

    One that could be collected is remembered in the cache until it changes.

    Raises:
        RubricError: it is refused, it ended that process, or it took too long.
    """
    loads = datasets.user_cache() / "rubrics" / keys.of_loading(folder)
    if loads.exists():
        return
    worker.prepare()
    try:
        worker.call(
            _collect,
            folder.resolve(),
            seconds=MOST_COLLECTING,
            on_progress=lambda _: None,
            stop=threading.Event(),
        )
    except HarnessError as error:
        raise RubricError(
            f"The rubric in {folder} can't be loaded. {error} It had {MOST_COLLECTING:.0f} s. Look for what runs "
            "when its modules are imported: an endless loop, os._exit, a crash."
        ) from None
    with contextlib.suppress(OSError):  # a cache that can't be written is no obstacle
        loads.parent.mkdir(parents=True, exist_ok=True)
        loads.touch()


def _collect(folder: Path, _progress: Callable[[Any], None]) -> None:
    check_rubric(load(folder))


def data_for(
    assignment: Assignment, profile: Profile, explicit: Path | None, talk: Talk, *, cache: Path | None = None
) -> tuple[datasets.Dataset, list[str]]:
    """The data that notebooks read and, if that is a sample, what must be said about it.

    `cache` is where a sample is unpacked; None: where this user's is.

    Raises:
        DatasetError: the data are wrong, or missing and nothing can stand in for them.
    """
    source, cache = assignment.data.source, cache or datasets.user_cache()
    sample = source.subset(cache)
    if profile is Profile.QUICK and sample is not None:
        return sample, ["PROVISIONAL GRADES: the quick profile trains on a small sample of the data set."]
    found = source.find(explicit, env=os.environ, cache=cache)
    if found is not None:
        return found, []
    if sample is None:
        raise DatasetError(
            f"The data set {source.name} was not found. `grader data where` lists where it was looked for."
        )
    notice = (
        "PROVISIONAL GRADES: the full data set was not found, so every notebook trained on a small sample. "
        "Get the data with `grader data fetch`, then run this command again."
    )
    talk.warn(notice)
    return sample, [notice]
