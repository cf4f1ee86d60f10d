"""A rubric's own modules: imported afresh, and forgotten afterwards.

A folder with an `__init__.py` is a package named after it, whose modules import their siblings
(`from .formulas import GRADIENT`), wherever it lies. Without one its files are modules of their own.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import runpy
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterator

INIT = "__init__.py"


def root(folder: Path) -> Path:
    """The folder that pytest names a rubric's modules from: in it, `optics/test_a.py` is `optics.test_a`."""
    while (folder / INIT).is_file():
        folder = folder.parent
    return folder


@contextlib.contextmanager
def own_modules(folder: Path) -> Iterator[str]:
    """Import a rubric's modules afresh, and forget them: another rubric may have some of the same names.

    Yields:
        The package's name; none if the folder is not a package.

    Raises:
        RubricError: the package's name is that of another module, or its `__init__.py` fails.
    """
    names = [_name(path, root(folder)) for path in folder.rglob("*.py")]
    package = _name(folder / INIT, root(folder)) if (folder / INIT).is_file() else ""
    if package:
        _refuse_taken(package.partition(".")[0], folder)
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        if package:
            _import_package(package, folder)
        yield package
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def namespace(path: Path) -> dict[str, Any]:
    """Run one module of a rubric, which may import its siblings, and give what it defines.

    Raises:
        RubricError: as for `own_modules`.
        Exception: what the module raised.
    """
    with own_modules(path.parent) as package:
        if package:
            return vars(importlib.import_module(f"{package}.{path.stem}"))
        return runpy.run_path(str(path))


def _name(path: Path, base: Path) -> str:
    """A module's dotted name, as pytest forms it."""
    parts = [part.replace(".", "_") for part in path.relative_to(base).with_suffix("").parts]
    return ".".join(parts[:-1] if len(parts) > 1 and path.name == INIT else parts)


def _refuse_taken(name: str, folder: Path) -> None:
    """See that no other module is hidden while the rubric is loaded."""
    spec = PathFinder.find_spec(name)
    installed = spec is not None and Path(spec.origin or "").is_relative_to(sysconfig.get_path("purelib"))
    if installed or name in sys.stdlib_module_names or name == "grader":
        raise RubricError(
            f"The rubric in {folder} has the name of a Python module, {name}; rename its folder."
        )


def _import_package(name: str, folder: Path) -> None:
    """Run its `__init__.py`; from then on Python and pytest find its modules in the folder."""
    spec = importlib.util.spec_from_file_location(name, folder / INIT)
    if spec is None or spec.loader is None:
        raise RubricError(f"{folder / INIT} can't be imported.")
    sys.modules[name] = package = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(package)
    except (Exception, SystemExit) as error:
        raise RubricError(f"{folder / INIT}: {type(error).__name__}: {error}") from error
