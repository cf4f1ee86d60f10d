"""What a student's own check needs, from a check pack."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli import conditions, wiring
from grader.cli.conditions import Conditions
from grader.errors import NoAssignmentError, UsageError
from grader.handout import kit as kits
from grader.handout import pack as packs
from grader.model import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.cli.console import Talk
    from grader.handout.pack import Pack

ON_A_SAMPLE = "These checks use a small sample of the data; your notebook will be graded with all of it."
"""What a student is told who checks a notebook."""


@contextlib.contextmanager
def opened(
    notebook: Path, pack: Path | None, name: str | None, data: Path | None, talk: Talk
) -> Iterator[tuple[Conditions, Pack]]:
    """What a student's own check needs, from a check pack; without one, from an assignment that is here.

    Raises:
        UsageError: there is no pack, or it is refused.
    """
    with tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True) as folder:
        path = pack or (None if name else _pack_beside(notebook))
        if path is None:
            given = _conditions_without_a_pack(notebook, name, data, talk)
            path = Path(folder) / kits.pack_name(given.assignment)
            with wiring.reference_of(given, talk) as runs:
                path.write_bytes(kits.pack_of(given.assignment, runs, given.dataset, profile=given.profile))
        checks = packs.unpacked(path, Path(folder) / "pack")
        profile = Profile(checks.about.profile)
        dataset, _ = conditions.data_for(checks.assignment, profile, data, talk, cache=Path(folder) / "data")
        notices = () if dataset.complete else (ON_A_SAMPLE,)
        yield (
            Conditions(assignment=checks.assignment, profile=profile, dataset=dataset, notices=notices),
            checks,
        )


def _conditions_without_a_pack(notebook: Path, name: str | None, data: Path | None, talk: Talk) -> Conditions:
    """For an instructor, who has the assignment; a student who has none is told about the pack."""
    try:
        return conditions.of(name, Profile.QUICK, data, talk)
    except NoAssignmentError as error:
        raise UsageError(
            f"There is no check pack beside {notebook}. Put the file that ends with .pack, from your kit, into its "
            f"folder, or name it with --pack. Without one: {error}"
        ) from None


def _pack_beside(notebook: Path) -> Path | None:
    """The one check pack in the notebook's folder.

    Raises:
        UsageError: there are several.
    """
    found = sorted(notebook.absolute().parent.glob(f"*{packs.SUFFIX}"))
    if len(found) > 1:
        raise UsageError(f"There are several check packs beside {notebook}; name yours with --pack.")
    return found[0] if found else None
