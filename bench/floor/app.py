"""The floor as one bare ASGI app: a dict of tokens, a chain of ifs, a pool of connections. Configured by a file."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.floor import orders, reads, visits, writes
from bench.floor.documents import Documents
from patron.jsonapi import ids
from patron.kernel.secrets import Vault
from patron.settings import Settings

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PREFIX = "/api/commerce/customer/"
DOCUMENTS = ("/api/customers", "/api/orders")
POOL_SIZE = 12
_JSON_TYPE = (b"content-type", b"application/json")
_DOCUMENT_TYPE = (b"content-type", b"application/vnd.api+json")


class Known(msgspec.Struct):
    """What the run tells the floor beforehand."""

    tenant_id: int
    site_id: int
    tokens: dict[str, int]  # to the account of the shopper, 0 for an application
    cursor_after: int
    organization_id: str
    base_url: str
    orders: orders.Templates


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
        self._documents = Documents(known.organization_id, known.base_url)
        self._grants = orders.Tokens()
        self._tokens = {f"Bearer {token}".encode(): account_id for token, account_id in known.tokens.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        status, body = await self._answer(scope, receive)
        kind = _DOCUMENT_TYPE if scope["path"].startswith(DOCUMENTS) else _JSON_TYPE
        headers = [kind, (b"content-length", b"%d" % len(body))]
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
        if path == "/oauth/token":
            async with self._pool.acquire() as conn:
                body, known = (await receive()).get("body", b""), self._known
                return 200, await self._grants.answer(conn, known.tenant_id, known.organization_id, body)
        account_id = self._tokens.get(
            next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        )
        if account_id is None:
            return 401, b"{}"
        body = (await receive()).get("body", b"") if scope["method"] in ("POST", "PATCH") else b""
        async with self._pool.acquire() as conn:
            if path.startswith(DOCUMENTS):
                return await self._document(conn, scope, path.split("/"), body)
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

    async def _document(self, conn: Any, scope: Scope, path: list[str], body: bytes) -> tuple[int, bytes]:
        known, query = self._known, scope["query_string"].decode()
        if scope["method"] == "POST":
            return 201, await orders.create(conn, known.tenant_id, known.site_id, known.orders.made, body)
        if scope["method"] == "PATCH":
            return 200, await orders.place(conn, known.tenant_id, known.orders.placed, path[3])
        if len(path) == 3:
            code = query.partition("_code_eq%5D=")[2].partition("&")[0]
            return 200, await self._documents.page(conn, known.tenant_id, query, code)
        number = ids.read(path[3]) or 0
        if query:
            return 200, await self._documents.whole(conn, known.tenant_id, number)
        return 200, await self._documents.one(conn, known.tenant_id, number)


def create_app() -> Floor:
    """The app for uvicorn."""
    ids.use(Vault(Settings.from_env().key))
    return Floor(msgspec.json.decode(Path(os.environ["BENCH_FLOOR"]).read_bytes(), type=Known))
