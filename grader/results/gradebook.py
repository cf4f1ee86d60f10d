"""The database of a results folder: its tables, and how a gradebook is created, opened and brought up to date.

Nothing here knows what the rows mean; `store` reads and writes them.
"""

from __future__ import annotations

import errno
import sqlite3
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from grader.errors import NO_ROOM, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

DATABASE = "gradebook.sqlite"
VERSION = 6
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
    roster    text not null,              -- JSON: what the course knows besides the notebook
    enrolled  text not null default '{}'  -- JSON: who it is, and when the work came
);
create table execution (    -- each row stands for one whole folder below students/
    student   text primary key,
    key       text not null,              -- what the run depended on, hashed
    ending    text not null,
    record    text not null,              -- execution.json
    at        text not null default current_timestamp,
    conditions text not null default '{}', -- JSON: what the assignment gave the run, hashed part by part
    run       text not null default ''    -- of each run another, even with the same key
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
    meaning   text not null,              -- the code of the answer; once, of a group; empty: a note, see rulings
    student   text not null,              -- empty: all who gave this answer
    points    text not null,
    comment   text not null,
    by        text not null,
    at        text not null,
    assignment text not null default '',  -- empty: unknown, so the one of this folder
    withdrawn text not null default '',   -- when it was undone; empty: it counts
    machine   text not null default '',   -- what it overrules, as a sentence; empty: the check was left open
    tally     text not null default '',   -- JSON: how its points add up; empty: they were given as a number
    decision  integer not null default 0  -- the number of the first ruling of the same decision
);
"""
_RULING_6 = """
alter table ruling add column machine text not null default '';
alter table ruling add column tally text not null default '';
alter table ruling add column decision integer not null default 0;
update ruling set decision = number;
"""
_DECISIONS_6 = """
create table item (         -- versions of what earns or costs points; rows are only ever added
    number    integer primary key,        -- counted together with those of rulings and of undone
    check_id  text not null,
    words     text not null,
    points    text not null,              -- empty: withdrawn
    by        text not null,              -- empty: the rubric
    at        text not null,
    replaces  integer not null            -- the version before; 0: none
);
create table undone (       -- decisions that no longer count; rows are only ever added
    number    integer primary key,
    decision  integer not null,
    by        text not null,
    at        text not null
);
"""
_VERSIONS_3 = """
create table version (      -- the state before each regrade
    number    integer primary key,
    ruling    integer not null,           -- the last ruling that there was
    at        text not null default current_timestamp
);
create table earlier_grade ( -- the grades that a regrade replaced
    version   integer not null,
    student   text not null,
    execution text not null,              -- the key and the id of the run that it judged
    key       text not null,
    result    text not null,
    primary key (version, student)
);
"""
_LAST_RULING = """
alter table version add column last integer; -- the last ruling of the regrade; null: unknown, of an earlier release
"""
_RULES_6 = (
    "alter table version add column rules text; -- JSON: the course's rules before; null: not changed\n"
)
VERSIONS = _VERSIONS_3 + _LAST_RULING + _DECISIONS_6 + _RULES_6
TABLES = {"run", "student", "execution", "grade", "ruling"}
"""Those of every version."""
MIGRATIONS = {
    1: """
alter table student rename column facts to roster;
alter table execution rename column facts to record;
""",
    2: "\n".join(  # noqa: FLY002 - two constants
        (
            """
alter table execution add column conditions text not null default '{}';
alter table ruling add column assignment text not null default '';
alter table ruling add column withdrawn text not null default '';
update ruling set assignment = coalesce(
    (select json_extract(result, '$.assignment') from grade where json_valid(result) limit 1), ''
);
""",
            _VERSIONS_3,
        )
    ),
    3: f"alter table execution add column run text not null default ''; {_LAST_RULING}",
    4: "alter table student add column enrolled text not null default '{}';",
    5: _RULING_6 + _DECISIONS_6 + _RULES_6,
}
"""How the tables of each version become those of the next one."""


def connect(root: Path, *, searched: bool = True) -> sqlite3.Connection:
    """Open the gradebook of a results folder for this process alone, until the connection is closed.

    A new one gets its tables, an older one becomes one of this version; both happen whole or not at all. With
    `searched`, all of it is searched for damage, which takes a second for a thousand students.

    Raises:
        UsageError: another process has it, it is damaged, of a newer release, or not a gradebook.
    """
    path = root / DATABASE
    with suppress(OSError):  # what keeps us from it, SQLite says below
        if not path.exists():
            path.touch(mode=0o600)
        path.chmod(0o600)
    try:
        with ExitStack() as until_it_is_ready:
            database = sqlite3.connect(path, timeout=1.0, isolation_level="IMMEDIATE")
            until_it_is_ready.callback(database.close)
            database.execute("pragma locking_mode = exclusive")
            database.execute("pragma secure_delete = on")
            database.execute("begin exclusive")
            _bring_up_to_date(database, path, searched=searched)
            until_it_is_ready.pop_all()
    except sqlite3.OperationalError as error:
        raise explained(root, error) from None
    except sqlite3.DatabaseError:
        raise unusable(root, "is damaged, or not a gradebook") from None
    return database


def explained(root: Path, error: sqlite3.Error | OSError) -> UsageError:
    """What keeps a results folder from being read or written, and what to do about it."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    number = error.errno if isinstance(error, OSError) else None
    if "locked" in text:
        return UsageError(f"Another grader is at work on {root}; try again when it is done.")
    if "full" in text or number in NO_ROOM:
        return UsageError(
            f"There is no room left for {root}: {text}. Free some space and run the same command again; what was "
            "graded is kept."
        )
    if "readonly" in text or isinstance(error, OSError):
        return UsageError(
            f"{root} can't be written: {text}. Make it writable, or name another results folder; what was graded "
            "is kept."
        )
    if isinstance(error, sqlite3.OperationalError) and "no such" not in text:
        return UsageError(
            f"The gradebook {root / DATABASE} can't be opened: {text}. Make the folder writable, or name another "
            "one with -o."
        )
    return unusable(root, f"is damaged, or was changed by another program: {text}")


@contextmanager
def explaining(root: Path) -> Iterator[None]:
    """Say in one line what is wrong with the gradebook, or with the disk that holds the results."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(root, error) from error
    except OSError as error:
        place = str(error.filename or "")
        if error.errno not in (*NO_ROOM, errno.EROFS) and not (
            error.errno in (errno.EACCES, errno.EPERM) and place.startswith(str(root))
        ):
            raise
        raise explained(root, error) from error


@contextmanager
def unchanged(root: Path) -> Iterator[None]:
    """For what is read from columns that nobody but us writes."""
    try:
        yield
    except (ValueError, TypeError, ArithmeticError) as error:
        raise unusable(root, f"was changed by another program ({error!r})") from error


def is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


_KNOWN_BY = ", ".join(f"json_extract(each.value, '$.{key}')" for key in ("name", "id", "email"))
_IS_NAMED = f":student in ({_KNOWN_BY})"
_OFF_THE_LIST = f"""
update run set value = (
    select json_group_array(json(each.value)) from json_each(run.value) as each where ({_IS_NAMED}) is not true
)
where name = 'missing' and exists (select 1 from json_each(run.value) as each where {_IS_NAMED})
"""  # noqa: S608 - no value of a user's
"""Takes who handed in nothing off the list of those, by name, id or address."""


def forget(database: sqlite3.Connection, student: str, answers: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Delete a student's rows in all tables, and the rulings on answers that nobody else gave.

    Nothing of them stays in the file. Returns how many rows of each table were deleted.
    """
    tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
    deleted: dict[str, int] = {}
    with database:
        for table in tables:
            columns = {column[1] for column in database.execute(f'pragma table_info("{table}")')}
            if "student" in columns:
                query = f'delete from "{table}" where student = ?'  # noqa: S608 - no value of a user's
                deleted[table] = database.execute(query, (student,)).rowcount
            elif table == "run" and columns == {"name", "value"}:
                deleted["roster row"] = database.execute(_OFF_THE_LIST, {"student": student}).rowcount
        for check, meaning in answers if "ruling" in deleted else ():  # other programs have databases, too
            query = "delete from ruling where check_id = ? and meaning = ? and student = ''"
            deleted["ruling"] += database.execute(query, (check, meaning)).rowcount
        if "undone" in tables and "ruling" in deleted:
            database.execute("delete from undone where decision not in (select decision from ruling)")
    if any(deleted.values()):
        database.execute("vacuum")
        database.execute("pragma wal_checkpoint(truncate)")
    return deleted


def state(root: Path) -> tuple[int, ...]:
    """Another one after each change. Ask while you have the gradebook open: then nobody else changes it."""
    path = root / DATABASE
    with path.open("rb") as file:
        file.seek(24)
        changes = file.read(4)  # SQLite's file change counter
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, int.from_bytes(changes, "big")


def _bring_up_to_date(database: sqlite3.Connection, path: Path, *, searched: bool) -> None:
    version = _version(database, path)
    if searched and database.execute("pragma quick_check(1)").fetchone() != ("ok",):
        raise unusable(path.parent, "is damaged, or not a gradebook")
    database.rollback()  # the lock stays
    if version < VERSION:
        steps = [MIGRATIONS[step] for step in range(version, VERSION)] if version else [SCHEMA, VERSIONS]
        database.executescript(f"begin exclusive; {''.join(steps)} pragma user_version = {VERSION}; commit;")


def _version(database: sqlite3.Connection, path: Path) -> int:
    """Of the tables in a database; 0 if it has none yet."""
    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if not tables:
        return 0
    version: int = database.execute("pragma user_version").fetchone()[0]
    if version < 1 or not tables >= TABLES:
        raise unusable(path.parent, "is not a gradebook")
    if version > VERSION:
        raise UsageError(
            f"{path} was written by a newer release of grader (version {version} of the gradebook; this release "
            f"knows {VERSION}). Update grader to use it."
        )
    return version


def unusable(root: Path, problem: str) -> UsageError:
    return UsageError(
        f"{root / DATABASE} {problem}. Name another results folder; a new run fills it from the same submissions."
    )
