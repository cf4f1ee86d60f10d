"""Does a class get the same grades on a busy machine? `python -m tests.system.load --hand-ins 12 --rounds 3`.

The sample class is graded with `-j 1` on a quiet machine and with `-j 4` beside four busy loops, in rounds. All
runs share one run of the reference, as in a course that grades on a machine that is sometimes busy.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROJECT = Path(__file__).parents[2]
SUBMISSIONS = PROJECT / "submissions"
BUSY = "while True: pass"
RUNS = {"quiet, -j 1": (1, 0), "busy, -j 4": (4, 4)}
"""For each way to grade the class: how many notebooks at a time, and how many busy loops beside them."""

Results = dict[str, dict[str, str]]
"""For each student the ending, and the points and outcome of each check."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hand-ins", type=int, default=12, help="how many of the sample class, by name")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", choices=("quick", "full"), default="full")
    options = parser.parse_args()
    students = sorted(path.name for path in SUBMISSIONS.iterdir() if path.is_dir())[: options.hand_ins]
    with tempfile.TemporaryDirectory() as folder:
        runs = graded(students, Path(folder), rounds=options.rounds, profile=options.profile)
    lines = differences(runs)
    for name, results in runs.items():
        endings = sorted({each["ending"] for each in results.values()})
        print(f"{name:24} {len(results)} hand-ins: {', '.join(endings)}")  # noqa: T201 - a script
    print("\n".join(lines) or "Every outcome and ending is the same.")  # noqa: T201
    sys.exit(bool(lines))


def graded(students: Sequence[str], folder: Path, *, rounds: int, profile: str) -> dict[str, Results]:
    """Grade these students in `folder`, each round once in each way."""
    for student in students:
        shutil.copytree(SUBMISSIONS / student, folder / "class" / student)
    runs = {}
    for number in range(1, rounds + 1):
        for name, (jobs, loops) in RUNS.items():
            with busy(loops):
                place = folder / f"results-{number}-{jobs}"
                runs[f"{name}, round {number}"] = graded_once(folder / "class", place, jobs, profile)
    return runs


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep as many processors busy as there are loops."""
    with contextlib.ExitStack() as stack:
        for _ in range(loops):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY]))
            stack.callback(process.kill)
        yield


def graded_once(submissions: Path, results: Path, jobs: int, profile: str) -> Results:
    command = [sys.executable, "-m", "grader", "run", submissions, "-o", results, "-j", jobs]
    done = subprocess.run(
        [*map(str, command), "--profile", profile], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"grader exited with {done.returncode}: {done.stderr[-2000:]}")
    return {path.parent.name: summary(path) for path in sorted(results.glob("students/*/result.json"))}


def summary(path: Path) -> dict[str, str]:
    result = json.loads(path.read_text(encoding="utf-8"))
    checks = [check for question in result["questions"] for check in question["checks"]]
    return {
        "ending": result["ending"],
        **{check["id"]: f"{check['outcome']}, {check['earned']} points" for check in checks},
    }


def differences(runs: dict[str, Results]) -> list[str]:
    """A line for each thing that came out otherwise than in the first run."""
    (_, first), *others = runs.items()
    return [
        f"{name}: {student}, {what}: {results.get(student, {}).get(what, 'missing')} instead of {expected}"
        for name, results in others
        for student, grade in first.items()
        for what, expected in grade.items()
        if results.get(student, {}).get(what) != expected
    ]


if __name__ == "__main__":
    main()
