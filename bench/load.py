"""The load generator: one process, many keep-alive connections, one request under way on each.

`python -m bench.load` reads a `Plan` from standard input and writes two lines of JSON: one when the measured window
begins, one with the `Result` when it ends. It parses only what it needs (status, length, body), so that it takes little
of the cores that it shares with the server; `Result` says how much.
"""

import asyncio
import sys
import time
from array import array
from collections import Counter

import msgspec
import uvloop

NUMBER = b"@number@"  # becomes a number that no other request has
CARRIED = b"@carried@"  # becomes what the connection's last answer held behind `Plan.carry`
LENGTH = b"@length@"  # becomes the length of the body, where that holds what is carried


class Plan(msgspec.Struct, kw_only=True):
    """What to send: each connection sends the requests in a ring, from a place of its own on.

    `carry` begins what an answer hands on.
    """

    port: int
    requests: list[bytes]
    connections: int = 16
    warm_seconds: float = 2.0
    seconds: float = 5.0
    pause_seconds: float = 0.0
    first_number: int = 0
    carry: bytes | None = None
    carried: list[bytes] = []
    together: int = 1  # so many requests follow each other: no connection begins between them


class Result(msgspec.Struct, kw_only=True):
    """What came back in the window."""

    requests: int
    seconds: float
    cpu_seconds: float
    statuses: dict[int, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    largest_ms: float


def carrying(request: bytes, carried: bytes) -> bytes:
    """A request with what is carried in its place."""
    request = request.replace(CARRIED, carried)
    if LENGTH in request:
        request = request.replace(LENGTH, b"%d" % (len(request) - request.index(b"\r\n\r\n") - 4))
    return request


class Load:
    """One plan under way."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.numbers = plan.first_number
        self.latencies = array("d")
        self.statuses: Counter[int] = Counter()
        self.is_measuring = False
        self.is_over = False

    async def run(self) -> None:
        """Warm up, measure, tell."""
        loop = asyncio.get_running_loop()
        for place in range(self.plan.connections):
            await loop.create_connection(lambda place=place: Connection(self, place), "127.0.0.1", self.plan.port)  # type: ignore[misc]
        await asyncio.sleep(self.plan.warm_seconds)
        print('{"phase":"begin"}', flush=True)  # noqa: T201 - standard output is the way back
        self.is_measuring = True
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(self.plan.seconds)
        self.is_measuring, self.is_over = False, True
        print(msgspec.json.encode(self.result(began, cpu)).decode(), flush=True)  # noqa: T201

    def result(self, began: float, cpu: float) -> Result:
        """The window's figures."""
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
        ordered = sorted(self.latencies)
        at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0  # noqa: E731
        return Result(
            requests=len(ordered),
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            statuses=dict(self.statuses),
            p50_ms=at(0.5),
            p95_ms=at(0.95),
            p99_ms=at(0.99),
            largest_ms=at(1),
        )


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, load: Load, place: int) -> None:
        self._load = load
        # Spread over the ring: in step, all would come to a thing that nobody has asked for lately at the same moment.
        self._place = place * max(1, len(load.plan.requests) // load.plan.connections)
        self._place -= self._place % load.plan.together
        carried = load.plan.carried
        self._carried = carried[place % len(carried)] if carried else b""
        self._buffer = b""
        self._length = 0
        self._body_at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that closes on us spoils the figures: say so."""
        if not self._load.is_over:
            self._load.statuses[0] += 1

    def _send(self) -> None:
        load = self._load
        if load.is_over:
            self._transport.close()
            return
        requests = load.plan.requests
        request = requests[self._place % len(requests)]
        self._place += 1
        if NUMBER in request:
            load.numbers += 1
            request = request.replace(NUMBER, b"%08d" % load.numbers)
        if self._carried:
            request = carrying(request, self._carried)
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Gather one answer; when it is whole, note it and go on."""
        self._buffer += data
        if not self._length:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._buffer.find(b"content-length: ", 0, head) + 16
            size = int(self._buffer[at : self._buffer.find(b"\r\n", at)]) if at > 15 else 0
            self._body_at, self._length = head + 4, head + 4 + size
        if len(self._buffer) >= self._length:
            self._answered()

    def _answered(self) -> None:
        load, answer = self._load, self._buffer
        if load.is_measuring:
            load.latencies.append(time.perf_counter() - self._sent_at)
            load.statuses[int(answer[9:12])] += 1
        if load.plan.carry is not None:
            at = answer.find(load.plan.carry, self._body_at) + len(load.plan.carry)
            self._carried = answer[at : answer.find(b'"', at)]
        self._buffer, self._length = b"", 0
        if load.plan.pause_seconds:
            asyncio.get_running_loop().call_later(load.plan.pause_seconds, self._send)
        else:
            self._send()


if __name__ == "__main__":
    uvloop.run(Load(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)).run())
