"""The database is gone, frozen or full, or all its connections are taken: clean answers, and recovery by itself."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from scale import scaled
from sites import Cluster, Serve, Site

from installations import KEY
from patron.app import create_app
from patron.kernel import db
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.settings import Settings
from served import is_ready
from shoppers import sign_in, until
from shops import ACCOUNTS, Shop, fault, open_shop

GONE_SECONDS = scaled(3.0, 30.0)
UNAVAILABLE = (503, "SYSTEM_MAINTENANCE", None)


@asynccontextmanager
async def opened(cluster: Cluster) -> AsyncIterator[Shop]:
    """The app in this process, on the cluster, and a shop in it."""
    app = create_app(Settings(database_url=cluster.url, secret_key=KEY, home=Path("/nonexistent")))
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


async def test_a_database_that_is_gone_is_waited_for_and_found_again(
    cluster: Cluster, serve: Serve, report: Callable[[str], None]
) -> None:
    site = await serve(DATABASE_URL=cluster.url, PATRON_WORKERS="2", PATRON_SECRET_KEY=KEY)
    ticket = await site.shop.shopper()
    account_id, email = ticket["customerAccount"]["id"], ticket["customerAccount"]["emailAddress"]
    crew = site.served.crew()
    seen: list[tuple[float, float, bool]] = []
    stopping = asyncio.Event()

    async def client(work: Callable[[], Awaitable[httpx.Response]]) -> None:
        while not stopping.is_set():
            began = time.monotonic()
            answer = await work()
            seen.append((began, time.monotonic() - began, refused(answer)))
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as clients:
        for work in works(site.shop, account_id, email) * 2:
            clients.create_task(client(work))
        await asyncio.sleep(1)
        cluster.stop()
        await see_that_it_is_gone(site, GONE_SECONDS)
        cluster.start()
        back_at = time.monotonic()
        await until(lambda: asyncio.to_thread(is_ready, site.base_url))
        ready_at = time.monotonic()
        await asyncio.sleep(1)
        stopping.set()
    assert site.served.crew() == crew  # nothing was started again
    assert any(was_refused for _, _, was_refused in seen)
    assert await works_again(site.shop, account_id, email)
    await until(lambda: all_listen(cluster, 2))
    longest = max(seconds for _, seconds, _ in seen)
    last = max(began for began, _, was_refused in seen if was_refused)
    report(
        f"database gone for {GONE_SECONDS:.0f} s: {len(seen)} requests, {sum(r for *_, r in seen)} refused, "
        f"the longest took {longest:.2f} s; from its return on: last refusal {last - back_at:+.2f} s, "
        f"ready {ready_at - back_at:+.2f} s"
    )


async def all_listen(cluster: Cluster, processes: int) -> bool:
    """Whether each server process hears of revocations again."""
    conn = await asyncpg.connect(cluster.url)
    heard = await conn.fetchval("select count(*) from pg_stat_activity where application_name = 'patron listener'")
    await conn.close()
    return bool(heard == processes)


async def see_that_it_is_gone(site: Site, seconds: float) -> None:
    """What monitors and those who verify our tokens see meanwhile."""
    end = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=site.base_url) as http:
        while time.monotonic() < end:
            assert (await http.get("/healthz")).status_code == 200
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["database"]) == (503, "down")
            assert (await http.get("/.well-known/jwks.json")).json()["keys"]
            await asyncio.sleep(0.2)


async def works_again(shop: Shop, account_id: int, email: str) -> bool:
    """Whether every kind of request is answered at once."""
    answers = [await work() for work in works(shop, account_id, email)]
    return [answer.status_code for answer in answers] == [200, 200, 201, 201, 201]


async def test_a_frozen_database_is_not_waited_for_longer_than_the_limits(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, report: Callable[[str], None]
) -> None:
    monkeypatch.setattr(db, "STATEMENT_SECONDS_MAX", scaled(1.0, db.STATEMENT_SECONDS_MAX))
    monkeypatch.setattr(db, "ACQUIRE_SECONDS_MAX", scaled(0.5, db.ACQUIRE_SECONDS_MAX))
    limit = db.STATEMENT_SECONDS_MAX + db.ACQUIRE_SECONDS_MAX + db.ROLLBACK_SECONDS_MAX
    async with opened(cluster) as shop:
        ticket = await shop.shopper()
        account_id, email = ticket["customerAccount"]["id"], ticket["customerAccount"]["emailAddress"]
        assert await works_again(shop, account_id, email)
        frozen = cluster.processes()
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            async with asyncio.timeout(3 * limit):
                answers = await asyncio.gather(*(work() for work in works(shop, account_id, email) * 6))
            took = time.monotonic() - began
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert all(refused(answer) for answer in answers)
        assert await works_again(shop, account_id, email)
    report(f"frozen database: {len(answers)} requests answered within {took:.1f} s (limits: {limit:.1f} s)")


async def test_when_all_connections_are_taken_the_rest_is_told_to_come_back(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "ACQUIRE_SECONDS_MAX", scaled(0.5, 3.0))
    async with opened(cluster) as shop:
        account_id = (await shop.account())["id"]
        conn = await asyncpg.connect(cluster.url)
        async with conn.transaction():
            await conn.execute("lock table account in access exclusive mode")
            tasks = [asyncio.ensure_future(shop.get(f"{ACCOUNTS}/{account_id}")) for _ in range(3 * db.POOL_SIZE)]
            surplus = 2 * db.POOL_SIZE
            await until(lambda: asyncio.sleep(0, sum(task.done() for task in tasks) == surplus))
            assert all(refused(task.result()) for task in tasks if task.done())
        await conn.close()
        answers = [await task for task in tasks]
        assert sorted(answer.status_code for answer in answers) == [200] * db.POOL_SIZE + [503] * surplus


async def test_on_a_full_disk_nothing_is_half_written_and_reading_goes_on(cluster: Cluster) -> None:
    async with opened(cluster) as shop:
        ticket = await shop.shopper()
        account_id, email = ticket["customerAccount"]["id"], ticket["customerAccount"]["emailAddress"]
        before = await counts(cluster)
        async with full_disk(cluster, "event"):
            reads, writes = works(shop, account_id, email)[:2], works(shop, account_id, email)[2:]
            await until(lambda: is_answered(reads[0]))
            for _ in range(scaled(3, 100)):
                assert [(await work()).status_code for work in reads] == [200, 200]
                assert [refused(await work()) for work in writes] == [True, True, True]
        await until(lambda: is_answered(reads[0]))
        assert await counts(cluster) == before
        assert await works_again(shop, account_id, email)


async def is_answered(work: Callable[[], Awaitable[httpx.Response]]) -> bool:
    """Whether it is no longer refused."""
    return not refused(await work())


async def counts(cluster: Cluster) -> dict[str, int]:
    """How many rows each table of customers has."""
    conn = await asyncpg.connect(cluster.url)
    tables = ("account", "contact", "address", "note", "login", "login_name", "login_device", "idempotency_key", "mail")
    found = {table: await conn.fetchval(f"select count(*) from {table}") for table in tables}
    found["counted"] = await conn.fetchval("select sum(accounts) from account_count")
    await conn.close()
    return found


@asynccontextmanager
async def full_disk(cluster: Cluster, table: str) -> AsyncIterator[None]:
    """No more room for rows of this table: its file is /dev/full, on which every write fails with ENOSPC.

    So the error is the kernel's own, all the way through PostgreSQL; no privilege and no small disk is needed.
    """
    conn = await asyncpg.connect(cluster.url)
    await conn.execute(f"truncate {table}")
    file = cluster.data / await conn.fetchval("select pg_relation_filepath($1::text::regclass)", table)
    await conn.close()
    cluster.stop()
    kept = file.rename(file.with_name("kept"))
    file.symlink_to("/dev/full")
    cluster.start()
    yield
    cluster.stop()
    kept.rename(file)
    cluster.start()
