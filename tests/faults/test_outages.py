"""The database is gone or frozen, or all its connections are taken: clean answers, and recovery by itself."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import asyncpg
import httpx
import pytest
from scale import scaled
from sites import Cluster, Serve, Site
from works import opened, refused, works, works_again

from installations import KEY
from patron.kernel import connections, db, secrets
from served import is_ready
from shoppers import until
from shops import ACCOUNTS

GONE_SECONDS = scaled(3.0, 30.0)


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
    async with httpx.AsyncClient(base_url=site.base_url, timeout=60) as http:
        while time.monotonic() < end:
            assert (await http.get("/healthz")).status_code == 200
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["database"]) == (503, "down")
            assert (await http.get("/.well-known/jwks.json")).json()["keys"]
            await asyncio.sleep(0.2)


async def test_a_frozen_database_is_not_waited_for_longer_than_the_limits(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, report: Callable[[str], None]
) -> None:
    monkeypatch.setattr(db, "STATEMENT_SECONDS_MAX", scaled(3.0, db.STATEMENT_SECONDS_MAX))
    async with opened(cluster) as shop:
        ticket = await shop.shopper()
        account_id, email = ticket["customerAccount"]["id"], ticket["customerAccount"]["emailAddress"]
        assert await works_again(shop, account_id, email)
        monkeypatch.setattr(connections, "ACQUIRE_SECONDS_MAX", scaled(0.5, connections.ACQUIRE_SECONDS_MAX))
        monkeypatch.setattr(secrets, "WAITING_SECONDS_MAX", scaled(0.5, secrets.WAITING_SECONDS_MAX))
        limit = db.STATEMENT_SECONDS_MAX + connections.ACQUIRE_SECONDS_MAX + db.ROLLBACK_SECONDS_MAX
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
        monkeypatch.undo()
        await until(lambda: works_again(shop, account_id, email))
    report(f"frozen database: {len(answers)} requests answered within {took:.1f} s (limits: {limit:.1f} s)")


async def test_when_all_connections_are_taken_the_rest_is_told_to_come_back(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(cluster) as shop:
        account_id = (await shop.account())["id"]
        conn, other = await asyncpg.connect(cluster.url), await asyncpg.connect(cluster.url)

        async def read() -> httpx.Response:
            return await shop.get(f"{ACCOUNTS}/{account_id}")

        async def all_are_taken() -> bool:
            waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            return bool(await other.fetchval(waiting) == db.POOL_SIZE)

        async with conn.transaction():
            await conn.execute("lock table account in access exclusive mode")
            first = [asyncio.create_task(read()) for _ in range(db.POOL_SIZE)]
            await until(all_are_taken)
            monkeypatch.setattr(connections, "ACQUIRE_SECONDS_MAX", 0.5)  # a lock is waited for ten times as long
            rest = await asyncio.gather(*(read() for _ in range(2 * db.POOL_SIZE)))
            assert not any(task.done() for task in first)
        await conn.close()
        await other.close()
        assert all(refused(answer) for answer in rest)
        assert {(await task).status_code for task in first} == {200}
