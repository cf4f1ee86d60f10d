"""Confines a process forked from the warm one: its own namespaces and files, limits, no privileges.

There are two ways. As root, without a user namespace: root makes the mounts, then each kernel becomes an
unprivileged user of its own. As an ordinary user: in one more user namespace, in which mounting is allowed.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import linux, seccomp

if TYPE_CHECKING:
    from collections.abc import Mapping

STUDENT = 1000
FIRST_UID = 60_001
"""As root, kernels get user ids from this one upwards, so that no two share one."""
UIDS = 5000
INODES = 20_000
PROTECTED = linux.MS_NOSUID | linux.MS_NODEV
OWN_TMPFS = ("/tmp", "/work", "/dev/shm")  # noqa: S108 - inside the sandbox these are private
KERNEL_TUNABLES = ("/proc/sys", "/proc/irq", "/proc/bus")


def is_root() -> bool:
    return os.geteuid() == 0


def enter_namespaces() -> None:
    """Enter new namespaces; the next fork is process 1 in them. The process must have a single thread."""
    wanted = (
        linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
    )
    if is_root():
        linux.unshare(wanted)
        return
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(wanted | linux.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{STUDENT} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{STUDENT} {gid} 1")


def own_files(limits: Mapping[str, int], uid: int) -> None:
    """Mount an empty /tmp, /work and /dev/shm, and a /proc and terminals of this namespace only.

    Everything else is read-only.
    """
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    terminals = "newinstance,ptmxmode=0666,mode=620"
    linux.mount("devpts", "/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC, terminals)
    options = f"size={limits['tmp_size']},nr_inodes={INODES},mode=700,uid={uid},gid={uid}"
    for folder in OWN_TMPFS:
        linux.mount("tmpfs", folder, "tmpfs", PROTECTED, options)
    linux.mount("proc", "/proc", "proc", PROTECTED | linux.MS_NOEXEC)
    if is_root():
        for folder in filter(os.path.isdir, KERNEL_TUNABLES):
            read_only(folder)
    linux.loopback_up()


def limit_inodes() -> None:
    """Limit the files in the folders that bubblewrap mounted, which it can't, where this process may.

    An ordinary user may not; there the watchdog counts files as memory.
    """
    for folder in OWN_TMPFS:
        with suppress(OSError):
            linux.mount("none", folder, None, linux.MS_REMOUNT | PROTECTED, f"nr_inodes={INODES}")


def read_only(folder: str) -> None:
    linux.mount(folder, folder, None, linux.MS_BIND | linux.MS_REC)
    flags = linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | PROTECTED | linux.MS_NOEXEC
    linux.mount("none", folder, None, flags)


def lock_down(limits: Mapping[str, int], uid: int) -> None:
    """Give up, irreversibly, everything that is not needed to run a notebook."""
    Path("/proc/self/oom_score_adj").write_text("1000")  # if memory runs out, kill this and not the grader
    for number, value in resource_limits(limits).items():
        resource.setrlimit(number, (value, value))
    linux.drop_bounding_set()
    if is_root():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.drop_capabilities()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # lost with the change of user; needed to read its own /proc entry
    seccomp.install()


def resource_limits(limits: Mapping[str, int]) -> dict[int, int]:
    return {
        resource.RLIMIT_DATA: limits["memory"] + inherited_data(),
        resource.RLIMIT_NPROC: limits["processes"],
        # Descriptors on their way between processes count for the user: those of a kernel must leave room for ours.
        resource.RLIMIT_NOFILE: min(limits["open_files"], resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2),
        resource.RLIMIT_FSIZE: limits["file_size"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 1 << 16,
        resource.RLIMIT_MSGQUEUE: 0,
    }


def status() -> dict[str, str]:
    """The fields of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def inherited_data() -> int:
    """Bytes of writable memory that a kernel has inherited, which no notebook has used."""
    return int(status()["VmData"].split()[0]) << 10


def interfaces() -> list[str]:
    """The names of the network's devices, without the netlink socket that libc would open."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return [line.partition(":")[0].strip() for line in lines if ":" in line]


def restrictions() -> dict[str, Any]:
    """The restrictions in force in this process, as the operating system reports them."""
    own = status()
    return {
        "seccomp": own.get("Seccomp") == "2",
        "no_new_privs": own.get("NoNewPrivs") == "1",
        "capabilities": any(int(own[name], 16) for name in ("CapEff", "CapPrm", "CapInh")),
        "uid": os.getuid(),
        "interfaces": interfaces(),
        "read_only": bool(os.statvfs("/").f_flag & os.ST_RDONLY),
        "few_files": all(os.statvfs(folder).f_files <= INODES for folder in OWN_TMPFS),
        "processes": sum(entry.name.isdigit() for entry in Path("/proc").iterdir()),
        "memory_limit": resource.getrlimit(resource.RLIMIT_DATA)[0],
    }
