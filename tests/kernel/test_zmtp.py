"""Our half of ZeroMQ's protocol, against libzmq and against kernels that abuse it."""

import asyncio
import contextlib
import struct
import tempfile
from types import SimpleNamespace

import pytest
import zmq
import zmq.asyncio

from grader.kernel.gate import FRAMES, Gate
from grader.kernel.zmtp import GREETING, MORE, QUEUED, READY, Connection, frame
from grader.limits import Limits

LIMITS = Limits(output_total=1 << 20, output_messages=10_000)
HELLO = GREETING + frame(READY, flags=4)
BUFFERS = 4 << 20
"""More bytes than sockets and asyncio keep on their way."""


@pytest.fixture
def gate():
    calls = SimpleNamespace(flooded=[], forged=[])
    gate = Gate(LIMITS, calls.flooded.append, calls.forged.append)
    gate.calls = calls
    return gate


@pytest.fixture
def address():
    with tempfile.TemporaryDirectory() as folder:
        yield f"{folder}/s"


async def connected(kind, gate, address):
    return (await asyncio.get_running_loop().create_unix_connection(lambda: Connection(kind, gate), address))[
        1
    ]


def test_messages_go_both_ways_through_libzmq(gate, address):
    sent = [b"", b"x" * 255, b"x" * 256, b"y" * 70_000]

    async def talk():
        with zmq.asyncio.Context() as context, context.socket(zmq.ROUTER) as kernel:
            kernel.bind(f"ipc://{address}")
            ours = await connected("DEALER", gate, address)
            ours.send_multipart(sent)  # before either side is ready
            identity, *received = await kernel.recv_multipart()
            await kernel.send_multipart([identity, *received])
            back = await ours.receive()
            ours.close()
            return received, back

    received, back = asyncio.run(asyncio.wait_for(talk(), 20))
    assert received == back == sent
    assert (gate.messages, gate.frames) == (1, len(sent) + 1)  # and a command
    assert gate.bytes > sum(map(len, sent))


def test_whoever_subscribes_gets_every_topic(gate, address):
    async def talk():
        with zmq.asyncio.Context() as context, context.socket(zmq.XPUB) as kernel:
            kernel.bind(f"ipc://{address}")
            ours = await connected("SUB", gate, address)
            assert await kernel.recv() == b"\x01"
            await kernel.send_multipart([b"any topic", b"text"])
            received = await ours.receive()
            ours.close()
            return received

    assert asyncio.run(asyncio.wait_for(talk(), 20)) == [b"any topic", b"text"]


async def bombarded(gate, address, begin, again, most=64 << 20):
    """Be a kernel that sends `begin`, then `again` without end. Returns how many bytes it got rid of."""
    pushed = 0
    ended = asyncio.Event()

    async def serve(_, writer):
        nonlocal pushed
        with contextlib.suppress(ConnectionError):
            writer.write(begin)
            while pushed < most:
                writer.write(again)
                await writer.drain()
                pushed += len(again)
        ended.set()
        writer.transport.abort()

    async with await asyncio.start_unix_server(serve, address):
        await connected("SUB", gate, address)
        await asyncio.wait_for(ended.wait(), 20)
    return pushed


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(frame(bytes(100_000), flags=MORE), id="a message that never ends"),
        pytest.param(500 * frame(b"", flags=MORE), id="of frames without content"),
        pytest.param(b"\x03" + struct.pack(">Q", 1 << 62) + bytes(100_000), id="one frame beyond all memory"),
        pytest.param(frame(bytes(100_000), flags=4), id="commands"),
        pytest.param(500 * frame(b""), id="empty messages"),
    ],
)
def test_a_flood_ends_at_the_limit_whatever_it_consists_of(gate, address, again):
    pushed = asyncio.run(bombarded(gate, address, HELLO, again))
    assert len(gate.calls.flooded) == 1
    assert gate.bytes < LIMITS.output_total + 200_000 or gate.bytes > 1 << 60
    assert gate.frames <= FRAMES * LIMITS.output_messages + 1
    assert pushed < LIMITS.output_total + BUFFERS


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\n" * 10, GREETING[:10] + b"\x01" + GREETING[11:]])
def test_another_protocol_is_refused(gate, address, begin):
    asyncio.run(bombarded(gate, address, begin, bytes(100_000)))
    assert gate.calls.forged == ["it does not speak ZeroMQ's protocol"]


def test_a_kernel_waits_while_nobody_reads_what_it_sent(address):
    gate = Gate(Limits(), lambda _: None, lambda _: None)
    number = 5 * QUEUED

    async def talk():
        async def serve(_, writer):
            writer.write(HELLO)
            for count in range(number):
                writer.write(frame(b"%06d" % count + bytes(2000)))
                await writer.drain()
            writer.close()

        async with await asyncio.start_unix_server(serve, address):
            ours = await connected("SUB", gate, address)
            before = -1
            while before < (before := gate.messages) or not before:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.1)
            received = [int((await ours.receive())[0][:6]) for _ in range(number)]
            ours.close()
        return before, received

    waiting, received = asyncio.run(asyncio.wait_for(talk(), 20))
    assert QUEUED <= waiting < 2 * QUEUED
    assert received == list(range(number))
