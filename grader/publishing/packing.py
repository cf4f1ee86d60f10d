"""How pages are named in a zip, so that a course system gives each to its student."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.model import Grade

PAGE = "feedback.html"


class Packing(StrEnum):
    """For whom a zip is packed."""

    FOLDERS = "folders"  # one for each student, for people
    CANVAS = "canvas"
    MOODLE = "moodle"


_MOODLE = re.compile(r"(?:^|/)([^/]+)_(\d{1,20})_assign(?:submission|feedback)_")


def place(packing: Packing, folder: str, grade: Grade) -> str | None:
    """A page's name in the zip; None if the submission's does not tell it. `folder` is the student's own.

    Canvas looks for the ids of user and attachment in a file's name, and Moodle for a folder's second part: it
    splits names at underscores, and before 4.1 needs the last one.
    """
    if packing is Packing.FOLDERS:
        return f"{folder}/{PAGE}"
    if packing is Packing.CANVAS:
        return _canvas(grade)
    found = _MOODLE.search(grade.origin)
    return f"{found[1].replace('_', ' ')}_{found[2]}_assignsubmission_file_/{PAGE}" if found else None


def _canvas(grade: Grade) -> str | None:
    """The name of the file handed in, up to the ids, which only the student's own tells from other numbers."""
    for name in grade.origin.split("/"):
        parts = name.split("_")
        pairs = [at for at in range(len(parts) - 2) if parts[at + 1].isdecimal()]
        own = [at for at in pairs if parts[at] == grade.identity.id]
        numbers = [at for at in pairs if parts[at].isdecimal()]
        if own or len(numbers) == 1:
            return "_".join((*parts[: (own or numbers)[0] + 2], PAGE))
    return None  # such as a text entry, which has no attachment that Canvas could answer
