"""What is known already: all that a run, a grade and a page depend on, hashed.

What decides whether a release runs a class anew: a run depends on the code inside the kernel and on `RUNNING`, the
modules outside it that decide what is run, recorded and cut off. They count by their syntax, without comments and
docstrings, so a typo there runs nothing anew. What can be computed from stored files, such as the comparison of
saved outputs, belongs to judging: a grade depends on all of our code, and judging again is quick.

Two runs with the same key would do the same, two grades with the same key would say the same, and two pages with
the same key would look the same. Keys hash contents, never dates or places.
"""

from __future__ import annotations

import ast
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

    from grader.assignment import Assignment
    from grader.judging.court import Bench
    from grader.limits import Limits
    from grader.model import Document, Execution
    from grader.session import Plan

PACKAGES = ("numpy", "matplotlib", "ipykernel", "ipython", "nbclient", "torch", "torchvision")
"""Their versions are part of what any run depends on; a package may be absent."""
RUNNING = (
    "execution/execute.py",
    "kernel/guard.py",
    "kernel/ending.py",
    "kernel/gaps.py",
    "kernel/gate.py",
    "kernel/zmtp.py",
    "kernel/client.py",
    "kernel/deadlines.py",
    "kernel/probing.py",
)
"""What makes an execution outside the kernel, below this package."""
RECORDED = "documents"
"""What was last added to the record of an execution: one that lacks it does not count as the same run."""


def of_run(plan: Plan, source: Path, support: Sequence[tuple[str, Path]] = (), *, content: str = "") -> str:
    """What a run of a notebook depends on: its cells, the files beside it by the names it opens, and the plan.

    `content` is the key of its content, if it is known: a hand-in is not read in this process.

    Raises:
        NotebookError: the source is not a notebook.
        OSError: a file beside it can't be read.
    """
    parts = [
        content or notebook.content_key(notebook.read(source, limits=plan.limits)),
        [[name, hashlib.sha256(path.read_bytes()).hexdigest()] for name, path in sorted(support)],
        [plan.seed, plan.data_key, plan.names, plan.probes, plan.probe_inputs, plan.strict, plan.inputs],
        {name: version_of(name) for name in plan.packages},
        [_environment(), RECORDED],
    ]
    return _digest(json.dumps(parts))


def of_documents(key: str, documents: Sequence[Document]) -> str:
    """What an execution depends on: the key of its run, and the files in which questions may be answered."""
    known = [[each.name, each.digest, each.problem] for each in documents]
    return _digest(json.dumps([key, known])) if known else key


def of_conditions(plan: Plan) -> dict[str, str]:
    """What an assignment gives each run of a notebook, part by part, by names that its author knows.

    The software is not part of it: what was recorded with another release can still be judged.
    """
    parts = {
        "probes.py": plan.probes,
        "inputs.py": plan.probe_inputs,
        "the data or the files handed out": plan.data_key,
        "the names that answers define": plan.names,
        "the seed": plan.seed,
        "the answers to input()": plan.inputs,
        "the packages": plan.packages,
    }
    return {name: _digest(json.dumps(part))[:12] for name, part in parts.items()}


def of_reference(assignment: Assignment) -> str:
    """What the reference's runs depend on besides: its notebook, and with which seeds it runs."""
    content = notebook.content_key(notebook.read(assignment.master, limits=assignment.limits))
    return _digest(json.dumps([content, assignment.seeds]))


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
        _of_files(read_by_checks(bench.assignment), within=bench.assignment),
        *(_of_files(sorted(run.folder.rglob("*.*")), within=run.folder) for run in bench.reference),
        bench.profile,
        json.dumps([bench.dataset.name, sorted(bench.dataset.sums.items())]),
        _program(),
    ]
    return " ".join([_digest("\n".join(parts)), of_rubric(bench.assignment)])


def of_loading(folder: Path) -> str:
    """What it depends on whether a rubric can be loaded: the files of its assignment, and this program."""
    return _digest(_of_files(read_by_checks(folder), within=folder) + _program())


def of_rubric(folder: Path) -> str:
    """The code and settings of an assignment; they say which checks there are, and who may see them."""
    return _of_files(_code(folder), within=folder)


def rubric_of(key: str) -> str:
    """The `of_rubric` by which a grade with this key was judged; empty if it is of an earlier release."""
    return key.partition(" ")[2]


def _code(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".toml") and path.is_file())


def read_by_checks(folder: Path) -> list[Path]:
    """An assignment's files: its code wherever it lies, and whatever lies beside assignment.toml."""
    return sorted({*_code(folder), *(path for path in folder.iterdir() if path.is_file())})


def of_grade(execution: str, bench: str, roster: Mapping[str, str], choice: str = "") -> str:
    """What one student's grade depends on: the keys of execution and bench, and what the course knows besides.

    `choice` says which of several notebooks was executed.
    """
    known = [execution, bench, json.dumps(sorted(roster.items())), *([choice] if choice else [])]
    grade = _digest("\n".join(known))
    return f"{grade} {rubric_of(bench)}"


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
    """Versions, and our own code that makes an execution."""
    versions = {name: version_of(name) for name in PACKAGES}
    outside = [PACKAGE / name for name in RUNNING]
    code = {
        path.relative_to(PACKAGE).as_posix(): of_code(path.read_text(encoding="utf-8"))
        for path in (*sorted(INSIDE.rglob("*.py")), *outside)
    }
    return json.dumps([sys.version, versions, code])


def of_code(source: str) -> str:
    """A module's syntax: the same whatever its comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # a text that stands alone does nothing
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return _digest(ast.dump(tree))


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


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
