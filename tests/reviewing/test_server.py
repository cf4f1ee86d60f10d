"""The real command: what it prints, what it refuses, and that nothing decided is lost when it ends."""

import contextlib
import re
import signal
import subprocess
import sys

import pytest

from grader.errors import UsageError
from grader.results import gradebook
from grader.reviewing.server import Server, is_loopback

from .conftest import Client, served
from .test_pages import Form, decide, entry_address, first, rulings


@contextlib.contextmanager
def command(root, *options):
    """`grader review` in a process of its own, and a client of the first grader."""
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "review", str(root), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        client = Client(re.search(r"http://\S+", process.stdout.readline())[0])
        client.enter()
        client.root = root
        yield process, client
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_when_the_server_ends_the_reports_are_written(root, how):
    with command(root) as (process, client):
        assert decide(client, first(client), choice="1")[0] == 303
        process.send_signal(how)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "Reports written: 5 students."
    assert (root / "students/ada-long/report.html").exists()
    assert "test_reason" in (root / "review.csv").read_text()


def test_what_was_answered_is_stored_even_if_the_server_is_killed(root):
    with command(root) as (process, client):
        address = first(client)
        assert decide(client, address, choice="0.5", comment="Half.")[0] == 303
        process.kill()
        process.wait()
    stored = rulings(client)
    assert stored
    assert {given[:2] for given in stored.values()} == {("0.5", "Half.")}


def test_a_full_disk_is_one_clear_sentence_and_nothing_is_stored(page, monkeypatch):
    address, connect = first(page), gradebook.connect

    def full(root, **options):
        database = connect(root, **options)
        database.execute("pragma max_page_count = 1")  # no more than there are
        return database

    monkeypatch.setattr(gradebook, "connect", full)
    status, text, _ = decide(page, entry_address(page, "ada-long"), choice="1", comment="x" * 2000)
    assert status == 422
    assert "There is no room left for" in text
    assert "Free some space" in text
    monkeypatch.undo()
    assert rulings(page) == {}
    assert decide(page, address, choice="1")[0] == 303


def test_each_grader_gets_a_link_of_their_own(root):
    with command(root, "--graders", "Ada L., Grace H.") as (process, ada):
        grace = Client(re.search(r"Grace H.*(http://\S+)", process.stdout.readline())[1])
        grace.enter()
        assert ada.cookie != grace.cookie
        address = first(grace)
        form = Form(grace.ask(address)[1]).fields | {"choice": "1"}
        assert ada.ask(address, form)[0] == 403  # a form of another grader's page
        assert grace.ask(address, form)[0] == 303
    assert {by for _, _, by in rulings(ada).values()} == {"Grace H."}


REFUSED = [
    pytest.param(
        ["--host", "0.0.0.0"],  # noqa: S104 - refused
        "--host 0.0.0.0 can be reached from other machines: say with --graders who may grade. Leave TLS to a "
        "reverse proxy in front of this server; see `grader guide review`.",
        id="other machines",
    ),
    pytest.param(
        ["--host", "::"], "--host :: can be reached from other machines", id="other machines by IPv6"
    ),
    pytest.param(["--host", "host.invalid"], "--host host.invalid can be reached", id="an unknown name"),
    pytest.param(
        ["--host", "host.invalid", "--graders", "Ada"],
        "The page can't be served at host.invalid",
        id="no address",
    ),
    pytest.param(
        ["--graders", "Ada,,Bob"], "--graders takes names of at most 100 characters", id="an empty name"
    ),
    pytest.param(["--graders", "A\nB"], "--graders takes names of at most 100 characters", id="two lines"),
    pytest.param(
        ["--graders", "x" * 101], "--graders takes names of at most 100 characters", id="a long name"
    ),
    pytest.param(["--graders", "Ada, Ada"], "--graders names somebody twice", id="one name twice"),
    pytest.param(["--graders", ",".join(map(str, range(101)))], "at most 100 names", id="too many"),
]


@pytest.mark.parametrize(("options", "problem"), REFUSED)
def test_what_is_refused_before_anything_is_served(call, root, options, problem):
    said = call("review", root, *options)
    assert said.code == 2
    assert said.error.startswith("error: ")
    assert problem in said.error


def test_a_folder_without_results_is_refused(call, tmp_path):
    assert "is not a results folder" in call("review", tmp_path).error


def test_a_port_that_is_taken_is_one_line(root):
    with Server(root, host="127.0.0.1", port=0, graders=["Ada"]) as server:
        port = int(re.search(r":(\d+)/", server.links["Ada"])[1])
        with pytest.raises(UsageError, match=f"The page can't be served at 127.0.0.1, port {port}: "):
            Server(root, host="127.0.0.1", port=port, graders=["Ada"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_addresses_of_this_machine_alone_need_no_names(host):
    assert is_loopback(host)


def test_the_page_is_served_by_ipv6_too(root):
    with served(root, host="::1") as (_, client):
        assert client.host.startswith("[::1]:")
        assert client.ask("/")[0] == 200
        assert client.ask("/", Host="[::2]:80")[0] == 421
