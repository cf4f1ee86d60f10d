"""Where a machine has less than others: one clear line, or a run like any other."""

import os
import subprocess
import sys

import pytest
from machine import lacks
from program import Program

WITHOUT_SHARED_MEMORY = """
mount -t tmpfs none /mnt
for name in null zero full random urandom tty; do touch /mnt/$name; mount --bind /dev/$name /mnt/$name; done
ln -s /proc/self/fd /mnt/fd
mkdir /mnt/pts
mount --bind /dev/pts /mnt/pts
mount --move /mnt /dev
exec "$@"
"""


def run(grading, *before, **environment):
    command = [
        *before, sys.executable, "-m", "grader", "run", str(grading.hand_ins), "-a", str(grading.assignment),
        "-o", str(grading.results), "--profile", "quick",
    ]  # fmt: skip
    return subprocess.run(
        command,
        env=environment or {**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture
def tiny_class(fresh, notebook_of):
    fresh.hand_in("ada", notebook_of())
    return fresh


@pytest.mark.system
def test_too_few_open_files_are_one_line_that_says_what_to_do(tiny_class):
    done = run(tiny_class, "sh", "-c", 'ulimit -n 64 && exec "$@"', "sh")
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "error: This process may open only 64 files, and grader needs 256. Start a shell with a higher limit "
        "(`ulimit -n` shows it), then run the same command again."
    )


@pytest.mark.system
@pytest.mark.slow
def test_a_machine_without_shared_memory_home_or_language_grades_all_the_same(tiny_class):
    if os.geteuid() != 0:
        lacks("sandbox", "only root may take /dev/shm away")
    bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "XDG_CACHE_HOME") if name in os.environ}
    unshared = ["unshare", "-m", "sh", "-c", f"ulimit -n 256; {WITHOUT_SHARED_MEMORY}", "sh"]
    done = run(tiny_class, *unshared, **bare, LANG="C")
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stdout


FULL = """
mount -t tmpfs -o size={size},mode=777 none "{place}"
"$@"
echo "exit code $?"
mount -o remount,size=512m "{place}"
exec "$@"
"""
READ_ONLY = """
mount --bind "{place}" "{place}"
mount -o remount,bind,ro "{place}"
"$@"
echo "exit code $?"
umount "{place}"
exec "$@"
"""


class TestABadDay:
    """First with what is wrong, then without it: the same command, one after the other."""

    @pytest.fixture
    def days(self, fresh, notebook_of, tmp_path_factory, tmp_path, monkeypatch):
        """What was said on the bad day, and its exit code; on the day after, everybody is graded."""
        if os.geteuid() != 0:
            lacks("sandbox", "only root may mount what is full or read-only")
        monkeypatch.setenv("COLUMNS", "200")
        fresh.results.mkdir()
        (cache := tmp_path / "cache").mkdir()
        for student in ("ada", "bob", "cyd", "dan"):
            fresh.hand_in(student, notebook_of(more=[f"print('{student}' * 100_000)"]))
        program = Program(fresh, tmp_path_factory.mktemp("t"), "-j", "1")
        places = {"results": fresh.results, "temporary": program.tmp, "cache": cache}

        def days(script, place):
            if place == "cache":
                monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
            shell = script.format(place=places[place])
            program.command = ["unshare", "-m", "sh", "-c", shell, "sh", *program.command]
            assert program.finish() == 0, program.said
            assert program.leftovers() == []
            bad, good = program.said.split("exit code ")
            code, _, after = good.partition("\n")
            for student in ("ada", "bob", "cyd", "dan"):
                assert f" {student}: finished (" in after, program.said
            return bad, int(code)

        return days

    @pytest.mark.system
    @pytest.mark.parametrize(
        ("script", "place", "said"),
        [
            (FULL.replace("{size}", "900k"), "results", "error: There is no room left for "),
            (FULL.replace("{size}", "16k"), "results", "error: There is no room left for "),
            (FULL.replace("{size}", "4k"), "temporary", ""),
            (
                FULL.replace("{size}", "4k"),
                "cache",
                ": the cache cannot be written (No space left on device)",
            ),
            (
                READ_ONLY,
                "results",
                "can't be opened: unable to open database file. Make the folder writable, or ",
            ),
            (READ_ONLY, "temporary", ""),
            (READ_ONLY, "cache", ": the cache cannot be written (Read-only file system)"),
        ],
        ids=[
            "full, half way",
            "full",
            "full temporary files",
            "full cache",
            "read-only",
            "read-only temporary files",
            "read-only cache",
        ],
    )
    def test_ends_in_one_line_or_does_not_matter_and_the_next_run_goes_on(self, days, script, place, said):
        bad, code = days(script, place)
        assert "Traceback" not in bad
        if said:
            assert (code, said in bad.splitlines()[-1]) == (2, True), bad
        else:
            assert code == 0, bad


JUMPING = """
import itertools, time
real, jumps = time.time, itertools.cycle((0, 4e7, -4e7, 4e9))
time.time = lambda: real() + next(jumps)
"""


@pytest.mark.system
def test_a_clock_that_jumps_changes_nothing(tiny_class, tmp_path, notebook_of):
    (tmp_path / "sitecustomize.py").write_text(JUMPING)
    tiny_class.hand_in("bob", notebook_of())
    for student, second in (("ada", 0), ("bob", 1 << 33)):
        os.utime(tiny_class.hand_ins / student / "tiny.ipynb", (second, second))
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    done = run(tiny_class, **{**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    again = run(tiny_class, **{**os.environ, "PYTHONPATH": path})
    assert again.stderr.count("nothing to run") == 2, again.stderr
