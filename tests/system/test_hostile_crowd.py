"""A large class of tiny notebooks, a tenth of them hostile: all end, our processes stay as small as they were.

GRADER_TEST_CLASS says how many; with `pytest -s` the figures are printed. A thousand take about half an hour.
"""

import json
import os
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from program import Program

from grader.kernel import cgroup
from grader.model import Ending

SIZE = int(os.environ.get("GRADER_TEST_CLASS", "60"))
ATTACKS = Path(__file__).parents[1] / "attacks"
EVERY = 10
"""Every tenth is hostile."""
MIB = 1 << 20
GROWTH = 48 * MIB
"""By which a process may be larger at the end than when the class had begun."""
ODD_NAMES = ("-rf", "=1+1", "a b", "%s%n", "$(id)", "<b>", "'; drop table grade; --", "ß💥é", "x" * 200)
CELLS = {
    "flood": "from IPython.display import display, HTML\nwhile True: display(HTML('x' * 1_000_000))",
    "print": "print('x' * 10**8)",
    "messages": "from IPython.display import clear_output\nwhile True: clear_output()",
    "exit": "exit()",
    "_exit": "import os; os._exit(0)",
    "signal": "import os; os.kill(os.getpid(), 9)",
    "crash": "import ctypes; ctypes.string_at(0)",
    "loop": "while True: pass",
    "daemons": "import os, time\nfor _ in range(20):\n    if os.fork() == 0: os.setsid(); time.sleep(600)",
    "forks": "import os\nwhile True: os.fork()",
    "memory": "x = [0] * (1 << 36)",
    "disk": "while True: open('/tmp/x', 'ab').write(bytes(1 << 20))",
    "numbers": "print('1' + ',000' * 100000 + '1')",
    "escapes": "raise ValueError('\\x1b[2J\\x1b]0;owned\\x07')",
}
FILES = {
    "nested": '{"cells": ' + "[" * 200_000,
    "cut": '{"cells": [{"cell_type": "co',
    "binary": "\x89PNG\r\n\x1a\n\0",
    "empty": "",
    "bomb": (ATTACKS / "html_bomb_oom.ipynb").read_text(),
    "divs": (ATTACKS / "html_divs.ipynb").read_text(),
}


class Sizes:
    """A context manager: the memory of a process and all that it starts, sampled in a thread."""

    def __init__(self, pid):
        self.root = psutil.Process(pid)
        self.samples = {}
        """By process: when, and how many bytes."""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self):
        self.began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.seconds = time.monotonic() - self.began

    def _sample(self):
        while not self._done.wait(0.5):
            try:
                family = [self.root, *self.root.children(recursive=True)]
            except psutil.Error:
                return
            for process in family:
                try:
                    entry = time.monotonic() - self.began, process.memory_info().rss
                except psutil.Error:
                    continue
                self.samples.setdefault(process, []).append(entry)

    def lasting(self):
        """Of processes that were there for most of the run: the size early in it and at its end."""
        for process, entries in self.samples.items():
            early = [size for when, size in entries if 0.2 < when / self.seconds < 0.4]
            late = [size for when, size in entries if when / self.seconds > 0.8]
            if early and late:
                yield process.pid, statistics.median(early), statistics.median(late)

    def passing(self):
        """The peaks of the others, in the order in which they began, as two halves."""
        lasting = {pid for pid, _, _ in self.lasting()}
        peaks = [
            max(size for _, size in entries)
            for process, entries in self.samples.items()
            if process.pid not in lasting
        ]
        return peaks[: len(peaks) // 2], peaks[len(peaks) // 2 :]


@pytest.fixture
def crowd(fresh, notebook_of, tmp_path_factory):
    """Who does what; the others are honest."""
    kinds = {}
    for number in range(SIZE):
        name = f"s{number:04}"
        if number % EVERY == EVERY - 1:
            kind = [*CELLS, *FILES][number // EVERY * 7 % (len(CELLS) + len(FILES))]
            kinds[name] = kind
            text = FILES[kind] if kind in FILES else notebook_of(more=[CELLS[kind]])
        else:
            if number % EVERY == 0 and number // EVERY < len(ODD_NAMES):
                name = ODD_NAMES[number // EVERY]
            text = notebook_of(more=[f"{number}"])
        fresh.hand_in(name, text)
    options = ("--limit", "cell_floor=5", "--limit", "notebook_floor=20", "--json")
    return Program(fresh, tmp_path_factory.mktemp("t"), *options), kinds


@pytest.mark.system
def test_a_large_class_with_hostile_notebooks_ends_and_leaves_nothing(crowd):
    program, kinds = crowd
    before = Path("/proc/sysvipc/shm").read_text()
    with program.running() as process, Sizes(process.pid) as sizes:
        code = process.wait(SIZE * 30)
    assert code == 0, program.said[-5000:]
    grades = {
        path.parent.name: json.loads(path.read_text())
        for path in program.results.glob("students/*/result.json")
    }
    endings = Counter((kinds.get(name, "honest"), grade["ending"]) for name, grade in grades.items())
    growth = list(sizes.lasting())
    halves = [statistics.median(half) for half in sizes.passing()]
    figures = [
        f"{SIZE} notebooks in {sizes.seconds:.0f} s",
        *(f"{kind}: {ending} {count}" for (kind, ending), count in sorted(endings.items())),
        *(f"{pid}: {early / MIB:.0f} MiB early, {late / MIB:.0f} late" for pid, early, late in growth),
        f"processes that came and went: median peaks {halves[0] / MIB:.0f} and {halves[1] / MIB:.0f} MiB",
    ]
    sys.stdout.write("\n".join(["", *figures, ""]))  # for `pytest -s`
    assert len(grades) == SIZE
    assert Ending.BROKEN not in {ending for _, ending in endings}
    honest = {(grade["ending"], grade["total"]) for name, grade in grades.items() if name not in kinds}
    assert honest == {("finished", 2.0)}
    assert all(late - early < GROWTH for _, early, late in growth)
    assert halves[1] < 1.5 * halves[0]
    assert program.leftovers() == []
    assert Path("/proc/sysvipc/shm").read_text() == before
    assert list(cgroup.ROOT.glob(f"**/{cgroup.PREFIX}-{process.pid}-*")) == []
