import asyncio
import json
import tempfile
from contextlib import asynccontextmanager
from queue import Empty
from types import SimpleNamespace

import pytest
import zmq.asyncio
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.session import Session

from grader.kernel.gate import FRAMES, MALFORMED, NOTICE, Gate, GuardedChannel, receive, sanitise, stub
from grader.kernel.zmtp import Connection
from grader.limits import Limits

SESSION = Session(key=b"key")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
KINDS = (
    "status",
    "stream",
    "error",
    "display_data",
    "execute_result",
    "update_display_data",
    "clear_output",
    "execute_reply",
    "kernel_info_reply",
    "comm_open",
)


def message(kind, content, parent=None):
    header = {"msg_type": kind, "msg_id": "1"}
    return {"header": header, "parent_header": parent or {"msg_id": "0"}, "content": content}


def frames(kind, content, session=SESSION):
    parts = [session.pack(part) for part in (session.msg_header(kind), {"msg_id": "0"}, {})]
    parts.append(json.dumps(content).encode())
    return [b"topic", b"<IDS|MSG>", session.sign(parts), *parts]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param("stream", {"name": "stdout", "text": 3}, id="text that is a number"),
        pytest.param("stream", {"name": "stdin", "text": "x"}, id="a stream of another name"),
        pytest.param("stream", {"text": "x"}, id="a stream without a name"),
        pytest.param("status", {}, id="a status without a state"),
        pytest.param("error", {"ename": "E", "evalue": "v", "traceback": "text"}, id="a traceback of text"),
        pytest.param("display_data", {"data": []}, id="data that is a list"),
        pytest.param("execute_reply", {"status": "perfect"}, id="a status of its own"),
        pytest.param("comm_open", {"comm_id": "1", "data": {}}, id="a widget"),
        pytest.param("input_request", {"prompt": "?"}, id="a question"),
        pytest.param(["stream"], {"name": "stdout", "text": "x"}, id="a kind that is a list"),
        pytest.param("stream", [], id="content that is a list"),
    ],
)
def test_malformed_message_is_dropped(kind, content):
    assert sanitise(message(kind, content)) is None


@pytest.mark.parametrize(
    ("kind", "content", "kept"),
    [
        pytest.param(
            "stream", {"name": "stderr", "text": "a\ud800b"}, {"text": "a?b"}, id="half a character"
        ),
        pytest.param(
            "display_data",
            {"data": {"text/plain": "x", "application/json": {"deep": []}}, "metadata": {"deep": [[]]}},
            {"data": {"text/plain": "x"}, "metadata": {}},
            id="nested JSON",
        ),
        pytest.param(
            "update_display_data",
            {"data": {}, "transient": {"display_id": ["x"]}},
            {"transient": {}},
            id="a display id that is a list",
        ),
        pytest.param(
            "execute_reply", {"status": "error", "ename": 3}, {"ename": "3", "evalue": ""}, id="an odd error"
        ),
        pytest.param(
            "error", {"ename": "E", "evalue": "v", "traceback": ["a", 3]}, {"traceback": ["a"]}, id="line"
        ),
    ],
)
def test_message_keeps_what_a_notebook_keeps(kind, content, kept):
    assert sanitise(message(kind, content))["content"].items() >= kept.items()


@pytest.mark.parametrize("count", [True, "3", [1], None])
def test_execution_count_must_be_a_number(count):
    content = {"name": "stdout", "text": "x", "execution_count": count}
    assert "execution_count" not in sanitise(message("stream", content))["content"]


@given(st.sampled_from(KINDS), JSON)
def test_any_json_is_dropped_or_plain(kind, content):
    pure = receive(SESSION, frames(kind, content), 1 << 20)
    if pure is not None:
        json.dumps(pure).encode()
        assert pure["msg_type"] == kind


@given(st.lists(st.binary(max_size=40), max_size=9))
def test_any_frames_are_dropped(parts):
    assert receive(SESSION, parts, 1 << 20) is None


def test_message_with_another_key_is_dropped():
    assert (
        receive(SESSION, frames("stream", {"name": "stdout", "text": "x"}, Session(key=b"other")), 99) is None
    )


@pytest.mark.parametrize("kind", ["stream", "error", "execute_reply", "display_data", "execute_result"])
def test_large_content_is_replaced_without_being_read(kind):
    large = frames(kind, {})
    large[-1] = b"[" * 10_000
    large[2] = SESSION.sign(large[3:])
    assert NOTICE in str(receive(SESSION, large, 1000)["content"])
    assert sanitise(message(kind, stub(kind))) is not None


def test_headers_too_large_are_dropped():
    large = frames("stream", {"name": "stdout", "text": "x"})
    large[5] = json.dumps({"x": "y" * 100_000}).encode()
    large[2] = SESSION.sign(large[3:])
    assert receive(SESSION, large, 1 << 20) is None


@pytest.fixture
def gate():
    calls = SimpleNamespace(flooded=[], forged=[])
    gate = Gate(Limits(output_total=1000, output_messages=10), calls.flooded.append, calls.forged.append)
    gate.calls = calls
    return gate


@pytest.mark.parametrize(
    ("size", "last", "times"),
    [(501, True, 2), (1, True, 11), (0, False, 10 * FRAMES + 1)],
    ids=["bytes", "messages", "frames"],
)
def test_flood_is_told_once(gate, size, last, times):
    for _ in range(times - 1):
        gate.count(size, last=last)
    assert gate.calls.flooded == []
    for _ in range(3):
        gate.count(size, last=last)
    assert len(gate.calls.flooded) == 1
    assert "messages" in gate.calls.flooded[0]
    assert gate.closed


def test_output_up_to_the_limit_is_no_flood(gate):
    for _ in range(10):
        gate.count(100, last=True)
    assert not gate.closed


def test_malformed_messages_are_told_once(gate):
    for _ in range(MALFORMED + 5):
        gate.count_malformed()
    assert gate.calls.forged == [f"{MALFORMED + 1} malformed messages"]


@asynccontextmanager
async def channel(gate):
    """The kernel's end of a channel, and ours."""
    with (
        tempfile.TemporaryDirectory() as folder,
        zmq.asyncio.Context() as context,
        context.socket(zmq.XPUB) as theirs,
    ):
        theirs.bind(f"ipc://{folder}/s")
        loop = asyncio.get_running_loop()
        _, ours = await loop.create_unix_connection(lambda: Connection("SUB", gate), f"{folder}/s")
        await theirs.recv()  # we subscribe
        yield theirs, GuardedChannel(ours, SESSION, gate)
        ours.close()


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "again and again"])
def test_what_is_dropped_prolongs_no_wait(gate, times):
    """The wait for a message ends in time, however many irrelevant or malformed messages arrive meanwhile."""

    async def talk(kernel):
        for _ in range(times):
            await kernel.send_multipart(frames("iopub_welcome", {"subscription": ""}))
            await asyncio.sleep(0.01)

    async def wait():
        async with channel(gate) as (kernel, ours):
            talking = asyncio.create_task(talk(kernel))
            with pytest.raises(Empty):
                await asyncio.wait_for(ours.get_msg(timeout=0.1), 5)
            talking.cancel()

    asyncio.run(wait())


def test_a_message_behind_a_dropped_one_is_found(gate):
    async def wait():
        async with channel(gate) as (kernel, ours):
            await kernel.send_multipart(frames("iopub_welcome", {}))
            await kernel.send_multipart(frames("status", {"execution_state": "idle"}))
            return await ours.get_msg(timeout=10)

    assert asyncio.run(wait())["content"] == {"execution_state": "idle"}
