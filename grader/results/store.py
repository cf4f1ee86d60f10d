"""`results/`: what is known of a class, on disk, at any moment.

Files are put in place by renaming, rows by one transaction, and the row comes last: if this process is
killed, whatever has a row is whole, and whatever has none is done again. What a run has under way lies in
`.work/` and behind the link `.tmp`; both are cleared whenever a store is opened or closed.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import HarnessError, UsageError
from grader.model import Execution, Ruling, without_exhibits
from grader.results import codec, rulings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.model import Grade, Submission

DATABASE = "gradebook.sqlite"
WORK, TEMPORARY = ".work", ".tmp"
VERSION = 1
"""Of the tables below; a gradebook of another one is refused."""

SCHEMA = f"""
pragma user_version = {VERSION};
create table if not exists run (          -- what the results were made with
    name      text primary key,
    value     text not null               -- JSON
);
create table if not exists student (      -- the class as last handed in
    student   text primary key,
    position  integer not null,           -- order in the class
    origin    text not null,              -- where the hand-in was found
    facts     text not null               -- JSON: what the course knows besides the notebook
);
create table if not exists execution (    -- one whole folder below students/ for each row
    student   text primary key,
    key       text not null,              -- what the run depended on, hashed
    ending    text not null,
    facts     text not null,              -- execution.json
    at        text not null default current_timestamp
);
create table if not exists grade (
    student   text primary key,
    key       text not null,              -- execution, rubric, reference and facts, hashed
    result    text not null,              -- result.json
    at        text not null default current_timestamp
);
create table if not exists ruling (       -- what people decided; rows are only ever added
    number    integer primary key,
    check_id  text not null,
    meaning   text not null,              -- the group of answers that it is about
    student   text not null,              -- empty: all of the group
    points    text not null,
    comment   text not null,
    by        text not null,
    at        text not null
);
"""


class Store:
    """The one writer of a results folder. Open it with `Store.open` or, to read alone, `Store.existing`."""

    def __init__(self, root: Path, database: sqlite3.Connection) -> None:
        self.root = root
        self._database = database

    @classmethod
    @contextmanager
    def open(cls, root: Path) -> Iterator[Store]:
        """Create or continue a results folder.

        Raises:
            UsageError: it can't be written, holds other things, or another run is using it.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The results folder {root} can't be made: {error.strerror}.") from None
        if not (root / DATABASE).exists() and any(root.iterdir()):
            raise UsageError(f"{root} holds other files; name an empty or new folder with -o.")
        with closing(_connect(root)) as database:
            store = cls(root, database)
            store.clear_work()
            try:
                yield store
            finally:
                store.clear_work()

    @classmethod
    @contextmanager
    def existing(cls, root: Path) -> Iterator[Store]:
        """Continue a results folder that `grader run` has made.

        Raises:
            UsageError: it is none.
        """
        if not (root / DATABASE).is_file():
            raise UsageError(f"{root} is no results folder: it has no {DATABASE}. Run `grader run` first.")
        with cls.open(root) as store:
            yield store

    # ---- the run

    def remember(self, **values: Any) -> None:
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        with self._database:
            self._database.executemany("insert or replace into run values (?, ?)", rows)

    def recall(self, name: str) -> Any:
        row = self._database.execute("select value from run where name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    # ---- the class

    def enrol(self, submissions: Sequence[Submission], facts: Mapping[str, Mapping[str, str]]) -> None:
        """Note who is in the class; who left it keeps no grade."""
        rows = [
            (submission.student, position, submission.origin, json.dumps(facts.get(submission.student, {})))
            for position, submission in enumerate(submissions)
        ]
        with self._database:
            self._database.execute("delete from student")
            self._database.executemany("insert into student values (?, ?, ?, ?)", rows)
            self._database.execute("delete from execution where student not in (select student from student)")
            self._database.execute("delete from grade where student not in (select student from student)")
        self._remove_strangers({submission.student for submission in submissions})

    def students(self) -> list[tuple[str, str, dict[str, str]]]:
        """Name, origin and facts of each student, in the order of the class."""
        rows = self._database.execute("select student, origin, facts from student order by position")
        return [(student, origin, json.loads(facts)) for student, origin, facts in rows]

    def folder(self, student: str) -> Path:
        return self.root / "students" / _plain(student)

    # ---- executions

    def workplace(self, student: str) -> Path:
        """Where to put an execution together before `keep` takes it; nothing is there yet."""
        folder = self.root / WORK / _plain(student)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(exist_ok=True)
        return folder

    def temporary(self) -> Path:
        """A new folder among the system's temporary ones, where paths are short enough for sockets.

        It is gone when this store is closed or, if we are killed, when the next one is opened.
        """
        folder = Path(tempfile.gettempdir(), f"grader-{secrets.token_hex(4)}")
        (self.root / TEMPORARY).symlink_to(folder)
        folder.mkdir(mode=0o700)
        return folder

    def clear_work(self) -> None:
        shutil.rmtree(self.root / WORK, ignore_errors=True)
        link = self.root / TEMPORARY
        if link.is_symlink():
            folder = link.readlink()
            if folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith("grader-"):
                shutil.rmtree(folder, ignore_errors=True)
            link.unlink()

    def keep(self, execution: Execution, key: str) -> Execution:
        """Put an execution's folder into its place and remember it."""
        place = self.folder(execution.student)
        with self._database:
            self._forget(execution.student)
        if not execution.folder.exists():  # there was nothing to run
            execution.folder.mkdir(parents=True)
        self.put(execution.folder, place)
        kept = replace(execution, folder=place)
        row = (kept.student, key, kept.ending, codec.dump_execution(kept))
        with self._database:
            self._database.execute(
                "insert or replace into execution (student, key, ending, facts) values (?, ?, ?, ?)", row
            )
        return kept

    def put(self, folder: Path, place: Path) -> None:
        """Move a folder of this disk into its place, instead of what was there."""
        if place.exists():
            shutil.rmtree(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(place)

    def execution(self, student: str, *, key: str | None = None) -> Execution | None:
        """A student's execution; with `key`, only if it is of just that notebook, plan and environment."""
        row = self._database.execute(
            "select key, facts from execution where student = ?", (student,)
        ).fetchone()
        if row is None or (key is not None and row[0] != key) or not self.folder(student).is_dir():
            return None
        return codec.load_execution(row[1], self.folder(student))

    def execution_key(self, student: str) -> str:
        row = self._database.execute("select key from execution where student = ?", (student,)).fetchone()
        return str(row[0]) if row else ""

    # ---- grades

    def record(self, grade: Grade, key: str) -> None:
        with self._database:
            self._database.execute(
                "insert or replace into grade (student, key, result) values (?, ?, ?)",
                (grade.student, key, codec.dumps(grade)),
            )

    def grade(self, student: str, *, key: str | None = None) -> Grade | None:
        row = self._database.execute("select key, result from grade where student = ?", (student,)).fetchone()
        if row is None or (key is not None and row[0] != key):
            return None
        return codec.loads(row[1])

    def each_grade(self) -> Iterator[Grade]:
        """All grades there are, in the order of the class, with what people decided."""
        found = (self.grade(student) for student, _, _ in self.students())
        return (self.ruled(grade) for grade in found if grade is not None)

    def grades(self) -> list[Grade]:
        """The same at once, without exhibits: these are most of a grade, and only its student sees them."""
        return [without_exhibits(grade) for grade in self.each_grade()]

    # ---- rulings

    def rule(self, decisions: Sequence[Ruling]) -> int:
        """Add rulings; one that says what already holds is left out. How many were new."""
        latest = {(each.check, each.group, each.student): each for each in self.rulings()}
        new = [
            each
            for each in decisions
            if (held := latest.get((each.check, each.group, each.student))) is None
            or (held.points, held.comment) != (each.points, each.comment)
        ]
        rows = [
            (each.check, each.group, each.student, str(each.points), each.comment, each.by, each.at)
            for each in new
        ]
        with self._database:
            self._database.executemany(
                "insert into ruling (check_id, meaning, student, points, comment, by, at)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return len(new)

    def rulings(self) -> list[Ruling]:
        """Everything that was ever decided, oldest first."""
        rows = self._database.execute(
            "select check_id, meaning, student, points, comment, by, at from ruling order by number"
        )
        return [
            Ruling(
                check=check,
                group=group,
                student=student,
                points=Decimal(points),
                comment=comment,
                by=by,
                at=at,
            )
            for check, group, student, points, comment, by, at in rows
        ]

    def ruled(self, grade: Grade) -> Grade:
        return rulings.apply(grade, self.rulings())

    # ---- files

    def write(self, name: str, text: str) -> Path:
        """Write a file below the results folder whole, or not at all."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
        return path

    def _forget(self, student: str) -> None:
        self._database.execute("delete from execution where student = ?", (student,))
        self._database.execute("delete from grade where student = ?", (student,))

    def _remove_strangers(self, students: set[str]) -> None:
        folder = self.root / "students"
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in students:
                shutil.rmtree(path, ignore_errors=True)


def _plain(student: str) -> str:
    """A student's name, if it names a folder and nothing above or below one."""
    if student in ("", ".", "..") or Path(student).name != student:
        raise HarnessError(f"The student {student!r} has a name that is no folder's.")
    return student


def _connect(root: Path) -> sqlite3.Connection:
    """Open the gradebook for this process alone, until it ends."""
    path = root / DATABASE
    try:
        database = sqlite3.connect(path, timeout=1.0, isolation_level="IMMEDIATE")
        database.execute("pragma locking_mode = exclusive")
        database.execute("begin exclusive")
        _prepare(database, path)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise UsageError(f"Another grader is at work on {root}; try again when it is done.") from None
        raise UsageError(f"The gradebook {path} can't be opened: {error}.") from None
    except sqlite3.DatabaseError:
        raise _damaged(path) from None
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new gradebook; refuse one that is damaged, or not of this release."""
    (version,) = database.execute("pragma user_version").fetchone()
    (tables,) = database.execute("select count(*) from sqlite_master").fetchone()
    if tables and version != VERSION:
        raise UsageError(
            f"{path} was not made by this release of grader. Name another results folder; "
            "a new run fills it from the same hand-ins."
        )
    if database.execute("pragma quick_check(1)").fetchone() != ("ok",):
        raise _damaged(path)
    database.rollback()  # the lock stays
    if not tables:
        database.executescript(f"begin exclusive; {SCHEMA} commit;")


def _damaged(path: Path) -> UsageError:
    return UsageError(
        f"{path} is damaged or no gradebook. Name another results folder; a new run fills it from the same "
        "hand-ins."
    )
