"""What a kernel sees of the assignment's data: a folder beside the notebook, or nothing at all."""

import pytest

from grader.kernel.cold import ColdLauncher
from grader.kernel.sandbox import Mode, sandbox
from grader.limits import Limits


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    folder.chmod(0o755)  # a kernel is another user, and pytest's folders are this one's alone
    (folder / "flats.csv").write_text("area\n50\n")
    return folder


READ = "print(open('data/flats.csv').read())"


def test_data_lie_in_a_folder_beside_the_notebook(drive, printed, tables):
    _, nb = drive(ColdLauncher(), READ, data=tables, folder="data")
    assert printed(nb).strip() == "area\n50"


def test_what_was_handed_in_under_that_name_stays(drive, printed, tables, tmp_path):
    (tmp_path / "own.csv").write_text("mine")
    beside = (("data/flats.csv", tmp_path / "own.csv"),)
    _, nb = drive(ColdLauncher(), READ, data=tables, folder="data", support=beside)
    assert printed(nb).strip() == "mine"


def test_a_sandbox_shows_the_data_for_reading_only(drive, printed, tables):
    with sandbox(Mode.NESTED, tables, limits=Limits()) as launcher:
        _, nb = drive(launcher, READ, "open('data/flats.csv', 'w')", data=tables, folder="data")
    assert printed(nb).split()[:2] == ["area", "50"]
    assert "Error" in printed(nb).split()[2]


def test_without_data_a_sandbox_shows_none_and_imports_no_torch(drive, printed):
    look = "import os, sys\nprint(os.path.exists('/data'), 'torch' in sys.modules, 'numpy' in sys.modules)"
    with sandbox(Mode.NESTED, None, limits=Limits()) as launcher:
        _, nb = drive(launcher, look, data=None, prelude=("compat",))
    assert printed(nb).strip() == "False False True"


def test_a_sandbox_is_warm_with_what_the_assignment_says(drive, printed):
    look = "import sys\nprint('colorsys' in sys.modules)"
    with sandbox(Mode.NESTED, None, limits=Limits(), warm=("colorsys",)) as launcher:
        _, nb = drive(launcher, look, data=None)
    assert printed(nb).strip() == "True"
