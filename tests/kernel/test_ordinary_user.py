"""The sandbox for an ordinary user. Run as root, these tests switch to one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import lacks

from grader.kernel import interface

NOBODY = "65534"
SCRIPT = """
import json, sys, tempfile
from pathlib import Path
import nbformat
from grader.kernel import KernelRequest
from grader.kernel.guard import run_notebook
from grader.kernel.sandbox import Mode, sandbox
from grader.limits import Limits

data = Path(tempfile.mkdtemp())
(data / "FashionMNIST" / "raw").mkdir(parents=True)
limits = Limits(memory=1 << 30)
cells = json.loads(sys.argv[2])
nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
with sandbox(Mode(sys.argv[1]), data, limits=limits) as launcher:
    with launcher.kernel(KernelRequest(seed=1, data=data, limits=limits)) as kernel:
        run = run_notebook(
            nb, kernel, limits=limits, cell_deadline=30.0, notebook_deadline=60.0, on_cell=lambda _: None
        )
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in nb.cells]
    print(json.dumps([run.ending, run.detail, texts, dict(launcher.enforced)]))
"""
CELLS = (
    "import os; print(os.getuid(), os.listdir('/work'))",
    "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))",
    "import socket; print(socket.if_nameindex())",
    "print(open('/proc/sys/kernel/hostname', 'w'))",
    "import os; print(sorted(p for p in os.listdir('/proc') if p.isdigit())[:2])",
    "import torch; torch.ones(1 << 32)",
)


def unreachable(path):
    """The topmost folder above `path` that other users may not enter."""
    return next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), None)


def as_nobody(*command):
    """Run `command` as nobody, in a mount namespace in which the interpreter is accessible even if root owns it."""
    base = Path(sys.base_prefix)
    closed = unreachable(base)
    opening = (
        f"mount --bind {base} /mnt && mount -t tmpfs -o mode=755 none {closed} && mkdir -p {base} && "
        f"mount --bind /mnt {base} && "
    )
    drop = f'exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "$@"'
    shell = ["unshare", "-m", "sh", "-c", (opening if closed else "") + drop, "sh", *command]
    return subprocess.run(
        shell,
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="this whole suite runs as an ordinary user already")
@pytest.mark.parametrize("mode", ["nested", "single"])
def test_sandbox_of_an_ordinary_user(mode):
    if unreachable(Path(interface.__file__)) or unreachable(Path(sys.prefix) / "bin"):
        lacks("sandbox", "the checkout or its environment lies where only root may go")
    done = as_nobody(sys.executable, "-c", SCRIPT, mode, json.dumps(CELLS))
    if "does not start here" in done.stderr:
        lacks("sandbox", done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    ending, detail, texts, enforced = json.loads(done.stdout)
    assert texts[:3] == ["1000 []\n", "-1\n", "[(1, 'lo')]\n"]
    assert texts[3] == ""
    assert texts[4].startswith("['1', '2'")
    assert (ending, detail[:6]) == ("memory", "cell 6")
    assert enforced["mode"] == mode
