"""A new assignment that runs green as it is: a function, a table that is handed out, a text for a person.

Its author then changes question after question, and validates after each change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.assignment.locating import TOML
from grader.assignment.solutions import fenced
from grader.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

MASTER = "master.ipynb"

_TOML = """\
# `grader guide assignment` explains every key.
id = "{name}"
title = "{name}"
reference = "master.ipynb"
# The reference solution runs once with each seed; students run with the first.
seeds = [1, 2, 3]
# The last line of every report; addresses become links.
# objections = "Write to somebody@example.org within a week."

[data]
# Handed out with the notebook, and beside it when it runs.
files = ["measurements.csv"]

[kernel]
# What notebooks may import, as pip takes it.
packages = ["numpy"]

[kit]
intro = "Three questions about numbers."

[[question]]
id = "1"
title = "A function"
points = 2

[[question]]
id = "2"
title = "A table"
points = 1

[[question]]
id = "3"
title = "An explanation"
points = 1
"""

_TABLE = """\
day,height
1,2.5
2,3.0
3,4.5
4,6.0
"""

_PROBES = '''\
"""Runs in the student's kernel: calls `mean` with inputs that the student has not seen."""

CALLS = ([1.0, 2.0, 6.0], [-1.0, 1.0], [5.0])


def mean(target, namespace, data):
    """What each call returned. Nothing in here knows what is right."""
    return [target(list(numbers)) for numbers in CALLS]


PROBES = {"mean": mean}
'''

_RUBRIC = '''\
"""The checks. `grader guide rubrics` explains how to write them.

Students read the messages of visible checks in `grader check`, so none of them contains the answer.
"""

import math

from grader import fail, question, review


@question("1", points=2)
def test_the_mean_of_any_numbers(student, reference):
    """`mean` gives the mean of a list of numbers."""
    seen, wanted = student.probe("mean"), reference.first.probe("mean").numbers
    if seen is None:
        fail("There is no function `mean`.", hint="Keep the name that the question asks for.")
    if seen.numbers is None:
        error = seen["error"]
        given = seen.kind if error is None else error.text("value")
        fail("`mean` does not give a number.", expected="one number for each list", actual=given)
    if not all(map(math.isclose, seen.numbers, wanted)):
        fail("`mean` gives a wrong number for some lists.", expected="the mean of each list")


@question("2", points=1)
def test_the_mean_height(student, reference):
    """`mean_height` is the mean of the column `height`."""
    seen, wanted = student.value("mean_height", "2"), reference.first.value("mean_height", "2").number
    if seen is None or seen.number is None:
        fail("There is no number `mean_height`.", hint="Keep the name that the question asks for.")
    if not math.isclose(seen.number, wanted, rel_tol=1e-6):
        fail("This is not the mean height.", expected="the mean of the column `height`", actual=seen.number)


@question("3", points=1)
def test_the_explanation(student):
    """The explanation says when a mean misleads."""
    written = student.written("3")
    if not written:
        fail("Nothing was written.")
    review("A person reads this.", actual=written)
'''

_MUTANTS = '''\
"""Small changes of the solved notebook, and what each must cost. `grader validate` grades them all."""

from grader.validation import Catalogue, Mutant, answer, blank, swap

CATALOGUE = Catalogue(
    opens={"3": "1"},  # a person reads every explanation
    mutants=(
        Mutant(name="reference"),
        Mutant(
            name="half-the-mean",
            changes=(swap("len(numbers)", "(2 * len(numbers))"),),
            costs={"1": "2", "2": "1"},
        ),
        Mutant(name="another-column", changes=(swap('row["height"]', 'row["day"]'),), costs={"2": "1"}),
        Mutant(name="in-other-words", changes=(answer("1", "import numpy as np\\n\\nmean = np.mean"),)),
        Mutant(name="blank", changes=(blank,), costs={"1": "2", "2": "1", "3": "1"}),
    ),
)
'''

_README = """\
# {name}

    grader validate {folder}        # grades the planted mistakes of mutants.py: no surprise may be left
    grader kit {folder}             # what students get
    grader run DOWNLOAD -a {folder}

master.ipynb holds the prompts, and the solutions between markers. test_{module}.py holds the checks.
Keep this folder private: it contains the solutions.
"""


def scaffold(folder: Path, name: str) -> list[Path]:
    """Write a new assignment into `folder`, which must not exist or be empty; the files that were written.

    Raises:
        UsageError: the folder holds something, `name` can't name files, or nothing can be written there.
    """
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise UsageError(
            f"{name!r} can't name an assignment: use up to 100 letters, digits, '-', '_' and '.'."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not empty; name another folder with -o.")
    module = re.sub(r"\W", "_", name)
    notebook: str = nbformat.writes(_master(title=name))  # type: ignore[no-untyped-call]  # nbformat has no types
    texts = {
        TOML: _TOML.format(name=name),
        MASTER: f"{notebook}\n",
        "measurements.csv": _TABLE,
        "probes.py": _PROBES,
        f"test_{module}.py": _RUBRIC,
        "mutants.py": _MUTANTS,
        "README.md": _README.format(name=name, folder=folder, module=module),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{folder} can't be written: {error.strerror}. Name another folder with -o."
        ) from None
    return [folder / file for file in texts]


def _master(title: str) -> NotebookNode:
    cells = [
        _cell("markdown", f"# {title}"),
        _cell("markdown", "**1.** Write `mean(numbers)`: the mean of a list of numbers.", prompt="1"),
        _cell(
            "code",
            "def mean(numbers):\n"
            + _indented('"""The mean of a list of numbers."""\n' + fenced("code", _FUNCTION)),
            question="1",
            names=["mean"],
        ),
        _cell(
            "markdown",
            "**2.** Read `measurements.csv`, and set `mean_height` to the mean of its column `height`.",
            prompt="2",
        ),
        _cell("code", "import csv\n\n" + fenced("code", _READING), question="2", names=["mean_height"]),
        _cell("markdown", "**3.** When does a mean mislead? Two sentences.", prompt="3"),
        _cell(
            "markdown",
            fenced("markdown", "When a few values are far from all others. The median then tells more."),
            question="3",
            names=[],
        ),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made: NotebookNode = new_notebook(cells=cells, metadata={"kernelspec": kernel})  # type: ignore[no-untyped-call]
    return made


_FUNCTION = "return sum(numbers) / len(numbers)"
_READING = """\
with open("measurements.csv", newline="") as file:
    mean_height = mean([float(row["height"]) for row in csv.DictReader(file)])"""


def _cell(kind: str, source: str, **marks: object) -> NotebookNode:
    make = new_code_cell if kind == "code" else new_markdown_cell
    made: NotebookNode = make(source, metadata={"grader": marks} if marks else {})  # type: ignore[no-untyped-call]
    return made


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
