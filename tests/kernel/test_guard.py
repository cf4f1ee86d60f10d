"""What the guard keeps of a notebook's output, and what it reports about its cells."""

import re
import time
from dataclasses import replace

import pytest
from machine import lacks

from grader.errors import HarnessError
from grader.kernel import client, gate
from grader.kernel.gate import NOTICE
from grader.kernel.sandbox import Mode, sandbox
from grader.limits import Limits
from grader.model import Ending

SMALL = Limits(output_cell=10_000)


@pytest.fixture(scope="module")
def box(data):
    try:
        with sandbox(Mode.NESTED, data, limits=SMALL, warm=("torch.utils.data",)) as launcher:
            yield launcher
    except HarnessError as error:
        lacks("sandbox", str(error))


def outputs(nb, cell=0):
    return [
        (output.output_type, output.get("text") or output.get("data")) for output in nb.cells[cell].outputs
    ]


def test_long_output_is_cut_with_a_notice(box, drive):
    run, nb = drive(box, "for _ in range(2000): print('x' * 100)", "print('next')", limits=SMALL)
    [(kind, text)] = outputs(nb)
    assert run.ending is Ending.FINISHED
    assert kind == "stream"
    assert NOTICE in text
    assert 10_000 <= len(text) < 10_200
    assert outputs(nb, 1) == [("stream", "next\n")]


def test_display_past_the_ration_is_replaced_by_a_notice(box, drive):
    cell = "from IPython.display import HTML, display\nfor _ in range(5): display(HTML('y' * 4000))"
    _, nb = drive(box, cell, limits=SMALL)
    kinds = [kind for kind, _ in outputs(nb)]
    assert kinds == ["display_data", "display_data", "stream"]
    assert NOTICE in outputs(nb)[-1][1]


def test_cleared_output_gives_its_ration_back(box, drive):
    cell = (
        "from IPython.display import HTML, clear_output, display\n"
        "for number in range(8):\n    clear_output(wait=True)\n    display(HTML('y' * 4000 + str(number)))"
    )
    _, nb = drive(box, cell, limits=SMALL)
    [(_, data)] = outputs(nb)
    assert data["text/html"].endswith("y7")


def test_display_is_updated_from_another_cell(box, drive):
    _, nb = drive(
        box,
        "print('a'); print('b')\nfrom IPython.display import display, HTML\n"
        "handle = display(HTML('old'), display_id='x')",
        "handle.update(HTML('new'))",
        limits=SMALL,
    )
    assert [data for _, data in outputs(nb)][1]["text/html"] == "new"


def test_prints_become_one_output_per_stream(box, drive):
    cell = "import sys\nfor _ in range(3): print('out', flush=True)\nprint('err', file=sys.stderr)"
    _, nb = drive(box, cell, limits=SMALL)
    assert sorted(outputs(nb)) == [("stream", "err\n"), ("stream", "out\nout\nout\n")]


def test_last_words_of_a_dying_kernel_are_kept(box, drive):
    run, nb = drive(
        box, "print('farewell', flush=True)\nimport os, time; time.sleep(0.3); os._exit(3)", limits=SMALL
    )
    assert outputs(nb) == [("stream", "farewell\n")]
    assert (run.ending, run.detail) == (
        Ending.KILLED,
        "The notebook ended its kernel with os._exit(3) in cell 1.",
    )


@pytest.mark.parametrize(
    ("cell", "wall_factor"),
    [
        pytest.param("while True: pass", 100.0, id="by the processor"),
        pytest.param("import time; time.sleep(600)", 1.0, id="by the clock"),
    ],
)
def test_cell_past_its_deadline_is_interrupted_and_the_next_one_runs(box, drive, cell, wall_factor):
    limits = replace(SMALL, wall_factor=wall_factor)
    run, nb = drive(box, "x = 1", cell, "print('after', x)", cell=2.0, limits=limits)
    assert run.ending is Ending.TIMEOUT
    words = r"cell 2 was interrupted after \d+ s, in which it used \d+ s of processor time"
    assert re.fullmatch(words, run.detail)
    assert nb.cells[1].outputs[0].ename == "KeyboardInterrupt"
    assert outputs(nb, 2) == [("stream", "after 1\n")]


@pytest.mark.parametrize(
    ("cells", "detail"),
    [
        pytest.param(
            10 * ["from time import process_time as now\nend = now() + 0.4\nwhile now() < end: pass"],
            r"the whole notebook used more than 2 s of processor time",
            id="by the processor",
        ),
        pytest.param(
            ["import time; time.sleep(600)"], r"the whole notebook ran for more than 6 s", id="by the clock"
        ),
        pytest.param(
            ["import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"],
            r"it used more than 1 s of processor time and did not stop",
            id="deaf to interrupts",
        ),
    ],
)
def test_notebook_past_its_deadline_is_killed(box, drive, cells, detail):
    limits = replace(SMALL, wall_factor=3.0 if "sleep" in cells[0] else 100.0, interrupt_grace=0.5)
    run, _ = drive(box, *cells, cell=1.0 if "SIG_IGN" in cells[0] else 20.0, notebook=2.0, limits=limits)
    assert run.ending is Ending.TIMEOUT
    assert re.search(detail, run.detail), run.detail


def test_time_without_the_processor_counts_towards_no_deadline(box, drive):
    """As on a machine that is busy with something else."""
    limits = replace(SMALL, wall_factor=100.0)
    run, nb = drive(box, "import time; time.sleep(4); print('done')", cell=2.0, notebook=3.0, limits=limits)
    assert run.ending is Ending.FINISHED, run
    assert outputs(nb) == [("stream", "done\n")]
    assert run.cells[0].seconds > 4


SPIN = """
import os, threading
from time import process_time, thread_time

def spin(clock):
    end = clock() + 0.6
    while clock() < end: pass
"""
ORPHAN = """
reader, writer = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        spin(process_time)
        os.write(writer, b"x")
    os._exit(0)
os.wait()
os.read(reader, 1)
"""


@pytest.mark.parametrize(
    ("cell", "used"),
    [
        pytest.param("spin(process_time)", 0.6, id="itself"),
        pytest.param(
            "threads = [threading.Thread(target=spin, args=(thread_time,)) for _ in range(3)]\n"
            "for thread in threads: thread.start()\nfor thread in threads: thread.join()",
            1.8,
            id="threads",
        ),
        pytest.param(
            "import multiprocessing\n"
            "with multiprocessing.Pool(3) as pool: pool.map(spin, 3 * [process_time], chunksize=1)",
            1.8,
            id="workers that have ended",
        ),
        pytest.param(ORPHAN, 0.6, id="an orphan that has ended"),
    ],
)
def test_every_process_of_a_kernel_counts(box, drive, cell, used):
    run, _ = drive(box, SPIN, cell, limits=SMALL)
    assert run.ending is Ending.FINISHED, run
    assert run.cells[1].cpu_seconds > used - 0.05, "clocks tick every 10 ms"


def test_an_interrupt_leaves_workers_that_persist_to_the_cells_after_it(box, drive):
    run, nb = drive(
        box,
        "import time, torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "points = TensorDataset(torch.ones(64, 3))\n"
        "loader = DataLoader(points, batch_size=4, num_workers=2, persistent_workers=True)",
        "for _ in loader: time.sleep(600)",
        "print(sum(len(batch) for batch, in loader))",
        cell=5.0,
        limits=replace(SMALL, wall_factor=1.0),
        imports=("torch", "torchvision"),
        prelude=("fastdata",),
    )
    assert [cell.timed_out for cell in run.cells] == [False, True, False], run
    assert outputs(nb, 2) == [("stream", "64\n")]


def test_cells_after_an_error_still_run(box, drive):
    run, _ = drive(box, "1 / 0", "x = 1", "import nothing_like_that", "print(x)", limits=SMALL)
    assert [cell.ename for cell in run.cells] == ["ZeroDivisionError", "", "ModuleNotFoundError", ""]
    assert (run.ending, run.detail) == (Ending.ERROR, "cell 1: ZeroDivisionError: division by zero")


def test_markdown_and_empty_cells_are_not_run(box, drive):
    run, _ = drive(box, "", "  \n", "1 + 1", limits=SMALL)
    assert [cell.index for cell in run.cells] == [2]


def test_ordinary_notebook_things_work(box, drive):
    """Top-level await, a shell command, a magic, worker processes, threads of torch."""
    run, _ = drive(
        box,
        "import asyncio; await asyncio.sleep(0)",
        "lines = !echo hi\nassert lines == ['hi']",
        "%matplotlib inline",
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "loader = DataLoader(TensorDataset(torch.ones(8, 3)), batch_size=4, num_workers=2)\n"
        "assert sum(float(batch.sum()) for batch, in loader) == 24",
        "torch.set_num_threads(2)\nw = torch.ones(300, 300, requires_grad=True); (w @ w).sum().backward()",
        "import multiprocessing\nwith multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]",
    )
    assert run.ending is Ending.FINISHED, run


def test_broken_launch_is_our_fault(box, drive, tmp_path):
    run, _ = drive(box, "1", support=(("a.txt", tmp_path / "missing"),))
    assert run.ending is Ending.BROKEN
    missing = tmp_path / "missing"
    assert run.detail == (
        f"UsageError: cannot give {missing} to the notebook (No such file or directory); submit regular files only"
    )


PROGRESS = {
    "prints": "for i in range(3000): print(f'\\r{i}', end='', flush=True)",
    "cleared": "from IPython.display import clear_output\n"
    "for i in range(3000): clear_output(wait=True); print(i, flush=True)",
    "updates": "from IPython.display import HTML, display\nline = display(HTML('x'), display_id='p')\n"
    "for i in range(3000): line.update(HTML(str(i)))",
}


@pytest.mark.parametrize(
    "progress", ["prints", *(pytest.param(each, marks=pytest.mark.system) for each in ("cleared", "updates"))]
)
def test_no_progress_line_is_lost_however_late_we_read(box, drive, monkeypatch, progress):
    """ZeroMQ would drop what its queues, of 1000 messages each, cannot hold."""
    receive = gate.receive
    stalls = [3.0]

    def late(session, frames, limit):
        if stalls and b"".join(frames).find(progress_message) >= 0:
            time.sleep(stalls.pop())
        return receive(session, frames, limit)

    progress_message = b'"update_display_data"' if progress == "updates" else b'"stream"'
    monkeypatch.setattr(client, "QUIET", 2.0)
    monkeypatch.setattr(gate, "receive", late)
    run, nb = drive(box, PROGRESS[progress], "print('after')", cell=100.0)
    assert run.ending is Ending.FINISHED, run
    assert not stalls
    assert "2999" in str(nb.cells[0].outputs[-1])
    assert outputs(nb, 1) == [("stream", "after\n")]


WORKERS = """
import multiprocessing, torch, warnings
from torch.utils.data import DataLoader
warnings.simplefilter("ignore")
class Numbers(torch.utils.data.Dataset):
    def __len__(self): return 8
    def __getitem__(self, index): return torch.full((1000,), float(index)), index
options = ({"persistent_workers": lasting, "batch_size": 2, "num_workers": 2} for lasting in (False, True))
loaders = [DataLoader(Numbers(), **chosen) for chosen in options]
print([sum(int(index.sum()) for _, index in loader) for loader in loaders for _ in range(2)])
with multiprocessing.Pool(1) as pool: print(pool.map(abs, [-1]), multiprocessing.Value("i", 3).value)
"""


def test_workers_and_pools_need_nothing_that_the_sandbox_refuses(box, drive):
    run, nb = drive(box, WORKERS, cell=60.0)
    assert run.ending is Ending.FINISHED, run
    assert outputs(nb) == [("stream", "[28, 28, 28, 28]\n[1] 3\n")]
