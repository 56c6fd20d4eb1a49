"""From the outbox to the queues of webhooks: once for every event and webhook that wants it."""

from patron.kernel.context import Ctx
from patron.webhooks import queries
from patron.webhooks.model import Happened, Webhook
from patron.webhooks.topics import kibo_topic

RELAYED_AT_ONCE = 500

DUE = "select distinct o.tenant_id from event_outbox o"


async def relay_some(ctx: Ctx) -> int:
    """Take events from the outbox and queue them for whoever wants them. Answers how many events.

    Both is one transaction, so that none is queued twice and none is lost, wherever a process dies.
    """
    async with ctx.db.transaction():
        rows = await ctx.db.fetch(
            f"""
            delete from event_outbox o where o.tenant_id = $1 and o.event_id = any(array(
                select n.event_id from event_outbox n where n.tenant_id = $1
                order by n.event_id limit {RELAYED_AT_ONCE} for update skip locked))
            returning o.event_id
            """,
            ctx.tenant_id,
        )
        if not rows:
            return 0
        hooks = await queries.in_use(ctx)
        events = await queries.events(ctx, [row["event_id"] for row in rows]) if hooks else []
        wanted = [(hook, event) for event in events for hook in hooks if hook.wants(topic_for(hook, event))]
        await queue(ctx, wanted, is_replay=False)
    return len(rows)


def topic_for(hook: Webhook, event: Happened) -> str | None:
    """What an event is called in a webhook's dialect."""
    if hook.kind == "jsonapi":
        return event.dialect_topic
    return kibo_topic(event.topic, event.subject) if hook.kind == "kibo" else event.topic


async def queue(ctx: Ctx, wanted: list[tuple[Webhook, Happened]], *, is_replay: bool) -> None:
    """Let events wait for their webhooks."""
    if not wanted:
        return
    await ctx.db.execute(
        """
        insert into webhook_delivery (tenant_id, webhook_id, event_id, topic, is_replay, created_at, next_at)
        select $1, w.webhook_id, w.event_id, w.topic, $6, $5, $5
        from unnest($2::bigint[], $3::bigint[], $4::text[]) as w (webhook_id, event_id, topic)
        on conflict do nothing
        """,
        ctx.tenant_id,
        [hook.id for hook, _ in wanted],
        [event.id for _, event in wanted],
        [topic_for(hook, event) for hook, event in wanted],
        ctx.now,
        is_replay,
    )
