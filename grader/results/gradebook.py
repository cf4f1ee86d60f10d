"""The database of a results folder: its tables, and how a gradebook is created, opened and brought up to date.

Nothing here knows what the rows mean; `store` reads and writes them.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from typing import TYPE_CHECKING

from grader.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "gradebook.sqlite"
VERSION = 2
"""Of the tables below, kept in the database as its `user_version`."""

SCHEMA = """
create table run (          -- what the results were made with
    name      text primary key,
    value     text not null               -- JSON
);
create table student (      -- the class as last handed in
    student   text primary key,
    position  integer not null,           -- order in the class
    origin    text not null,              -- where the submission was found
    roster    text not null               -- JSON: what the course knows besides the notebook
);
create table execution (    -- each row stands for one whole folder below students/
    student   text primary key,
    key       text not null,              -- what the run depended on, hashed
    ending    text not null,
    record    text not null,              -- execution.json
    at        text not null default current_timestamp
);
create table grade (
    student   text primary key,
    key       text not null,              -- execution, rubric, reference and roster, hashed
    result    text not null,              -- result.json
    at        text not null default current_timestamp
);
create table ruling (       -- what people decided; rows are only ever added
    number    integer primary key,
    check_id  text not null,
    meaning   text not null,              -- the code of the answer that it is about; once, of a group
    student   text not null,              -- empty: all who gave this answer
    points    text not null,
    comment   text not null,
    by        text not null,
    at        text not null
);
"""
TABLES = {"run", "student", "execution", "grade", "ruling"}
MIGRATIONS = {
    1: """
alter table student rename column facts to roster;
alter table execution rename column facts to record;
""",
}
"""How the tables of each version become those of the next one."""


def connect(root: Path) -> sqlite3.Connection:
    """Open the gradebook of a results folder for this process alone, until the connection is closed.

    A new one gets its tables, an older one becomes one of this version; both happen whole or not at all.

    Raises:
        UsageError: another process has it, it is damaged, of a newer release, or not a gradebook.
    """
    path = root / DATABASE
    try:
        with ExitStack() as until_it_is_ready:
            database = sqlite3.connect(path, timeout=1.0, isolation_level="IMMEDIATE")
            until_it_is_ready.callback(database.close)
            database.execute("pragma locking_mode = exclusive")
            database.execute("begin exclusive")
            _bring_up_to_date(database, path)
            until_it_is_ready.pop_all()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise UsageError(f"Another grader is at work on {root}; try again when it is done.") from None
        raise UsageError(f"The gradebook {path} can't be opened: {error}.") from None
    except sqlite3.DatabaseError:
        raise _unusable(path, "is damaged, or not a gradebook") from None
    return database


def _bring_up_to_date(database: sqlite3.Connection, path: Path) -> None:
    version = _version(database, path)
    if database.execute("pragma quick_check(1)").fetchone() != ("ok",):
        raise _unusable(path, "is damaged, or not a gradebook")
    database.rollback()  # the lock stays
    if version < VERSION:
        steps = [MIGRATIONS[step] for step in range(version, VERSION)] if version else [SCHEMA]
        database.executescript(f"begin exclusive; {''.join(steps)} pragma user_version = {VERSION}; commit;")


def _version(database: sqlite3.Connection, path: Path) -> int:
    """Of the tables in a database; 0 if it has none yet."""
    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if not tables:
        return 0
    version: int = database.execute("pragma user_version").fetchone()[0]
    if version < 1 or not tables >= TABLES:
        raise _unusable(path, "is not a gradebook")
    if version > VERSION:
        raise UsageError(
            f"{path} was written by a newer release of grader (version {version} of the gradebook; this release "
            f"knows {VERSION}). Update grader to go on with it."
        )
    return version


def _unusable(path: Path, problem: str) -> UsageError:
    return UsageError(
        f"{path} {problem}. Name another results folder; a new run fills it from the same submissions."
    )
