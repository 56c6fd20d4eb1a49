"""An import and an export of orders, and workers that are killed in the middle: nothing twice, nothing lost."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest_asyncio

from installations import KEY, Installation
from organizations import Organization, open_organization
from patron.app import create_app
from patron.kernel.db import Database
from patron.settings import Settings
from shops import open_shop

SIZE = 600
CUSTOMERS = 40


@pytest_asyncio.fixture
async def shop(installation: Installation) -> AsyncIterator[Organization]:
    """An organization of this installation, behind an app in this process."""
    app = create_app(Settings(database_url=installation.url, secret_key=KEY))
    transport = httpx.ASGITransport(app)
    database = await Database.open(installation.url)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        yield await open_organization(await open_shop(http, database), database, key=KEY)
    await database.close()


@pytest_asyncio.fixture
async def sql(installation: Installation) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(installation.url)
    yield conn
    await conn.close()


def row(number: int) -> dict[str, Any]:
    return {
        "number": f"N{number}",
        "customer_email": f"buyer{number % CUSTOMERS}@example.com",
        "total_amount_cents": 100 + number,
        "status": "placed",
        "tags": "imported",
    }


async def kill_until_done(installation: Installation, sql: asyncpg.Connection, table: str, mark: str) -> int:
    """Start worker after worker, each killed at some moment, until a job is complete. Answers how many were killed."""
    dice, kills = random.Random(11), 0
    command = [sys.executable, "-P", "-m", "patron.worker"]
    done = f"select count(*) from {table} where status = 'completed'"
    while await sql.fetchval(done) == 0:
        assert kills < 40
        process = await asyncio.create_subprocess_exec(
            *command, env=installation.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = await sql.fetchval(f"select max({mark}) from {table}")
        async with asyncio.timeout(60):
            while await sql.fetchval(f"select max({mark}) from {table}") == before:
                await sql.execute("select pg_sleep(0.01)")
        await asyncio.sleep(dice.random() * 0.8)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        kills += 1
    return kills


async def test_killed_at_any_moment_every_order_is_there_once(
    installation: Installation, shop: Organization, sql: asyncpg.Connection
) -> None:
    await shop.create("imports", resource_type="orders", inputs=[row(number) for number in range(SIZE)])
    assert await kill_until_done(installation, sql, "import_job", "position") > 1

    job = await sql.fetchrow("select * from import_job")
    assert (job["status"], job["processed_count"], job["created_count"], job["errors_count"]) == (
        "completed", SIZE, SIZE, 0,
    )  # fmt: skip
    for table, count in (
        ("shop_order where status = 'placed'", SIZE),
        ("account_transaction where kind = 'Order'", SIZE),
        ("event where topic = 'order.created'", SIZE),
        ("event where topic = 'order.placed'", SIZE),
        ("tagging where kind = 'order'", SIZE),
        ("account", CUSTOMERS),
        ("tag", 1),
    ):
        assert await sql.fetchval(f"select count(*) from {table}") == count, table
    total = sum(100 + number for number in range(SIZE))
    assert await sql.fetchval("select sum(total_minor) from shop_order") == total
    assert await sql.fetchval("select sum(order_count) from account") == SIZE

    made = await shop.create("exports", resource_type="orders", fields=["number", "customer.email"])
    await kill_until_done(installation, sql, "export_job", "processed_count")
    url = (await shop.get(f"exports/{made['id']}")).json()["data"]["attributes"]["attachment_url"]
    lines = (await shop.http.get(url.partition(".localhost")[2])).text.splitlines()
    assert [msgspec.json.decode(line)["number"] for line in lines] == [f"N{number}" for number in range(SIZE)]
