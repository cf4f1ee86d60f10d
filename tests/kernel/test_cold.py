import random
import shutil

import nbformat
import numpy as np
import pytest
import torch

from grader.errors import UsageError
from grader.kernel import KernelRequest, handover
from grader.kernel.cold import INSIDE, ColdLauncher
from grader.kernel.guard import clear_outputs
from grader.kernel.handover import packed
from grader.limits import Limits
from grader.model import Ending

FAKE = """
import os
def install(options, context):
    os.pwrite(context.evidence_fd, f"{options['greeting']} {context.seed}".encode(), 0)
    open("installed", "w").write(context.data)
def attach(shell):
    shell.events.register("post_run_cell", lambda result: open("ids", "a").write(f"{result.info.cell_id} "))
"""

TOLD = """
import gc, sys
told, frame = gc.get_objects(), sys._getframe()
while frame:
    told += frame.f_locals.values()
    frame = frame.f_back
keys = [key for kept in told if type(kept) is dict for key in list(kept) if type(key) is str]
print([key for key in keys if key in ("gre" + "eting", "pre" + "lude")])
"""
"""Looks for the request wherever Python code may look."""
CELLS = (
    "import torch, random, numpy; drawn = torch.rand(3), random.random(), numpy.random.rand()",
    "print(open('installed').read()); print(open('notes.txt').read())",
    "input('your name? ')",
    "# skipped: 1/0",
    "import os, sys; print(sorted(os.environ)); print(os.path.expanduser('~')); print(sys.argv)",
    "try: import fake; print('found')\nexcept ImportError: print('hidden')",
    "import matplotlib.pyplot as plt; plt.plot([1, 2]);",
    "print(open('ids').read())",
    "print(sum(float(x.sum()) for x in [drawn[0]]), drawn[1], drawn[2])",
    TOLD,
)


@pytest.fixture(scope="module")
def lived(drive, tmp_path_factory):
    """The run of one kernel without a sandbox, for the tests below."""
    folder = tmp_path_factory.mktemp("cold")
    shutil.copytree(INSIDE, folder / "inside")
    (folder / "inside" / "fake.py").write_text(FAKE)
    (folder / "notes.txt").write_text("notes from beside the notebook")
    patch = pytest.MonkeyPatch()
    patch.setenv("SECRET_TOKEN", "42")
    run, nb = drive(
        ColdLauncher(inside=folder / "inside"),
        *CELLS,
        cell=60.0,
        skip={3},
        seed=7,
        imports=("torch",),
        prelude=("fake",),
        options={"fake": {"greeting": "hello"}},
        support=(("notes.txt", folder / "notes.txt"),),
    )
    patch.undo()
    return run, nb


def text(nb, cell):
    return "".join(output.get("text", "") for output in nb.cells[cell].outputs)


def test_prelude_reaches_evidence_and_data(lived, data):
    _, nb = lived
    assert nb.metadata.evidence == "hello 7"
    assert text(nb, 1) == f"{data}\nnotes from beside the notebook\n"


def test_hooks_know_the_index_of_their_cell(lived):
    _, nb = lived
    assert text(nb, 7).split() == ["0", "1", "2", "4", "5", "6"]


def test_prelude_cannot_be_imported_by_its_name(lived):
    _, nb = lived
    assert text(nb, 5) == "hidden\n"


def test_environment_is_not_the_instructors(lived):
    _, nb = lived
    variables, home, argv = text(nb, 4).splitlines()
    assert "SECRET_TOKEN" not in variables
    assert home.endswith("/home")
    assert "grader-room-" in home
    assert argv == "['ipykernel_launcher']"


def test_seed_fixes_every_generator(lived):
    _, nb = lived
    mine = torch.Generator().manual_seed(7), random.Random(7), np.random.RandomState(7)  # noqa: S311
    drawn = float(torch.rand(3, generator=mine[0]).sum()), mine[1].random(), mine[2].rand()
    assert text(nb, 8) == "{} {} {}\n".format(*drawn)


def test_input_is_refused_as_that_cells_error(lived):
    run, nb = lived
    assert nb.cells[2].outputs[0].ename == "StdinNotImplementedError"
    assert run.cells[2].ename == "StdinNotImplementedError"


def test_skipped_cell_is_not_run(lived):
    run, nb = lived
    assert [cell.index for cell in run.cells] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert nb.cells[3].outputs == []


def test_figure_is_captured(lived):
    _, nb = lived
    assert "image/png" in nb.cells[6].outputs[0].data


def test_kernel_is_dead_and_its_room_is_gone(lived):
    _, nb = lived
    assert nb.metadata.death.code == 137
    assert nb.metadata.death.cpu_seconds > 0
    assert not shutil.os.path.exists(text(nb, 4).splitlines()[1])


@pytest.mark.parametrize("name", ["../escape.txt", "/etc/cron.d/x", "a/../../b", ""])
def test_support_name_that_leaves_the_folder_is_refused(name, data):
    with pytest.raises(ValueError, match="would be outside the kernel's folder"):
        KernelRequest(seed=1, data=data, limits=Limits(), support=((name, data),))


def test_support_file_that_is_a_link_is_refused(drive, tmp_path):
    (tmp_path / "secret").write_text("the reference")
    (tmp_path / "link.txt").symlink_to(tmp_path / "secret")
    run, _ = drive(ColdLauncher(), "1", support=(("link.txt", tmp_path / "link.txt"),))
    assert run.ending is Ending.BROKEN
    assert "submit regular files only" in run.detail


def test_link_is_refused_by_name(tmp_path):
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    refused = pytest.raises(UsageError, match=r"link\.txt to the notebook.*submit regular files only")
    with refused, packed((("link.txt", tmp_path / "link.txt"),)):
        pass


def test_a_temporary_folder_with_a_long_name_is_none_for_sockets(drive, tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    run, _ = drive(ColdLauncher(), "1")
    assert (run.ending, run.detail) == (Ending.FINISHED, "")
    assert list(folder.iterdir()) == []


def test_where_no_sockets_are_made_any_temporary_folder_will_do(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 25)))
    monkeypatch.setattr(handover, "INHERITS", False)
    assert handover.place_of_sockets() == str(tmp_path / ("long" * 25))


def test_a_kernels_key_is_in_no_file(drive, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _, nb = drive(
        ColdLauncher(),
        f"import os; print([name for name in os.listdir({str(tmp_path)!r}) if '.json' in name])",
    )
    assert text(nb, 0) == "[]\n"


def test_stale_outputs_are_not_this_runs():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")])
    nb.cells[0].outputs = [nbformat.v4.new_output("stream", text="accuracy 1.0")]
    clear_outputs(nb)
    assert nb.cells[0].outputs == []


def test_what_a_kernel_was_told_is_forgotten_before_the_first_cell(lived):
    _, nb = lived
    assert text(nb, 9) == "[]\n"
