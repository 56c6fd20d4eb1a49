"""The limits on the head of a request: its size, and the time it may take."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from uvicorn.server import ServerState

from patron import server
from patron.server import HEAD_BYTES_MAX, BoundedProtocol, PatientServer

ANSWER = b"HTTP/1.1 200 OK\r\n"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers with the number of body bytes, after as long as the path says."""
    await asyncio.sleep(float(scope["path"].strip("/") or 0))
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    text = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    """A server with our protocol."""
    config = uvicorn.Config(app, http=BoundedProtocol, lifespan="off", log_config=None)
    config.load()
    listening = await asyncio.get_running_loop().create_server(
        lambda: BoundedProtocol(config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def exchange(port: int, *parts: bytes) -> bytes:
    """Send the parts one by one and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)
        return await reader.read()
    finally:
        writer.close()


async def test_a_head_that_is_too_large_is_refused(port: int) -> None:
    line = b"x-long: " + b"x" * 8_000 + b"\r\n"
    answer = await exchange(port, b"GET / HTTP/1.1\r\nhost: x\r\n", *[line] * (HEAD_BYTES_MAX // len(line) + 1))
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_one_endless_header_is_refused_too(port: int) -> None:
    answer = await exchange(
        port, b"GET / HTTP/1.1\r\nhost: x\r\nx-long: ", *[b"x" * 16_384] * (HEAD_BYTES_MAX // 16_384)
    )
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_large_body_is_not_taken_for_a_head(port: int) -> None:
    size = 4 * HEAD_BYTES_MAX
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % size
    answer = await exchange(port, head, b"x" * (size // 2), b"x" * (size // 2))
    assert answer.startswith(ANSWER)
    assert answer.endswith(str(size).encode())


async def test_many_requests_on_one_connection_do_not_add_up(port: int) -> None:
    head = b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"x" * 30_000 + b"\r\n"
    answer = await exchange(port, *[head + b"\r\n"] * 4, head + b"connection: close\r\n\r\n")
    assert answer.count(ANSWER) == 5


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS_MAX", 0.2)
    async with asyncio.timeout(20):  # uvicorn alone would wait for ever
        answer = await exchange(port, begun)
    assert answer.count(ANSWER) == begun.count(b"\r\n\r\n")


async def test_a_slow_answer_is_not_a_slow_head(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS_MAX", 1)
    answer = await exchange(port, b"GET /1.5 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.startswith(ANSWER)


async def test_who_came_before_the_end_is_answered() -> None:
    """A connection and its request wait in the kernel when the server, which has not looked there yet, is stopped."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopping = PatientServer(uvicorn.Config(app, http=BoundedProtocol, lifespan="off", log_config=None))
    stopping.config.load()
    stopping.lifespan = stopping.config.lifespan_class(stopping.config)
    await stopping.startup(sockets=[listening])
    with socket.create_connection(listening.getsockname(), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await stopping.shutdown(sockets=[listening])
        assert client.recv(100).startswith(ANSWER)
