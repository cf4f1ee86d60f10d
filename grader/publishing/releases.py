"""What students get back: a page for each, in a folder that holds nothing else."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader import forks, keys
from grader.errors import UsageError
from grader.execution import reference
from grader.legible import listing
from grader.limits import Limits
from grader.model import Moment, without_exhibits
from grader.publishing import pages
from grader.publishing.packing import Packing, place
from grader.reports import feedback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.model import Grade
    from grader.results.store import Store

SUFFIX = ".html"
ZIP = "feedback.zip"
_MARK = "<!-- grader feedback: {} -->\n"
"""The end of every file of a release, by which it is recognised."""
_MARKED = re.compile(_MARK.format(r"(\w+)").encode() + rb"\Z")
_WORK = ".release-"
"""The beginning of the name of the folder in which a release is made; one that was killed leaves it behind."""
_IGNORED = (".DS_Store",)
_SHARED = ("/", "/usr", "/usr/local")
"""Folders of every machine."""


@dataclass(slots=True)
class Release:
    """What was written."""

    folder: Path
    moment: Moment
    grades: list[Grade] = field(default_factory=list)
    """Of the students who got a page."""
    with_total: int = 0
    withheld: dict[str, str] = field(default_factory=dict)
    """The titles of the questions whose checks, not being shown, hide totals, by id."""
    incomplete: list[str] = field(default_factory=list)
    """Students whose notebook could not be drawn."""
    without_grade: list[str] = field(default_factory=list)
    removed: int = 0
    """Files of an earlier release that are gone."""
    packing: Packing | None = None
    """Of the zip, if one was written."""
    unpacked: list[str] = field(default_factory=list)
    """Students whose page is not in it, because nothing tells under which name."""

    def page(self, student: str) -> Path:
        return self.folder / f"{student}{SUFFIX}"


def release(
    store: Store, folder: Path, moment: Moment, *, only: str | None = None, packing: Packing | None = None
) -> Release:
    """Write the pages for a moment, all of them or, if anything is wrong, none; they replace an earlier release.

    Args:
        store: the results.
        folder: where to; made if it is not there. Its files are their owner's alone, as all grades are.
        moment: what students may know by then.
        only: write the page of this student, and leave the others as they are.
        packing: write a zip as well; an earlier one is kept up to date in any case.

    Raises:
        UsageError: the folder can't be used, there is nothing to release, or the rubric was changed since.
    """
    chosen = [student for student, _, _ in store.students() if only in (None, student)]
    _refuse_outdated(store, chosen)
    model = reference.stored(store)[0]
    try:
        earlier = _earlier(folder)
        if only is not None:
            _refuse_mixed(folder, earlier, moment)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in [path for path in folder.iterdir() if _is_left_behind(path)]:
            shutil.rmtree(left)
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=folder))
        try:
            with forks.Server(pages.drawing, model, Limits()) as server:
                done = _draw(store, server, Release(folder, moment), work, chosen)
            done.packing = _packing(folder / ZIP) if only is not None and ZIP in earlier else packing
            if done.packing:
                others = () if only is None else earlier.keys() - {ZIP}
                _zip(store, {name: folder / name for name in others}, work, done)
            new = sorted(work.iterdir())
            for path in new:
                path.chmod(0o600)
                path.replace(folder / path.name)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if only is None:
            gone = earlier.keys() - {path.name for path in new}
            for name in gone:
                (folder / name).unlink()
            done.removed = len(gone)
    except OSError as error:
        raise UsageError(
            f"{folder} can't be written: {error.strerror}. Choose another folder with -o."
        ) from None
    return done


def _refuse_outdated(store: Store, chosen: Sequence[str]) -> None:
    """See that there are grades, and that they were judged by the rubric as it is now, if that is still there.

    Raises:
        UsageError: there are none, or a check that was shown then may be hidden now.
    """
    graded = {student: key for student in chosen if (key := store.grade_key(student))}
    if not graded:
        whose = f" of {chosen[0]}" if len(chosen) == 1 else ""
        raise UsageError(f"There is no grade{whose} to release in {store.root} yet. Run `grader run` first.")
    folder = Path(store.recall("assignment") or "/")
    current = keys.of_rubric(folder) if (folder / "assignment.toml").is_file() else None
    outdated = [student for student, key in graded.items() if keys.rubric_of(key) != current]
    if current and outdated:
        raise UsageError(
            f"The rubric in {folder} is not the one by which {len(outdated)} of {len(graded)} grades were judged: "
            f"{listing(outdated)}. What was visible then may be hidden now, so nothing was released. Run "
            f"`grader regrade {store.root}` first; whoever it asks to run again needs `grader run`."
        )


def _draw(
    store: Store,
    server: forks.Server[pages.AnyPage, str],
    done: Release,
    work: Path,
    chosen: Sequence[str],
) -> Release:
    decided = [replace(ruling, by=feedback.STAFF) for ruling in store.rulings()]
    places = _places(store)
    hidden = frozenset(
        each for grade in store.each_grade() for each in feedback.concealed(grade, done.moment)
    )
    for student in chosen:
        grade = store.grade(student)
        if grade is None:
            done.without_grade.append(student)
            continue
        grade = store.settled(grade, decided)
        known = feedback.for_student(grade, done.moment, places, hidden)
        page = pages.FeedbackPage(feedback=known, execution=store.execution(student), places=places)
        html, whole = pages.drawn_feedback(server, page)
        (work / f"{store.folder(student).name}{SUFFIX}").write_text(
            f"{html}\n{_MARK.format(done.moment)}", encoding="utf-8"
        )
        done.grades.append(without_exhibits(grade))
        done.with_total += not known.withheld
        done.withheld |= {each.id: each.title for each in grade.questions if each.id in known.withheld}
        if not whole:
            done.incomplete.append(student)
    return done


def _zip(store: Store, others: Mapping[str, Path], work: Path, done: Release) -> None:
    """Write a zip of the new pages and of `others`, by name, that stay as they are."""
    packing = done.packing or Packing.FOLDERS
    pages = {**others, **{path.name: path for path in work.iterdir()}}
    with zipfile.ZipFile(work / ZIP, "w", zipfile.ZIP_DEFLATED) as archive:
        for grade in store.grades():
            folder = store.folder(grade.student).name
            if (page := pages.get(f"{folder}{SUFFIX}")) is None:
                continue
            if name := place(packing, folder, grade):
                archive.write(page, name)
            else:
                done.unpacked.append(grade.student)
        archive.comment = f"{packing} {_MARK.format(done.moment)}".encode()


def _packing(path: Path) -> Packing:
    """How an earlier zip was packed; one that is damaged, or that an earlier version wrote, as folders."""
    with suppress(zipfile.BadZipFile, ValueError), zipfile.ZipFile(path) as archive:
        return Packing(archive.comment.decode().partition(" ")[0])
    return Packing.FOLDERS


def _earlier(folder: Path) -> dict[str, str]:
    """The files of an earlier release in a folder, each with its moment.

    Raises:
        UsageError: it holds other files.
    """
    if not folder.exists():
        return {}
    found = {
        path.name: _moment(path)
        for path in folder.iterdir()
        if path.name not in _IGNORED and not _is_left_behind(path)
    }
    others = sorted(name for name, moment in found.items() if moment is None)
    if others:
        raise UsageError(
            f"{folder} holds other files than an earlier release: {listing(others)}. Nothing was written. Move "
            "them, or name a new folder with -o."
        )
    return {name: moment for name, moment in found.items() if moment is not None}


def _is_left_behind(path: Path) -> bool:
    return path.name.startswith(_WORK) and path.is_dir() and not path.is_symlink()


def _moment(path: Path) -> str | None:
    """For which moment a file was released; None if it wasn't."""
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - len(_MARK) - max(map(len, Moment)), 0))
        marked = _MARKED.search(file.read())
    return marked[1].decode() if marked else None


def _refuse_mixed(folder: Path, earlier: dict[str, str], moment: Moment) -> None:
    """See that one page does not get among others of another moment.

    Raises:
        UsageError: it would.
    """
    for other in earlier.values():
        if other != moment:
            raise UsageError(
                f"{folder} holds what students may see {other}, and this page would be for {moment}. Nothing was "
                f"written. Add `--now {other}`, or name another folder with -o."
            )


def _places(store: Store) -> Sequence[str]:
    """Folders of this machine, the innermost first."""
    places = {str(store.root.resolve()), str(Path.home()), sys.prefix, sys.base_prefix} - {*_SHARED}
    return sorted(places, key=len, reverse=True)
