"""Fresh environments in which the built wheel is installed, far from the repository.

They share this environment's packages instead of installing them again: torch alone takes gigabytes.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = Path(sysconfig.get_path("purelib"))


class Environment:
    """A virtual environment, with `grader` if its wheel is given, and an empty folder to work in."""

    def __init__(self, folder, wheel=None, packages=PACKAGES):
        self.home = folder / "venv"
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.home], check=True)
        if wheel:
            self.install("--no-deps", "--no-index", wheel)
        (self.site_packages / "shared.pth").write_text(f"{packages}\n")

    def install(self, *wanted):
        """Install packages here, as far as the shared ones are not what is wanted."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet"]
        subprocess.run([*pip, *wanted], check=True, env=clean_environment())

    @property
    def python(self):
        return self.home / "bin" / "python"

    @property
    def site_packages(self):
        (found,) = self.home.glob("lib/python*/site-packages")
        return found

    def run(self, *command, **environment):
        """Run a command of this environment in its empty folder."""
        return subprocess.run(
            [self.home / "bin" / command[0], *map(str, command[1:])],
            cwd=self.work,
            env=clean_environment(XDG_CACHE_HOME=str(self.work.parent / "cache"), **environment),
            capture_output=True,
            text=True,
            timeout=3000,
            check=False,
        )


def clean_environment(**more):
    """This process's variables, without those that would lead back to the repository."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "GRADER_RUBRICS", "GRADER_DATA")
    return {**{name: value for name, value in os.environ.items() if name not in ours}, **more}


def build_wheel(folder):
    """The wheel of a copy of this repository's files."""
    source = folder / "source"
    for name in ("grader", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        source.mkdir(exist_ok=True)
        copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, source], check=True, env=clean_environment())
    (wheel,) = folder.glob("*.whl")
    return wheel


def packages_without(folder, *stems):
    """This environment's packages, linked file by file into a folder, except those whose names begin so."""
    target = folder / "site-packages"

    def unwanted(parent, names):
        return [name for name in names if Path(parent) == PACKAGES and name.startswith(stems)]

    def link(source, copy):
        try:
            os.link(source, copy)
        except OSError:  # another disk
            shutil.copy2(source, copy)

    return shutil.copytree(PACKAGES, target, ignore=unwanted, copy_function=link, symlinks=True)
