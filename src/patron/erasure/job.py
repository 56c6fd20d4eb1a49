"""The worker's part: forgets who is due, one customer a transaction, so that a crash leaves nobody half forgotten."""

from datetime import datetime

import structlog

from patron.erasure import forgetting
from patron.kernel import events
from patron.kernel.caller import SYSTEM
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Row, Session
from patron.kernel.errors import PatronError

DUE = """
    select t.id from tenant t
    where exists (select from anonymization n
                  where n.tenant_id = t.id and n.status in ('requested', 'started') and n.due_at <= $1)
    order by t.id
"""

log = structlog.get_logger()


async def forget_due(db: Session, secrets: Secrets, now: datetime) -> int:
    """Forget every customer who is due. Answers how many."""
    tenants = await db.fetch(DUE, now)
    done = 0
    for tenant in tenants:
        ctx = Ctx(tenant["id"], SYSTEM, frozenset(), now, "worker", db, secrets)
        for row in await _due(ctx):
            done += await _forget(ctx, row["account_id"])
    return done


async def _due(ctx: Ctx) -> list[Row]:
    """Who is due; what is more than fits comes with the next run."""
    return await ctx.db.fetch(
        """
        select account_id from anonymization
        where tenant_id = $1 and status in ('requested', 'started') and due_at <= $2 order by due_at limit 500
        """,
        ctx.tenant_id,
        ctx.now,
    )


async def _forget(ctx: Ctx, account_id: int) -> bool:
    try:
        async with ctx.db.transaction():
            if not await _mark(ctx, account_id, "started", "('requested', 'started')"):
                return False  # taken back meanwhile, or another worker's
            await events.record(ctx, "anonymization.started", account_id=account_id)
            await forgetting.forget(ctx, account_id)
            await _mark(ctx, account_id, "completed", "('started')")
            await events.record(ctx, "anonymization.completed", account_id=account_id)
    except PatronError as error:
        log.warning("customer not forgotten", account=account_id, reason=str(error))
        async with ctx.db.transaction():
            await _mark(ctx, account_id, "failed", "('requested', 'started')")
            await events.record(ctx, "anonymization.failed", account_id=account_id)
        return False
    return True


async def _mark(ctx: Ctx, account_id: int, status: str, before: str) -> bool:
    return bool(
        await ctx.db.value(
            f"""
            with locked as (
                select account_id from anonymization where tenant_id = $1 and account_id = $2 and status in {before}
                for update skip locked
            )
            update anonymization n set status = '{status}', {status}_at = $3 from locked
            where n.tenant_id = $1 and n.account_id = locked.account_id returning true
            """,
            ctx.tenant_id,
            account_id,
            ctx.now,
        )
    )
