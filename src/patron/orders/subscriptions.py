"""Orders that come again: how often and since when. Whoever makes the orders asks for `next_run_at`."""

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.orders import rows as orders
from patron.orders.selling import hold_market
from patron.tags import tagging

_SPANS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "two-month": timedelta(days=60),
    "three-month": timedelta(days=91),
    "four-month": timedelta(days=122),
    "six-month": timedelta(days=182),
    "yearly": timedelta(days=365),
}
# Five or six fields of a crontab; which moments they mean is for whoever makes the orders to say.
_CRONTAB = re.compile(r"(?:[\d*/,A-Za-z-]+ ){4,5}[\d*/,A-Za-z-]+")
FREQUENCY_LENGTH_MAX = 200
# Step → from where, to where.
STEPS: dict[str, tuple[tuple[str, ...], str]] = {
    "activate": (("draft", "inactive"), "active"),
    "deactivate": (("active",), "inactive"),
    "cancel": (("draft", "inactive", "active"), "cancelled"),
}


class Subscription(msgspec.Struct, frozen=True):
    """What steps depend on. The fields stand in the order of `_COLUMNS`."""

    id: int
    version: int
    account_id: int
    status: str
    frequency: str
    starts_at: datetime


_COLUMNS = ", ".join(f"u.{name}" for name in Subscription.__struct_fields__)


def next_run(frequency: str, after: datetime) -> datetime | None:
    """When it comes again; None for a crontab."""
    span = _SPANS.get(frequency)
    return after + span if span else None


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """What a caller wrote, as it is stored. Raises Invalid."""
    frequency = values.get("frequency")
    if "frequency" in values and not (frequency in _SPANS or _CRONTAB.fullmatch(frequency or "")):
        raise Invalid.field("frequency", "is not included in the list", "inclusion")
    written.check_length("frequency", frequency, FREQUENCY_LENGTH_MAX)
    hours = values.get("renewal_alert_hours")
    if hours is not None and not 1 <= hours <= 720:
        raise Invalid.field("renewal_alert_hours", "is not between 1 and 720 hours", "inclusion")
    return {**values, **written.checked(values, written.REFERENCES, is_new=False)}


async def lock(ctx: Ctx, subscription_id: int) -> Subscription:
    """The subscription, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {_COLUMNS} from order_subscription u where u.tenant_id = $1 and u.id = $2 for update",
        ctx.tenant_id,
        subscription_id,
    )
    if row is None:
        raise NotFound("order subscription", subscription_id)
    return Subscription(*row)


async def create(ctx: Ctx, order_id: int, values: dict[str, Any]) -> int:
    """A subscription of a known customer's order, active as soon as that is placed unless it says otherwise; in the
    order's market unless another is named. Raises Invalid.
    """
    made = checked(values)
    try:
        order = await orders.lock(ctx, order_id)
    except NotFound:
        raise Invalid.field("source_order", "must exist", "required") from None
    if order.account_id is None:
        raise Invalid.field("source_order", "must have a customer", "invalid")
    if "site_id" in made:
        await hold_market(ctx, made["site_id"])
    made.setdefault("site_id", order.site_id)
    made.setdefault("starts_at", ctx.now)
    is_active = order.status in ("placed", "approved") and made.get("activates_by_order", True)
    made["status"] = "active" if is_active else "draft"
    made["next_run_at"] = next_run(made["frequency"], made["starts_at"]) if is_active else None
    places = ", ".join(f"${n}" for n in range(5, len(made) + 5))
    number = await ctx.db.value(
        f"""
        insert into order_subscription (tenant_id, created_at, updated_at, source_order_id, account_id,
                                        {", ".join(made)})
        values ($1, $2, $2, $3, $4, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        order_id,
        order.account_id,
        *made.values(),
    )
    await events.record(ctx, "order_subscription.created", account_id=order.account_id, subject=_subject(number))
    return int(number)


def _subject(number: int) -> str:
    return f"order_subscription/{number}"


async def update(ctx: Ctx, number: int, values: dict[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given, among it `wallet_entry`, a card's number; another frequency counts from now on.

    Raises NotFound, Stale, Invalid.
    """
    before = await lock(ctx, number)
    check_version(before.version, expect)
    made = checked(values)
    if made.get("wallet_entry") is not None and not await ctx.db.value(
        "select exists (select from card k where k.tenant_id = $1 and k.number = $2 and k.account_id = $3)",
        ctx.tenant_id,
        made["wallet_entry"],
        before.account_id,
    ):
        raise Invalid.field("customer_payment_source", "must exist", "required")
    if made.get("frequency", before.frequency) != before.frequency and before.status == "active":
        made.setdefault("next_run_at", next_run(made["frequency"], max(ctx.now, before.starts_at)))
    if made:
        await _write(ctx, number, made)
        await events.record(ctx, "order_subscription.updated", account_id=before.account_id, subject=_subject(number))


async def _write(ctx: Ctx, number: int, values: dict[str, Any]) -> None:
    places = "".join(f", {name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"""
        update order_subscription set version = version + 1, updated_at = $3{places}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        number,
        ctx.now,
        *values.values(),
    )


async def take(ctx: Ctx, number: int, step: str) -> None:
    """Take a step; asked again it changes nothing. Raises NotFound, Invalid."""
    before = await lock(ctx, number)
    sources, end = STEPS[step]
    if before.status == end:
        return
    if before.status not in sources:
        raise Invalid.field("status", f"cannot transition via {step} from {before.status}", "invalid_transition")
    runs = next_run(before.frequency, max(ctx.now, before.starts_at)) if end == "active" else None
    await _write(ctx, number, {"status": end, "next_run_at": runs})
    changes: events.Changes = {"status": (before.status, end)}
    await events.record(
        ctx, "order_subscription.updated", account_id=before.account_id, subject=_subject(number), changes=changes
    )


async def activate_waiting(ctx: Ctx, order_id: int) -> None:
    """Activate the drafts that have waited for their order, which the caller has locked, to be placed."""
    rows = await ctx.db.fetch(
        """
        select u.id from order_subscription u
        where u.tenant_id = $1 and u.source_order_id = $2 and u.status = 'draft' and u.activates_by_order order by u.id
        """,
        ctx.tenant_id,
        order_id,
    )
    for row in rows:
        await take(ctx, row["id"], "activate")


async def touch(ctx: Ctx, number: int) -> None:
    """Lock a subscription for a change of what hangs on it, and raise its version. Raises NotFound."""
    await lock(ctx, number)
    await _write(ctx, number, {})


async def delete(ctx: Ctx, number: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove one that runs no more. Raises NotFound, Stale, Refused."""
    before = await lock(ctx, number)
    check_version(before.version, expect)
    if before.status == "active":
        raise Refused("subscription_active", "A subscription that runs is cancelled first.")
    await tagging.forget(ctx, "order_subscription", [number])
    await ctx.db.execute("delete from order_subscription where tenant_id = $1 and id = $2", ctx.tenant_id, number)
    await events.record(ctx, "order_subscription.deleted", account_id=before.account_id, subject=_subject(number))
