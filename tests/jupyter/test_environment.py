import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from grader.handout import wheel
from grader.jupyter import CheckError, environment

NAME = "grader-99-py3-none-any.whl"
ABOUT = "grader-99.dist-info"
SMALL = {
    "grader/__init__.py": "def main(): print('checked')",
    f"{ABOUT}/METADATA": "Metadata-Version: 2.1\nName: grader\nVersion: 99\nRequires-Dist: numpy>=1\n",
    f"{ABOUT}/WHEEL": "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{ABOUT}/entry_points.txt": "[console_scripts]\ngrader = grader:main\n",
    f"{ABOUT}/RECORD": "",
}
BARE = """
import sys, types
sys.path.append(sys.argv[1])
import grader
shell = types.SimpleNamespace(user_ns={}, events=types.SimpleNamespace(register=lambda *_: None))
shell.register_magic_function = lambda function, kind, name: print(kind, name)
sys.modules["IPython"] = types.SimpleNamespace(display=types.SimpleNamespace(display=None))
grader.load_ipython_extension(shell)
print(sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"__main__"}))
"""


def write_wheel(path, requires="numpy>=1"):
    """A wheel of our name that requires just this."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in SMALL.items():
            archive.writestr(name, text.replace("numpy>=1", requires))
    return path


@pytest.fixture
def small(tmp_path):
    """A wheel that requires what is here, so that nothing has to be fetched."""
    return write_wheel(tmp_path / NAME)


def test_the_extension_is_loaded_from_the_wheel_where_nothing_is_installed(tmp_path):
    (tmp_path / wheel.name()).write_bytes(wheel.wheel())
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE, tmp_path / wheel.name()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["line check", "['IPython', 'grader']"]


@pytest.mark.parametrize(
    ("home", "python"), [("venv/lib/python3/site-packages", "venv/bin/python"), ("checkout", None)]
)
def test_what_is_installed_runs_with_the_python_that_it_is_installed_for(tmp_path, home, python):
    (tmp_path / home).mkdir(parents=True)
    (tmp_path / "venv").mkdir(exist_ok=True)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert environment.python(tmp_path / home) == (tmp_path / python if python else Path(sys.executable))


def test_it_is_installed_beside_the_wheel_and_sees_the_kernels_packages(small, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    packages = Path(np.__file__).parents[1]
    before = sorted(path.name for path in packages.iterdir())
    environment.install(small)
    python = environment.python(small)
    assert python == small.parent / "checks" / "bin" / "python"
    said = environment.run(python, "-P", "-c", "import grader, numpy; print(grader.__file__, numpy.__file__)")
    ours, theirs = said.stdout.split()
    assert Path(ours).is_relative_to(small.parent / "checks")
    assert theirs == np.__file__
    assert not list((small.parent / "checks").rglob("numpy"))
    assert sorted(path.name for path in packages.iterdir()) == before


def test_what_pip_can_not_install_is_said_in_one_line_and_leaves_nothing(tmp_path):
    (tmp_path / NAME).write_bytes(b"no zip")
    with pytest.raises(
        CheckError,
        match=r"^pip could not install the checks: [^\n]+\. Try again, or install them in a terminal",
    ):
        environment.install(tmp_path / NAME)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_rather_than_another_torch_nothing_is_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wanted = f"Cannot install grader==99, torch=={importlib.metadata.version('torch')} and "
    with pytest.raises(CheckError, match=re.escape(wanted)):
        environment.install(write_wheel(tmp_path / NAME, "torch>=99"))


def test_a_folder_of_the_students_is_not_overwritten(tmp_path):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "notes.txt").touch()
    with pytest.raises(
        CheckError, match=re.escape(f"{tmp_path}/checks is in the way. Rename it, and run again")
    ):
        environment.install(tmp_path / NAME)
    assert (tmp_path / "checks" / "notes.txt").exists()


def test_what_is_installed_is_not_installed_again(tmp_path):
    with pytest.raises(CheckError, match=r"^The checks are installed already\. Run: %check$"):
        environment.install(tmp_path)
