"""Notebooks run as another user, where root has no sandbox: what a hostile one can reach, and what stays of it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from machine import in_reach_of_all, lacks, need_a_reachable_checkout

from grader.errors import HarnessError, UsageError
from grader.kernel import another_user as module
from grader.kernel import sandbox
from grader.kernel.processes import has_processes
from grader.kernel.sandbox import best_launcher
from grader.limits import Limits

SCRIPT = """
import json, sys
import nbformat
from grader.errors import HarnessError
from grader.kernel import KernelRequest, sandbox
from grader.kernel.guard import run_notebook
from grader.limits import Limits

def refused(*_, **__):
    raise HarnessError("a container forbids it")

sandbox.sandbox = refused
limits = Limits(memory=1 << 30)
cells = [nbformat.v4.new_code_cell(cell) for cell in json.loads(sys.argv[1])]
nb = nbformat.v4.new_notebook(cells=cells)
with sandbox.best_launcher(None, limits=limits, or_another_user=True) as launcher:
    support = [("notes.txt", sys.argv[2])]
    with launcher.kernel(KernelRequest(seed=1, data=None, limits=limits, support=support)) as kernel:
        ran = run_notebook(
            nb, kernel, limits=limits, cell_deadline=60.0, notebook_deadline=120.0, on_cell=lambda _: None
        )
outputs = [
    "".join(each.get("text", "") or each.get("ename", "") for each in cell.outputs) for cell in nb.cells
]
print(json.dumps([ran.ending, dict(launcher.enforced), outputs]))
"""
HOSTILE = {
    "reads what was handed in": ("print(open('notes.txt').read())", "mine\n"),
    "writes in its own folders": (
        "import os, tempfile; open('a', 'w'); tempfile.TemporaryFile(); print(os.listdir('.'))",
        "['notes.txt', 'a']\n",
    ),
    "lists the rubric": ("import os; os.listdir('{root}/source')", "PermissionError"),
    "reads the rubric": ("open('{root}/source/test_it.py')", "PermissionError"),
    "writes results": ("open('{root}/results/results.json', 'w')", "PermissionError"),
    "replaces results": ("os.rename('{root}/results', '{root}/away')", "PermissionError"),
    "kills the grader": ("os.kill(os.getppid(), 9)", "PermissionError"),
    "kills another process": ("os.kill({victim}, 9)", "PermissionError"),
    "reads the grader's environment": ("open(f'/proc/{{os.getppid()}}/environ').read()", "PermissionError"),
    "reads the grader's memory": ("open(f'/proc/{{os.getppid()}}/mem', 'rb')", "PermissionError"),
    "becomes root": ("os.setuid(0)", "PermissionError"),
    "becomes root by a program": (
        "import subprocess; print(subprocess.run(['su', '-c', 'id'], capture_output=True).returncode)", "1\n",
    ),
    "has root's groups": ("print(set(os.getgroups()) | {{os.getgid()}} == {{os.getuid()}})", "True\n"),
    "enters a namespace": ("import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))", "-1\n"),
    "raises its limits": (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, 1 << 40))", "ValueError",
    ),
    "takes all memory": ("bytes(4 << 30)", "MemoryError"),
    "leaves a process behind": (
        "child = subprocess.Popen(['setsid', 'sh', '-c', 'sleep 600 & sleep 600']); print(child.pid)",
        None,
    ),
}  # fmt: skip
"""What it tries, and what a cell shows."""


@pytest.fixture(scope="module")
def world():
    """A folder as Gradescope lays it out, where every user may enter it, and a process of root's."""
    if os.geteuid() != 0:
        lacks("sandbox", "only root can run notebooks as another user")
    need_a_reachable_checkout()
    root = Path(tempfile.mkdtemp(prefix="autograder-", dir="/tmp"))  # pytest's are closed to others
    root.chmod(0o755)
    for name, mode in (("source", 0o700), ("results", 0o700), ("submission", 0o755)):
        (root / name).mkdir(mode=mode)
    (root / "source/test_it.py").write_text("SOLUTION = 42")
    (root / "results/results.json").write_text("{}")
    (root / "submission/notes.txt").write_text("mine")
    victim = subprocess.Popen(["sleep", "600"])
    yield root, victim
    victim.kill()
    victim.wait()
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def attacked(world):
    root, victim = world
    cells = [cell.format(root=root, victim=victim.pid) for cell, _ in HOSTILE.values()]
    done = in_reach_of_all(
        sys.executable, "-c", SCRIPT, json.dumps(cells), str(root / "submission/notes.txt")
    )
    assert done.returncode == 0, done.stderr
    ending, enforced, outputs = json.loads(done.stdout)
    return ending, enforced, dict(zip(HOSTILE, outputs, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("attempt", [name for name, (_, shown) in HOSTILE.items() if shown is not None])
def test_a_hostile_notebook_gets(attacked, attempt):
    assert attacked[2][attempt] == HOSTILE[attempt][1]


@pytest.mark.slow
def test_nothing_of_it_stays_and_everything_else_does(world, attacked):
    (root, victim), (_, enforced, outputs) = world, attacked
    user = int(enforced["user"].removeprefix("uid ").partition(",")[0])
    assert int(outputs["leaves a process behind"]) > 0
    assert not has_processes(user)
    assert victim.poll() is None
    assert (root / "results/results.json").read_text() == "{}"


@pytest.mark.slow
def test_what_does_not_hold_is_said(attacked):
    said = attacked[1]
    assert (said["mode"], said["network"]) == ("another user", "not confined")
    assert said["filesystem"] == "what every user can read"
    assert said["seccomp"] is True


@pytest.mark.parametrize(
    ("user", "allowed", "said"),
    [
        (0, False, "no sandbox starts"),
        (1000, True, "another user: only root can run notebooks as another user"),
    ],
)
def test_only_where_it_is_allowed_and_only_by_root(monkeypatch, user, allowed, said):
    monkeypatch.setattr(module.os, "geteuid", lambda: user)
    monkeypatch.setattr(sandbox, "SANDBOXES", ())
    with pytest.raises(UsageError, match=said), best_launcher(None, limits=Limits(), or_another_user=allowed):
        pass


def test_a_user_with_processes_is_nobody_to_run_notebooks_as(monkeypatch):
    monkeypatch.setattr(module.os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "HIGHEST_USER", os.getuid())
    monkeypatch.setattr(module, "USERS", 1)
    with pytest.raises(HarnessError, match="has processes here"):
        module.another_user(Limits())
