"""The benchmarks measure what they say, on settings so small that the figures mean nothing."""

import io
import json
import subprocess
import sys

import nbformat
import pytest
from rich.console import Console

from grader.datasets import fashion_mnist as datasets

from . import judge, measure, notebooks, ours, peers, startup, tools, venvs
from .rows import Row, figure, plain, table
from .setting import Setting, machine


@pytest.fixture
def setting(tmp_path):
    return Setting(runs=1, profile="quick", cache=tmp_path / "cache", say=lambda _: None)


def test_a_stored_execution_and_its_page_are_measured(graded):
    rows = judge.measured(graded.results, datasets.subset(graded.cache), runs=2)
    assert [row.what for row in rows] == ["judge: one stored execution", "judge: one student's page"]
    assert [len(row.after) for row in rows] == [2, 2]
    assert all(seconds > 0 for row in rows for seconds in (*row.before, *row.after))
    assert rows[0].note.endswith("4 checks, 2.00 of 2.5 points")


def test_a_start_is_measured_by_the_processor_time_of_its_process(monkeypatch):
    monkeypatch.setattr(startup, "REPEATS", 1)
    busy = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    idle = "import time; time.sleep(0.3)"
    assert startup.processor_seconds([sys.executable, "-c", busy], {}) > 0.3
    assert startup.processor_seconds([sys.executable, "-c", idle], {}) < 0.3


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [
        pytest.param((10, 40, 90), (1, 2, 3), 20, id="pairwise, then the median"),
        pytest.param((12,), (2, 3, 4), 4, id="of medians where nothing pairs"),
        pytest.param((), (1, 2), None, id="nothing to compare with"),
        pytest.param((4,), (), None, id="nothing measured"),
        pytest.param((4,), (0,), None, id="nothing is left"),
    ],
)
def test_the_ratio(before, after, ratio):
    assert Row(what="", before=before, after=after).ratio == ratio


@pytest.mark.parametrize(
    ("bounds", "wanted", "reached"),
    [
        pytest.param({}, "", None, id="none"),
        pytest.param({"at_most": 2}, "≤ 2 s", True, id="fast enough"),
        pytest.param({"at_most": 0.5}, "≤ 0.5 s", False, id="too slow"),
        pytest.param({"at_least": 4}, "≥ 4x", True, id="faster enough"),
        pytest.param({"at_most": 2, "at_least": 7}, "≤ 2 s, ≥ 7x", False, id="one of two"),
    ],
)
def test_what_is_wanted(bounds, wanted, reached):
    row = Row(what="", before=(4,), after=(1,), **bounds)
    assert (row.wanted, row.reached) == (wanted, reached)


def test_nothing_is_reached_where_nothing_was_measured():
    assert Row(what="", at_most=1, at_least=7).reached is None


@pytest.mark.parametrize(
    ("values", "shown"),
    [((), ""), ((0.12345,), "0.123 s"), ((3, 1, 2), "2 s"), ((45.678,), "45.7 s"), ((1234.5,), "1,234 s")],
    ids=str,
)
def test_a_figure(values, shown):
    assert figure(values, "s") == shown


def test_the_table_shows_all_of_a_row_and_escapes_what_it_cites():
    out = Console(file=io.StringIO(), width=160)
    out.print(
        table(
            [
                Row(what="page", before=(3,), after=(2,), at_most=1, note="[/red]"),
                Row(what="peer", note="gone"),
            ]
        )
    )
    lines = [line.split() for line in out.file.getvalue().splitlines()]
    assert lines[1] == ["page", "3", "s", "2", "s", "1.5x", "≤", "1", "s", "1", "[/red]"]
    assert lines[2] == ["peer", "gone"]


def test_a_row_as_json_keeps_every_figure():
    row = plain(Row(what="page", before=(4.0, 8.0), after=(2.0, 2.0), at_least=2))
    assert json.loads(json.dumps(row)) | {"what": "", "note": ""} == {
        "what": "", "unit": "s", "before": [4, 8], "after": [2, 2], "ratio": 3, "wanted": "≥ 2x", "reached": True,
        "note": "",
    }  # fmt: skip


def test_the_machine_is_one_line_with_its_load():
    assert "load " in machine()
    assert "\n" not in machine()


class TestWatch:
    def test_sees_the_memory_of_a_command_and_of_what_it_starts(self, tmp_path):
        child = "b = b'x' * (60 << 20); import time; time.sleep(2)"
        parent = f"a = b'x' * (30 << 20); import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
        seen = measure.watch([sys.executable, "-c", parent], env={}, cwd=tmp_path)
        assert seen.tree > 90
        assert 30 < seen.own < 90
        assert seen.seconds > 2

    def test_refuses_a_command_that_failed_and_cites_it(self, tmp_path):
        with pytest.raises(measure.CommandError, match=r"exited with 3: no such luck"):
            measure.watch([sys.executable, "-c", "print('no such luck'); exit(3)"], env={}, cwd=tmp_path)

    def test_commands_in_a_row_add_their_seconds_not_their_memory(self):
        one = measure.Watched(seconds=1, tree=50, own=10, said="a")
        two = measure.Watched(seconds=2, tree=40, own=20, said="b")
        assert measure.together([one, two]) == measure.Watched(seconds=3, tree=50, own=20, said="ab")


class TestProcessorTime:
    def test_counts_work_and_no_waiting(self):
        spent = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
        worked, waited = (
            startup.processor_seconds([sys.executable, "-c", code], {})
            for code in (spent, "import time; time.sleep(0.5)")
        )
        assert worked > 0.4 > waited

    def test_of_a_command_that_failed_is_none(self):
        with pytest.raises(subprocess.CalledProcessError):
            startup.processor_seconds([sys.executable, "-c", "exit(3)"], {})


class TestNotebooks:
    def test_the_solved_reference_reads_its_data_from_root_and_has_no_markers(self, setting):
        nb = notebooks.solved(setting.master, first=notebooks.seeded(3), last="print(1)")
        source = "\n".join(cell.source for cell in nb.cells)
        assert "SOLUTION" not in source
        assert source.count("FashionMNIST(root, ") == 2
        assert "torch.manual_seed(3)" in nb.cells[0].source
        assert nb.cells[-1].source == "print(1)"
        nbformat.validate(nb)

    def test_a_copied_class_has_no_two_alike_and_nobody_who_waits_for_a_deadline(self, setting, tmp_path):
        size = 30
        texts = [
            path.read_text("utf-8")
            for path in notebooks.copy_class(setting.hand_ins, tmp_path / "class", size).glob("*/*.ipynb")
        ]
        assert len(set(texts)) == size
        assert not any("while True" in text for text in texts)

    def test_nbgraders_test_cell_is_in_its_copy_only(self, setting):
        nb = notebooks.solved(setting.master, first=notebooks.seeded(0))
        tested = tools.with_test_cell(nb)
        assert len(tested.cells) == len(nb.cells) + 1
        assert tested.cells[-1].metadata["nbgrader"]["grade"]
        nbformat.validate(tested)

    def test_a_class_lies_as_deep_as_the_tool_wants_it(self, setting, tmp_path):
        nbs = [notebooks.solved(setting.master, first=notebooks.seeded(seed)) for seed in range(2)]
        notebooks.write_class(tmp_path, nbs, "hw1/hw1.ipynb")
        written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ipynb"))
        assert written == ["student-001/hw1/hw1.ipynb", "student-002/hw1/hw1.ipynb"]

    def test_otters_test_is_python(self):
        compile(tools.OTTER_TEST, "accuracy.py", "exec")
        assert "    assert 0.5 < evaluate" in tools.OTTER_TEST


def test_who_was_executed_is_read_from_what_grader_run_says():
    said = (
        "Sandbox: mode nested\nreference: finished (1.0 s)\n[1/3] ada: finished (nothing to run)\n"
        "[2/3] bob b: error (4.5 s), about 5 s left\n[3/3] cyd: unreadable (nothing to run)\n"
    )
    assert ours.executed(said) == ["bob b"]


def test_an_assignment_is_copied_with_its_reference(setting, tmp_path):
    copied = ours.copy_assignment(setting.assignment, tmp_path)
    assert (copied / "assignment.toml").is_file()
    assert (tmp_path / "reference" / "hw1.ipynb").read_bytes() == setting.master.read_bytes()


class TestInstallation:
    def test_is_done_once_and_lets_our_packages_be_found_last(self, tmp_path):
        calls = []

        def call(command):
            calls.append(command)
            if "venv" in command:
                library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
                (tmp_path / f"peer==1.0-py3.{sys.version_info.minor}" / library).mkdir(parents=True)

        first = venvs.installed("peer==1.0", tmp_path, call)
        assert venvs.installed("peer==1.0", tmp_path, call) == first
        assert len(calls) == 2
        assert calls[1][-1] == "peer==1.0"
        (link,) = tmp_path.rglob("*.pth")
        assert str(link.read_text().splitlines()[0]) in sys.path

    def test_that_fails_is_tried_again_next_time(self, tmp_path):
        def call(_command):
            raise venvs.InstallationError("no network")

        for _ in range(2):
            with pytest.raises(venvs.InstallationError, match="no network"):
                venvs.installed("peer==1.0", tmp_path, call)

    def test_that_fails_is_a_row_with_the_reason(self, setting, monkeypatch):
        def refuse(*_):
            raise venvs.InstallationError("pip failed: no network")

        monkeypatch.setattr(venvs, "installed", refuse)
        there, failures = peers._installed(setting)
        assert [tool.name for tool in there] == ["plain nbclient, no grading"]
        assert set(failures) == {peers.NBGRADER, peers.OTTER}
        assert all("no network" in why for why in failures.values())
