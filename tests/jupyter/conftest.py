"""A student's kit with a stand-in for the program in it, and a stand-in for the shell of a kernel."""

import json
import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

from grader.jupyter import magic

CHECK = {
    "title": "It is right.",
    "outcome": "passed",
    "max": 0.5,
    "message": "",
    "expected": "",
    "actual": "",
    "hint": "",
}
WRONG = {
    "outcome": "failed",
    "message": "It is <b>wrong</b>.",
    "expected": "42",
    "actual": "41",
    "hint": "Use `sum`.",
}
RESULT = {
    "ending": "finished",
    "ending_detail": "",
    "notices": [],
    "questions": [
        {"id": "1a", "title": "A number", "outcome": "passed", "checks": [CHECK]},
        {
            "id": "1b",
            "title": "A loss",
            "outcome": "partial",
            "checks": [CHECK, CHECK | WRONG, CHECK | WRONG],
        },
        {"id": "2", "title": "Words", "outcome": "review", "checks": [CHECK | {"outcome": "review"}]},
        {"id": "3", "title": "No public check", "outcome": "broken", "checks": []},
    ],
}


class Kernel:
    """As much of an IPython shell and of its display as the magic uses."""

    def __init__(self, home):
        self.user_ns = {}
        self.events = self
        self.pages = []
        magic.load(self, self.display, home)

    def register(self, event, function):
        assert event == "pre_run_cell"
        self._before = function

    def register_magic_function(self, function, kind, name):
        assert (kind, name) == ("line", "check")
        self._magic = function

    def display(self, page, *, raw, display_id):
        assert raw
        assert display_id
        self.pages.append(page)
        return SimpleNamespace(update=self.update)

    def update(self, page, *, raw):
        assert raw
        self.pages.append(page)

    def run(self, cell):
        """Run a cell, of which only `%check` does something; the text that is shown below it."""
        self._before(SimpleNamespace(raw_cell=cell))
        for line in cell.splitlines():
            if line.startswith("%check"):
                self._magic(line.removeprefix("%check").strip())
                return self.pages[-1]["text/plain"]
        return ""


class Kit:
    """The folder of a student."""

    def __init__(self, folder):
        self.folder = folder
        self.wheel = folder / "grader-0.1.0-py3-none-any.whl"
        self.pack = folder / "hw.pack"
        self.notebook = folder / "hw.ipynb"
        self.python = folder / "checks" / "bin" / "python"
        self.python.parent.mkdir(parents=True)
        for path in (self.wheel, self.pack, self.python.parent / "grader"):
            path.touch()
        self.save("x = 1")
        self.program(RESULT)

    def save(self, *cells, path=None, ago=0.0):
        path = path or self.notebook
        cells = [{"cell_type": "code", "source": cell} for cell in ("%load_ext grader\n%check", *cells)]
        path.write_text(json.dumps({"cells": [*cells, {"cell_type": "markdown", "source": "Hi"}]}))
        at = path.stat().st_mtime - ago
        os.utime(path, (at, at))

    def program(self, result, errors="", code=0, more=""):
        """What stands for the program: it keeps its arguments, its variables and the notebook, and says this."""
        said = self.folder / "checks"
        (said / "result").write_text(result if isinstance(result, str) else json.dumps(result))
        (said / "errors").write_text(errors)
        self.python.write_text(
            f'#!/bin/sh\ncd "{said}"\nprintf "%s\\n" "$@" > arguments\nenv > variables\ncp "$5" notebook\n{more}\n'
            f"cat result\ncat errors >&2\nexit {code}\n"
        )
        self.python.chmod(0o755)

    @property
    def called(self):
        """The arguments of the program's last call."""
        return (self.folder / "checks" / "arguments").read_text().splitlines()

    def kept(self, name):
        return (self.folder / "checks" / name).read_text()


@pytest.fixture
def kit(tmp_path, monkeypatch):
    (folder := tmp_path / "kit").mkdir()
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(folder)
    return Kit(folder)


@pytest.fixture
def kernel(kit):
    return Kernel(kit.wheel)


@pytest.fixture
def colab(monkeypatch):
    """A stand-in for Colab's own module: it answers what it is told to, and keeps what it was asked."""
    message = SimpleNamespace(answer=None, asked=[])

    def blocking_request(kind, request, timeout_sec):
        assert timeout_sec
        message.asked.append((kind, request))
        if isinstance(message.answer, Exception):
            raise message.answer
        return message.answer

    message.blocking_request = blocking_request
    colab = ModuleType("google.colab")
    colab._message = message
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    return message
