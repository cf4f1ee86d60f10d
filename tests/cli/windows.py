"""A Python whose `grader` finds no more than Windows has: nothing forks, inherits a descriptor or reads /proc.

Run as Python would be; a kernel that is started from here is run like that too. What others wrote finds this
machine.
"""

import asyncio.unix_events
import builtins
import multiprocessing.context
import pathlib
import runpy
import subprocess
import sys
import types
import warnings

MISSING = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
GONE = {
    "os": {
        "fork", "forkpty", "getegid", "geteuid", "getgid", "getuid", "killpg", "getpgid", "setpgid", "setsid",
        "wait", "wait3", "wait4", "WNOHANG", "pread", "pwrite", "memfd_create", "MFD_ALLOW_SEALING", "MFD_CLOEXEC",
        "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "statvfs", "getpriority", "setpriority", "PRIO_PROCESS", "uname",
        "chown", "mkfifo", "sched_getaffinity", "register_at_fork", "pidfd_open", "getloadavg",
    },
    "signal": {
        "SIGKILL", "SIGCHLD", "SIGBUS", "SIGXCPU", "SIGPROF", "SIGALRM", "SIGHUP", "SIGSTOP", "setitimer", "alarm",
        "ITIMER_PROF", "pthread_sigmask", "SIG_BLOCK", "SIG_SETMASK",
    },
    "socket": {"AF_UNIX", "send_fds", "recv_fds"},
    "sys": set(),
}  # fmt: skip
OTHER = {"sys": {"platform": "win32"}}
IMPORT = builtins.__import__
SEEN = {}
UNKNOWN = ("exists", "iterdir", "open", "read_bytes", "read_text", "write_text")
"""Methods of paths that find no /proc."""


class Bare(types.ModuleType):
    """A module without some of its names."""

    def __init__(self, real):
        super().__init__(real.__name__)
        vars(self)["_real"] = real

    def __getattr__(self, name):
        if name in GONE[self._real.__name__]:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        other = OTHER.get(self._real.__name__, {})
        return other[name] if name in other else getattr(self._real, name)

    def __setattr__(self, name, value):
        setattr(self._real, name, value)


class Popen(subprocess.Popen):
    def __init__(self, command, *, pass_fds=(), **options):
        if pass_fds:
            raise ValueError("pass_fds not supported on Windows.")
        if str(command[0]).startswith("/bin/"):
            raise FileNotFoundError(2, "no such file", command[0])
        super().__init__(command, **options)


def is_ours(scope):
    name = str((scope or {}).get("__name__"))
    return name.partition(".")[0] == "grader" or name.startswith("_grader_") or name == "__main__"


def importing(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002 - as Python calls it
    if not is_ours(globals):
        return IMPORT(name, globals, locals, fromlist, level)
    if name.partition(".")[0] in MISSING:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    found = IMPORT(name, globals, locals, fromlist, level)
    return SEEN.setdefault(found.__name__, Bare(found)) if found.__name__ in GONE else found


def without_proc(method):
    def called(path, *arguments, **options):
        if not str(path).startswith("/proc"):
            return method(path, *arguments, **options)
        if method.__name__ == "exists":
            return False
        raise FileNotFoundError(2, "no such file", str(path))

    return called


def no_link(path, *_, **__):
    raise OSError(1314, "a required privilege is not held by the client", str(path))


def main(arguments):
    for name in UNKNOWN:
        setattr(pathlib.Path, name, without_proc(getattr(pathlib.Path, name)))
    pathlib.Path.symlink_to = no_link
    subprocess.Popen = Popen
    asyncio.unix_events._UnixSelectorEventLoop.create_unix_connection = None
    for method in ("fork", "forkserver"):
        del multiprocessing.context._concrete_contexts[method]
    warnings.filterwarnings("error", category=EncodingWarning, module="grader")
    sys.executable = __file__
    builtins.__import__ = importing
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        place = next(index for index, each in enumerate(arguments) if each.endswith(".py"))
        sys.argv = arguments[place:]
        runpy.run_path(arguments[place], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
