import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
import pytest
from machine import lacks

from grader.errors import HarnessError, UsageError
from grader.kernel import KernelRequest, cgroup
from grader.kernel import sandbox as module
from grader.kernel.cold import ColdLauncher
from grader.kernel.guard import run_notebook
from grader.kernel.memory import Admission, Ticket
from grader.kernel.sandbox import Attempt, Mode, best_launcher, probe_host, sandbox
from grader.kernel.view import View, command
from grader.limits import Limits
from grader.model import Ending

LIMITS = Limits()
DRAW = "import torch, random, numpy; print(torch.rand(2).tolist(), random.random(), numpy.random.rand())"
RESTRICTIONS = {
    "interfaces": ["lo"],
    "read_only": True,
    "capabilities": False,
    "no_new_privs": True,
    "processes": 2,
    "few_files": True,
    "uid": 1000,
    "seccomp": True,
}


@pytest.fixture(scope="module")
def box(data):
    try:
        with sandbox(Mode.NESTED, data, limits=LIMITS, warm=("torch.utils.data",)) as launcher:
            yield launcher
    except HarnessError as error:
        lacks("sandbox", str(error))


@pytest.mark.system
@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_runs_a_notebook_on_the_data(data, drive, printed, mode, box):  # noqa: ARG001
    with sandbox(mode, data, limits=LIMITS, warm=("torch.utils.data",)) as launcher:
        run, nb = drive(launcher, "import os; print(os.listdir('/data/FashionMNIST/raw'))")
        assert launcher.enforced["mode"] == mode
    assert run.ending is Ending.FINISHED, run
    assert printed(nb) == "['t10k-labels-idx1-ubyte']\n"


@pytest.mark.system
def test_warm_and_cold_kernels_draw_the_same_numbers(box, drive, printed):
    warm, again, other = (printed(drive(box, DRAW, seed=seed, imports=("torch",))[1]) for seed in (3, 3, 4))
    assert warm == again == printed(drive(ColdLauncher(), DRAW, seed=3, imports=("torch",))[1])
    assert warm != other


def test_enforced_is_plain_json_of_the_confinement(box):
    assert box.enforced["network"] == "none"
    assert box.enforced["user"].endswith("no capabilities")
    assert all(isinstance(value, str | bool) for value in box.enforced.values())


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"interfaces": ["lo", "eth0"]}, "no network"),
        ({"read_only": False}, "a read-only file system"),
        ({"capabilities": True}, "no capabilities"),
        ({"no_new_privs": False}, "no way to gain privileges"),
        ({"processes": 200}, "a process list of its own"),
        ({"uid": 0}, "a user other than root"),
    ],
)
def test_sandbox_without_a_required_restriction_is_refused(changed, missing):
    with pytest.raises(HarnessError, match=missing):
        module.verified_confinement(Mode.NESTED, RESTRICTIONS | changed, LIMITS)


def test_what_a_mode_cannot_limit_is_reported():
    held = module.verified_confinement(Mode.COLD, RESTRICTIONS | {"few_files": False}, LIMITS)
    assert held["files"] == "counted as memory"


def test_missing_filter_is_reported():
    assert (
        module.verified_confinement(Mode.NESTED, RESTRICTIONS | {"seccomp": False}, LIMITS)["seccomp"]
        is False
    )


def test_other_data_than_the_sandbox_shows_is_refused(box, tmp_path):
    request = KernelRequest(seed=1, data=tmp_path, limits=LIMITS)
    with pytest.raises(ValueError, match="this sandbox shows"), box.kernel(request):
        pass


def test_missing_bubblewrap_names_the_package(data, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(HarnessError, match="apt install bubblewrap"),
        sandbox(Mode.NESTED, data, limits=LIMITS, warm=("torch.utils.data",)),
    ):
        pass


def test_nothing_runs_unconfined_in_silence(data, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    refused = pytest.raises(UsageError, match=r"bubblewrap.*grader doctor.*grader guide sandbox")
    with refused, best_launcher(data, limits=LIMITS):
        pass


def test_unconfined_must_be_asked_for(data):
    with best_launcher(data, limits=LIMITS, confined=False) as launcher:
        assert isinstance(launcher, ColdLauncher)
        assert launcher.enforced["mode"] == "none"
        assert launcher.enforced["network"] == "not confined"


@pytest.mark.system
def test_next_best_is_taken_where_nesting_is_refused(data, drive, printed, monkeypatch, box):  # noqa: ARG001
    """As on a host where bubblewrap may create namespaces but the programs inside it may not."""
    monkeypatch.setattr(module, "command", refuse_nesting)
    with best_launcher(data, limits=LIMITS) as launcher:
        assert launcher.enforced["mode"] == Mode.SINGLE
        assert printed(drive(launcher, "print(6 * 7)")[1]) == "42\n"


def refuse_nesting(view, control, status):
    """The real command, except that a nested sandbox does not start."""
    words, files = command(view, control, status)
    return ["false"] if view.mode is Mode.NESTED else words, files


@pytest.mark.system
def test_probe_really_tries_each_mode(data, box):  # noqa: ARG001 - where the strongest mode works, all do
    attempts = probe_host(data, limits=LIMITS)
    assert [(each.mode, each.works, each.why) for each in attempts] == [(mode, True, "") for mode in Mode]
    assert [each.enforced["mode"] for each in attempts] == list(Mode)


def test_probe_says_why(data, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert probe_host(data, limits=LIMITS)[0] == Attempt(
        mode=Mode.NESTED, works=False, why=f"bubblewrap (bwrap) is not installed; {module.INSTALL}"
    )


def test_command_line_tells_nothing_of_this_machine(data, tmp_path):
    """A kernel can read its process list."""
    view = View(mode=Mode.SINGLE, data=data, scratch=1 << 20, inside=tmp_path)
    words, files = command(view, 3, 4)
    for file in files:
        file.close()
    assert str(data) not in " ".join(words)
    assert str(tmp_path) not in " ".join(words)


def run_in_worker(launcher, data, number, results):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"print({number} ** 2)")])
    with launcher.kernel(KernelRequest(seed=1, data=data, limits=LIMITS)) as kernel:
        run = run_notebook(
            nb, kernel, limits=LIMITS, cell_deadline=20.0, notebook_deadline=60.0, on_cell=lambda _: None
        )
    results.put((number, run.ending, nb.cells[0].outputs[0].text))


def hang_in_worker(launcher, data, started):
    with launcher.kernel(KernelRequest(seed=1, data=data, limits=LIMITS)) as kernel:
        kernel.start(kernel.manager.get_connection_info())
        started.put(kernel.process.pid)
        signal.pause()


@pytest.fixture
def workers(monkeypatch):
    """Processes as `execute` starts them: from a fork server, which passes on nothing but their arguments."""
    monkeypatch.syspath_prepend(os.path.dirname(__file__))  # noqa: PTH120 - for the fork server's imports
    return multiprocessing.get_context("forkserver")


def test_workers_share_the_sandbox(box, data, workers):
    results = workers.Queue()
    running = [
        workers.Process(target=run_in_worker, args=(box, data, number, results)) for number in range(4)
    ]
    for worker in running:
        worker.start()
    squares = sorted(results.get(timeout=60) for _ in running)
    for worker in running:
        worker.join()
        worker.close()
    assert squares == [(number, Ending.FINISHED, f"{number**2}\n") for number in range(4)]


def test_kernel_dies_with_its_worker(box, data, workers):
    """A killed worker needs no cleaning up: its connection to the kernel closes, which ends the kernel."""
    started = workers.Queue()
    worker = workers.Process(target=hang_in_worker, args=(box, data, started))
    worker.start()
    kernel = psutil.Process(started.get(timeout=60))
    worker.kill()
    worker.join()
    worker.close()
    assert kernel.wait(timeout=10) is None
    assert not kernel.is_running()


def test_files_and_groups_of_a_killed_worker_go_with_the_sandbox(data, workers, box):  # noqa: ARG001
    with sandbox(Mode.COLD, data, limits=LIMITS) as launcher:
        started = workers.Queue()
        worker = workers.Process(target=hang_in_worker, args=(launcher, data, started))
        worker.start()
        started.get(timeout=60)
        groups = list(cgroup.ROOT.glob(f"**/grader-{worker.pid}-*"))
        worker.kill()
        worker.join()
        worker.close()
        assert list(launcher.folder.iterdir()) != []
        end = time.monotonic() + 10
        while any(map(processes_in, groups)) and time.monotonic() < end:
            time.sleep(0.05)  # a group with processes in it can't go
    assert not launcher.folder.exists()
    assert groups
    assert not any(group.exists() for group in groups)


def processes_in(group):
    return (group / "cgroup.procs").read_text() if group.exists() else ""


def newest_sandbox():
    boxes = [child for child in psutil.Process().children() if child.name() == "bwrap"]
    return max(boxes, key=psutil.Process.create_time)


@pytest.mark.system
def test_kernel_under_a_dying_sandbox_is_our_fault_and_the_next_one_works(data, drive, printed, box):  # noqa: ARG001
    with sandbox(Mode.NESTED, data, limits=LIMITS, warm=("torch.utils.data",)) as launcher:
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import time; time.sleep(60)")])
        with launcher.kernel(KernelRequest(seed=1, data=data, limits=LIMITS)) as kernel:
            run = run_notebook(
                nb,
                kernel,
                limits=LIMITS,
                cell_deadline=30.0,
                notebook_deadline=60.0,
                on_cell=lambda _: newest_sandbox().kill(),
            )
        assert run.ending is Ending.BROKEN
        assert "run this notebook again" in run.detail
        assert printed(drive(launcher, "print(6 * 7)")[1]) == "42\n"


def test_evidence_has_its_size_whatever_the_kernel_does(box, data):
    with box.kernel(KernelRequest(seed=1, data=data, limits=LIMITS)) as kernel:
        assert len(kernel.evidence.read()) == LIMITS.evidence
        for change in (
            lambda: os.ftruncate(kernel.evidence.fileno(), 1),
            lambda: kernel.evidence.truncate(1 << 40),
        ):
            with pytest.raises(PermissionError):
                change()


@pytest.mark.slow
def test_two_hungry_notebooks_finish_beside_each_other(box, drive):
    """Two small real notebooks: both are measured while they grow, and neither is stopped."""
    cells = [
        "import torch; kept = []",
        "for step in range(8):\n    kept.append(torch.ones(25 << 20)); __import__('time').sleep(0.15)",
        "print(len(kept))",
    ]
    peaks = []

    def grade(_):
        def work(ticket):
            run, _ = drive(box.at(ticket), *cells)
            peaks.append(ticket.peak)
            return run.ending

        return admission.run(work)

    with Admission() as admission, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(grade, range(2))) == [Ending.FINISHED, Ending.FINISHED]
    assert min(peaks) > 400 << 20


def test_notebook_that_must_make_room_is_told_so(box, drive, tmp_path):
    (tmp_path / "ticket").touch()
    ticket = Ticket(tmp_path / "ticket")
    ticket.evict()
    run, _ = drive(box.at(ticket), "import time; time.sleep(30)")
    assert run.ending is Ending.BROKEN
    assert "this machine ran out of memory" in run.detail


DOOMED = """
import os, signal, sys
from pathlib import Path
import psutil
from grader.kernel.sandbox import Mode, sandbox
from grader.limits import Limits
with sandbox(Mode.NESTED, Path(sys.argv[1]), limits=Limits()):
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_sandbox_dies_with_the_harness(data, box):  # noqa: ARG001 - skips where there is none
    done = subprocess.run(
        [sys.executable, "-c", DOOMED, str(data)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = [psutil.Process(pid) for pid in map(int, done.stdout.split()) if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(left, timeout=10)
    assert alive == []
