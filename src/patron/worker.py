"""The background worker: what happens outside a request. Each job runs by itself, over and over.

`python -m patron.worker` runs until it is told to stop (SIGTERM). Several may run at once: jobs claim what they work
on with row locks, tenant by tenant.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from patron import outbox
from patron.credits import expiry
from patron.erasure.job import forget_due
from patron.imports.work import work
from patron.jsonapi import ids
from patron.jsonapi.deliveries import Renderer
from patron.jsonapi.trading import Trade
from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database, Session
from patron.kernel.errors import PatronError, Retry
from patron.kernel.outbound import Outbound
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring
from patron.logs import configure
from patron.processes import collect_less
from patron.segments.job import keep_in_step
from patron.settings import Settings
from patron.visits import retention
from patron.webhooks.job import Queues, Rendering
from patron.webhooks.model import Kind
from patron.webhooks.renderings import kibo, standard

HEARTBEAT_SECONDS = 2.0
MAIL_SECONDS = 1.0
SEGMENT_SECONDS = 0.2
WEBHOOK_SECONDS = 0.2
WEBHOOK_CALLS_MAX = 1_000
IMPORT_SECONDS = 0.5
SWEEP_SECONDS = 600.0
CREDITS_SECONDS = 5.0
FORGET_SECONDS = 30.0
TROUBLE_SECONDS = 2.0

log = structlog.get_logger()

# What ends by itself: table → the condition under which a row is of no more use, with $2 as now.
_ENDED = {
    "idempotency_key": "expires_at < $2::timestamptz",
    "ended_token": "expires_at < $2::timestamptz",
    "ticket_family": "least(expires_at, coalesce(ended_at, expires_at)) < $2::timestamptz - interval '1 day'",
    "access_grant": "least(coalesce(refresh_expires_at, expires_at), ended_at) < $2::timestamptz - interval '1 day'",
    "authorization_code": "expires_at < $2::timestamptz - interval '1 day'",
    "sign_in_failure": "last_at < $2::timestamptz - interval '1 day'",
    "login_device": "seen_at < $2::timestamptz - interval '400 days'",
    "mailed_code": "created_at < $2::timestamptz - interval '1 day'",
    "waiting_sign_in": "expires_at < $2::timestamptz - interval '1 day'",
    "second_factor": "confirmed_at is null and created_at < $2::timestamptz - interval '1 day'",
    "password_reset": "expires_at < $2::timestamptz - interval '30 days'",
    "import_key": "at < $2::timestamptz - interval '1 day'",
    "import_job": "source = 'inputs' and updated_at < $2::timestamptz - interval '30 days'",
    "import_problem": """job_id in (select j.id from import_job j where j.tenant_id = $1 and j.source = 'file'
        and j.updated_at < $2::timestamptz - interval '30 days')""",
    "export_job": "updated_at < $2::timestamptz - interval '30 days'",
    "webhook_delivery": "created_at < $2::timestamptz - interval '30 days'",
    "mail": "created_at < $2::timestamptz - interval '30 days' and next_at is null",
}
_SWEPT_AT_ONCE = 5_000


async def run(settings: Settings) -> None:
    """Work until cancelled."""
    collect_less()
    database = await Database.open(settings.database_url, size=4)
    vault, passwords = Vault(settings.key), Passwords()
    ids.use(vault)
    outbound = Outbound(private=settings.private_hooks, calls_max=WEBHOOK_CALLS_MAX)
    secrets = Secrets(vault, Keyring(vault, settings.issuer), passwords, Revocations(database, lambda _: None))
    try:
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(_repeat("heartbeat", HEARTBEAT_SECONDS, lambda: heartbeat(database.session(), clock())))
            jobs.create_task(
                _repeat("mail", MAIL_SECONDS, lambda: outbox.send_due(database.session(), vault, settings, clock()))
            )
            jobs.create_task(
                _repeat("credits", CREDITS_SECONDS, lambda: end_credits(database.session(), secrets, clock()))
            )
            jobs.create_task(_repeat("segments", SEGMENT_SECONDS, lambda: keep_in_step(database, secrets, clock)))
            jobs.create_task(
                _repeat("forget", FORGET_SECONDS, lambda: forget_due(database.session(), secrets, clock()))
            )
            queues = Queues(database, secrets, renderings(settings), outbound, clock, jobs.create_task)
            jobs.create_task(_repeat("webhooks", WEBHOOK_SECONDS, queues.turn))
            jobs.create_task(
                _repeat("imports", IMPORT_SECONDS, lambda: work(database, secrets, clock, Trade(settings.domain)))
            )
            jobs.create_task(_repeat("sweep", SWEEP_SECONDS, lambda: sweep(database.session(), clock())))
            jobs.create_task(_repeat("visits", SWEEP_SECONDS, lambda: retention.upkeep(database.session(), clock())))
    finally:
        passwords.close()
        await outbound.close()
        await database.close()


def renderings(settings: Settings) -> dict[Kind, Rendering]:
    """How each kind of webhook is told."""
    return {"jsonapi": Renderer(settings.domain), "standard": standard, "kibo": kibo}


async def _repeat(name: str, seconds: float, job: Callable[[], Awaitable[object]]) -> None:
    """Do a job now and again. What goes wrong is logged, and tried again: the worker never stops by itself."""
    while True:
        pause = seconds
        try:
            await job()
        except (PatronError, Retry) as error:
            log.warning("job failed", job=name, reason=str(error))
            pause = max(seconds, TROUBLE_SECONDS)
        except Exception:
            log.exception("job failed", job=name)
            pause = max(seconds, TROUBLE_SECONDS)
        await asyncio.sleep(pause)


async def heartbeat(db: Session, now: datetime) -> None:
    """Say that the worker is alive; /readyz listens."""
    await db.execute(
        "insert into heartbeat (name, seen_at) values ('worker', $1) on conflict (name) do update set seen_at = $1", now
    )


async def sweep(db: Session, now: datetime) -> int:
    """Remove what has ended, in small bites, tenant by tenant. Answers how many rows went."""
    removed = 0
    for row in await db.fetch("select id from tenant order by id"):
        for table, condition in _ENDED.items():
            while True:
                gone = await db.execute(
                    f"""
                    delete from {table} where tenant_id = $1 and ctid = any(array(
                        select ctid from {table} where tenant_id = $1 and {condition} limit {_SWEPT_AT_ONCE}))
                    """,
                    row["id"],
                    now,
                )
                removed += gone
                if gone < _SWEPT_AT_ONCE:
                    break
    return removed


async def end_credits(db: Session, secrets: Secrets, now: datetime) -> int:
    """Close credits that have expired and holds that have ended, tenant by tenant. Answers how many."""
    ended = 0
    for tenant_id in await expiry.tenants_due(db, now):
        ctx = Ctx(tenant_id, SYSTEM, frozenset(), now, "worker", db, secrets)
        for job in (expiry.end_holds, expiry.expire_credits):
            while more := await job(ctx):
                ended += more
    return ended


async def _main() -> None:
    settings = Settings.from_env()
    configure(settings.log_level)
    work = asyncio.ensure_future(run(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("worker stopped")


if __name__ == "__main__":
    asyncio.run(_main())
