"""The disk is full: for rows, or for PostgreSQL's log. What was answered stays, and room alone brings all back.

A file on a full disk is a link to /dev/full, on which every write fails with ENOSPC. So the error is the kernel's own,
all the way through PostgreSQL; no privilege and no small disk is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
from load import CLIENTS, Load, nothing_is_half_there
from scale import scaled
from sites import Cluster, Serve
from works import opened, refused, works, works_again

from served import is_ready
from shoppers import until

FULL_SECONDS = scaled(3.0, 40.0)
SEGMENTS = 4  # of the log; they are filled one after the other


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
    """No more room for rows of this table."""
    conn = await asyncpg.connect(cluster.url)
    await conn.execute(f"truncate {table} cascade")
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


async def test_without_room_for_the_log_nothing_answered_is_lost_and_room_brings_all_back(
    serve: Serve, report: Callable[[str], None]
) -> None:
    site = await serve(PATRON_WORKERS="2")
    load = Load(site, (await site.shop.account())["id"])
    async with asyncio.TaskGroup() as clients, httpx.AsyncClient(base_url=site.base_url, timeout=60) as monitor:
        for _ in range(CLIENTS):
            clients.create_task(load.client())
        await asyncio.sleep(1)
        async with full_log(site.database_url):
            await until(lambda: asyncio.to_thread(lambda: not is_ready(site.base_url)))
            loop = asyncio.get_running_loop()
            end = loop.time() + FULL_SECONDS
            while loop.time() < end:
                assert (await monitor.get("/healthz")).status_code == 200
                assert (await monitor.get("/readyz")).status_code == 503
                await asyncio.sleep(0.2)
        room_at = loop.time()
        await until(lambda: asyncio.to_thread(is_ready, site.base_url))
        ready_at = loop.time()
        load.stopping.set()
    unanswered = sum(not write.is_answered for write in load.writes)
    await nothing_is_half_there(site, load.writes)
    await load.retry_all()
    await nothing_is_half_there(site, load.writes)
    assert site.served.process.poll() is None
    report(
        f"no room for the log for {FULL_SECONDS:.0f} s: {len(load.writes)} writes, {unanswered} of them unanswered at "
        f"first, all there once; ready {ready_at - room_at:.1f} s after there was room"
    )


@asynccontextmanager
async def full_log(url: str) -> AsyncIterator[None]:
    """No more room for the log, from the next segment on."""
    conn = await asyncpg.connect(url)
    folder = Path(await conn.fetchval("show data_directory")) / "pg_wal"
    with following_segments(folder, await conn.fetchval("select pg_walfile_name(pg_current_wal_insert_lsn())")):
        with suppress(asyncpg.PostgresError, OSError):  # PostgreSQL goes on there, and stops itself
            await conn.execute("select pg_switch_wal()")
        conn.terminate()
        yield


@contextmanager
def following_segments(folder: Path, current: str) -> Iterator[None]:
    """The segments after this one are full. (Their names: timeline, number in units of 256, rest, in hex digits.)"""
    timeline, number = current[:8], int(current[8:16], 16) * 256 + int(current[16:], 16)
    files = [folder / f"{timeline}{n // 256:08X}{n % 256:08X}" for n in range(number + 1, number + 1 + SEGMENTS)]
    for file in files:
        file.unlink(missing_ok=True)  # an old one that was kept to be used again
        file.symlink_to("/dev/full")
    yield
    for file in files:
        file.unlink()
