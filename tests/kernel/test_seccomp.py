"""The system-call filter of both machines: its numbers as libseccomp knows them, and what it decides."""

import ctypes
import errno
import socket
import struct

import pytest
from machine import lacks

from grader.kernel.inside.forkserver import seccomp
from grader.kernel.inside.forkserver.linux import CLONE_NEWNET, CLONE_NEWUSER

NAMES = {**seccomp.DENIED, **seccomp.MISSING}
CALLS = {"clone": seccomp.CLONE, "socket": seccomp.SOCKET, "socketpair": seccomp.SOCKETPAIR}
READ = {"x86_64": 0, "aarch64": 63}
ALLOWED, KILLED = "allowed", "killed"
MACHINES = list(seccomp.MACHINES)


def decision(machine, number, *arguments, architecture=None):
    """What the filter does about a call: an interpreter of the few instructions that it consists of."""
    data = struct.pack(
        "<iIQ6Q", number, architecture or seccomp.MACHINES[machine], 0, *arguments, *bytes(6 - len(arguments))
    )
    program = list(struct.iter_unpack("<HBBI", seccomp.program(machine)))
    accumulator = place = 0
    while True:
        code, if_true, if_false, value = program[place]
        place += 1
        match code:
            case seccomp.LOAD:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case seccomp.AND:
                accumulator &= value
            case seccomp.EQUAL:
                place += if_true if accumulator == value else if_false
            case seccomp.ANY_BIT:
                place += if_true if accumulator & value else if_false
            case seccomp.AT_LEAST:
                place += if_true if accumulator >= value else if_false
            case seccomp.RETURN:
                break
    outcomes = {seccomp.ALLOW: ALLOWED, seccomp.KILL_PROCESS: KILLED}
    return outcomes.get(value) or value ^ seccomp.ERRNO


def test_numbers_are_those_of_libseccomp():
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        lacks("sandbox", f"without libseccomp the numbers of system calls are not checked: {error}")
    resolve = library.seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]

    def number(name, machine):
        found = resolve(seccomp.MACHINES[machine], name.encode())
        return None if found < 0 else found  # as for a call that this machine lacks

    assert {
        name: tuple(number(name, machine) for machine in MACHINES) for name in NAMES | CALLS
    } == NAMES | CALLS


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", NAMES)
def test_what_no_notebook_needs_is_refused(name, machine):
    number = NAMES[name][MACHINES.index(machine)]
    if number is not None:
        assert decision(machine, number) == (errno.ENOSYS if name in seccomp.MISSING else errno.EPERM)


def test_every_call_exists_on_some_machine():
    assert all(numbers[0] is not None for numbers in NAMES.values())


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["socket", "socketpair"])
@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((socket.AF_UNIX, socket.SOCK_STREAM, 0), ALLOWED),
        ((socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, socket.IPPROTO_UDP), ALLOWED),
        ((socket.AF_INET6, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP), ALLOWED),
        ((socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), errno.ESOCKTNOSUPPORT),
        ((socket.AF_INET, socket.SOCK_SEQPACKET, 0), errno.ESOCKTNOSUPPORT),
        ((socket.AF_INET, socket.SOCK_STREAM, 262), errno.EPROTONOSUPPORT),
    ],
)
def test_sockets_are_unix_or_plain_internet(machine, name, arguments, wanted):
    number = CALLS[name][MACHINES.index(machine)]
    assert decision(machine, number, *arguments) == wanted
    others = set(range(1 << 10)) - set(seccomp.FAMILIES)
    assert {decision(machine, number, family, *arguments[1:]) for family in others} == {errno.EOPNOTSUPP}


@pytest.mark.parametrize("machine", MACHINES)
def test_everything_else_is_as_always(machine):
    clone = seccomp.CLONE[MACHINES.index(machine)]
    assert decision(machine, READ[machine]) == ALLOWED
    assert decision(machine, clone, 17) == ALLOWED
    assert decision(machine, clone, CLONE_NEWUSER | 17) == errno.EPERM
    assert decision(machine, clone, CLONE_NEWNET) == errno.EPERM
    assert decision(machine, READ[machine], architecture=0x40000003) == KILLED


def test_another_abi_of_the_same_machine_gets_nowhere():
    assert decision("x86_64", seccomp.X32 | READ["x86_64"]) == errno.ENOSYS


def test_a_machine_without_a_table_gets_no_filter(monkeypatch):
    monkeypatch.setattr(seccomp.os, "uname", lambda: type("Name", (), {"machine": "riscv64"}))
    assert seccomp.install() is False
