"""The sandbox for an ordinary user. Run as root, these tests switch to one."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from machine import in_reach_of_all, lacks, need_a_reachable_checkout

from grader.places import PACKAGE

NOBODY = "65534"
SCRIPT = """
import json, resource, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import nbformat
from grader.execution import worker
from grader.kernel import KernelRequest
from grader.kernel.guard import run_notebook
from grader.kernel.sandbox import Mode, sandbox
from grader.limits import Limits

data = Path(tempfile.mkdtemp())
(data / "FashionMNIST" / "raw").mkdir(parents=True)
limits = Limits(memory=1 << 30, tmp_size=400 << 20)

def run(cells):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with launcher.kernel(KernelRequest(seed=1, data=data, limits=limits)) as kernel:
        ran = run_notebook(
            nb, kernel, limits=limits, cell_deadline=30.0, notebook_deadline=60.0, on_cell=lambda _: None
        )
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in nb.cells]
    return ran.ending, ran.detail, texts, time.monotonic()

if __name__ == "__main__":
    mode, notebooks, files, at_once = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, files)
    worker.prepare()
    with sandbox(Mode(mode), data, limits=limits) as launcher, ThreadPoolExecutor(at_once) as pool:
        print(json.dumps([dict(launcher.enforced), *pool.map(run, notebooks)]))
"""
FILES = (1024, 20_000)
"""The soft and the hard limit of open files that a shell commonly has."""
CELLS = (
    "import os; print(os.getuid(), os.listdir('/work'))",
    "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))",
    "print([line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line])",
    "print(open('/proc/sys/kernel/hostname', 'w'))",
    "import os; print(sorted(p for p in os.listdir('/proc') if p.isdigit())[:2])",
    "import torch; torch.ones(1 << 32)",
)
FILL_FOLDERS = """
import time
for folder in ("/tmp", "/work", "/dev/shm"):
    with open(f"{folder}/big", "wb", buffering=0) as file:
        try:
            while True: file.write(bytes(1 << 20))
        except OSError: pass
time.sleep(60)
"""
SHARE_MEMORY = """
import mmap, os, time
blocks = [mmap.mmap(-1, 400 << 20) for _ in range(3)]
for block in blocks:
    if os.fork() == 0:
        for page in range(0, 400 << 20, 1 << 12): block[page] = 1
        os._exit(0)
    os.wait()
time.sleep(60)
"""
"""Filled by processes that have ended: no living one has a page of it in its own table."""
SEND_DESCRIPTORS = """
import array, os, socket, time
descriptors = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 250)
kept, count = [], 0
try:
    while True:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        kept += [ours, theirs]
        ours.setblocking(False)
        try:
            while True:
                ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
                count += 250
        except BlockingIOError: pass
except OSError as error:
    print(error.errno, count)
time.sleep(15)
"""
"""Never received, these descriptors stay on their way, which counts against a limit of the user."""


def as_nobody(*command, seconds=180):
    drop = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups"
    return in_reach_of_all(*command, seconds=seconds, drop=drop)


def run_as_nobody(mode, *notebooks, files=FILES, at_once=1):
    """What holds in the sandbox, and how each notebook ended: ending, detail, output by cell, and when."""
    need_a_reachable_checkout()
    done = as_nobody(sys.executable, "-c", SCRIPT, json.dumps([mode, notebooks, files, at_once]))
    if "does not start here" in done.stderr:
        lacks("sandbox", done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.system
@pytest.mark.parametrize("mode", ["nested", "single", "cold"])
def test_sandbox_of_an_ordinary_user(mode):
    enforced, *runs = run_as_nobody(mode, CELLS, [FILL_FOLDERS], [SHARE_MEMORY])
    ending, detail, texts, _ = runs[0]
    assert texts[:3] == ["1000 []\n", "-1\n", "['lo']\n"]
    assert texts[3] == ""
    assert texts[4].startswith("['1', '2'")
    assert (ending, detail[:6]) == ("memory", "cell 6")
    assert enforced["mode"] == mode
    for ending, detail, *_ in runs[1:]:
        assert (ending, "the limit is 1.0 GiB" in detail) == ("memory", True), detail


@pytest.mark.system
def test_every_attack_as_an_ordinary_user():
    """The same suite once more, in the mode that such a user gets; root runs it in all three."""
    need_a_reachable_checkout()
    root, room = PACKAGE.parent, Path(tempfile.gettempdir(), f"ga-{os.getpid()}")
    command = [
        sys.executable, "-m", "pytest", "-c", f"{root}/pyproject.toml", f"{root}/tests/kernel/test_attacks.py",
        "-k", "nested", "-p", "no:cacheprovider", "--basetemp", str(room), "-rs",
    ]  # fmt: skip
    try:
        done = as_nobody(*command, seconds=3600)
    finally:
        shutil.rmtree(room, ignore_errors=True)
    if "does not start here" in done.stdout:
        lacks("sandbox", done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:]
    assert "skipped" not in done.stdout


@pytest.mark.system
@pytest.mark.parametrize("files", [FILES, (512, 512)], ids=["can be raised", "few"])
def test_descriptors_on_their_way_keep_no_other_kernel_from_starting(files):
    _, attack, bystander = run_as_nobody(
        "nested", [SEND_DESCRIPTORS], ["import time; time.sleep(3)", "print(6 * 7)"], files=files, at_once=2
    )
    assert attack[2][0].startswith("109 ")  # too many references
    assert (bystander[0], bystander[2][1]) == ("finished", "42\n")
