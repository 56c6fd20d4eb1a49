"""Changes of webhooks, and sending an event again."""

from typing import Any

import msgspec

from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Invalid, NotFound, check_version
from patron.webhooks import queries
from patron.webhooks.model import (
    INCLUDES_MAX,
    NAME_LENGTH_MAX,
    SECRET_PURPOSE,
    Details,
    Kind,
    Webhook,
)
from patron.webhooks.relay import queue, topic_for
from patron.webhooks.topics import DIALECT_TOPICS, EVERYTHING, KIBO_TOPICS, STANDARD_TOPICS

_TOPICS: dict[Kind, frozenset[str]] = {
    "jsonapi": DIALECT_TOPICS,
    "kibo": KIBO_TOPICS | {EVERYTHING},
    "standard": STANDARD_TOPICS | {EVERYTHING},
}

_TEXTS = {"name": written.Text(NAME_LENGTH_MAX), **written.REFERENCES}


async def create(ctx: Ctx, kind: Kind, given: Details, secret: str) -> int:
    """A new webhook, in use at once: it hears of what begins from now on. Raises Invalid."""
    values = _checked(ctx, kind, given)
    for field in ("topics", "url"):
        if not values.get(field):
            raise Invalid.field(field, "can't be blank", "missing")
    number = await ctx.db.value(
        """
        insert into webhook (tenant_id, kind, name, topics, url, includes, sealed_secret, created_at, updated_at,
            reference, reference_origin, metadata)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11) returning id
        """,
        ctx.tenant_id,
        kind,
        values.get("name"),
        values["topics"],
        values["url"],
        values.get("includes", []),
        ctx.secrets.vault.seal(secret.encode(), SECRET_PURPOSE),
        ctx.now,
        values.get("reference"),
        values.get("reference_origin"),
        values.get("metadata", {}),
    )
    changes: events.Changes = {"topics": (None, values["topics"]), "url": (None, values["url"])}
    await events.record(ctx, "webhook.created", subject=f"webhook/{number}", changes=changes)
    return int(number)


async def update(ctx: Ctx, webhook_id: int, given: Details, *, expect: frozenset[int] | None = None) -> None:
    """Change what is given. Raises NotFound, Stale, Invalid."""
    before = await _lock(ctx, webhook_id)
    check_version(before.version, expect)
    values = _checked(ctx, before.kind, given)
    for field in ("topics", "url"):
        if field in values and not values[field]:
            raise Invalid.field(field, "can't be blank", "missing")
    await _set(ctx, before, values)


async def switch(ctx: Ctx, webhook_id: int, *, on: bool) -> None:
    """Use it, or leave it alone: what waits for it waits, and it hears of nothing new. Raises NotFound."""
    before = await _lock(ctx, webhook_id)
    if (before.disabled_at is None) != on:
        await _set(ctx, before, {"disabled_at": None if on else ctx.now})


async def reset_circuit(ctx: Ctx, webhook_id: int) -> None:
    """Close the circuit: what waits is sent. Raises NotFound."""
    before = await _lock(ctx, webhook_id)
    await _set(ctx, before, {"circuit": "closed", "failures": 0})


async def renew_secret(ctx: Ctx, webhook_id: int, secret: str) -> None:
    """Sign with another secret from now on. Raises NotFound."""
    before = await _lock(ctx, webhook_id)
    await _set(ctx, before, {"sealed_secret": ctx.secrets.vault.seal(secret.encode(), SECRET_PURPOSE)})


async def delete(ctx: Ctx, webhook_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a webhook with all that waits for it and all its attempts. Raises NotFound, Stale."""
    before = await _lock(ctx, webhook_id)
    check_version(before.version, expect)
    await ctx.db.execute("delete from webhook where tenant_id = $1 and id = $2", ctx.tenant_id, webhook_id)
    changes: events.Changes = {"topics": (before.topics, None), "url": (before.url, None)}
    await events.record(ctx, "webhook.deleted", subject=f"webhook/{webhook_id}", changes=changes)


async def send_again(ctx: Ctx, event_id: int, kind: Kind | None = None) -> int:
    """Queue an event once more for all webhooks that want it now. Answers for how many. Raises NotFound."""
    found = await queries.events(ctx, [event_id])
    if not found:
        raise NotFound("event", event_id)
    hooks = [hook for hook in await queries.in_use(ctx) if kind in (None, hook.kind)]
    wanted = [(hook, found[0]) for hook in hooks if hook.wants(topic_for(hook, found[0]))]
    await queue(ctx, wanted, is_replay=True)
    return len(wanted)


async def label(ctx: Ctx, event_id: int, values: dict[str, Any]) -> None:
    """Write a caller's reference, its origin or metadata on an event. Raises Invalid, NotFound."""
    given = msgspec.convert(values, Details)
    for name, value in _checked(ctx, "jsonapi", given).items():
        await ctx.db.execute(
            f"update event set {name} = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, event_id, value
        )


async def _lock(ctx: Ctx, webhook_id: int) -> Webhook:
    row = await ctx.db.row(
        f"select {queries.COLUMNS} from webhook h where h.tenant_id = $1 and h.id = $2 for update",
        ctx.tenant_id,
        webhook_id,
    )
    if row is None:
        raise NotFound("webhook", webhook_id)
    return Webhook(*row)


async def _set(ctx: Ctx, before: Webhook, values: dict[str, Any]) -> None:
    """Write values of columns, whose names are this module's own."""
    if not values:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update webhook set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        before.id,
        ctx.now,
        *values.values(),
    )
    known = Webhook.__struct_fields__
    changes: events.Changes = {
        name: (getattr(before, name) if name in known else None, value)
        for name, value in values.items()
        if name != "sealed_secret"
    }
    await events.record(ctx, "webhook.updated", subject=f"webhook/{before.id}", changes=changes)


def _checked(ctx: Ctx, kind: Kind, given: Details) -> dict[str, Any]:
    """The values of the columns that are given. Raises Invalid."""
    values = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not msgspec.UNSET}
    faults = Faults()
    with faults.of():
        values |= written.checked(values, _TEXTS, is_new=False)
    if strange := sorted(set(values.get("topics") or []) - _TOPICS[kind]):
        with faults.of():
            raise Invalid.field("topics", f"{strange[0][:100]} is not included in the list", "inclusion")
    if values.get("url"):
        values["url"] = values["url"].strip()
        if fault := ctx.secrets.outbound.fault(values["url"]):
            with faults.of():
                raise Invalid.field("url", fault)
    if "includes" in values:
        values["includes"] = values["includes"] or []
        if len(values["includes"]) > INCLUDES_MAX or not all(isinstance(one, str) for one in values["includes"]):
            with faults.of():
                raise Invalid.field("includes", f"is a list of at most {INCLUDES_MAX} names of relationships")
    faults.tell()
    return values
