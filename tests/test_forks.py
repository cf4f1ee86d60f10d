"""A request in a fork of its own: whatever becomes of it is an answer here, and the next one gets its own."""

import contextlib
import os
import signal
import time
from functools import partial

import pytest

from grader import forks
from grader.errors import NotebookError
from grader.forks import Server, Service, Unanswered


# What runs in the server: importable there by this module's name.
@contextlib.contextmanager
def serving(held=b"", wall=60.0):
    yield Service(answer=partial(answer, held), doing="Trying", seconds=1, wall=wall, memory=64 << 20)


@contextlib.contextmanager
def crowded():
    """On a machine that starts no more processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forks, "_Fork", refuse)
        with serving() as service:
            yield service


def refuse(*_):
    raise BlockingIOError(11, "Resource temporarily unavailable")


@contextlib.contextmanager
def refusing():
    raise NotebookError("there is nothing to serve")
    yield


def answer(held, request):  # noqa: C901, PLR0912 - a table of ends
    match request:
        case "held":
            return len(held)
        case "pid":
            return os.getpid()
        case "spin":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "eat":
            return len(bytearray(80 << 20))
        case "nest":
            nested = []
            for _ in range(100_000):
                nested = [nested]
            return nested
        case "signal", number:
            os.kill(os.getpid(), number)
        case "exit":
            os._exit(0)
        case "server's pid":
            return os.getppid()
        case "server":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        case "refuse":
            raise NotebookError("not a notebook")
        case "raise", error:
            raise error
    return request


@pytest.fixture(scope="module")
def server():
    with Server(serving, bytes(100 << 20)) as server:
        yield server


@pytest.mark.parametrize(
    ("request_", "why", "exhausted", "lasting"),
    [
        ("spin", "Trying took longer than 1 s.", True, True),
        ("eat", "Trying took more than 64 MiB of memory.", True, True),
        ("nest", "Trying took more than 64 MiB of memory.", True, True),
        (("signal", signal.SIGABRT), "Trying took more than 64 MiB of memory.", True, True),
        (("signal", signal.SIGSEGV), "Trying took more than 64 MiB of memory.", True, True),
        (("signal", signal.SIGKILL), "Trying ended without an answer.", False, False),
        ("exit", "Trying ended without an answer.", False, False),
        (("raise", KeyError("key")), "KeyError: 'key'", False, True),
        (("raise", OSError(5, "no disk")), "OSError: [Errno 5] no disk", False, False),
    ],
    ids=str,
)
def test_what_a_fork_did_not_answer_says_why_and_costs_one_request(server, request_, why, exhausted, lasting):
    with pytest.raises(Unanswered) as failure:
        server.ask(request_)
    assert (str(failure.value), failure.value.exhausted, failure.value.lasting) == (why, exhausted, lasting)
    assert server.ask("x") == "x"


def test_our_own_refusals_cross_as_they_are(server):
    with pytest.raises(NotebookError, match=r"^not a notebook$"):
        server.ask("refuse")


def test_each_request_has_a_process_of_its_own(server):
    assert len({os.getpid(), *(server.ask("pid") for _ in range(3))}) == 4


def test_what_the_server_holds_already_does_not_count(server):
    assert server.ask("held") == 100 << 20


def test_one_that_only_waits_is_not_waited_for():
    with Server(serving, b"", 0.5) as server, pytest.raises(Unanswered) as failure:
        server.ask("sleep")
    assert str(failure.value) == "Trying had not ended after 0 s."
    assert (failure.value.exhausted, failure.value.lasting) == (True, False)  # the machine may have been busy


def test_where_no_process_can_be_started_a_request_is_unanswered():
    with Server(crowded) as server, pytest.raises(Unanswered, match="run the same command again"):
        server.ask("x")


def test_a_server_that_cannot_begin_says_why_each_time():
    with Server(refusing) as server:
        for _ in range(2):
            with pytest.raises(NotebookError, match="nothing to serve"):
                server.ask("x")


def test_a_server_that_was_killed_is_started_once_more():
    with Server(serving) as server:
        os.kill(server.ask("server's pid"), signal.SIGKILL)
        assert server.ask("x") == "x"


def test_a_request_that_takes_the_server_with_it_costs_one_request():
    with Server(serving) as server:
        with pytest.raises(Unanswered, match="was killed; run the same command again") as refused:
            server.ask("server")
        assert not refused.value.lasting
        assert server.ask("x") == "x"
