"""Hand-ins are read in a process of their own, once: what was found is kept by their contents."""

import json

import pytest

from grader import forks
from grader.intake import collect
from grader.intake.reading import Here, Reader
from grader.limits import Limits

LIMITS = Limits(stage=5, stage_memory=48 << 20)
NOTHING = frozenset()


def written(path, *sources, **metadata):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": source} for source in sources]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}))
    return path


@pytest.fixture
def no_process(monkeypatch):
    """Call it, and from then on no process may be asked."""

    def no_process():
        monkeypatch.setattr(forks.Server, "ask", lambda *_: pytest.fail("a process was asked"))

    return no_process


def test_a_process_finds_what_this_one_would(tmp_path):
    path = written(tmp_path / "ada.ipynb", "words", grader={"assignment": "tiny"})
    with Reader(LIMITS, tmp_path / "cache") as read:
        for given in (NOTHING, frozenset({"words"})):
            found = read(path, given)
            assert found == Here(LIMITS)(path, given)
            assert (found.problem, found.blank, found.made_for) == ("", bool(given), "tiny")
    (tmp_path / "bob.ipynb").write_text("{")
    with Reader(LIMITS, tmp_path / "cache") as read:
        assert read(tmp_path / "bob.ipynb", NOTHING).problem.startswith("its JSON breaks off at line 1")
        assert read(tmp_path / "gone.ipynb", NOTHING).problem.startswith("it cannot be read (no such file")


def test_a_file_that_is_too_much_has_a_problem_and_the_next_one_none(tmp_path):
    """The hostile one has a million numbers in its metadata."""
    hostile = written(tmp_path / "eve.ipynb", "x", numbers=[[number] for number in range(1_000_000)])
    path = written(tmp_path / "ada.ipynb", "words")
    with Reader(LIMITS, tmp_path / "cache") as read:
        found = collect.collect(hostile, limits=LIMITS, read=read).submissions[0]
        assert found.notebook is None
        assert found.problem == (
            "eve.ipynb: it could not be read (Reading took more than 48 MiB of memory); "
            "open it in Jupyter or Colab, save it, and hand in that copy"
        )
        assert not read(path, NOTHING).problem


def test_what_was_found_is_kept_without_any_name(tmp_path, no_process):
    good = written(tmp_path / "ada-lima.ipynb", "words")
    bad = written(tmp_path / "eve-jones.ipynb", "x", numbers=[[number] for number in range(1_000_000)])
    with Reader(LIMITS, tmp_path / "cache") as read:
        before = [read(path, NOTHING) for path in (good, bad)]
    no_process()
    with Reader(LIMITS, tmp_path / "cache") as read:
        assert [read(path.rename(tmp_path / "other.ipynb"), NOTHING) for path in (good, bad)] == before
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert not [path for path in kept if any(name in str(path) + path.read_text() for name in ("ada", "eve"))]


@pytest.mark.parametrize("change", ["contents", "given", "limits", "damaged"])
def test_what_was_found_is_found_anew_when_anything_changed(tmp_path, change):
    path = written(tmp_path / "ada.ipynb", "words")
    with Reader(LIMITS, tmp_path / "cache") as read:
        before = read(path, NOTHING)
    limits = Limits(stage=6) if change == "limits" else LIMITS
    if change == "contents":
        written(path, "other words")
    if change == "damaged":
        for kept in (tmp_path / "cache/read").iterdir():
            kept.write_text("{")
    with Reader(limits, tmp_path / "cache") as read, pytest.MonkeyPatch.context() as patch:
        asked = []
        ask = read._server.ask
        patch.setattr(read._server, "ask", lambda request: asked.append(request) or ask(request))
        found = read(path, frozenset({"words"}) if change == "given" else NOTHING)
    assert len(asked) == 1
    assert (found == before) is (change in ("limits", "damaged"))
