"""The kit that students get: the blank notebook, the files beside it, and what checks it on their machine."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from grader import zips
from grader.handout import blank, pack, scan, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.assignment import Assignment
    from grader.datasets import Dataset
    from grader.handout.excerpt import Excerpt
    from grader.model import Execution, Profile

README = "README.txt"
WIDTH = 100

STEPS = (
    "Open {notebook} in Jupyter, in VS Code or in Colab.",
    "Answer each question in the cell below it. Add as many cells as you like.",
    "Keep the names that a question asks for: your answers are found and checked by them.",
    "Restart the kernel and run all cells: your notebook is graded by running it from top to bottom.",
)
"""How to work, where an assignment says nothing of its own."""
CHECKING = """\
Check your notebook before you hand it in
    You need Python 3.11 or newer. Once, in a terminal in this folder:

        python -m venv checks
        checks/bin/pip install ./{wheel}

    Then, whenever you like:

        checks/bin/grader check {notebook}

    On Windows, write checks\\Scripts instead of checks/bin. Your notebook is run from top to
    bottom, as it is saved, and you see what the public checks say. Nothing is handed in, and your
    file is not changed. Other checks run after the due date.

    The installation brings its own PyTorch, of several gigabytes. A smaller one without a GPU does
    as well: install it into the same folder first, as pytorch.org/get-started says for "CPU".

    checks/bin/grader pdf {notebook} prints your notebook as one PDF, and
    checks/bin/grader guide students explains all of this.

Or check it from within the notebook, in Jupyter, VS Code or Colab
    In Colab, first upload {wheel} and {pack}
    with the folder icon on the left. Then, in a cell of your notebook:

        import sys; sys.path.append("{wheel}")
        %load_ext grader
        %check --install

    The last line is needed once, in Colab once for each session, and not at all if you have the
    folder `checks` from above. Then save your notebook whenever you like, and in a cell:

        %check

    You see what to look at first, and a line for each question; %check {question} says everything about
    question {question}. These cells may stay in your notebook: they do nothing while it is graded."""
"""How students check themselves."""


def kit(assignment: Assignment, runs: Sequence[Execution], dataset: Dataset, *, profile: Profile) -> bytes:
    """Make the zip that students download.

    Args:
        assignment: the assignment.
        runs: the reference's, with `dataset`: a few of their values go into the check pack.
        dataset: the data that students check their notebooks with.
        profile: which of an assignment's data these are.

    Raises:
        RubricError: a solution, or what only hidden checks know, would be handed out; the place is named.
    """
    excerpt = pack.excerpt_of(assignment)
    packed = _packed(assignment, excerpt, runs, dataset, profile)
    version = pack.about(packed).version
    given = {name: path.read_bytes() for name, path in assignment.files}
    scan.refuse_markers(given)
    files = {
        assignment.kit.notebook: blank.written(blank.notebook(assignment, kit=version)),
        README: readme(assignment, version).encode(),
        **given,
        pack_name(assignment): zips.write(packed),
        wheel.name(): wheel.wheel(),
    }
    probes = (assignment.probes, assignment.probe_inputs) if excerpt.asks_probes else ()
    scan.refuse_leaks(files, scan.secrets(assignment, excerpt, handed_out=probes))
    return zips.write(files)


def pack_of(
    assignment: Assignment, runs: Sequence[Execution], dataset: Dataset, *, profile: Profile
) -> bytes:
    """The check pack alone, as for `kit`."""
    return zips.write(_packed(assignment, pack.excerpt_of(assignment), runs, dataset, profile))


def _packed(
    assignment: Assignment,
    excerpt: Excerpt,
    runs: Sequence[Execution],
    dataset: Dataset,
    profile: Profile,
) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return pack.members(assignment, excerpt, runs, dataset, profile=profile, folder=Path(folder))


def pack_name(assignment: Assignment) -> str:
    return f"{assignment.id}{pack.SUFFIX}"


def readme(assignment: Assignment, version: str) -> str:
    """What is in the kit, and how to work with it."""
    texts = assignment.kit
    handed_out = {texts.notebook: "the questions, with cells for your answers"}
    handed_out |= dict.fromkeys(assignment.data.files, "read by the notebook; keep it in the same folder")
    handed_out[pack_name(assignment)] = "the public checks; keep it beside your notebook"
    handed_out[wheel.name()] = "the program that runs them"
    handed_out[README] = f"this file; version {version} of the kit"
    steps = [step.replace("{notebook}", texts.notebook) for step in texts.steps or STEPS]
    parts = [
        f"{texts.title}\n{'=' * len(texts.title)}",
        *([textwrap.fill(texts.intro, WIDTH)] if texts.intro else []),
        "\n".join(["What is in here", *_columns(handed_out)]),
        "\n".join(["How to work", *_numbered(steps)]),
        CHECKING.format(
            notebook=texts.notebook,
            wheel=wheel.name(),
            pack=pack_name(assignment),
            question=assignment.questions[0].id,
        ),
        f"Hand in\n    {texts.notebook}, under the same name.",
    ]
    return "\n\n".join(parts) + "\n"


def _columns(rows: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, rows))
    return (f"    {name:{width}}   {text}" for name, text in rows.items())


def _numbered(steps: list[str]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        first = f"    {number}. "
        yield textwrap.fill(step, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
