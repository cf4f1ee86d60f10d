"""The outputs that a notebook was saved with, beside those of our run.

They are never evidence, and no points depend on them: a person is told where a notebook was saved with what
its own code does not produce. What another seed, machine or release may explain is passed over.
"""

from __future__ import annotations

import re
import statistics
from itertools import islice
from typing import TYPE_CHECKING, Any

from grader.analysis.numbers import NUMBER
from grader.model import Flag, FlagKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nbformat import NotebookNode

MOST = 5
"""Findings that are told. One is enough to make a person look."""
LONGEST = 200_000
"""Characters of a cell's output that are looked at."""
APART = 0.05
"""The accuracies of one network, trained with two seeds, are nearer than this."""
UNTRAINED = 0.25
"""Accuracies below this are chance, and may be anything."""
ONE_BY_ONE = 4
"""So many accuracies are compared one by one; of a longer series, which is noisy by minibatch, the mean."""
FACTOR = 1.5
"""The mean losses of two runs differ by less than this factor."""

ACCURACY = re.compile(r"(?<![a-z])acc(?![a-z])|accurac", re.IGNORECASE)
LOSS = re.compile(r"loss", re.IGNORECASE)
PROGRESS = re.compile(r"loss|epoch", re.IGNORECASE)
TIMED = re.compile(r"\d ?m?s\b|sec|time|took|elapsed", re.IGNORECASE)
EVALUATES = re.compile(r"\bevaluate\s*\(|accura", re.IGNORECASE)
MACHINE = re.compile(r"^[ \t]*(?:[\w.]+[ \t]*=[ \t]*)?[!%]|\bcuda\b|exists\(|isdir\(|input\(", re.MULTILINE)
"""In a cell's code: what it shows depends on the machine, or on somebody at the keyboard."""
FETCHED = re.compile(r"^(?:Downloading|Extracting|Processing|Done!|Using downloaded).*$", re.MULTILINE)
"""Said once, by the run that had to fetch the data."""
CUT = re.compile(r"Streaming output truncated|\[output cut\]")


def compare(saved: NotebookNode, ran: NotebookNode, *, same_data: bool) -> tuple[Flag, ...]:
    """What a notebook was `saved` with, and did not show when it `ran`. The two have the same cells.

    Without `same_data`, when we ran on a sample, losses and accuracies say nothing and are passed over.
    """
    findings: list[str] = []
    for number, (then, now) in enumerate(zip(saved.cells, ran.cells, strict=True), start=1):
        if then.cell_type != "code" or now.execution_count is None:
            continue
        if _error(now) and not _error(then):
            break  # the cells below met another state than the one in which they were saved
        findings += [f"Cell {number}: {finding}" for finding in _of_cell(then, now, same_data)]
    return tuple(Flag(kind=FlagKind.SAVED_OUTPUTS, message=finding) for finding in findings[:MOST])


def _of_cell(then: NotebookNode, now: NotebookNode, same_data: bool) -> Iterator[str]:
    if _error(then):
        if not _error(now):
            yield f"it was saved with {_error(then)[:80]}, which it does not raise."
        return
    saved, ours = _text(then), _text(now)
    if not MACHINE.search(then.source):
        yield from _of_what_is_shown(then, now, saved)
    if ours and not CUT.search(saved + ours):
        yield from _of_progress(saved, ours)
        if same_data:
            yield from _of_accuracies(_accuracies(then.source, saved), _accuracies(then.source, ours))
            yield from _of_losses(_after(LOSS, saved), _after(LOSS, ours))


def _of_what_is_shown(then: NotebookNode, now: NotebookNode, saved: str) -> Iterator[str]:
    """Only whether there is anything at all: words and pictures differ for many an honest reason."""
    if _has_figure(then) and not _has_figure(now):
        yield "a figure was saved with it, and its code shows none."
    elif FETCHED.sub("", saved).strip() and not now.outputs:
        yield "an output was saved with it, and its code shows none."


def _of_progress(saved: str, ours: str) -> Iterator[str]:
    then, now = (
        sum(bool(PROGRESS.search(line) and any(_measures(line))) for line in text.splitlines())
        for text in (saved, ours)
    )
    if then and now and then != now:
        yield f"it was saved with losses in {then} lines, and its code prints {now}."


def _of_accuracies(saved: Sequence[float], ours: Sequence[float]) -> Iterator[str]:
    if len(saved) != len(ours):
        return
    if len(saved) > ONE_BY_ONE:
        saved, ours = [statistics.fmean(saved)], [statistics.fmean(ours)]
    for then, now in zip(saved, ours, strict=True):
        if abs(then - now) > APART and max(then, now) > UNTRAINED:
            yield f"its saved accuracy was {then:.3f}, ours {now:.3f}."
            return


def _of_losses(saved: Sequence[float], ours: Sequence[float]) -> Iterator[str]:
    if len(saved) != len(ours) or not saved:
        return
    then, now = statistics.fmean(saved), statistics.fmean(ours)
    if min(then, now) > 0 and max(then, now) > FACTOR * min(then, now):
        yield f"its saved losses were {then:.3g} in the mean, ours {now:.3g}."


def _accuracies(source: str, text: str) -> list[float]:
    """The accuracies in an output: those called so, else all that may be what `evaluate` gave."""
    named = _after(ACCURACY, text)
    if not named and EVALUATES.search(source):
        lines = [line for line in text.splitlines() if not PROGRESS.search(line) and not TIMED.search(line)]
        named = [value for line in lines for value in _measures(line) if value <= 1]
    return [value / 100 if value > 1 else value for value in named if 0 <= value <= 100]


def _after(word: re.Pattern[str], text: str) -> list[float]:
    """The first measure behind a word in its line, for each time that the word stands there."""
    behind = (piece for line in text.splitlines() for piece in word.split(line)[1:])
    return [value for piece in behind for value in islice(_measures(piece), 1)]


def _measures(line: str) -> Iterator[float]:
    """The numbers of a line that measure rather than count: those with decimals, and percentages as such."""
    for match in NUMBER.finditer(line):
        whole = re.sub(r"\D", "", match["grouped"] or match["plain"] or "0")
        if match["fraction"] or match["exponent"] or "%" in (match["unit"] or ""):
            yield float(f"{match['sign'] or ''}{whole}{match['fraction'] or ''}{match['exponent'] or ''}")


def _text(cell: NotebookNode) -> str:
    """What a cell printed or gave, as it stood on the screen: no stderr, no progress that was overwritten."""
    shown = "\n".join(text for output in cell.outputs for text in _texts(output))[:LONGEST]
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in shown.split("\n") if line)


def _texts(output: Mapping[str, Any]) -> Iterator[str]:
    if output["output_type"] == "stream" and output.get("name") != "stderr":
        yield str(output["text"])
    data = output.get("data", {})
    if set(data) <= {"text/plain", "text/html"}:  # others describe a picture or a widget, or replace it
        yield str(data.get("text/plain", ""))


def _has_figure(cell: NotebookNode) -> bool:
    return any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))


def _error(cell: NotebookNode) -> str:
    """The name of the exception that a cell ended with, or nothing."""
    return next((str(output["ename"]) for output in cell.outputs if output["output_type"] == "error"), "")
