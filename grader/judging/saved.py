"""Compares the outputs saved in a notebook with those of our run.

Saved outputs are never evidence, and no points depend on them. A reviewer is told where a notebook contains output
that its code does not produce. Differences that another seed, machine or library version may explain are ignored.
"""

from __future__ import annotations

import re
import statistics
from itertools import islice
from typing import TYPE_CHECKING, Any

from grader.analysis.numbers import NUMBER
from grader.legible import overwritten
from grader.model import Flag, FlagKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nbformat import NotebookNode

MOST = 5
"""The largest number of findings reported. One is enough to prompt a review."""
LONGEST = 200_000
"""How many characters of a cell's output are examined."""
APART = 0.05
"""Accuracies of a network that was trained with two seeds differ by less than this."""
UNTRAINED = 0.25
"""Accuracies below this are due to chance and may have any value."""
ONE_BY_ONE = 4
"""Up to this many accuracies are compared individually; longer series are noisy, so their means are compared."""
FACTOR = 1.5
"""The mean losses of two runs differ by less than this factor."""

ACCURACY = re.compile(r"(?<![a-z])acc(?![a-z])|accurac", re.IGNORECASE)
LOSS = re.compile(r"loss", re.IGNORECASE)
PROGRESS = re.compile(r"loss|epoch", re.IGNORECASE)
TIMED = re.compile(r"\d ?m?s\b|sec|time|took|elapsed", re.IGNORECASE)
EVALUATES = re.compile(r"\bevaluate\s*\(|accura", re.IGNORECASE)
MACHINE = re.compile(r"^[ \t]*(?:[\w.]+[ \t]*=[ \t]*)?[!%]|\bcuda\b|exists\(|isdir\(|input\(", re.MULTILINE)
"""Code whose output depends on the machine or on user input."""
FETCHED = re.compile(r"^(?:Downloading|Extracting|Processing|Done!|Using downloaded).*$", re.MULTILINE)
"""Printed only by a run that had to download the data."""
CUT = re.compile(r"Streaming output truncated|\[output cut\]")


def compare(saved: NotebookNode, ran: NotebookNode, *, same_data: bool) -> tuple[Flag, ...]:
    """The outputs in the `saved` notebook that are missing or different in the notebook that `ran`.

    Both must have as many cells. Unless both used the `same_data`, losses and accuracies are not compared.
    """
    findings: list[str] = []
    for number, (then, now) in enumerate(zip(saved.cells, ran.cells, strict=True), start=1):
        if then.cell_type != "code" or now.cell_type != "code" or now.execution_count is None:
            continue
        if _error(now) and not _error(then):
            break  # the cells below ran in a different state than when they were saved
        findings += [f"Cell {number}: {finding}" for finding in _of_cell(then, now, same_data)]
    return tuple(Flag(kind=FlagKind.SAVED_OUTPUTS, message=finding) for finding in findings[:MOST])


def _of_cell(then: NotebookNode, now: NotebookNode, same_data: bool) -> Iterator[str]:
    if _error(then):
        if not _error(now):
            yield f"the saved output is a {_error(then)[:80]}; running the code raised no error."
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
    """Only whether there is any output: text and pictures may differ for many legitimate reasons."""
    if _has_figure(then) and not _has_figure(now):
        yield "the saved output has a figure; running the code showed none."
    elif FETCHED.sub("", saved).strip() and not now.outputs:
        yield "the cell has saved output; running the code showed none."


def _of_progress(saved: str, ours: str) -> Iterator[str]:
    then, now = (
        sum(bool(PROGRESS.search(line) and any(_measures(line))) for line in text.splitlines())
        for text in (saved, ours)
    )
    if then and now and then != now:
        yield f"the saved output has {_lines(then)}; running the code printed {now}."


def _lines(count: int) -> str:
    return f"{count} loss {'line' if count == 1 else 'lines'}"


def _of_accuracies(saved: Sequence[float], ours: Sequence[float]) -> Iterator[str]:
    if len(saved) != len(ours):
        return
    if len(saved) > ONE_BY_ONE:
        saved, ours = [statistics.fmean(saved)], [statistics.fmean(ours)]
    for then, now in zip(saved, ours, strict=True):
        if abs(then - now) > APART and max(then, now) > UNTRAINED:
            yield f"the saved accuracy is {then:.3f}; in our run it is {now:.3f}."
            return


def _of_losses(saved: Sequence[float], ours: Sequence[float]) -> Iterator[str]:
    if len(saved) != len(ours) or not saved:
        return
    then, now = statistics.fmean(saved), statistics.fmean(ours)
    if min(then, now) > 0 and max(then, now) > FACTOR * min(then, now):
        yield f"the saved losses average {then:.3g}; in our run they average {now:.3g}."


def _accuracies(source: str, text: str) -> list[float]:
    """The accuracies in an output: the numbers labelled as such, else all that `evaluate` may have returned."""
    named = _after(ACCURACY, text)
    if not named and EVALUATES.search(source):
        lines = [line for line in text.splitlines() if not PROGRESS.search(line) and not TIMED.search(line)]
        named = [value for line in lines for value in _measures(line) if value <= 1]
    return [value / 100 if value > 1 else value for value in named if 0 <= value <= 100]


def _after(word: re.Pattern[str], text: str) -> list[float]:
    """The first measured number after each occurrence of a word, in the same line."""
    behind = (piece for line in text.splitlines() for piece in word.split(line)[1:])
    return [value for piece in behind for value in islice(_measures(piece), 1)]


def _measures(line: str) -> Iterator[float]:
    """The numbers of a line that are measured rather than counted: decimals and percentages."""
    for match in NUMBER.finditer(line):
        whole = re.sub(r"\D", "", match["grouped"] or match["plain"] or "0")
        if match["fraction"] or match["exponent"] or "%" in (match["unit"] or ""):
            yield float(f"{match['sign'] or ''}{whole}{match['fraction'] or ''}{match['exponent'] or ''}")


def _text(cell: NotebookNode) -> str:
    """What a cell printed or returned, as seen on screen: without stderr and without overwritten progress."""
    shown = "\n".join(text for output in cell.outputs for text in _texts(output))[:LONGEST]
    return overwritten("\n".join(line for line in shown.split("\n") if line))


def _texts(output: Mapping[str, Any]) -> Iterator[str]:
    if output["output_type"] == "stream" and output.get("name") != "stderr":
        yield str(output["text"])
    data = output.get("data", {})
    if set(data) <= {
        "text/plain",
        "text/html",
    }:  # with other types, the text only describes a picture or widget
        yield str(data.get("text/plain", ""))


def _has_figure(cell: NotebookNode) -> bool:
    return any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))


def _error(cell: NotebookNode) -> str:
    """The name of the exception that ended a cell; empty if there was none."""
    return next((str(output["ename"]) for output in cell.outputs if output["output_type"] == "error"), "")
