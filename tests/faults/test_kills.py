"""kill -9 of server, worker and database under load: what was answered is there, and nothing is by halves."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress

from load import CLIENTS, Load, nothing_is_half_there
from scale import scaled
from sites import Serve, Site

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
