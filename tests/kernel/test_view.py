import sys
from pathlib import Path

import pytest

from grader.kernel import view
from grader.kernel.view import Mode, View, command, entry, parents, python, shown, within
from grader.places import PACKAGE


def test_parents_come_topmost_first():
    assert parents("/opt/venv/bin") == ["/opt", "/opt/venv"]


def test_parents_of_what_is_shown_can_be_entered_by_others():
    assert shown("/here", "/a/b") == ["--perms", "0755", "--dir", "/a", "--ro-bind", "/here", "/a/b"]


def test_link_stays_a_link(tmp_path):
    (tmp_path / "lib64").symlink_to("lib")
    assert entry(tmp_path / "lib64")[-3:] == ["--symlink", "lib", str(tmp_path / "lib64")]
    assert entry(tmp_path / "missing") == []


@pytest.mark.parametrize(
    "folder",
    ["/usr", "/usr/src", "/home", "/root", "/etc", "/var", "/tmp", "/srv", "/opt"],  # noqa: S108
)
def test_folders_where_a_course_may_lie_are_not_shown_whole(folder):
    words = view.system()
    assert folder not in [
        target for word, target in zip(words, words[2:], strict=False) if word == "--ro-bind"
    ]


@pytest.mark.parametrize(
    ("base", "prefix", "bound", "program"),
    [
        pytest.param(
            "/usr", "/home/ta/.venv", [("/home/ta/.venv", view.VENV)], "/opt/venv/bin/python", id="venv"
        ),
        pytest.param(
            "/home/ta/py/3.11",
            "/home/ta/.venv",
            [("/home/ta/py/3.11", "/home/ta/py/3.11"), ("/home/ta/.venv", view.VENV)],
            "/opt/venv/bin/python",
            id="an interpreter at home",
        ),
        pytest.param("/opt/conda", "/opt/conda", [("/opt/conda", "/opt/conda")], None, id="conda"),
        pytest.param("/usr/local", "/usr/local", [], None, id="a container's python"),
    ],
)
def test_interpreter_is_shown_wherever_it_lies(base, prefix, bound, program, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", base)
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "path", [])
    words, started, packages = python()
    binds = [(words[i + 1], words[i + 2]) for i, word in enumerate(words) if word == "--ro-bind"]
    assert binds == bound
    assert started == (program or str(Path(sys.executable).resolve()))
    assert packages == []


def test_packages_of_the_user_are_shown_but_not_the_checkout(monkeypatch, tmp_path):
    user = tmp_path / "lib" / "site-packages"
    user.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(user), "/usr/lib/python3/dist-packages"])
    words, _, packages = python()
    assert packages == [f"{view.PACKAGES}/0"]
    assert str(user) in words
    assert str(tmp_path) not in words


def test_installed_package_of_ours_is_covered(monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(PACKAGE.parent))
    assert view.hidden() == ["--tmpfs", f"{view.VENV}/grader", "--remount-ro", f"{view.VENV}/grader"]


def test_command_names_the_program_and_its_mode(tmp_path):
    words, files = command(View(mode=Mode.NESTED, data=tmp_path, scratch=1, inside=tmp_path), 3, 4)
    arguments = files[-1].read().decode().split("\0")
    for file in files:
        file.close()
    assert words[:2] == ["bwrap", "--args"]
    assert words[-6:] == ["serve", "3", "4", "", "nested", "preload"]
    assert "--unshare-net" in arguments
    assert "--clearenv" in arguments
    assert arguments[arguments.index(str(tmp_path), arguments.index("/opt/kernel") + 1) + 1] == "/data"


def test_within_needs_whole_names():
    assert within("/usr/lib/x", "/usr/lib")
    assert not within("/usr/library", "/usr/lib")
