"""Connections to PostgreSQL, from hand to hand.

asyncpg's pool makes, counts and replaces them. But taking one out and giving it back costs it as much as a short
statement. So what is used all the time stays taken out here; whoever is done gives it to whoever has waited longest.
"""

import asyncio
from collections import deque
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

ACQUIRE_SECONDS_MAX = 5.0


class Connections:
    """At most as many connections as the pool has. `waiting` is the queue of those who want one."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._room = pool.get_max_size()  # how many more may be taken out of the pool
        self._ready: list[Any] = []
        self._queue: deque[asyncio.Future[Any]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return len(self._queue)

    async def close(self) -> None:
        """Give all connections back to the server."""
        while self._ready:
            await self._pool.release(self._ready.pop())
        await self._pool.close()

    def one(self) -> "_Borrowed":
        """A connection, for an `async with`. Raises TimeoutError when none is free in time."""
        return _Borrowed(self)

    async def take(self) -> Any:
        """A connection that lies ready, a new one, or the next one that somebody gives back."""
        while self._ready:
            conn = self._ready.pop()  # the one that was used last: others may rest
            if _is_open(conn):
                return conn
            await self._drop(conn)
        if not self._room:
            conn = await self._handed()
            if conn is not None:
                return conn
        else:
            self._room -= 1
        try:
            return await self._pool.acquire(timeout=ACQUIRE_SECONDS_MAX)
        except BaseException:
            self._pass_on(None)
            raise

    async def give(self, conn: Any, *, is_sound: bool) -> None:
        """Give a connection back. One that is not sound goes through the pool, which looks after it."""
        if is_sound and _is_open(conn):
            self._pass_on(conn)
        else:
            await self._drop(conn)

    async def _handed(self) -> Any:
        """Wait in turn. None stands for room to take one out of the pool."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Any] = loop.create_future()
        self._queue.append(turn)
        late = loop.call_later(ACQUIRE_SECONDS_MAX, _expire, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())  # it came while we were being stopped
            raise
        finally:
            late.cancel()

    def _pass_on(self, conn: Any) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(conn)
                return
        if conn is None:
            self._room += 1
        else:
            self._ready.append(conn)

    async def _drop(self, conn: Any) -> None:
        try:
            await self._pool.release(conn)
        finally:
            self._pass_on(None)


class _Borrowed:
    """What `async with` makes of a connection."""

    __slots__ = ("_conn", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def __aenter__(self) -> Any:
        self._conn = await self._connections.take()
        return self._conn

    async def __aexit__(self, kind: object, *_exc: object) -> None:
        await self._connections.give(self._conn, is_sound=kind is None)


def _is_open(conn: Any) -> bool:
    """Whether the server is still there. What it has closed the pool may have taken back, and then answers nothing."""
    try:
        return not conn.is_closed()
    except asyncpg.InterfaceError:
        return False


def _expire(turn: "asyncio.Future[Any]") -> None:
    if not turn.done():
        turn.set_exception(TimeoutError("no connection was free in time"))


async def leave_as_is(_conn: asyncpg.Connection) -> None:
    """No reset between borrowers: it doubles the cost of a short read. We use SET LOCAL only, so nothing lingers."""


_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")
_JSON_DECODER = msgspec.json.Decoder(float_hook=Decimal)


async def teach_json(conn: asyncpg.Connection) -> None:
    """jsonb as Python values, numbers as they are written; json (what json_agg gives) as bytes, for typed decoders."""
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + _JSON_ENCODER.encode(value),
        decoder=lambda data: _JSON_DECODER.decode(data[1:]),
    )
    await conn.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)
