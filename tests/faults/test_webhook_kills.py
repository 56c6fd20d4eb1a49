"""kill -9 of workers and of database sessions at any moment: each event reaches its webhook, and none is invented."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from scale import scaled
from sites import Cluster
from works import opened

from installations import CLEAN, KEY
from listeners import webhook
from organizations import Organization, document, open_organization
from password_hooks import answer, merchant
from patron.jsonapi import ids
from patron.kernel.db import Database
from patron.kernel.errors import Unavailable
from patron.kernel.secrets import random_token
from served import command
from shoppers import until

KILLS = scaled(8, 200)
CLIENTS = 2
WORKERS = 2
LEFT = """
    select (select count(*) from event_outbox o where o.tenant_id = $1)
         + (select count(*) from webhook_delivery d where d.tenant_id = $1 and d.next_at is not null)
"""


async def test_every_event_reaches_its_webhook_and_none_is_invented(
    cluster: Cluster, tmp_path: Path, report: Callable[[str], None]
) -> None:
    database = await Database.open(cluster.url, size=2)
    async with opened(cluster, private_hooks=True) as shop, merchant() as listener:
        listener.says = lambda _: answer("", random.choices(("200 OK", "500 Wrong"), (9, 1))[0])
        organization = await open_organization(shop, database, key=KEY)  # as the workers write ids
        await organization.create("webhooks", **webhook("customers.create", listener.url))
        workers = [start(cluster, tmp_path) for _ in range(WORKERS)]
        made: set[str] = set()
        try:
            async with asyncio.TaskGroup() as clients:
                writing = [clients.create_task(customers(organization, made)) for _ in range(CLIENTS)]
                for number in range(KILLS):
                    await asyncio.sleep(random.uniform(0.1, 2.0))
                    at = random.randrange(WORKERS)
                    workers[at].kill()
                    workers[at].wait(30)
                    workers[at] = start(cluster, tmp_path)
                    if number % 8 == 3:
                        kill_session(cluster)
                for one in writing:
                    one.cancel()
            await until(lambda: is_quiet(database, shop.tenant_id), seconds=300)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait(30)
        db = database.session()
        rows = await db.fetch(
            "select account_id from event where tenant_id = $1 and topic = 'account.created'", shop.tenant_id
        )
        calls = await db.value("select count(*) from webhook_attempt where tenant_id = $1", shop.tenant_id)
    await database.close()
    happened = {ids.shown(row["account_id"]) for row in rows}
    heard = [str(body["data"]["id"]) for body in listener.asked]
    assert made <= happened
    assert set(heard) == happened
    assert len(heard) <= calls
    report(
        f"{KILLS} kills of workers: {len(happened)} events, {len(heard)} calls of their webhook, "
        f"{len(heard) - len(happened)} of them again; none lost, none invented"
    )


def start(cluster: Cluster, home: Path) -> "subprocess.Popen[bytes]":
    """A worker of this installation."""
    env = CLEAN | {"DATABASE_URL": cluster.url, "PATRON_SECRET_KEY": KEY, "PATRON_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "patron.worker"],
        env=env | {"PATRON_PRIVATE_HOOKS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def customers(organization: Organization, made: set[str]) -> None:
    """Make customers, one after the other, and note those that were answered."""
    while True:
        body: dict[str, Any] = document("customers", {"email": f"{random_token(6)}@example.com"})
        answered = await organization.call("POST", "customers", body)
        if answered.status_code == 201:
            made.add(answered.json()["data"]["id"])
        else:
            assert answered.status_code == 503, answered.text
        await asyncio.sleep(random.uniform(0, 0.3))


def kill_session(cluster: Cluster) -> None:
    """End one of our sessions in the database, which ends all of them."""
    sessions = [pid for pid in cluster.processes() if "postgres: patron" in command(pid)]
    if sessions:
        with suppress(ProcessLookupError):
            os.kill(random.choice(sessions), signal.SIGKILL)


async def is_quiet(database: Database, tenant_id: int) -> bool:
    """Whether everything is delivered."""
    try:
        return await database.session().value(LEFT, tenant_id) == 0
    except Unavailable:
        return False
