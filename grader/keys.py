"""What is known already: all that a run, a grade and a page depend on, hashed.

Two runs with the same key would do the same, two grades with the same key would say the same, and two pages with
the same key would look the same. Keys hash contents, never dates or places.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from grader import notebook
from grader.model import Ending
from grader.places import INSIDE, PACKAGE, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from grader.judging.court import Bench
    from grader.limits import Limits
    from grader.model import Execution
    from grader.session import Plan

PACKAGES = ("numpy", "matplotlib", "ipykernel", "ipython", "nbclient", "torch", "torchvision")
"""Their versions are part of what any run depends on; a package may be absent."""
RECORDED = "processor time"
"""What was last added to the record of an execution: one that lacks it does not count as the same run."""


def of_run(plan: Plan, source: Path, support: Sequence[tuple[str, Path]] = ()) -> str:
    """What a run of a notebook depends on: its cells, the files beside it by the names it opens, and the plan.

    Raises:
        NotebookError: the source is not a notebook.
    """
    parts = [
        notebook.content_key(notebook.read(source, limits=plan.limits)),
        [[name, hashlib.sha256(path.read_bytes()).hexdigest()] for name, path in sorted(support)],
        [plan.seed, plan.data_key, plan.names, plan.probes, plan.probe_inputs, plan.strict, plan.inputs],
        [plan.compare_saved, {name: version_of(name) for name in plan.packages}],
        [_environment(), RECORDED],
    ]
    return _digest(json.dumps(parts))


def of_execution(run: str, execution: Execution, limits: Limits) -> str:
    """What an execution is kept under: its run's key, and whatever may have stopped it before its end.

    One that a limit cut off is known while the limits are the same; one that lacked a package, while it does.
    """
    if execution.ending in (Ending.TIMEOUT, Ending.MEMORY, Ending.OUTPUT):
        return _digest(f"{run} {limits}")
    if any(gap.ending is Ending.ENVIRONMENT for gap in execution.gaps):
        return _digest(f"{run} {_installed()}")
    return run


def of_bench(bench: Bench) -> str:
    """What every grade of a class depends on: the rubric, the reference's runs, the data and this program."""
    parts = [
        _of_files(_read_by_checks(bench.assignment), within=bench.assignment),
        *(_of_files(sorted(run.folder.rglob("*.*")), within=run.folder) for run in bench.reference),
        bench.profile,
        json.dumps([bench.dataset.name, sorted(bench.dataset.sums.items())]),
        _program(),
    ]
    return _digest("\n".join(parts))


def _read_by_checks(folder: Path) -> list[Path]:
    """An assignment's files: its code wherever it lies, and whatever lies beside assignment.toml."""
    code = (path for path in folder.rglob("*") if path.suffix in (".py", ".toml"))
    return sorted({*code, *(path for path in folder.iterdir() if path.is_file())})


def of_grade(execution: str, bench: str, roster: Mapping[str, str]) -> str:
    """What one student's grade depends on: the keys of execution and bench, and what the course knows besides."""
    return _digest("\n".join([execution, bench, json.dumps(sorted(roster.items()))]))


def of_page(grade: str, result: str) -> str:
    """What a student's page depends on: the grade's key, the grade with what people decided, and our templates."""
    return _digest(f"{grade}\n{result}\n{_templates()}")


def version_of(package: str) -> str | None:
    """The version that is installed here; None if there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@lru_cache
def _environment() -> str:
    """Versions, and our own code that runs inside the kernel."""
    versions = {name: version_of(name) for name in PACKAGES}
    return json.dumps([sys.version, versions, _of_files(sorted(INSIDE.rglob("*.py")), within=INSIDE)])


@lru_cache
def _templates() -> str:
    return _of_files(sorted(TEMPLATES.iterdir()), within=TEMPLATES)


@lru_cache
def _program() -> str:
    return _of_files(sorted(PACKAGE.rglob("*.py")), within=PACKAGE)


def _installed() -> list[tuple[str, str]]:
    """All packages that a notebook may import, with their versions."""
    return sorted((each.name, each.version) for each in importlib.metadata.distributions())


def _of_files(paths: Iterable[Path], *, within: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(within).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
