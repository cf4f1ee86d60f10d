"""A system-call filter: it denies calls that no notebook needs and that exploits of the Linux kernel often use.

Namespaces, an unprivileged user and no capabilities are the main barrier; the filter reduces the attack surface
behind it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from .linux import CLONE_NEW, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prctl

LOAD, EQUAL, ANY_BIT, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in the kernel's `struct seccomp_data`."""

X86_64 = 0xC000003E
X32 = 0x40000000
"""Numbers from here upwards belong to the x32 ABI, which reaches the same calls by other numbers."""
CLONE, CLONE3 = 56, 435
DENIED_X86_64 = {
    "ptrace": 101,
    "personality": 135,
    "pivot_root": 155,
    "modify_ldt": 154,
    "vhangup": 153,
    "adjtimex": 159,
    "chroot": 161,
    "acct": 163,
    "settimeofday": 164,
    "mount": 165,
    "umount2": 166,
    "swapon": 167,
    "swapoff": 168,
    "reboot": 169,
    "sethostname": 170,
    "setdomainname": 171,
    "iopl": 172,
    "ioperm": 173,
    "init_module": 175,
    "delete_module": 176,
    "quotactl": 179,
    "syslog": 103,
    "lookup_dcookie": 212,
    "clock_settime": 227,
    "mbind": 237,
    "set_mempolicy": 238,
    "kexec_load": 246,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "move_pages": 279,
    "perf_event_open": 298,
    "fanotify_init": 300,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "finit_module": 313,
    "kexec_file_load": 320,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "memfd_secret": 447,
}


def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def refuse(error: int) -> bytes:
    return instruction(RETURN, ERRNO | error)


def program() -> bytes:
    """The filter for x86_64, as a classic BPF program."""
    lines = [
        instruction(LOAD, ARCHITECTURE),
        instruction(EQUAL, X86_64, if_true=1),
        instruction(RETURN, KILL_PROCESS),
        instruction(LOAD, NUMBER),
        instruction(AT_LEAST, X32, if_false=1),
        refuse(errno.ENOSYS),
        # A filter cannot read its flags, which are in memory. libc falls back to clone when it is missing.
        instruction(EQUAL, CLONE3, if_false=1),
        refuse(errno.ENOSYS),
    ]
    for number in sorted(DENIED_X86_64.values()):
        lines += [instruction(EQUAL, number, if_false=1), refuse(errno.EPERM)]
    lines += [
        instruction(EQUAL, CLONE, if_false=3),
        instruction(LOAD, FIRST_ARGUMENT),
        instruction(ANY_BIT, CLONE_NEW, if_false=1),
        refuse(errno.EPERM),
        instruction(RETURN, ALLOW),
    ]
    return b"".join(lines)


def install() -> bool:
    """Filter this process and all that it starts. Returns False if there is no filter for this machine."""
    if os.uname().machine != "x86_64":
        return False
    code = program()
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    pointer = ctypes.create_string_buffer(header, len(header))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(pointer))
    return True
