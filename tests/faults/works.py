"""Requests of every kind, for when something is broken: each is answered as ever, or told to come later."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sites import Cluster

from installations import KEY
from patron.app import create_app
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.settings import Settings
from shoppers import sign_in
from shops import ACCOUNTS, Shop, fault, open_shop

UNAVAILABLE = (503, "SYSTEM_MAINTENANCE", None)


@asynccontextmanager
async def opened(cluster: Cluster, **settings: Any) -> AsyncIterator[Shop]:
    """The app in this process, on the cluster, and a shop in it."""
    app = create_app(Settings(database_url=cluster.url, secret_key=KEY, home=Path("/nonexistent"), **settings))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test", timeout=None) as http:
            database = await Database.open(cluster.url, size=1)
            shop = await open_shop(http, database)
            await database.close()
            yield shop


def refused(answer: httpx.Response) -> bool:
    """Whether this is the dialect's "later", with a time; anything else but success is a fault."""
    if answer.status_code < 300:
        return False
    assert fault(answer) == UNAVAILABLE, answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    return True


def works(shop: Shop, account_id: int, email: str) -> list[Callable[[], Awaitable[httpx.Response]]]:
    """Requests of every kind: reads, lists, writes with and without a hash before them, and signing in."""
    return [
        lambda: shop.get(f"{ACCOUNTS}/{account_id}"),
        lambda: shop.get(ACCOUNTS, params={"pageSize": 5}),
        lambda: shop.post(ACCOUNTS, {"emailAddress": f"{random_token(6)}@example.com"}),
        lambda: shop.post(f"{ACCOUNTS}/{account_id}/notes", {"content": "kept"}),
        lambda: sign_in(shop, email),
    ]


async def works_again(shop: Shop, account_id: int, email: str) -> bool:
    """Whether every kind of request is answered at once."""
    answers = [await work() for work in works(shop, account_id, email)]
    return [answer.status_code for answer in answers] == [200, 200, 201, 201, 201]
