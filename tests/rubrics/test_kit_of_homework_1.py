"""The kit of homework 1, as a student unpacks it: nothing hidden is in it, and it checks by itself."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.assignment import load, locate
from grader.judging.rubric import loaded
from grader.model import Visibility

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def hw1():
    return load(locate("hw1"))


@pytest.fixture(scope="module")
def kit(grader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kit")
    done = grader("kit", "hw1", "-o", folder / "kit.zip")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "kit.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def check(grader, kit, tmp_path):
    """Check a notebook beside the kit's pack, where there is no sandbox, no data set and no cache to write to."""

    def check(notebook):
        place = shutil.copytree(kit, tmp_path / "place")
        nbformat.write(notebook, place / "hw1.ipynb")
        without = {"PATH": str(Path(sys.executable).parent), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = grader("check", "hw1.ipynb", "--json", cwd=place, **without)
        checks = [check for question in json.loads(done.stdout)["questions"] for check in question["checks"]]
        assert not (tmp_path / "cache").exists()
        return done.returncode, checks

    return check


def test_the_pack_holds_the_public_checks_and_none_of_the_others(hw1, kit):
    with loaded(hw1) as rubric:
        checks = rubric.checks()
    public = {name for _, name, mark in checks if mark.visibility == Visibility.VISIBLE}
    hidden = {name for _, name, mark in checks} - public
    assert len(public) > 10
    assert len(hidden) > 10
    with zipfile.ZipFile(kit / "hw1.pack") as pack:
        sources = "\n".join(pack.read(name).decode() for name in pack.namelist() if name.endswith(".py"))
    assert all(f"def {name}(" in sources for name in public)
    assert not any(f"def {name}(" in sources for name in hidden)


def test_the_blank_notebook_passes_nothing(check, kit):
    code, checks = check(nbformat.read(kit / "hw1.ipynb", as_version=4))
    assert code == 1
    assert {each["outcome"] for each in checks} == {"failed", "review"}


def test_the_reference_passes_all_that_no_person_decides(check, hw1):
    code, checks = check(hw1.solved)
    assert code == 0, [each for each in checks if each["outcome"] == "failed"]
    assert {each["outcome"] for each in checks} == {"passed", "review"}
