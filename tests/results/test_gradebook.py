"""A gradebook is created, opened by one process alone, brought up to date whole, and refused in clear words."""

import contextlib
import re
import sqlite3
import subprocess
import sys

import pytest

from grader.errors import UsageError
from grader.results import gradebook
from grader.results.gradebook import DATABASE, MIGRATIONS, SCHEMA, VERSION, connect

REMEDY = "Name another results folder; a new run fills it from the same submissions."
FIRST = """
create table run (name text primary key, value text not null);
create table student (
    student text primary key, position integer not null, origin text not null, facts text not null
);
create table execution (
    student text primary key, key text not null, ending text not null, facts text not null,
    at text not null default current_timestamp
);
create table grade (
    student text primary key, key text not null, result text not null, at text not null default current_timestamp
);
create table ruling (
    number integer primary key, check_id text not null, meaning text not null, student text not null,
    points text not null, comment text not null, by text not null, at text not null
);
insert into student values ('ada', 0, 'ada/hw.ipynb', '{"participated": "yes"}');
insert into execution values ('ada', 'key', 'finished', '{"student": "ada"}', '2026-01-02 03:04:05');
pragma user_version = 1;
"""
"""The tables of version 1."""

FIFTH = """
create table run (name text primary key, value text not null);
create table student (
    student text primary key, position integer not null, origin text not null, roster text not null,
    enrolled text not null default '{}'
);
create table execution (
    student text primary key, key text not null, ending text not null, record text not null,
    at text not null default current_timestamp, conditions text not null default '{}', run text not null default ''
);
create table grade (
    student text primary key, key text not null, result text not null, at text not null default current_timestamp
);
create table ruling (
    number integer primary key, check_id text not null, meaning text not null, student text not null,
    points text not null, comment text not null, by text not null, at text not null,
    assignment text not null default '', withdrawn text not null default ''
);
create table version (
    number integer primary key, ruling integer not null, at text not null default current_timestamp, last integer
);
create table earlier_grade (
    version integer not null, student text not null, execution text not null, key text not null,
    result text not null, primary key (version, student)
);
insert into ruling values (4, 'test_one', '=a1', 'ada', '0.5', '', 'me', '', 'hw1', '2026-01-03');
insert into ruling values (7, 'test_one', '=a1', '', '0.25', '', 'me', '', 'hw1', '');
pragma user_version = 5;
"""
"""The tables of version 5."""


@pytest.fixture
def root(tmp_path):
    return tmp_path


@pytest.fixture
def book(root):
    """Look into a gradebook, or write one, past our own code."""

    def book(script="", query="pragma user_version"):
        with contextlib.closing(sqlite3.connect(root / DATABASE)) as database:
            database.executescript(script)
            return database.execute(query).fetchall()

    return book


def opened(root):
    connect(root).close()


def refusal(root):
    with pytest.raises(UsageError) as refused:
        connect(root)
    return str(refused.value)


def columns(book):
    """The names of all columns, by table."""
    tables = book(query="select name from sqlite_master where type = 'table' order by name")
    return {table: [column[1] for column in book(query=f"pragma table_info({table})")] for (table,) in tables}


def test_a_new_gradebook_has_the_tables_of_this_version(root, book):
    opened(root)
    assert book() == [(VERSION,)]
    assert set(columns(book)) > gradebook.TABLES
    opened(root)
    assert book() == [(VERSION,)]


def test_an_empty_file_becomes_a_gradebook(root, book):
    """Left by a run that was killed while it made one."""
    (root / DATABASE).touch()
    opened(root)
    assert book() == [(VERSION,)]


def test_a_gradebook_of_version_1_gets_todays_columns_and_keeps_its_rows(root, book):
    book(FIRST)
    opened(root)
    assert book() == [(VERSION,)]
    assert book(query="select roster from student") == [('{"participated": "yes"}',)]
    assert book(query="select * from execution") == [
        ("ada", "key", "finished", '{"student": "ada"}', "2026-01-02 03:04:05", "{}", "")
    ]
    migrated = columns(book)
    (root / DATABASE).unlink()
    opened(root)
    assert migrated == columns(book), "an old gradebook must end with the columns of a new one"


def test_a_gradebook_of_version_5_keeps_its_rulings(root, book):
    book(FIFTH)
    opened(root)
    assert book() == [(VERSION,)]
    assert book(query="select number, check_id, points, withdrawn, machine, tally, decision from ruling") == [
        (4, "test_one", "0.5", "2026-01-03", "", "", 4),
        (7, "test_one", "0.25", "", "", "", 7),
    ]
    migrated = columns(book)
    (root / DATABASE).unlink()
    opened(root)
    assert migrated == columns(book)


def test_there_is_a_step_from_each_earlier_version():
    assert sorted(MIGRATIONS) == list(range(1, VERSION))


def test_a_step_that_fails_leaves_the_gradebook_as_it_was(root, book, monkeypatch):
    book(FIRST)
    before = (columns(book), book("", "select * from student"))
    with monkeypatch.context() as patch:
        patch.setitem(MIGRATIONS, 1, MIGRATIONS[1] + "alter table gone rename to back;")
        assert refusal(root) == (
            f"{root / DATABASE} is damaged, or was changed by another program: no such table: gone. {REMEDY}"
        )
    assert book() == [(1,)]
    assert (columns(book), book("", "select * from student")) == before
    opened(root)
    assert book() == [(VERSION,)]


def test_a_gradebook_of_a_newer_release_is_refused_and_kept(root, book):
    opened(root)
    book(f"pragma user_version = {VERSION + 1}")
    before = (root / DATABASE).read_bytes()
    assert refusal(root) == (
        f"{root / DATABASE} was written by a newer release of grader (version {VERSION + 1} of the gradebook; "
        f"this release knows {VERSION}). Update grader to use it."
    )
    assert (root / DATABASE).read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, VERSION, 99])
def test_a_database_of_another_program_is_refused_and_kept(root, book, version):
    book(f"create table grade (mine text); pragma user_version = {version}")
    before = (root / DATABASE).read_bytes()
    assert refusal(root) == f"{root / DATABASE} is not a gradebook. {REMEDY}"
    assert (root / DATABASE).read_bytes() == before


DAMAGES = {
    "another file": lambda data: b"Dear diary, " * len(data),
    "cut short": lambda data: data[: len(data) // 2 + 100],
    "overwritten": lambda data: data[:4096] + b"\xff" * 4096 + data[8192:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_gradebook_is_refused_and_kept(root, damage):
    opened(root)
    path = root / DATABASE
    path.write_bytes(damaged := damage(path.read_bytes()))
    assert refusal(root) == f"{path} is damaged, or not a gradebook. {REMEDY}"
    assert path.read_bytes() == damaged


def test_one_process_has_it_alone(root):
    """The second is told why it has to wait."""
    code = f"from pathlib import Path; from grader.results.gradebook import connect; connect(Path({str(root)!r}))"
    with contextlib.closing(connect(root)):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"UsageError: Another grader is at work on {root}; try again when it is done." in other.stderr
        assert refusal(root) == f"Another grader is at work on {root}; try again when it is done."
    opened(root)


def test_a_folder_that_is_not_there_is_named(root):
    assert re.fullmatch(
        r"The gradebook .*/gone/gradebook.sqlite can't be opened: .*\.", refusal(root / "gone")
    )


def test_each_column_that_holds_json_says_what_it_holds():
    documented = [
        line for line in SCHEMA.splitlines() if line.lstrip().startswith(("value", "roster", "record"))
    ]
    assert all("-- " in line for line in documented)
    assert len(documented) == 3
