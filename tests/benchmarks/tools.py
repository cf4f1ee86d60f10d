"""The programs that grade the same notebooks: each is prepared, run under a watch, and asked what it graded."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import nbformat
from nbformat.v4 import new_code_cell

from . import measure, notebooks, ours, stock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from .measure import Watched
    from .setting import Setting

NAME = "hw1.ipynb"
TEST = "assert len(train_loss_history) == 20\nassert 0.5 < evaluate(testDataLoader) <= 1"
OTTER_TEST = f"""\
from otter.test_files import test_case

OK_FORMAT = False
name = "accuracy"
points = 1


@test_case(points=1)
def test_accuracy(train_loss_history, evaluate, testDataLoader):
    {TEST.replace(chr(10), chr(10) + "    ")}
"""


class Tool(Protocol):
    name: str

    def grade(self, nbs: Sequence[NotebookNode], room: Path) -> Watched:
        """Grade the notebooks in a new folder."""

    def graded(self, room: Path) -> int:
        """How many got their points in that folder."""


@dataclass(frozen=True)
class Ours:
    setting: Setting
    name: str = "this project"

    def grade(self, nbs: Sequence[NotebookNode], room: Path) -> Watched:
        hand_ins = notebooks.write_class(room / "class", nbs, NAME)
        return ours.grade(self.setting, hand_ins, room / "results")

    def graded(self, room: Path) -> int:
        grades = json.loads((room / "results" / "grades.json").read_text("utf-8"))
        return sum(grade["ending"] == "finished" and float(grade["total"]) > 1 for grade in grades)


@dataclass(frozen=True)
class Plain:
    environment: Mapping[str, str]
    name: str = "plain nbclient, no grading"

    def grade(self, nbs: Sequence[NotebookNode], room: Path) -> Watched:
        notebooks.write_class(room, nbs, NAME)
        command = [sys.executable, stock.__file__, *sorted(room.glob(f"*/{NAME}"))]
        return measure.watch(command, env=self.environment, cwd=room)

    def graded(self, room: Path) -> int:
        executed = [nbformat.read(path, as_version=4) for path in room.glob(f"*/{NAME}")]
        return sum(bool(nb.cells[-1].outputs) for nb in executed)


@dataclass(frozen=True)
class Nbgrader:
    bin: Path
    environment: Mapping[str, str]
    name: str = "nbgrader autograde"

    def grade(self, nbs: Sequence[NotebookNode], room: Path) -> Watched:
        tested = [with_test_cell(nb) for nb in nbs]
        notebooks.write_class(room / "submitted", tested, f"hw1/{NAME}")
        (room / "source" / "hw1").mkdir(parents=True)
        nbformat.write(tested[0], room / "source" / "hw1" / NAME)
        self._call(room, "generate_assignment", "hw1")
        return self._call(room, "autograde", "hw1", "--Execute.timeout=3600")

    def graded(self, room: Path) -> int:
        self._call(room, "export")
        with (room / "grades.csv").open(newline="") as file:
            return sum(float(row["score"] or 0) == 1 for row in csv.DictReader(file))

    def _call(self, room: Path, *words: str) -> Watched:
        environment = {**self.environment, "PATH": f"{self.bin}:{self.environment.get('PATH', '')}"}
        return measure.watch([self.bin / "python", "-m", "nbgrader", *words], env=environment, cwd=room)


@dataclass(frozen=True)
class Otter:
    bin: Path
    environment: Mapping[str, str]
    name: str = "otter run"

    def grade(self, nbs: Sequence[NotebookNode], room: Path) -> Watched:
        notebooks.write_class(room, nbs, NAME)
        with zipfile.ZipFile(room / "autograder.zip", "w") as archive:
            archive.writestr("otter_config.json", json.dumps({"lang": "python", "pdf": False}))
            archive.writestr("tests/accuracy.py", OTTER_TEST)
        return measure.together([self._run(path, room) for path in sorted(room.glob(f"*/{NAME}"))])

    def graded(self, room: Path) -> int:
        results = [json.loads(path.read_text("utf-8")) for path in room.glob("*/results.json")]
        return sum(any(test.get("score") == 1 for test in result["tests"]) for result in results)

    def _run(self, notebook: Path, room: Path) -> Watched:
        command = [self.bin / "python", "-m", "otter", "run", notebook, "--no-logo"]
        command += ["-a", room / "autograder.zip", "-o", notebook.parent]
        environment = {**self.environment, "PATH": f"{self.bin}:{self.environment.get('PATH', '')}"}
        return measure.watch(command, env=environment, cwd=notebook.parent)


def with_test_cell(nb: NotebookNode) -> NotebookNode:
    """The notebook with a cell at its end that nbgrader gives a point for."""
    marks = {
        "grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3,
        "grade_id": "accuracy", "points": 1, "cell_type": "code",
    }  # fmt: skip
    copy = nbformat.from_dict(nb)
    copy.cells = [*nb.cells, new_code_cell(TEST, metadata={"nbgrader": marks})]
    return copy
