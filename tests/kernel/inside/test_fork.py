"""Calls in a fork: what they return, and that nothing else of them is left."""

import os
import random
import time

import numpy as np
import pytest
import torch

from grader.kernel.inside.probe import fork
from grader.kernel.inside.probe.fork import in_fork


def test_a_fork_gives_what_the_call_returns_and_changes_nothing():
    kept, draws = [], random.getstate()

    def call():
        kept.append(random.random())  # noqa: S311 - from the global state, on purpose
        print("unheard")  # noqa: T201
        return b"x" * 2_000_000

    assert in_fork(call) == b"x" * 2_000_000
    assert (kept, random.getstate()) == ([], draws)


def test_where_nothing_can_fork_the_call_is_made_here_and_draws_nothing(monkeypatch):
    monkeypatch.delattr(os, "fork")
    draws = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    def call():
        np.random.rand(), torch.rand(1)  # noqa: NPY002
        return str(random.random()).encode()  # noqa: S311

    assert float(in_fork(call)) == random.random()  # noqa: S311
    random.setstate(draws[0])
    assert draws[1:] == (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())  # noqa: NPY002
    assert in_fork(lambda: 1 / 0) == b""


@pytest.mark.parametrize(
    "call", [lambda: 1 / 0, lambda: os._exit(0), lambda: os.kill(os.getpid(), 9), lambda: "text"]
)
def test_a_fork_that_fails_gives_nothing(call):
    assert in_fork(call) == b""


def test_a_call_that_never_ends_is_stopped_however_often_it_catches_that(monkeypatch):
    monkeypatch.setattr(fork, "SECONDS", 0.05)

    def forever():
        try:
            while True:
                sum(range(1000))
        except TimeoutError as error:
            first = str(error)
        try:
            while True:
                sum(range(1000))
        except TimeoutError:
            return first.encode()

    monkeypatch.setattr(fork, "PATIENCE", 2000)
    assert in_fork(forever) == b"it did not finish within 0 s"


def test_a_call_that_sleeps_is_ended_by_the_clock(monkeypatch):
    monkeypatch.setattr(fork, "SECONDS", 0.05)
    assert in_fork(lambda: time.sleep(600) or b"slept") == b""


def test_a_notebook_that_waits_for_all_its_children_disturbs_nobody(monkeypatch):
    monkeypatch.setattr(os, "waitpid", lambda *_: (_ for _ in ()).throw(ChildProcessError))
    assert in_fork(lambda: b"unknown") == b""
