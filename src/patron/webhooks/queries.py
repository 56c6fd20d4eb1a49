"""Reads of webhooks and of the events that they hear of."""

from patron.accounts.records import DEFAULT_SET
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import NotFound
from patron.webhooks.model import Happened, Webhook
from patron.webhooks.topics import DIALECT_NAME

COLUMNS = """h.id, h.version, h.kind, h.name, h.topics, h.url, h.includes, h.sealed_secret, h.disabled_at, h.circuit,
    h.failures"""
# The second dialect sees the accounts of the default customer set.
SHOWN = f"""not exists (select from account ea where ea.tenant_id = $1 and ea.id = e.account_id
    and ea.customer_set_code <> {DEFAULT_SET})"""
HAPPENED = f"""e.id, e.at, e.topic, e.account_id, e.subject, e.changes, e.site_id, e.request_id,
    case when {SHOWN} then {DIALECT_NAME} end as dialect_topic"""


def happened(row: Row) -> Happened:
    """The event of a row that has the columns of `HAPPENED` and perhaps others."""
    return Happened(**{name: row["event_id" if name == "id" else name] for name in Happened.__struct_fields__})


async def every(ctx: Ctx) -> list[Webhook]:
    """All webhooks of the tenant, the oldest first."""
    rows = await ctx.db.fetch(f"select {COLUMNS} from webhook h where h.tenant_id = $1 order by h.id", ctx.tenant_id)
    return [Webhook(*row) for row in rows]


async def in_use(ctx: Ctx) -> list[Webhook]:
    """Those that are not switched off."""
    return [one for one in await every(ctx) if one.disabled_at is None]


async def get(ctx: Ctx, webhook_id: int) -> Webhook:
    """One webhook. Raises NotFound."""
    sql = f"select {COLUMNS} from webhook h where h.tenant_id = $1 and h.id = $2"
    row = await ctx.db.row(sql, ctx.tenant_id, webhook_id)
    if row is None:
        raise NotFound("webhook", webhook_id)
    return Webhook(*row)


async def events(ctx: Ctx, event_ids: list[int]) -> list[Happened]:
    """Events by their ids, the oldest first."""
    columns = HAPPENED.replace("e.id,", "e.id as event_id,", 1)
    rows = await ctx.db.fetch(
        f"select {columns} from event e where e.tenant_id = $1 and e.id = any($2) order by e.id",
        ctx.tenant_id,
        event_ids,
    )
    return [happened(row) for row in rows]
