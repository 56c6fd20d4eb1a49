"""Connections from hand to hand: what the server closes is replaced, however often that happens."""

import asyncio

import asyncpg

from patron.kernel.db import Database
from patron.kernel.errors import PatronError

SIZE = 3


async def _use_all(database: Database) -> set[int]:
    """Hold as many connections at once as there may be. Answers the processes that serve them."""
    held = [database.connection() for _ in range(SIZE)]
    found = [await one.__aenter__() for one in held]
    pids = {conn.get_server_pid() for conn in found}
    for one in held:
        await one.__aexit__(None, None, None)
    return pids


async def test_connections_that_the_server_closes_while_they_lie_ready_are_replaced(database_url: str) -> None:
    database = await Database.open(database_url, size=SIZE)
    killer = await asyncpg.connect(database_url)
    try:
        for _ in range(3):
            pids = await _use_all(database)
            assert len(pids) == SIZE
            await killer.execute("select pg_terminate_backend(p) from unnest($1::int[]) p", list(pids))
            while await killer.fetchval("select count(*) from pg_stat_activity where pid = any($1)", list(pids)):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # our sockets hear of it

            async with asyncio.timeout(4):  # nobody waits for a place that is lost
                assert (await _use_all(database)).isdisjoint(pids)
    finally:
        await killer.close()
        await database.close()


async def test_connections_that_are_closed_in_use_leave_their_places(database_url: str) -> None:
    database = await Database.open(database_url, size=SIZE)
    try:
        for _ in range(2 * SIZE):
            try:
                await database.session().execute("select pg_terminate_backend(pg_backend_pid())")
            except PatronError:
                continue
        async with asyncio.timeout(4):
            assert len(await _use_all(database)) == SIZE
    finally:
        await database.close()
