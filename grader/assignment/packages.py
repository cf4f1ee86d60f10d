"""The packages that an assignment asks for, held against those that are installed here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shlex
import sys
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from grader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.assignment.model import Assignment


def names(requirements: Iterable[str]) -> tuple[str, ...]:
    """The names of the packages that are required, without versions."""
    return tuple(Requirement(text).name for text in requirements)


def check(assignment: Assignment) -> None:
    """See that all packages are installed, in the versions that are asked for.

    Raises:
        UsageError: some are not; the message says how to install them.
    """
    wrong = [(text, problem) for text in assignment.kernel.packages if (problem := _problem(text))]
    if wrong:
        problems = "; ".join(problem for _, problem in wrong)
        raise UsageError(
            f"{assignment.id} cannot be graded here: {problems}. Install with: "
            f"{shlex.quote(sys.executable)} -m pip install {shlex.join(text for text, _ in wrong)}"
        )
    for name in assignment.kernel.warm or ():
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            raise UsageError(f"{assignment.id}: [kernel] warm names {name!r}, which is not installed here.")


def warm_modules(assignment: Assignment) -> tuple[str, ...]:
    """What to import once, ahead of all notebooks: what the assignment says, else all of its packages."""
    if assignment.kernel.warm is not None:
        return assignment.kernel.warm
    return _modules(names(assignment.kernel.packages))


def _problem(text: str) -> str:
    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return ""
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} is installed in version {version}, not {requirement.specifier}"
    return ""


def _modules(packages: Sequence[str]) -> tuple[str, ...]:
    """The modules that these packages install: `sklearn` of `scikit-learn`."""
    found = (
        module for package in packages for module in _top_level(importlib.metadata.distribution(package))
    )
    return tuple(dict.fromkeys(name for name in found if name.isidentifier() and not name.startswith("_")))


def _top_level(package: importlib.metadata.Distribution) -> list[str]:
    """What a package says that it installs, or else what its list of files says."""
    said = package.read_text("top_level.txt")
    if said is not None:
        return said.split()
    paths = [path for path in package.files or () if path.suffix == ".py"]
    return sorted({path.parts[0].removesuffix(".py") for path in paths})
