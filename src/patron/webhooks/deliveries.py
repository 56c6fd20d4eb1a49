"""One queue for each webhook: claim what is due, call, write down how it went.

A claim is a lease: should the worker die, another takes the delivery when it ends. So a receiver may get an event
twice, and never not at all.
"""

from datetime import datetime, timedelta

import structlog

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.webhooks import alerts
from patron.webhooks.model import OPENS_AFTER, WARNS_AFTER, Delivery, Outcome, Webhook, chance
from patron.webhooks.queries import HAPPENED, happened

CLAIMED_AT_ONCE = 8

# Over all tenants: the webhooks for which something is due.
DUE = """
    select h.tenant_id, h.id from webhook h
    where h.disabled_at is null and h.circuit = 'closed' and exists (
        select from webhook_delivery d
        where d.tenant_id = h.tenant_id and d.webhook_id = h.id and d.next_at <= $1)
"""

log = structlog.get_logger()


async def claim(ctx: Ctx, hook: Webhook) -> list[Delivery]:
    """Take what is due for a webhook, the oldest first, and note an attempt at each."""
    rows = await ctx.db.fetch(
        f"""
        with claimed as (
            update webhook_delivery d set next_at = $3::timestamptz + $4::interval
            where d.tenant_id = $1 and d.id = any(array(
                select n.id from webhook_delivery n
                where n.tenant_id = $1 and n.webhook_id = $2 and n.next_at <= $3
                order by n.next_at, n.id limit {CLAIMED_AT_ONCE} for update skip locked))
            returning d.id, d.event_id, d.topic, d.attempts, d.body
        ), noted as (
            insert into webhook_attempt (tenant_id, webhook_id, delivery_id, url, at)
            select $1, $2, c.id, $5, $3 from claimed c
            returning id, delivery_id
        )
        select n.id as attempt_id, c.id as delivery_id, c.event_id, c.topic as own_topic, c.attempts, c.body, {HAPPENED}
        from claimed c join noted n on n.delivery_id = c.id
        join event e on e.tenant_id = $1 and e.id = c.event_id
        where e.tenant_id = $1 order by c.id
        """,
        ctx.tenant_id,
        hook.id,
        ctx.now,
        hook.pace.lease,
        hook.url,
    )
    return [
        Delivery(row["attempt_id"], row["delivery_id"], row["own_topic"], row["attempts"], row["body"], happened(row))
        for row in rows
    ]


async def settle(ctx: Ctx, hook: Webhook, delivery: Delivery, body: bytes | None, outcome: Outcome) -> None:
    """Write down how an attempt ended, and what follows from it."""
    if outcome.is_good(hook.kind):
        async with ctx.db.transaction():
            await _end(ctx, delivery, outcome)
            await _mark(ctx, delivery, body, next_at=None, delivered_at=ctx.now)
            await ctx.db.write(
                """
                update webhook set failures = 0, version = version + 1
                where tenant_id = $1 and id = $2 and failures > 0
                """,
                ctx.tenant_id,
                hook.id,
            )
        return
    pause: timedelta | None = hook.pace.pause(delivery.attempts + 1, chance())
    async with ctx.db.transaction():
        await _end(ctx, delivery, outcome)
        await _mark(ctx, delivery, body, next_at=ctx.now + pause if pause is not None else None, delivered_at=None)
        await _count_failure(ctx, hook, outcome)
    log.info("webhook not reached", tenant=ctx.tenant_id, webhook=hook.id, reason=outcome.message, final=pause is None)


async def _end(ctx: Ctx, delivery: Delivery, outcome: Outcome) -> None:
    await ctx.db.write(
        "update webhook_attempt set ended_at = $3, status = $4, message = $5 where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        delivery.attempt_id,
        ctx.now,
        outcome.status,
        outcome.message,
    )


async def _mark(
    ctx: Ctx, delivery: Delivery, body: bytes | None, *, next_at: datetime | None, delivered_at: datetime | None
) -> None:
    """Whoever came to an end first with a delivery has the say: what is delivered stays delivered."""
    await ctx.db.write(
        """
        update webhook_delivery set next_at = $3, delivered_at = $4, attempts = attempts + 1, body = coalesce(body, $5)
        where tenant_id = $1 and id = $2 and delivered_at is null
        """,
        ctx.tenant_id,
        delivery.id,
        next_at,
        delivered_at,
        body,
    )


async def _count_failure(ctx: Ctx, hook: Webhook, outcome: Outcome) -> None:
    """One more failure in a row: some are told, and with too many the circuit opens."""
    row = await ctx.db.last_row(
        """
        update webhook set failures = failures + 1, version = version + 1,
            circuit = case when failures + 1 >= $3 and $4 then 'open' else circuit end
        where tenant_id = $1 and id = $2 returning failures, circuit
        """,
        ctx.tenant_id,
        hook.id,
        OPENS_AFTER,
        hook.pace.breaks,
    )
    if row is None:
        return
    if row["failures"] == WARNS_AFTER:
        log.warning("webhook fails", tenant=ctx.tenant_id, webhook=hook.id, failures=WARNS_AFTER)
        await alerts.failing(ctx, hook, outcome)
    if row["circuit"] == "open" and row["failures"] == OPENS_AFTER:
        log.warning("webhook's circuit opens", tenant=ctx.tenant_id, webhook=hook.id, failures=OPENS_AFTER)
        await events.record(
            ctx, "webhook.opened", subject=f"webhook/{hook.id}", changes={"circuit": ("closed", "open")}
        )
        await alerts.opened(ctx, hook, outcome)
