"""Nothing of a student's name is in caches, among temporary files, or where another notebook could read it."""

import json
import os
import threading

import nbformat
import pytest
from program import Program

NAME = "wilhelmina-zsx"
LOOK = """
import glob, os, sys, time
time.sleep(1)
print(sorted(os.environ.items()), sys.argv, os.getcwd(), glob.glob("/*"), glob.glob("/*/*"), list(globals()))
for path in ("mountinfo", "cmdline", "environ", "maps"):
    for process in ("self", "1", str(os.getppid())):
        try: print(open(f"/proc/{process}/{path}", errors="replace").read())
        except OSError: pass
for name in os.listdir("/proc/self/fd"):
    try: print(os.readlink(f"/proc/self/fd/{name}"))
    except OSError: pass
"""


@pytest.fixture(params=["auto", "none"])
def program(request, fresh, notebook_of, tmp_path_factory, monkeypatch):
    cache = tmp_path_factory.mktemp("own-cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    for number, text in enumerate((notebook_of(more=[LOOK]), "{ this is no notebook")):
        fresh.hand_in(f"{NAME}-{number}", text)
        folder = fresh.hand_ins / f"{NAME}-{number}"
        (folder / "tiny.ipynb").rename(folder / f"{NAME}_tiny.ipynb")
    program = Program(fresh, tmp_path_factory.mktemp("t"), "--sandbox", request.param)
    program.cache = cache
    return program


def names_below(folder):
    return [
        path for top, folders, files in os.walk(folder) for path in (*folders, *files, top) if NAME in path
    ]


@pytest.mark.system
def test_a_students_name_stays_in_the_results(program):
    seen, done = set(), threading.Event()

    def watch():
        while not done.wait(0.05):
            seen.update(names_below(program.tmp))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = program.finish()
    done.set()
    watcher.join()
    assert code == 0, program.said
    assert seen == set()
    assert names_below(program.cache) == []
    kept = [path for path in program.cache.rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert [path for path in kept if NAME.encode() in path.read_bytes()] == []
    executed = program.executed(f"{NAME}-0").read_text()
    printed = json.dumps([cell.get("outputs") for cell in nbformat.reads(executed, as_version=4).cells])
    assert "PATH" in printed
    assert NAME not in printed
