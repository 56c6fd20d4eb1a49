"""kill -9 of server, worker and database under load: what was answered is there, and nothing is by halves."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import pytest
from load import CLIENTS, Load, nothing_is_half_there
from scale import scaled
from sites import Cluster, Serve, Site

from patron.kernel import db, ids
from patron.kernel.db import Database, Session
from patron.kernel.errors import PatronError
from served import is_ready
from shoppers import until

ROUNDS = scaled(1, 8)
# By what stands in their command lines; the last is any session of the database, which ends all the others too.
VICTIMS = ("patron.server", "patron.worker", "bin/postgres", "postgres: patron")


async def test_what_was_answered_is_there_and_nothing_is_by_halves(serve: Serve, report: Callable[[str], None]) -> None:
    site = await serve(PATRON_WORKERS="2")
    load = Load(site, (await site.shop.account())["id"])
    kills = list(VICTIMS * ROUNDS)
    random.shuffle(kills)
    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(load.client())
        for part in kills:
            await asyncio.sleep(random.uniform(0.2, scaled(1.0, 3.0)))
            await kill(site, part)
        load.stopping.set()
    unanswered = sum(not write.is_answered for write in load.writes)
    await nothing_is_half_there(site, load.writes)
    await load.retry_all()
    await nothing_is_half_there(site, load.writes)
    assert site.served.process.poll() is None
    report(
        f"{len(kills)} kills under load: {len(load.writes)} writes, {unanswered} of them unanswered at first "
        f"({dict(load.unclear)}), all there once"
    )


async def test_numbers_drawn_before_a_crash_are_not_given_out_twice(cluster: Cluster) -> None:
    """A process that outlives its database goes on with the numbers that it has; the database draws on behind them."""
    database, other = await Database.open(cluster.url), await Database.open(cluster.url)
    try:
        for _ in range(5):
            with pytest.raises(PatronError):
                await draw_and_die(database.session())
            await until(lambda: answers(cluster))
            kept, drawn = await taken(database), await taken(other)
            assert not set(kept) & set(drawn)
    finally:
        await database.close()
        await other.close()


async def draw_and_die(session: Session) -> None:
    """Draw numbers in a transaction whose server is killed, and so the whole database crashes."""
    async with session.transaction():
        await ids.take(session, "contact", 1)
        os.kill(await session.value("select pg_backend_pid()"), signal.SIGKILL)
        await session.value("select 1")


async def answers(cluster: Cluster) -> bool:
    """Whether the database is there again."""
    try:
        conn = await asyncpg.connect(cluster.url)
    except (asyncpg.PostgresError, OSError):
        return False
    await conn.close()
    return True


async def taken(database: Database) -> list[int]:
    """All that is drawn and some more: numbers for new rows of a process."""
    for _ in range(db.POOL_SIZE + 1):  # connections of before the crash fail once each
        session = database.session()
        with suppress(PatronError):
            async with session.transaction():
                return await ids.take(session, "contact", ids.DRAWN_AT_ONCE - 1)
    raise AssertionError("the database does not come back")


async def kill(site: Site, part: str) -> None:
    """End one process of this kind, and wait until all is well again by itself."""
    victims: list[int] = []

    async def found() -> bool:  # what died often is started again after a pause
        victims[:] = [pid for pid, line in site.served.crew().items() if part in line]
        return bool(victims)

    await until(found)
    victim = random.choice(victims)
    with suppress(ProcessLookupError):  # a session may have ended by itself
        os.kill(victim, signal.SIGKILL)
    await until(lambda: asyncio.to_thread(lambda: victim not in site.served.crew() and is_ready(site.base_url)))
