"""Control groups: a limit that no process can evade, and no limit where none can be set."""

import os
import subprocess
import sys

import pytest
from machine import lacks

from grader.kernel import cgroup
from grader.kernel.cgroup import HEADROOM, Group

MIB = 1 << 20
GREEDY = """
import os
input()
reader, writer = os.pipe()
os.fork()
block = bytearray({size})
os.close(writer)
os.read(reader, 1)  # until the other process has its block as well, or is dead
"""


@pytest.fixture
def group():
    group = Group.create(64 * MIB)
    if group.folder is None:
        lacks("sandbox", "this user may not make control groups here")
    yield group
    for _ in range(10):  # on a busy machine, processes take long to be gone
        group.remove()
        if not group.folder.exists():
            return
    pytest.fail(f"{group.folder} is still there")


def allocate_twice(group, size):
    """Run two processes in `group` that use `size` bytes each. Returns the exit code of the first."""
    command = [sys.executable, "-c", GREEDY.format(size=size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        group.add([process.pid])
        process.communicate("go\n")
    return process.returncode


def test_processes_that_have_too_much_together_are_killed(group):
    allocate_twice(group, 400 * MIB)
    assert group.kills > 0


def test_within_the_limit_nothing_happens(group):
    allocate_twice(group, 30 * MIB)
    assert group.kills == 0


def test_one_process_meets_its_own_limit_first(group):
    limit = next(
        (group.folder / version.limit).read_text()
        for version in cgroup.VERSIONS
        if (group.folder / version.limit).is_file()
    )
    assert int(limit) == 64 * MIB + HEADROOM


def test_a_group_whose_harness_was_killed_is_swept_away(group):
    with subprocess.Popen(["true"]) as process:
        process.wait()
    left = group.folder.with_name(f"grader-{process.pid}-left")
    left.mkdir()
    Group.create(MIB).remove()
    assert not left.exists()
    assert group.folder.exists()


def test_what_it_computes_is_one_share_of_the_processor(group):
    if group.cpu is None:
        lacks("sandbox", "this user may not make control groups for the processor here")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        group.add([process.pid])
        assert (group.cpu / "cgroup.procs").read_text().split() == [str(process.pid)]
    assert group.held.keys() == {"memory", "processor"}
    group.remove()
    assert not group.cpu.exists()


@pytest.mark.parametrize("files", [(), ("cgroup.procs",)], ids=["nothing there", "another controller"])
def test_without_a_tree_to_write_to_nothing_is_held_back(monkeypatch, tmp_path, files):
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    for name in files:
        (tmp_path / name).touch()
    group = Group.create(MIB)
    assert group.folder is None
    group.add([os.getpid()])
    assert group.kills == 0
    assert group.cpu_seconds is None
    assert group.held == {}
    group.remove()
    assert [path.name for path in tmp_path.iterdir()] == list(files)


@pytest.mark.parametrize("shares", [True, False])
def test_version_2_is_taken_where_it_limits_memory(monkeypatch, tmp_path, shares):
    """Tested with fake files, since hardly any machine limits memory by version 2 and version 1."""
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    make = cgroup.Path.mkdir

    def mkdir(path, *arguments, **options):
        make(path, *arguments, **options)
        (path / "memory.max").write_text("max\n")
        if shares:
            (path / "cpu.weight").write_text("100\n")
        (path / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
        (path / "cgroup.procs").touch()
        (path / "cpu.stat").write_text("usage_usec 1250000\nuser_usec 1000000\n")

    monkeypatch.setattr(cgroup.Path, "mkdir", mkdir)
    group = Group.create(MIB)
    assert group.folder.parent == tmp_path
    assert (group.folder / "memory.max").read_text().startswith(str(MIB + HEADROOM))
    assert group.kills == 2
    assert group.cpu_seconds == 1.25
    assert group.held == ({"memory": 2, "processor": 2} if shares else {"memory": 2})
    group.add([os.getpid()])
    assert (group.folder / "cgroup.procs").read_text() == str(os.getpid())
