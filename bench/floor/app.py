"""The floor as one bare ASGI app: a dict of tokens, a chain of ifs, a pool of connections. Configured by a file."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.floor import reads, visits, writes

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PREFIX = "/api/commerce/customer/"
POOL_SIZE = 12
_JSON_TYPE = (b"content-type", b"application/json")


class Known(msgspec.Struct):
    """What the run tells the floor beforehand."""

    tenant_id: int
    site_id: int
    tokens: dict[str, int]  # to the account of the shopper, 0 for an application
    cursor_after: int


async def _leave_as_is(_conn: asyncpg.Connection) -> None: ...


async def _teach_json(conn: asyncpg.Connection) -> None:
    encode = msgspec.json.Encoder().encode
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=lambda v: b"\x01" + encode(v), decoder=lambda d: d[1:]
    )
    await conn.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)


class Floor:
    """Answers the scenarios' requests and nothing else."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._tokens = {f"Bearer {token}".encode(): account_id for token, account_id in known.tokens.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        status, body = await self._answer(scope, receive)
        headers = [_JSON_TYPE, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"],
            min_size=1,
            max_size=POOL_SIZE,
            init=_teach_json,
            reset=_leave_as_is,
            server_settings={"timezone": "UTC", "jit": "off"},
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        path = scope["path"]
        if path == "/healthz":
            return 200, b'{"status":"ok"}'
        account_id = self._tokens.get(
            next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        )
        if account_id is None:
            return 401, b"{}"
        body = (await receive())["body"] if scope["method"] == "POST" else b""
        async with self._pool.acquire() as conn:
            return await self._run(conn, scope, path.removeprefix(PREFIX), body, account_id)

    async def _run(self, conn: Any, scope: Scope, path: str, body: bytes, account_id: int) -> tuple[int, bytes]:
        tenant_id, site_id = self._known.tenant_id, self._known.site_id
        if path == "accounts/current":
            return 200, await reads.one(conn, tenant_id, account_id, shopper=True)
        if body and path == "accounts":
            return 201, await writes.create(conn, tenant_id, site_id, body)
        if path.startswith("credits/"):
            return 201, await writes.debit(conn, tenant_id, site_id, path.split("/")[1], body)
        if path == "visits/batch":
            return 201, await visits.record(conn, tenant_id, site_id, body)
        if body:
            return 201, await writes.add_contact(conn, tenant_id, site_id, int(path.split("/")[1]), body)
        query = scope["query_string"].decode()
        if path == "accounts":
            return 200, await reads.listed(conn, tenant_id, query, self._known.cursor_after)
        if path == "authtickets/refresh":
            return 200, await writes.refresh(conn, tenant_id, query.partition("=")[2])
        return 200, await reads.one(conn, tenant_id, int(path.split("/")[1]), shopper=False)


def create_app() -> Floor:
    """The app for uvicorn."""
    return Floor(msgspec.json.decode(Path(os.environ["BENCH_FLOOR"]).read_bytes(), type=Known))
