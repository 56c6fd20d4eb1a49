"""Segments with rules and workers that are killed at any moment: nothing stuck, lost or told twice."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest_asyncio

from installations import KEY, Installation
from patron.app import create_app
from patron.kernel.db import Database
from patron.segments.filling import ACCOUNTS_AT_ONCE
from patron.settings import Settings
from shoppers import until
from shops import ACCOUNTS, Shop, open_shop

SEGMENTS = "/api/commerce/customer/segments"
CUSTOMERS = 2 * ACCOUNTS_AT_ONCE + 100
KILLS = 6


@pytest_asyncio.fixture
async def own(installation: Installation) -> AsyncIterator[Database]:
    """A database of its own."""
    database = await Database.open(installation.url, size=4)
    yield database
    await database.close()


@asynccontextmanager
async def serving(installation: Installation, database: Database) -> AsyncIterator[Shop]:
    """The app over that database, with one shop."""
    app = create_app(Settings(database_url=installation.url, secret_key=KEY))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        yield await open_shop(http, database)


async def many_accounts(database: Database, shop: Shop) -> None:
    """So many accounts that filling takes several slices; they differ in their number of orders."""
    await database.session().execute(
        """
        insert into account (tenant_id, customer_set_code, since_at, created_at, updated_at, order_count)
        select $1, c.code, now(), now(), now(), n % 7
        from generate_series(1, $2::bigint) n cross join customer_set c where c.tenant_id = $1
        """,
        shop.tenant_id,
        CUSTOMERS,
    )


async def ruled(shop: Shop, code: str, text: str) -> int:
    answer = await shop.post(SEGMENTS, {"code": code, "name": code, "rule": {"filter": text}})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_killed_workers_leave_nothing_stuck_lost_or_told_twice(installation: Installation, own: Database) -> None:
    chance, db = random.Random(5), own.session()
    async with serving(installation, own) as shop:
        await many_accounts(own, shop)
        ids = [(await shop.account())["id"] for _ in range(20)]
        loyal = await ruled(shop, "loyal", "commerceSummary.orderCount ge 3")
        named = await ruled(shop, "named", "firstName eq Jo")
        both = await ruled(shop, "both", f"segments.id eq {loyal} or segments.id eq {named}")
        for number in range(KILLS):
            worker = installation.start("patron.worker")
            for account_id in chance.sample(ids, 5):
                await shop.put(f"{ACCOUNTS}/{account_id}", {"firstName": chance.choice(["Jo", "Kim"])})
            await asyncio.sleep(chance.uniform(0.6, 1.6))
            if number == KILLS // 2:
                await shop.put(f"{SEGMENTS}/{loyal}/rule", {"filter": "commerceSummary.orderCount ge 5"})
            worker.kill()
            await asyncio.to_thread(worker.wait, 60)
        worker = installation.start("patron.worker")

        async def is_done() -> bool:
            return not await db.value(
                """
                select exists (select from account_change where tenant_id = $1)
                    or exists (select from segment_rule where tenant_id = $1 and state <> 'ready')
                """,
                shop.tenant_id,
            )

        await until(is_done)
        worker.terminate()
        await asyncio.to_thread(worker.wait, 60)

        meant = {
            loyal: "a.order_count >= 5",
            named: "a.first_name = 'Jo'",
            both: "(a.order_count >= 5 or a.first_name = 'Jo')",
        }
        for segment_id, condition in meant.items():
            assert await members(own, shop, segment_id) == await accounts(own, shop, condition)
            assert await told(own, shop, segment_id) == await members(own, shop, segment_id)


async def members(database: Database, shop: Shop, segment_id: int) -> list[int]:
    rows = await database.session().fetch(
        "select account_id from segment_member where tenant_id = $1 and segment_id = $2 order by account_id",
        shop.tenant_id,
        segment_id,
    )
    return [row["account_id"] for row in rows]


async def accounts(database: Database, shop: Shop, condition: str) -> list[int]:
    rows = await database.session().fetch(
        f"select a.id from account a where a.tenant_id = $1 and {condition} order by a.id", shop.tenant_id
    )
    return [row["id"] for row in rows]


async def told(database: Database, shop: Shop, segment_id: int) -> list[int]:
    """Who is in by the events: those that joined once more than they left."""
    rows = await database.session().fetch(
        """
        select account_id, count(*) filter (where topic = 'segment.joined') as joined,
               count(*) filter (where topic = 'segment.left') as gone
        from event where tenant_id = $1 and subject = $2 and topic in ('segment.joined', 'segment.left')
        group by account_id order by account_id
        """,
        shop.tenant_id,
        f"segment/{segment_id}",
    )
    assert {row["joined"] - row["gone"] for row in rows} <= {0, 1}
    return [row["account_id"] for row in rows if row["joined"] > row["gone"]]
