"""Each guarantee of the sandbox, and a notebook that tries to break it.

The attacking notebook gets a proper ending, the next kernel works, and no process, mount or file is left behind.
"""

import os
import socket
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from machine import lacks

from grader.errors import HarnessError
from grader.kernel.sandbox import Mode, sandbox
from grader.limits import Limits
from grader.model import Ending

SECRET = "the reference solution, 42 of 42 points"  # noqa: S105 - a text to look for
TIGHT = Limits(
    interrupt_grace=3.0,
    memory=1536 << 20,
    processes=96,
    tmp_size=32 << 20,
    output_total=8 << 20,
    output_cell=1 << 19,
    output_messages=3000,
)
FORGE = """
import json
from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
def forge(kind, content, parent=None):
    app.session.send(app.kernel.iopub_socket, kind, content, parent=parent or app.kernel.get_parent())
def raw(kind, content):
    pack = app.session.pack
    parts = [pack(app.session.msg_header(kind)), pack(app.kernel.get_parent()["header"]), b"{}"]
    parts.append(json.dumps(content).encode())
    app.kernel.iopub_socket.send_multipart([b"x", b"<IDS|MSG>", app.session.sign(parts), *parts])
"""


@dataclass(frozen=True)
class Attack:
    """`cells` run in order; the output of the last must contain `prints`. SECRET must not be in any output."""

    cells: tuple[str, ...]
    endings: tuple[Ending, ...]
    """The acceptable endings; more than one if the attack races with its own kernel."""
    prints: str = ""
    otherwise: Ending | None = None
    """How it may end as well where a sandbox serves one kernel only; then it prints nothing."""
    cell: float = 20.0
    notebook: float = 60.0


def attack(name, *cells, ending=Ending.FINISHED, prints="", otherwise=None, slow=False, **deadlines):
    cells = tuple(textwrap.dedent(cell) for cell in cells)
    endings = ending if isinstance(ending, tuple) else (ending,)
    marks = [pytest.mark.slow] if slow else []
    if endings == (Ending.FINISHED,):  # however busy the machine is
        deadlines = {"cell": 240.0, "notebook": 480.0} | deadlines
    return pytest.param(Attack(cells, endings, prints, otherwise, **deadlines), id=name, marks=marks)


def each(*expressions, but=""):
    """A cell that tries each expression. It prints successful results other than `but`, then `nothing else`."""
    return (
        "import os, glob, ctypes, socket, subprocess, resource, signal\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for attempt in " + repr(expressions) + ":\n"
        "    try: result = eval(attempt)\n"
        "    except BaseException: continue\n"
        f"    if result not in (-1, None, [], b'', '', {but!r}): print('GOT', attempt, result)\n"
        "print('nothing else')"
    )


ALIVE = "print('alive')"

READING = [
    attack("secret by its path", each("open(secret).read()"), prints="nothing else"),
    attack(
        "secret through other roots",
        each(
            "open('/proc/1/root' + secret).read()",
            "open('/proc/self/root' + secret).read()",
            "open('/proc/1/cwd/' + secret).read()",
            "open('/work/' + 20 * '../' + secret).read()",
            "open('/dev/fd/../../' + secret).read()",
            "os.symlink(secret, '/work/link') or open('/work/link').read()",
            "os.link(secret, '/work/hard') or open('/work/hard').read()",
            "subprocess.run(['cat', secret], capture_output=True).stdout",
            "libc.chroot(b'.')",
            "libc.open_by_handle_at(0, 0, 0)",
        ),
        prints="nothing else",
    ),
    attack(
        "secret by searching everything",
        """
        import os
        own = ("/proc", "/usr", "/opt/venv", python)
        found = [
            os.path.join(folder, name)
            for folder, folders, names in os.walk("/")
            for name in names
            if not folder.startswith(own)
            and name.endswith((".ipynb", ".toml", ".sqlite", "secret.txt"))
        ]
        print(found)
        """,
        prints="[]",
    ),
    attack(
        "secret through open files",
        """
        import os
        for name in os.listdir("/proc/self/fd"):
            try: target = os.readlink(f"/proc/self/fd/{name}")
            except OSError: continue
            if not target.startswith(("socket:", "pipe:", "anon_inode:", "/memfd:", "/dev/null", "/proc")):
                print("GOT", target)
        print("nothing else")
        """,
        prints="nothing else",
    ),
    attack(
        "environment", "import os; print(sorted(os.environ), os.environ.get('GRADER_TOKEN'))", prints="None"
    ),
    attack(
        "home",
        "import glob, os; print([path for path in glob.glob(home + '/*') if os.path.isfile(path)])",
        prints="[]",
    ),
    attack("users", "print(open('/etc/passwd').read().count(':x:'))", prints="2"),
    attack(
        "other processes",
        "import os; print(max(int(p) for p in os.listdir('/proc') if p.isdigit()) < 100)",
        prints="True",
    ),
    attack(
        "paths of the machine in /proc",
        """
        texts = [open(f"/proc/{name}", errors="replace").read() for name in ("1/cmdline", "self/cmdline")]
        print(any(data in text for text in texts))
        """,
        prints="False",
    ),
]

NETWORK = [
    attack(
        "network",
        each(
            "socket.create_connection(('1.1.1.1', 80), timeout=1)",
            "socket.create_connection(('169.254.169.254', 80), timeout=1)",
            "socket.create_connection(('127.0.0.1', port), timeout=1)",
            "socket.getaddrinfo('pypi.org', 443)",
            "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
            "socket.socket(socket.AF_UNIX).connect(f'\\0{hidden}') or 'connected'",
        ),
        prints="nothing else",
    ),
    attack(
        "names of interfaces",
        "print([line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line])",
        prints="['lo']",
    ),
    attack(
        "sockets of any other family",
        """
        import socket
        wanted = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}
        for family in set(range(64)) - wanted:
            for make in (socket.socket, socket.socketpair):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
                    try: make(family, kind).close() if make is socket.socket else make(family, kind)
                    except OSError: continue
                    print("GOT", family, kind)
        for family in wanted:
            for kind in (socket.SOCK_RAW, socket.SOCK_RDM, socket.SOCK_SEQPACKET):
                try: socket.socket(family, kind)
                except OSError: continue
                print("GOT", family, kind)
            socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC).close()
        print(socket.getaddrinfo("localhost", 80)[0][4][1], len(socket.socketpair()))
        """,
        prints="80 2",
    ),
]

LASTING = [
    attack(
        "writing where it is not its own",
        each(
            *(
                f"open({path!r}, 'w').write('x')"
                for path in (
                    "/usr/x",
                    "/opt/venv/x",
                    "/opt/kernel/main.py",
                    "/data/x",
                    "/etc/passwd",
                    "/dev/x",
                    "/x",
                )
            ),
            "open('/data/FashionMNIST/raw/t10k-labels-idx1-ubyte', 'r+b').write(b'x')",
            "os.mkdir('/run/x') or 'made'",
            "open('/proc/sys/kernel/hostname', 'w').write('x')",
            "open('/proc/sysrq-trigger', 'w').write('h')",
        ),
        prints="nothing else",
    ),
    attack(
        "leaving something for the next kernel",
        """
        import builtins, os, torch
        for folder in ("/tmp", "/work", "/dev/shm"):
            open(f"{folder}/left", "w").write("x")
        builtins.print = torch.Tensor.backward = lambda *a, **k: None
        torch.set_default_dtype(torch.float64)
        """,
    ),
    attack(
        "a daemon that ignores every signal",
        """
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(600)
            os._exit(0)
        """,
        ALIVE,
        prints="alive",
    ),
]

STARVING = [
    attack("endless loop", "while True: pass", ALIVE, ending=Ending.TIMEOUT, prints="alive", cell=2.0),
    attack(
        "endless loop deaf to interrupts",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        ending=Ending.TIMEOUT,
        cell=2.0,
    ),
    attack(
        "endless loop that catches interrupts",
        """
        while True:
            try:
                while True: pass
            except KeyboardInterrupt: pass
        """,
        ending=Ending.TIMEOUT,
        cell=2.0,
    ),
    attack(
        "many cells that each stay under their deadline",
        *10 * ["from time import process_time as now\nend = now() + 0.5\nwhile now() < end: pass"],
        ending=Ending.TIMEOUT,
        notebook=1.5,
    ),
    attack(
        "fork bomb",
        "import os\nwhile True: os.fork()",
        ending=(Ending.ERROR, Ending.TIMEOUT),
        cell=3.0,
        slow=True,
    ),
    attack(
        "thread bomb",
        """
        import threading
        threads = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(1000)]
        for thread in threads: thread.start()
        """,
        ALIVE,
        ending=Ending.ERROR,
        prints="alive",
    ),
    attack(
        "memory, at once", "import torch; torch.ones(1 << 33)", ALIVE, ending=Ending.MEMORY, prints="alive"
    ),
    attack("memory, a list", "x = [0] * (1 << 33)", ALIVE, ending=Ending.MEMORY, prints="alive"),
    attack(
        "memory, in many processes",
        """
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                block = bytearray(400 << 20)
                time.sleep(60)
                os._exit(0)
        time.sleep(60)
        """,
        ending=Ending.MEMORY,
        slow=True,
    ),
    attack(
        "memory, in files without a name",
        each(
            "os.memfd_create('m')",
            "ctypes.CDLL(None, use_errno=True).shmget(0, ctypes.c_size_t(1 << 20), 0o1600)",
            "libc.semget(0, 32000, 0o1600)",
            "libc.msgget(0, 0o1600)",
            "libc.syscall(447, 0)",
        ),
        prints="nothing else",
    ),
    attack(
        "memory, shared and let go of",
        """
        import mmap, os, time
        for _ in range(5):
            block = mmap.mmap(-1, 400 << 20)
            if os.fork() == 0:
                for page in range(0, 400 << 20, 1 << 20): block[page:page + (1 << 20)] = b"x" * (1 << 20)
                os._exit(0)
            os.wait()
            globals()[f"block{_}"] = block
        time.sleep(60)
        """,
        ending=Ending.MEMORY,
        slow=True,
    ),
    attack(
        "disk",
        """
        def fill(folder):
            try:
                with open(f"{folder}/big", "wb") as file:
                    while True: file.write(bytes(1 << 20))
            except OSError as error: return error.strerror
        print({fill(folder) for folder in ("/tmp", "/work", "/dev/shm")})
        """,
        prints="{'No space left on device'}",
    ),
    attack(
        "inodes",
        """
        import itertools
        try:
            for number in itertools.count(): open(f"/work/{number}", "w").close()
        except OSError as error: print(error.strerror)
        """,
        prints="No space left on device",
        otherwise=Ending.MEMORY,  # where their number can't be limited
    ),
    attack(
        "raising its own limits",
        each(
            "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1)) or 'raised'",
            "resource.setrlimit(resource.RLIMIT_NPROC, (-1, -1)) or 'raised'",
            "os.nice(-5)",
        ),
        prints="nothing else",
    ),
]

ESCAPING = [
    attack(
        "system calls",
        each(
            "libc.unshare(0x10000000)",
            "libc.unshare(0x20000)",
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0)",
            "libc.umount2(b'/work', 2)",
            "libc.ptrace(16, 1, 0, 0)",
            "libc.setns(0, 0)",
            "libc.keyctl(0, 0)",
            "libc.syscall(321, 0, 0, 0)",
            "libc.syscall(425, 8, ctypes.create_string_buffer(256))",
            "libc.syscall(435, 0, 0)",
            "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",
            "libc.personality(0x0040000)",
            "libc.process_vm_readv(1, 0, 0, 0, 0, 0)",
            "os.setuid(0) or 'root'",
            "os.setgroups([0]) or 'root'",
            "os.chroot('/') or 'chroot'",
            "subprocess.run(['su', '-c', 'id'], capture_output=True, stdin=subprocess.DEVNULL).stdout",
            "subprocess.run(['mount', '-t', 'tmpfs', 'x', '/work'], capture_output=True).returncode == 0 or None",
            "subprocess.run(['bwrap', '--ro-bind', '/', '/', 'id'], capture_output=True).stdout",
        ),
        prints="nothing else",
    ),
    attack(
        "killing everything else",
        """
        import os, signal
        for pid in (os.getppid(), 1):
            try: os.kill(pid, signal.SIGKILL)
            except PermissionError: pass  # they are another user's, where root started the sandbox
        print("still here")
        """,
        ALIVE,
        prints="alive",
        otherwise=Ending.KILLED,  # a sandbox of its own goes down with it
    ),
    attack(
        "killing everybody",
        "import os, signal; os.kill(-1, signal.SIGKILL)",
        ALIVE,
        ending=(Ending.ERROR, Ending.FINISHED),
        prints="alive",
    ),
]

DYING = [
    attack("os._exit", "import os; os._exit(0)", ALIVE, ending=Ending.KILLED),
    attack("a signal", "import os; os.kill(os.getpid(), 9)", ALIVE, ending=Ending.KILLED),
    attack("a crash", "import ctypes; ctypes.string_at(0)", ALIVE, ending=Ending.KILLED),
    attack("abort", "import os; os.abort()", ALIVE, ending=Ending.KILLED),
    attack("sys.exit", "import sys; sys.exit(0)", ALIVE, ending=Ending.ERROR, prints="alive"),
]

FLOODING = [
    attack("one long print", "print('x' * 10**8)", ALIVE, prints="alive"),
    attack("endless lines", "while True: print('x' * 1000)", ALIVE, ending=Ending.TIMEOUT, cell=2.0),
    attack(
        "endless lines past the kernel's own cap",
        FORGE + "while True: forge('stream', {'name': 'stdout', 'text': 'x' * 10_000})",
        ending=Ending.OUTPUT,
    ),
    attack(
        "endless displays",
        "from IPython.display import display, HTML\nwhile True: display(HTML('x' * 1_000_000))",
        ending=Ending.OUTPUT,
    ),
    attack(
        "endless tiny messages",
        "from IPython.display import clear_output\nwhile True: clear_output()",
        ending=Ending.OUTPUT,
    ),
    attack("one huge result", "'x' * (200 << 20)", ending=Ending.OUTPUT, slow=True),
    attack("endless shell output", "!yes", ALIVE, ending=Ending.TIMEOUT, cell=2.0),
]

ENDLESS = """
import fcntl, os, select, socket, struct
ours = []
for name in os.listdir("/proc/self/fd"):
    try:
        connection = socket.socket(fileno=os.dup(int(name)))
        connection.getpeername()
    except OSError: continue
    if connection.family == socket.AF_UNIX and connection.getsockname(): ours.append(connection)
def push(data):
    view = memoryview(data)
    while view:
        for connection in select.select([], ours, [])[1]:
            try: sent = connection.send(view)
            except BlockingIOError: continue
            view = view[sent:]
            break
print(len(ours))
"""
"""Finds the kernel's connections to the grader, to write to them past ZeroMQ."""

FORGING = [
    attack(
        "a message that never ends",
        ENDLESS,
        """
        ours = [connection for connection in ours if str(connection.getsockname()).rstrip("'").endswith("-2")]
        block = bytes([3]) + struct.pack(">Q", 1 << 20) + bytes(1 << 20)
        while True: push(block)
        """,
        ending=(Ending.OUTPUT, Ending.KILLED),  # what ZeroMQ sends meanwhile may garble it
    ),
    attack(
        "messages of the wrong shape",
        FORGE
        + """
deep = []
for _ in range(400): deep = [deep]
contents = (
    {}, [], "x", None, {"text": None}, {"name": "stdout", "text": 3}, {"data": []}, {"data": None},
    {"data": {"application/json": deep, "text/plain": deep}, "metadata": {"x": deep}, "transient": 1},
    {"ename": 1, "evalue": [], "traceback": "x"}, {"execution_state": {}}, {"execution_count": deep},
    {"name": "stdout", "text": "\\ud800"}, {"data": {"text/plain": "\\udfff"}},
)
kinds = ("stream", "display_data", "update_display_data", "error", "status", "execute_result", "clear_output")
for content in contents:
    for kind in kinds: raw(kind, content)
for frames in ([b"x"], [], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"bad signature", b"{}", b"{}", b"{}", b"{}"]):
    app.kernel.iopub_socket.send_multipart([b"x", *frames])
""",
        ALIVE,
        prints="alive",
    ),
    attack(
        "many malformed messages",
        FORGE + "for _ in range(2000): forge('status', {})\nimport time; time.sleep(5)",
        ending=Ending.KILLED,
    ),
    attack(
        "a reply of its own making",
        FORGE
        + """
parent = app.kernel.get_parent()
for content in ({}, {"status": "ok"}, {"status": "perfect", "grade": 100}, []):
    for ident in app.kernel._get_shell_context_var(app.kernel._shell_parent_ident), [b"x"]:
        app.session.send(app.shell_socket, "execute_reply", content, parent=parent, ident=ident)
raise ValueError("the truth")
""",
        ALIVE,
        ending=(Ending.FINISHED, Ending.ERROR, Ending.OUTPUT),
    ),
    attack(
        "a hidden traceback",
        "get_ipython().showtraceback = lambda *a, **k: None\n1 / 0",
        "1 / 0",
        ALIVE,
        ending=Ending.ERROR,
        prints="alive",
    ),
    attack(
        "tools of the judge, replaced",
        """
        import builtins, sys, matplotlib.pyplot, torch
        builtins.print = matplotlib.pyplot.plot = torch.Tensor.backward = lambda *a, **k: "100"
        torch.nn.functional.cross_entropy = torch.Tensor.item = lambda *a, **k: 0.0
        sys.modules["pytest"] = sys.modules["grader"] = sys
        """,
        "import sys; sys.stdout.write('alive')",
        prints="alive",
    ),
    attack(
        "tools of the kernel, replaced",
        """
        import builtins, json
        json.dumps = json.loads = builtins.isinstance = builtins.len = lambda *a, **k: 100
        """,
        ending=(Ending.KILLED, Ending.OUTPUT, Ending.TIMEOUT),
        slow=True,
    ),
    attack(
        "evidence cut, grown, overwritten",
        """
        import os
        for name in os.listdir("/proc/self/fd"):
            for change in (lambda fd: os.ftruncate(fd, 1), lambda fd: os.ftruncate(fd, 1 << 40),
                           lambda fd: os.pwrite(fd, b"passed!", 0)):
                try:
                    if "memfd" in os.readlink(f"/proc/self/fd/{name}"): change(int(name))
                except OSError: pass
        """,
        ALIVE,
        prints="alive",
    ),
]

ATTACKS = [
    *READING,
    *NETWORK,
    *LASTING,
    *STARVING,
    *ESCAPING,
    *DYING,
    *FLOODING,
    *FORGING,
]
BYSTANDER = """
import os, socket, torch
torch.set_num_threads(2)
weight = torch.ones(3, requires_grad=True)
(weight * 2).sum().backward()
own = (".", "torchinductor_")  # torch makes the latter when it is imported, which only a nested kernel does not see
left = [f for folder in ("/tmp", "/work", "/dev/shm") for f in os.listdir(folder) if not f.startswith(own)]
print(weight.grad.tolist(), left)
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory, data):
    """What an attacker may know about this machine, as names; all of it is real."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "secret.txt").write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as hidden:
        name = f"grader-test-bystander-{os.getpid()}"  # other workers have their own
        hidden.bind(f"\0{name}")
        hidden.listen()
        values = {
            "secret": str(folder / "secret.txt"),
            "home": str(Path.home()),
            "data": str(data),
            "python": sys.base_prefix,
            "port": server.getsockname()[1],
            "hidden": name,
        }
        yield "\n".join(f"{name} = {value!r}" for name, value in values.items())


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Create the grader's temporary files where we can count them."""
    patch = pytest.MonkeyPatch()
    patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("t")))
    patch.setenv("GRADER_TOKEN", SECRET)
    yield Path(tempfile.gettempdir())
    patch.undo()


@pytest.fixture(
    scope="module",
    params=[
        Mode.NESTED,
        *(pytest.param(mode, marks=pytest.mark.system) for mode in (Mode.SINGLE, Mode.COLD)),
    ],
)
def box(request, data, room):  # noqa: ARG001 - in place first
    """Every form of the sandbox keeps every promise. Those that serve once would load torch for each attack."""
    warm = ("torch.utils.data",) if request.param is Mode.NESTED else ()
    try:
        with sandbox(request.param, data, limits=TIGHT, warm=warm) as launcher:
            yield launcher
    except HarnessError as error:
        lacks("sandbox", str(error))


def traces(room):
    """Everything that a kernel could leave behind on this machine."""
    processes = {child.pid for child in psutil.Process().children(recursive=True)}
    return processes, Path("/proc/self/mountinfo").read_text(), sorted(room.rglob("*"))


def sandboxes():
    """How many there are: the one that serves, or will serve, the next kernel, and none that has served."""
    return sum(child.name() == "bwrap" for child in psutil.Process().children())


def text(outputs):
    kept = (
        output.get("text")
        or output.get("data", {}).get("text/plain")
        or "\n".join(output.get("traceback", ()))
        for output in outputs
    )
    return "".join(kept)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(attack, box, room, machine, drive):
    before, boxes = traces(room), sandboxes()
    run, nb = drive(box, machine, *attack.cells, limits=TIGHT, cell=attack.cell, notebook=attack.notebook)
    assert SECRET not in str(nb)
    assert "GOT" not in text(nb.cells[-1].outputs)
    if box.mode is Mode.NESTED or run.ending is not attack.otherwise:
        assert run.ending in attack.endings, run
        assert attack.prints in text(nb.cells[-1].outputs)
    if box.mode is Mode.NESTED:  # the others share nothing with the next kernel
        next_run, next_nb = drive(box, BYSTANDER, limits=TIGHT)
        assert next_run.ending is Ending.FINISHED, next_run
        assert text(next_nb.cells[0].outputs) == "[2.0, 2.0, 2.0] []\n"
        assert traces(room) == before
    assert traces(room)[1:] == before[1:]
    deadline = time.monotonic() + 30.0
    while sandboxes() > boxes and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sandboxes() <= boxes


def test_kernels_of_two_sandboxes_are_different_users(box, drive):
    """What a user's processes take is counted together, so that one kernel could leave none to the others."""
    users = {text(drive(box, "import os; print(os.getuid())")[1].cells[0].outputs) for _ in range(3)}
    assert len(users) == (3 if os.geteuid() == 0 else 1)  # each has a namespace of users of its own


BOMBS = [param for param in STARVING + FLOODING if param.marks or "endless" in param.id]


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.parametrize("attack", BOMBS)
def test_bystander_runs_beside(attack, box, machine, drive):
    """A kernel that runs while another one attacks finishes as if it were alone."""
    neighbour = threading.Thread(
        target=drive, args=(box, machine, *attack.cells), kwargs={"limits": TIGHT, "cell": 3.0}
    )
    neighbour.start()
    run, nb = drive(box, *3 * [BYSTANDER + "\nimport time; time.sleep(0.5)"], limits=TIGHT)
    neighbour.join()
    assert run.ending is Ending.FINISHED, run
    assert {text(cell.outputs) for cell in nb.cells} == {"[2.0, 2.0, 2.0] []\n"}


@pytest.mark.parametrize(
    "name", ["conftest.py", "sitecustomize.py", "usercustomize.py", "numpy.py", "IPython.py", "evil.pth"]
)
def test_file_beside_the_notebook_is_only_a_file(name, box, drive, tmp_path):
    """Such a file affects only what the notebook itself imports later."""
    body = "import builtins; builtins.pwned = True\n"
    (tmp_path / name).write_text(body)
    cell = "import builtins, numpy; print(hasattr(builtins, 'pwned'), numpy.__file__.startswith('/opt/venv'))"
    run, nb = drive(box, cell, support=((name, tmp_path / name),), limits=TIGHT)
    assert run.ending is Ending.FINISHED
    assert text(nb.cells[0].outputs) == "False True\n"


def test_helper_module_beside_the_notebook_can_be_imported(box, drive, tmp_path):
    (tmp_path / "utils.py").write_text("answer = 42\n")
    _, nb = drive(box, "import utils; print(utils.answer)", support=(("utils.py", tmp_path / "utils.py"),))
    assert text(nb.cells[0].outputs) == "42\n"
