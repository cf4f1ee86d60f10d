"""Where assignments lie: `./rubrics`, the folders of `$GRADER_RUBRICS`, the rubrics of a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from grader.errors import NoAssignmentError, UsageError
from grader.places import CHECKOUT

VARIABLE = "GRADER_RUBRICS"
TOML = "assignment.toml"


def locate(name: str | None, *, near: Path | None = None) -> Path:
    """The folder of an assignment, given as a path or by its folder's name; without a name, the only one there is.

    Without a name, the first of the places that has any assignment must have just one.

    Raises:
        NoAssignmentError: `name` is None and there is none.
        UsageError: there is none of that name, or `name` is None and there are several.
    """
    shelves = _shelves(near or Path.cwd())
    if name is None:
        return _only_one(shelves)
    tried = [Path(name), *(shelf / name for shelf in shelves)]
    for folder in tried:
        if (folder / TOML).is_file():
            return folder.resolve()
    names = [folder.name for folder in _found(shelves)]
    raise UsageError(
        f"There is no assignment {name!r}: no {TOML} in "
        + ", ".join(str(folder) for folder in dict.fromkeys(tried))
        + (f". Known here: {', '.join(names)}." if names else ". Give the path of its folder.")
    )


def known() -> list[str]:
    """The names of the assignments that are found from here."""
    return [folder.name for folder in _found(_shelves(Path.cwd()))]


def _shelves(home: Path) -> list[Path]:
    """The folders whose subfolders are assignments, the first to look into first."""
    named = [Path(entry) for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry]
    return [home / "rubrics", *named, *([CHECKOUT / "rubrics"] if CHECKOUT else [])]


def _found(shelves: list[Path]) -> list[Path]:
    """The assignments on these shelves; of two with the same name, the first."""
    by_name: dict[str, Path] = {}
    for shelf in shelves:
        for path in sorted(shelf.glob(f"*/{TOML}")):
            by_name.setdefault(path.parent.name, path.parent.resolve())
    return list(by_name.values())


def _only_one(shelves: list[Path]) -> Path:
    found = next((found for shelf in shelves if (found := _found([shelf]))), [])
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(folder.name for folder in found)
        raise UsageError(
            f"There are several assignments: {names}. Say which one: `-a {found[0].name}`, or just "
            f"`{found[0].name}` after kit and validate."
        )
    places = ", ".join(map(str, dict.fromkeys(shelves)))
    raise NoAssignmentError(
        f"No assignment was found in {places}. Give the path of its folder, or set ${VARIABLE}."
    )
