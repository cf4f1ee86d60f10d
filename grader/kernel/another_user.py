"""Kernels as another user: for root, on a machine where no sandbox starts and which is thrown away afterwards."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.errors import HarnessError
from grader.kernel.cgroup import memory_limits
from grader.kernel.cold import ColdLauncher
from grader.kernel.processes import has_processes
from grader.kernel.trial import shown

if TYPE_CHECKING:
    from grader.limits import Limits

HIGHEST_USER, USERS = 60_000, 5_000
"""Of the numbers below those that a sandbox uses, which one `another_user` has depends on our process."""
PRIVILEGES = """
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
names = ("Uid", "CapInh", "CapPrm", "CapEff", "NoNewPrivs", "Seccomp")
" ".join(" ".join(fields[name].split()) for name in names)
"""
"""A cell that shows them, as Linux reports them of its process."""


def another_user(limits: Limits) -> ColdLauncher:
    """A launcher without a sandbox, whose kernels run as a user who has nothing else on this machine.

    Raises:
        HarnessError: this process is not root's, or kernels keep privileges.
    """
    if os.geteuid() != 0:
        raise HarnessError("only root can run notebooks as another user")
    user = HIGHEST_USER - os.getpid() % USERS
    if has_processes(user):
        raise HarnessError(f"the user with the number {user} has processes here; try again")
    launcher = ColdLauncher(user=user)
    seen = shown(launcher, None, limits, PRIVILEGES).strip("'").split()
    if seen[:-1] != [*[str(user)] * 4, *["0" * 16] * 3, "1"]:
        raise HarnessError(f"as another user, a kernel keeps privileges: {' '.join(seen)}")
    enforced = {
        "mode": "another user",
        "user": f"uid {user}, no capabilities",
        "filesystem": "what every user can read",
        "network": "not confined",
        "pids": f"visible, at most {limits.processes} of its own",
        "memory": memory_limits(limits),
        "seccomp": seen[-1] == "2",
    }
    return replace(launcher, enforced=enforced)
