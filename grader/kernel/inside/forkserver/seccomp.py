"""A system-call filter: it denies calls that no notebook needs and that exploits of the Linux kernel often use.

Namespaces, an unprivileged user and no capabilities are the main barrier; the filter reduces the attack surface
behind it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

from .linux import CLONE_NEW, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prctl

if TYPE_CHECKING:
    from collections.abc import Sequence

LOAD, EQUAL, ANY_BIT, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, (16, 24, 32)
"""Offsets in the kernel's `struct seccomp_data`; an argument's lower half comes first on both machines."""

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's numbers for them, in the order in which the tables below have their system calls."""
X32 = 0x40000000
"""On x86_64, numbers from here upwards belong to the x32 ABI, which reaches the same calls by other numbers."""
DENIED: dict[str, tuple[int, int | None]] = {
    "ptrace": (101, 117),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    "adjtimex": (159, 171),
    "chroot": (161, 51),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "mount": (165, 40),
    "umount2": (166, 39),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "lookup_dcookie": (212, 18),
    "clock_settime": (227, 112),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "kexec_load": (246, 104),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "move_pages": (279, 239),
    "perf_event_open": (298, 241),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "finit_module": (313, 273),
    "kexec_file_load": (320, 294),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
    "memfd_secret": (447, 447),
}
MISSING: dict[str, tuple[int, int | None]] = {
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "clone3": (435, 435),
}
"""These look as on a system that lacks them. The first four make memory that no process has to map, which nobody
could count; of clone3 a filter cannot read the flags, and libc falls back to clone."""
CLONE, SOCKET, SOCKETPAIR = (56, 220), (41, 198), (53, 199)
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
TYPES, TYPE = (socket.SOCK_STREAM, socket.SOCK_DGRAM), 0xF
"""And the bits that hold the type; the others are flags."""
PROTOCOLS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)


def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def refuse(error: int) -> bytes:
    return instruction(RETURN, ERRNO | error)


def only(argument: int, allowed: Sequence[int], error: int, mask: int = 0xFFFFFFFF) -> list[bytes]:
    """Refuse the call unless the masked argument is one of the `allowed`."""
    return [
        instruction(LOAD, ARGUMENTS[argument]),
        instruction(AND, mask),
        *(instruction(EQUAL, value, if_true=len(allowed) - place) for place, value in enumerate(allowed)),
        refuse(error),
    ]


def program(machine: str) -> bytes:
    """The filter for a machine in `MACHINES`, as a classic BPF program."""
    column = list(MACHINES).index(machine)
    lines = [
        instruction(LOAD, ARCHITECTURE),
        instruction(EQUAL, MACHINES[machine], if_true=1),
        instruction(RETURN, KILL_PROCESS),
        instruction(LOAD, NUMBER),
    ]
    if machine == "x86_64":
        lines += [instruction(AT_LEAST, X32, if_false=1), refuse(errno.ENOSYS)]
    for table, error in ((MISSING, errno.ENOSYS), (DENIED, errno.EPERM)):
        for numbers in table.values():
            number = numbers[column]
            if number is not None:
                lines += [instruction(EQUAL, number, if_false=1), refuse(error)]
    sockets = [
        *only(0, FAMILIES, errno.EOPNOTSUPP),  # libzmq asks for the devices, and aborts on any other error
        *only(1, TYPES, errno.ESOCKTNOSUPPORT, TYPE),
        *only(2, PROTOCOLS, errno.EPROTONOSUPPORT),
        instruction(RETURN, ALLOW),
    ]
    lines += [
        instruction(EQUAL, SOCKET[column], if_true=1),
        instruction(EQUAL, SOCKETPAIR[column], if_false=len(sockets)),
        *sockets,
        instruction(EQUAL, CLONE[column], if_false=3),
        instruction(LOAD, ARGUMENTS[0]),
        instruction(ANY_BIT, CLONE_NEW, if_false=1),
        refuse(errno.EPERM),
        instruction(RETURN, ALLOW),
    ]
    return b"".join(lines)


def install() -> bool:
    """Filter this process and all that it starts. Returns False if there is no filter for this machine."""
    machine = os.uname().machine
    if machine not in MACHINES:
        return False
    code = program(machine)
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    pointer = ctypes.create_string_buffer(header, len(header))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(pointer))
    return True
