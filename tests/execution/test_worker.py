"""One call in a process of its own: whatever happens there is an answer here."""

import contextlib
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from grader.errors import HarnessError, NotebookError
from grader.execution import worker


# What runs in the worker: importable there by this module's name.
def add(one, two, progress):
    progress("adding")
    progress("done")
    return one + two


def refuse(_progress):
    raise NotebookError("this is no notebook")


def break_down(_progress):
    return 1 / 0


def exit_at_once(_progress):
    os._exit(7)


def kill_itself(_progress):
    os.kill(os.getpid(), signal.SIGKILL)


def die_while_answering(progress):
    """As a machine out of memory may end it: with a part of its message sent."""
    pipe = progress.__closure__[0].cell_contents
    os.write(pipe.fileno(), struct.pack("!i", 1000) + b"the first bytes")
    os._exit(9)


def answer_with_what_no_pipe_takes(_progress):
    return lambda: None


def sleep(seconds, progress):
    progress(os.getpid())
    time.sleep(seconds)


def sleep_in_a_folder(parent, progress):
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        Path(parent, "pid").write_text(str(os.getpid()))
        progress(folder)
        time.sleep(600)


def fill_the_disk(_progress):
    Path("/dev/full").write_text("x")


def never_end(progress):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    progress(os.getpid())
    while True:
        time.sleep(1)


def temporary(_progress):
    return tempfile.gettempdir(), os.environ["TMPDIR"]


def is_interrupted(_progress):
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


@pytest.fixture(scope="module")
def call():
    def call(function, *arguments, seconds=60.0, on_progress=lambda _: None, stop=None):
        return worker.call(
            function, *arguments, seconds=seconds, on_progress=on_progress, stop=stop or threading.Event()
        )

    call(add, 1, 2)  # the first one waits for the warm parent of all
    return call


def test_the_result_comes_back_after_the_progress(call):
    progress = []
    assert call(add, 1, 2, on_progress=progress.append) == 3
    assert progress == ["adding", "done"]


def test_temporary_files_go_where_the_callers_go_by_then(call, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert call(temporary) == (str(tmp_path), str(tmp_path))


def test_our_own_errors_cross_as_they_are(call):
    with pytest.raises(NotebookError, match=r"^this is no notebook$"):
        call(refuse)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (break_down, "ZeroDivisionError: division by zero"),
        (
            fill_the_disk,
            "There is no room left on the disk (No space left on device). Free some and run this command again.",
        ),
        (exit_at_once, "The worker process died with exit code 7."),
        (kill_itself, "The worker process died by signal 9."),
        (die_while_answering, "The worker process died with exit code 9."),
        (answer_with_what_no_pipe_takes, "The worker process died with exit code 1."),
    ],
    ids=["exception", "full disk", "os._exit", "SIGKILL", "while it sends", "unpicklable"],
)
def test_every_other_end_is_our_own_failure(call, function, message):
    with pytest.raises(HarnessError) as failure:
        call(function)
    assert str(failure.value) == message


def gone(pid):
    """Wait until a process is no more."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(60)
    return not psutil.pid_exists(pid)


def test_a_call_past_its_deadline_is_ended(call):
    progress = []
    with pytest.raises(HarnessError, match=r"^The worker process did not finish in time\.$"):
        call(sleep, 600, seconds=3, on_progress=progress.append)
    assert gone(*progress)


def test_one_that_will_not_end_is_killed(call, monkeypatch):
    monkeypatch.setattr(worker, "GRACE", 0.5)
    progress = []
    with pytest.raises(HarnessError, match="did not finish in time"):
        call(never_end, seconds=3, on_progress=progress.append)
    assert gone(*progress)


def test_ended_early_it_still_clears_up(call, tmp_path):
    """A kernel and its folder are contexts too."""
    stop = threading.Event()
    with pytest.raises(HarnessError):
        call(sleep_in_a_folder, str(tmp_path), stop=stop, on_progress=lambda _: stop.set())
    assert [path.name for path in tmp_path.iterdir()] == ["pid"]


def test_calls_under_way_can_be_stopped_from_outside(call):
    stop, pids = threading.Event(), []

    def note(pid):
        pids.append(pid)
        stop.set()

    with pytest.raises(HarnessError, match=r"^The worker process was stopped\.$"):
        call(sleep, 600, stop=stop, on_progress=note)
    assert gone(*pids)


def test_after_the_stop_none_begins(call):
    stop, progress = threading.Event(), []
    stop.set()
    with pytest.raises(HarnessError, match="stopped before this notebook began"):
        call(sleep, 600, stop=stop, on_progress=progress.append)
    assert progress == []


def test_ctrl_c_is_the_callers_to_handle(call):
    assert call(is_interrupted) == "went on"


def test_many_at_a_time_keep_their_answers_apart(call):
    answers = {}
    threads = [
        threading.Thread(target=lambda number=number: answers.update({number: call(add, number, 100)}))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number + 100 for number in range(12)}


CALLER = """
import sys, threading
sys.path.insert(0, {tests!r})
import test_worker
from grader.execution import worker
if __name__ == "__main__":
    worker.call(
        test_worker.sleep_in_a_folder, {folder!r}, seconds=600, on_progress=print, stop=threading.Event()
    )
"""


def test_it_ends_when_its_caller_is_killed_and_clears_up(tmp_path):
    script = tmp_path / "caller.py"
    (folder := tmp_path / "work").mkdir()
    script.write_text(CALLER.format(tests=str(Path(__file__).parent), folder=str(folder)))
    with subprocess.Popen([sys.executable, "-u", str(script)], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout.readline().startswith(str(folder))
        caller.kill()
    assert gone(int((folder / "pid").read_text()))
    assert [path.name for path in folder.iterdir()] == ["pid"]


# --- a student's own, in this process -------------------------------------------------------------------


def wait_for_a_child(progress):
    child = subprocess.Popen(["sleep", "600"])
    progress(child.pid)
    return child.wait()


@pytest.fixture
def here():
    def here(function, *arguments, on_progress=lambda _: None, stop=None):
        stop = stop or threading.Event()
        return worker.call_here(function, *arguments, seconds=1, on_progress=on_progress, stop=stop)

    return here


def test_a_call_here_gives_its_progress_and_its_result(here):
    told = []
    assert here(add, 1, 2, on_progress=told.append) == 3
    assert told == ["adding", "done"]


def test_a_call_here_raises_our_errors_and_calls_others_ours(here):
    with pytest.raises(NotebookError, match="this is no notebook"):
        here(refuse)
    with pytest.raises(HarnessError, match="ZeroDivisionError: division by zero"):
        here(break_down)


def test_a_call_here_that_is_stopped_leaves_no_process(here):
    stop = threading.Event()
    assert here(wait_for_a_child, on_progress=lambda _: stop.set(), stop=stop) == -signal.SIGKILL
